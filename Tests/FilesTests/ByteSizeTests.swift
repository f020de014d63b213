import Files
import Foundation
import TestSupport
import Testing

/// Parsing and printing sizes in bytes.
struct ByteSizeTests {
    @Test(
        arguments: [
            ("24GB", 24_000_000_000), ("24GiB", 25_769_803_776), ("24 gb", 24_000_000_000),
            ("24G", 24_000_000_000), ("1.5 GiB", 1_610_612_736), ("512MB", 512_000_000),
            ("512MiB", 536_870_912),
            ("2kB", 2000), ("2KiB", 2048), ("1TB", 1_000_000_000_000), ("1TiB", 1_099_511_627_776),
            ("820", 820), ("820B", 820),
            ("", nil), ("GB", nil), ("0GB", nil), ("-1GB", nil), ("24XB", nil), ("1e3GB", nil),
            ("nanGB", nil),
            ("1..5GB", nil), ("99999999999TB", nil),
        ] as [(String, Int?)]
    )
    func `sizes as people write them`(text: String, bytes: Int?) {
        #expect(ByteSize(text)?.bytes == bytes)
    }

    @Test func `sizes print in decimal units`() {
        #expect(ByteSize("24GB")?.description == "24.0 GB")
        #expect(ByteSize("24GiB")?.description == "25.8 GB")
        #expect(ByteSize(820).description == "820 B" && formattedSize(1500) == "1.5 kB")
    }

    @Test func `the free space of a missing folder is that of its parent`() throws {
        try withTemporaryFolder { folder in
            let free = try #require(freeSpace(at: folder.appending(path: "a/b/c")))
            #expect(free > 0)
            let error = #expect(throws: FileError.self) { try requireFreeSpace(.max, at: folder) }
            #expect(error?.code == .diskFull)
        }
    }
}
