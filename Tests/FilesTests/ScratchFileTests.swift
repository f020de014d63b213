import Files
import Foundation
import TestSupport
import Testing

/// Temporary files whose parts are in memory.
struct ScratchFileTests {
    @Test func `parts begin with zeros, keep their bytes after a release, and leave no file`() throws {
        try withTemporaryFolder { folder in
            let parts = try {
                let file = try ScratchFile(in: folder)
                return try [10, 5000, 4096].map { try file.addPart($0) }
            }()
            for (index, part) in parts.enumerated() {
                #expect(part.bytes.allSatisfy { $0 == 0 })
                for place in part.bytes.indices {
                    part.bytes[place] = UInt8(truncatingIfNeeded: place + index)
                }
                part.release()
            }
            for (index, part) in parts.enumerated() {
                part.prefetch()
                #expect(
                    part.bytes.indices.allSatisfy {
                        part.bytes[$0] == UInt8(truncatingIfNeeded: $0 + index)
                    }
                )
            }
            let names = try FileManager.default.contentsOfDirectory(
                atPath: folder.path(percentEncoded: false)
            )
            #expect(names.isEmpty)
        }
    }

    @Test func `a folder that does not exist is named`() {
        let folder = URL(filePath: "/nowhere/at/all", directoryHint: .isDirectory)
        let error = #expect(throws: FileError.self) { try ScratchFile(in: folder) }
        #expect(error?.message.contains("/nowhere/at/all") == true)
    }
}
