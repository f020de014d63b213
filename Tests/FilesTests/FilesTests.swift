import Files
import Foundation
import TestSupport
import Testing

struct AtomicFileTests {
    @Test func `a write that fails leaves nothing behind`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "taken")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data([1]).write(to: place.appending(path: "x"))
            #expect(throws: FileError.self) { try writeAtomically(Data([1]), to: place) }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)) == [
                    "taken"
                ]
            )
        }
    }

    // The buffer holds 8 MiB, in pages of 4 KiB.
    @Test(arguments: [0, 1, 4096, (8 << 20) - 1, 8 << 20, (16 << 20) + 4097])
    func `writing past the cache gives the same bytes for any size and any pieces`(
        count: Int
    ) throws {
        var bytes = [UInt8](repeating: 0, count: count)
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 >> 3) }
        try withTemporaryFolder { folder in
            for piece in [1000, 5_000_000, max(count, 1)] where count < 1 << 20 || piece > 1000 {
                let url = folder.appending(path: "file")
                var file = try AtomicFile(at: url, bypassesCache: true)
                for start in stride(from: 0, to: count, by: piece) {
                    try file.write(Array(bytes[start..<min(start + piece, count)]))
                }
                try file.commit()
                #expect(try Data(contentsOf: url) == Data(bytes))
            }
        }
    }
}

struct AtomicLinkTests {
    @Test func `a correct link is left unchanged, and a wrong one is replaced`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "deep/link")
            func number() throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: place.path(percentEncoded: false))[
                    .systemFileNumber
                ] as? Int
            }
            try linkAtomically(to: "../a", at: place)
            let first = try number()
            try linkAtomically(to: "../a", at: place)
            #expect(try number() == first)
            try linkAtomically(to: "../b", at: place)
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: place.path(percentEncoded: false))
                    == "../b"
            )
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "deep").path())
                    == ["link"]
            )
        }
    }
}

struct FreeSpaceTests {
    @Test func `a disk without space is an error before the work, even if the folder does not exist yet`()
        throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "not/made/yet")
        try requireFreeSpace(1, at: folder)
        #expect { try requireFreeSpace(1 << 60, at: folder) } throws: { error in
            (error as? FileError)?.code == .diskFull
                && "\(error)".contains("1152921.5 TB will be written")
        }
    }
}
