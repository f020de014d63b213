import Datasets
import Foundation
import TestSupport
import Testing

struct HubCacheFolderTests {
    @Test func `a dataset in the Hub's cache, whose files are links, is read by its splits`() throws {
        try withTemporaryFolder { folder in
            let repository = folder.appending(path: "datasets--org--texts")
            let snapshot = repository.appending(path: "snapshots/\(String(repeating: "a", count: 40))/data")
            for place in [snapshot, repository.appending(path: "blobs")] {
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            }
            for (name, rows) in [("train", "text,label\na,x\nb,y\n"), ("test", "text,label\nc,x\n")] {
                try Data(rows.utf8).write(to: repository.appending(path: "blobs/\(name)hash"))
                try FileManager.default.createSymbolicLink(
                    atPath: snapshot.appending(path: "\(name).csv").path(percentEncoded: false),
                    withDestinationPath: "../../../blobs/\(name)hash"
                )
            }
            let path = snapshot.deletingLastPathComponent().path(percentEncoded: false)
            #expect(try Dataset(path).count == 2)
            #expect(try Dataset(path, split: "test").count == 1)
        }
    }
}
