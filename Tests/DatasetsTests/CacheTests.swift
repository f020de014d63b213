import Datasets
import Foundation
import TestSupport
import Testing

struct CacheTests {
    private let rows: Dataset
    private let key = CacheKey { $0.add("made of this") }

    init() throws {
        rows = try Dataset(["text": ["a", "b", nil]])
            .addColumn("input_ids", values: [5, 6, 7], cuSeqlens: [0, 2, 2, 3])
    }

    @Test func `what is kept is found again under its key alone`() throws {
        try withTemporaryFolder { folder in
            let cache = DatasetCache(folder: folder.appending(path: "made/later"))
            #expect(cache.dataset(for: key) == nil)
            try cache.keep(rows, for: key, description: "three rows")
            let found = try #require(cache.dataset(for: key))
            #expect(found.description == "three rows")
            #expect(try found.rows.strings("text") == ["a", "b", nil])
            let packed = try found.rows.packed("input_ids")
            #expect(packed.values == [5, 6, 7] && packed.cuSeqlens == [0, 2, 2, 3])
            #expect(cache.dataset(for: CacheKey { $0.add("made of that") }) == nil)
        }
    }

    @Test func `a damaged file counts as none, and is replaced`() throws {
        try withTemporaryFolder { folder in
            let cache = DatasetCache(folder: folder)
            try cache.keep(rows, for: key, description: "")
            let url = try #require(cache.entries().first).url
            let whole = try Data(contentsOf: url)
            for count in [0, 7, whole.count / 2, whole.count - 1] {
                // Beside and renamed: what an earlier reader has mapped must not change below it.
                try whole.prefix(count).write(to: url, options: .atomic)
                #expect(cache.dataset(for: key) == nil, "\(count) bytes")
            }
            try cache.keep(rows, for: key, description: "")
            #expect(cache.dataset(for: key) != nil)
        }
    }

    @Test func `it lists what it keeps, and deletes what was not used for long`() throws {
        try withTemporaryFolder { folder in
            let cache = DatasetCache(folder: folder)
            #expect(cache.entries().isEmpty)
            for name in ["old", "new"] {
                try cache.keep(rows, for: CacheKey { $0.add(name) }, description: name)
            }
            let old = try #require(cache.entries().first { $0.description == "old" })
            let longAgo = Date(timeIntervalSince1970: 1_000_000)
            try FileManager.default.setAttributes(
                [.modificationDate: longAgo],
                ofItemAtPath: old.url.path(percentEncoded: false)
            )
            #expect(cache.entries().map(\.description) == ["new", "old"])
            #expect(try cache.clear(unusedSince: Date(timeIntervalSince1970: 2_000_000)).count == 1)
            #expect(cache.entries().map(\.description) == ["new"])
            #expect(try cache.clear().count == 1)
            #expect(cache.entries().isEmpty)
        }
    }

    @Test func `keys of texts that only run together differ`() {
        let one = CacheKey {
            $0.add("ab")
            $0.add("c")
        }
        let other = CacheKey {
            $0.add("a")
            $0.add("bc")
        }
        #expect(one != other)
        // SHA-256 of a length of zero as eight bytes.
        #expect(
            CacheKey { $0.add("") }.digest
                == "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"
        )
    }
}

struct PackedTests {
    @Test func `lists given end to end follow the rows wherever they go`() throws {
        let rows = try Dataset(["row": [0, 1, 2]]).addColumn(
            "ids",
            values: [1, 2, 3, 4],
            cuSeqlens: [0, 1, 1, 4]
        )
        let packed = try rows.select([2, 0, 2, 1]).packed("ids")
        #expect(packed.values == [2, 3, 4, 1, 2, 3, 4] && packed.cuSeqlens == [0, 3, 4, 7, 7])
        #expect(try rows.rows().map { $0["ids"] } == [[1], [], [2, 3, 4]])
    }

    @Test(arguments: [[0, 1], [0, 2, 1, 4], [1, 1, 1, 4], [0, 1, 1, 5]] as [[Int32]])
    func `ends that do not fit are refused`(cuSeqlens: [Int32]) throws {
        let rows = try Dataset(["row": [0, 1, 2]])
        #expect(throws: DatasetError.self) {
            try rows.addColumn("ids", values: [1, 2, 3, 4], cuSeqlens: cuSeqlens)
        }
    }
}

struct LabelColumnTests {
    @Test func `columns of zeros and ones become one column of labels`() throws {
        let rows = try Dataset([
            "text": ["p", "q", "r"], "toxic": [1, 0, nil], "insult": [true, false, true],
            "a": ["1", "0", "0"],
        ]).combineLabelColumns(["toxic", "insult", "a"], into: "labels")
        #expect(rows.columnNames == ["text", "labels"])
        #expect(
            try rows.feature(of: "labels") == .list(.classLabel(ClassLabel(names: ["a", "insult", "toxic"])))
        )
        #expect(try rows.rows().map { $0["labels"] } == [[0, 1, 2], [], [1]])
    }

    @Test func `what is neither 0 nor 1 is named with its row`() throws {
        let rows = try Dataset(["text": ["p", "q"], "toxic": [1, 2]])
        #expect { try rows.combineLabelColumns(["toxic"], into: "labels") } throws: {
            "\($0)" == "row 2: column \"toxic\" holds \"2\"; a label column must hold 0 or 1 in every row"
        }
    }

    @Test func `lists of names are encoded by their sorted names`() throws {
        let rows = try Dataset(["tags": [["x", "b"], [], nil, ["a"]]]).classEncodeColumn("tags")
        #expect(try rows.feature(of: "tags") == .list(.classLabel(ClassLabel(names: ["a", "b", "x"]))))
        #expect(try rows.rows().map { $0["tags"] } == [[2, 1], [], nil, [0]])
        // Names that no chosen row has are no classes.
        let chosen = try Dataset(["tags": [["x", "b"], [], nil, ["a"]]]).select([3, 0]).classEncodeColumn(
            "tags"
        )
        #expect(try chosen.select([0]).rows()[0]["tags"] == [0])
    }
}
