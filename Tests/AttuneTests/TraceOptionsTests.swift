import Foundation
import TestSupport
import Testing
import Training

@testable import Attune

/// The file of a trace.
struct TraceOptionsTests {
    @Test func `each of several processes has its own file`() {
        func names(_ file: String, of count: Int) -> [String] {
            let options = TraceOptions(to: URL(filePath: "/runs/\(file)"))
            return (0..<count).map { options.file(ofRank: $0, of: count).path(percentEncoded: false) }
        }
        #expect(names("trace.json", of: 1) == ["/runs/trace.json"])
        #expect(names("trace.json", of: 2) == ["/runs/trace.rank0.json", "/runs/trace.rank1.json"])
        #expect(names("a.b.json", of: 2)[1] == "/runs/a.b.rank1.json")
        #expect(names("trace", of: 2)[1] == "/runs/trace.rank1")
    }

    @Test func `a folder in the place of the file is refused before the run`() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: TrainingError.self) { try TraceOptions(to: folder).validate() }
            #expect(error?.message.contains("is a folder; name a file") == true)
            try TraceOptions(to: folder.appending(path: "new/trace.json")).validate()
        }
        #expect(throws: TrainingError.self) {
            try TraceOptions(to: URL(filePath: "trace.json"), steps: 0...3).validate()
        }
    }

    @Test func `the folder is created, and the file is written once`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "new/trace.json")
            let file = try TraceFile(TraceOptions(to: place), nil)
            #expect(file.writeIfOver() == nil)
            // Nothing was recorded.
            let note = try #require(file.finish())
            #expect(note.contains("the run ended before step 2"), "\(note)")
            #expect(file.finish() == nil)
            #expect(!FileManager.default.fileExists(atPath: place.path(percentEncoded: false)))
            #expect(
                FileManager.default.fileExists(
                    atPath: place.deletingLastPathComponent().path(percentEncoded: false)
                )
            )
        }
    }
}
