import Foundation
import JSON
import TestSupport
import Testing

@testable import ProcessGroups

/// The file that torchrun reads after a failure.
struct LauncherErrorFileTests {
    @Test func `it has torchrun's text form, and no partial file is left`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "attempt_0/1/error.json")
            let time = Date(timeIntervalSince1970: 1_790_000_000.5)
            LauncherErrorFile(url: url).write(message: "rank 1: \"no\" such\nfile: é", at: time)
            let json = try JSONValue.parse(Data(contentsOf: url))
            #expect(json["message"].string == "rank 1: \"no\" such\nfile: é")
            #expect(json["timestamp"].int == 1_790_000_000)
            let parent = url.deletingLastPathComponent().path(percentEncoded: false)
            #expect(try FileManager.default.contentsOfDirectory(atPath: parent) == ["error.json"])
        }
    }

    @Test func `a file that cannot be written is ignored`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "file")
            try Data().write(to: file)
            LauncherErrorFile(url: file.appending(path: "error.json")).write(message: "x")
            #expect(try Data(contentsOf: file).isEmpty)
        }
    }
}
