import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Features that datasets wrote (Scripts/fixtures/make_reader_fixtures.py).
///
/// Scripts/check-features lets datasets read the files written here.
struct FeatureTests {
    private static let names = ["zebra", "ant", "é", "e\u{301}", "unused"]

    private func open(_ name: String) throws -> Dataset {
        try Dataset(contentsOf: Fixture.folder.appending(path: "readers/\(name)"))
    }

    @Test(arguments: ["features.parquet", "features.arrow"])
    func `class names are read from the file in its order, used or not`(name: String) throws {
        let data = try open(name)
        #expect(
            data.features.map(\.feature) == [
                .value(.string), .classLabel(ClassLabel(names: Self.names)),
                .list(.classLabel(ClassLabel(names: ["b", "a"]))), .value(.int32), .value(.float64),
                .value(.bool),
            ]
        )
        let contents = try data.contents()
        #expect(contents["label"] == [1, nil, 3] && contents["tags"] == [[0, 1], [], nil])
        #expect(contents["n"] == [1, nil, -1] && contents["x"] == [0.5, nil, 2.0])
        let labels = try data.strings("label").map { $0.map { Array($0.utf8) } }
        #expect(labels == [Array("ant".utf8), nil, Array("e\u{301}".utf8)])
        // Already encoded.
        #expect(try data.classEncodeColumn("label").feature(of: "label") == data.feature(of: "label"))
    }

    @Test(arguments: [DatasetFormat.parquet, .arrow])
    func `features survive writing`(format: DatasetFormat) throws {
        let data = try open("features.parquet")
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.\(format)")
            try data.write(to: url, as: format)
            let back = try Dataset(contentsOf: url)
            #expect(back.features.map(\.feature) == data.features.map(\.feature))
            #expect(try back.contents() == data.contents())
        }
    }

    @Test func `text formats contain class names`() throws {
        let data = try open("features.arrow")
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.jsonl")
            try data.write(to: url, as: .jsonl)
            let contents = try Dataset(contentsOf: url).contents()
            #expect(contents["label"] == ["ant", nil, "e\u{301}"])
            #expect(contents["tags"] == [["b", "a"], [], nil])
        }
    }

    @Test func `an id without a name is not a class`() throws {
        let label = ClassLabel(names: ["a", "b"])
        let data = try Dataset(["label": [0, -1, nil]]).castColumn("label", to: .value(.int64))
            .addColumn("class", [1, -1, nil], feature: .classLabel(label))
        #expect(try data.strings("class") == ["b", nil, nil])
        #expect { try data.addColumn("x", [0, 1, 2], feature: .classLabel(label)) } throws: {
            "\($0)".hasPrefix("row 3: column \"x\" holds 2, but its 2 classes have ids below 2")
        }
    }

    @Test func `labels are compared by bytes`() {
        #expect(ClassLabel(names: ["é"]) != ClassLabel(names: ["e\u{301}"]))
        #expect(ClassLabel(names: ["a", "b"]) != ClassLabel(names: ["b", "a"]))
    }

    @Test func `classes of lists are those of their elements`() throws {
        let data = try Dataset(["tags": [["b", nil], [], nil, ["a", "b"]]]).classEncodeColumn("tags")
        #expect(try data.feature(of: "tags") == .list(.classLabel(ClassLabel(names: ["a", "b"]))))
        #expect(try data.contents()["tags"] == [[1, nil], [], nil, [0, 1]])
    }

    @Test func `an id beyond a file's class names is refused by row, in lists too`() throws {
        let label = ClassLabel(names: ["a", "b"])
        let ids = try Dataset(["id": [0, 1, -1, nil, 2], "ids": [[0], [], [1, 0], nil, [1, 7]]])
        // As read from a file that was written with fewer names than ids.
        let one = try Column([0, 1, -1, nil, 2], feature: .value(.int64), name: "id")
        let several = try Column(
            [[0], [], [1, 0], nil, [1, 7]],
            feature: .list(.value(.int64)),
            name: "ids"
        )
        func asClasses(_ name: String, _ column: Column, _ feature: Feature) throws -> Dataset {
            var column = column
            column.feature = feature
            return ids.replacing(name, with: column)
        }
        let first = try asClasses("id", one, .classLabel(label))
        #expect { try first.requireKnownClasses(in: "id") } throws: {
            "\($0)".hasPrefix(
                "row 5: column \"id\" holds class id 2, but its 2 classes have the ids 0 to 1; fix the row"
            )
        }
        let second = try asClasses("ids", several, .list(.classLabel(label)))
        #expect { try second.requireKnownClasses(in: "ids") } throws: {
            "\($0)".hasPrefix("row 5: column \"ids\" holds class id 7")
        }
        try first.select([0, 1, 2, 3]).requireKnownClasses(in: "id")
        try second.select([0, 1, 2, 3]).requireKnownClasses(in: "ids")
        try ids.requireKnownClasses(in: "id")
    }
}
