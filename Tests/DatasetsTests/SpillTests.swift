import Datasets
import Foundation
import TestSupport
import Testing

struct SpillTests {
    /// Storage options that put everything beyond a limit in bytes on disk.
    private func storage(_ limit: Int, in folder: URL) -> StorageOptions {
        var options = StorageOptions()
        options.memoryLimit = limit
        options.temporaryFolder = folder
        return options
    }

    @Test(
        arguments: [
            "table.csv", "table.jsonl", "table.json.gz", "table.txt", "table.parquet", "table.arrow",
            "lists.parquet",
            "lists.jsonl", "features.parquet",
        ],
        [0, 30]
    )
    func `rows on disk are the same, and no files are left behind`(name: String, limit: Int) throws {
        let url = Fixture.folder.appending(path: "readers/\(name)")
        let expected = try Dataset(contentsOf: url)
        try withTemporaryFolder { folder in
            let data = try Dataset(contentsOf: url, storage: storage(limit, in: folder))
            #expect(try data.contents() == expected.contents())
            #expect(data.features.map(\.feature) == expected.features.map(\.feature))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
                    .isEmpty
            )
        }
    }

    @Test func `many batches on disk keep their order`() throws {
        let lines = (0..<140_000).map { "\($0),\($0 % 7 == 0 ? "" : "x\($0)")\n" }.joined()
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.csv")
            try Data(("n,t\n" + lines).utf8).write(to: url)
            let data = try Dataset(contentsOf: url, storage: storage(1 << 20, in: folder))
            #expect(data.count == 140_000)
            #expect(try data.strings("n") == (0..<140_000).map { "\($0)" })
            let few = data.select([139_999, 0, 70_000])
            #expect(try few.contents()["t"] == ["x139999", nil, nil])
        }
    }

    @Test func `a missing temporary folder is an error`() throws {
        let url = Fixture.folder.appending(path: "readers/table.csv")
        #expect {
            try Dataset(contentsOf: url, storage: storage(0, in: URL(filePath: "nowhere/at/all")))
        } throws: {
            ($0 as? DatasetError)?.code == .cannotWrite
        }
    }
}
