import Datasets
import Foundation
import TestSupport
import Testing

/// The same table in every format and compression (Scripts/fixtures/make_reader_fixtures.py).
struct FormatTests {
    private static let folder = Fixture.folder.appending(path: "readers")
    private static let compressions = ["", ".gz", ".bz2", ".zst", ".lz4"]
    private static let texts: [CellValue] = [
        "plain", "two\nlines, \"quoted\"", "", nil, "naïve 😀 e\u{301}",
    ]
    private static let table: [String: [CellValue]] = [
        "text": texts,
        "label": ["b", "a", nil, "b", "é"],
        "n": [1, nil, -3, 9_007_199_254_740_993, 0],
        "x": [0.5, nil, 1e20, -0.25, 3.0],
        "ok": [true, false, nil, true, false],
    ]

    private func open(_ name: String) throws -> Dataset {
        try Dataset(contentsOf: Self.folder.appending(path: name))
    }

    @Test(arguments: ["table.jsonl", "table.json"], compressions)
    func `JSON keeps types, compressed or not`(name: String, compression: String) throws {
        let data = try open(name + compression)
        #expect(data.columnNames == ["text", "label", "n", "x", "ok"])
        #expect(try data.contents() == Self.table)
    }

    @Test(arguments: ["table.parquet", "table.arrow"])
    func `Parquet and Arrow files of datasets keep types`(name: String) throws {
        let data = try open(name)
        #expect(try data.contents() == Self.table)
        #expect(
            data.features.map(\.feature) == [
                .value(.string), .value(.string), .value(.int64), .value(.float64), .value(.bool),
            ]
        )
    }

    @Test(arguments: ["table.csv", "table.tsv"], compressions)
    func `delimited text holds texts, and an empty field is missing`(name: String, compression: String) throws
    {
        let contents = try open(name + compression).contents()
        #expect(contents["text"] == ["plain", "two\nlines, \"quoted\"", nil, nil, "naïve 😀 e\u{301}"])
        #expect(contents["label"] == ["b", "a", nil, "b", "é"])
        #expect(contents["n"] == ["1", nil, "-3", "9007199254740993", "0"])
        #expect(contents["ok"] == ["True", "False", nil, "True", "False"])
    }

    @Test(arguments: compressions)
    func `plain text is read as one row per line`(compression: String) throws {
        #expect(try open("table.txt" + compression).contents() == ["text": ["plain", "", "naïve 😀", "last"]])
    }

    @Test func `lines end as in Python`() throws {
        #expect(try read("a\rb\r\nc\nd", as: "x.txt").contents() == ["text": ["a", "b", "c", "d"]])
    }

    @Test func `concatenated gzip members are read as one file`() throws {
        #expect(try open("members.jsonl.gz").contents() == Self.table)
    }

    @Test func `the first bytes determine the compression, not the name`() throws {
        let gzipped = Array(try Data(contentsOf: Self.folder.appending(path: "table.csv.gz")))
        #expect(try read(gzipped, as: "x.csv").count == 5)
        #expect(try read("a,b\nc,d\n", as: "x.csv.gz").count == 1)
        // Text may start with the same letters as bzip2.
        #expect(try read("BZh9,b\nc,d\n", as: "x.csv").columnNames == ["BZh9", "b"])
    }

    @Test func `a truncated compressed file gives an error that names it`() throws {
        for name in ["table.csv.gz", "table.jsonl.bz2", "table.csv.zst", "table.txt.lz4"] {
            let whole = Array(try Data(contentsOf: Self.folder.appending(path: name)))
            #expect { try read(Array(whole.dropLast(9)), as: name) } throws: {
                "\($0)".contains("\(name) cannot be read")
            }
        }
    }

    @Test func `Orange's extra headers are left out, and its quotes are read`() throws {
        #expect(
            try open("orange.tab").contents()
                == ["Author": ["A", "B"], "Text": ["hello", "b\tye"], "Year": ["1", "2"]]
        )
        #expect(try read("a\tb\n\ndiscrete\tstring\nclass\t\nx\ty\n", as: "x.tab").count == 1)
    }

    @Test(arguments: ["lists.parquet", "lists.arrow", "lists.jsonl"])
    func `lists may be missing or empty, or contain missing elements`(name: String) throws {
        let data = try open(name)
        let expected: [String: [CellValue]] = [
            "tags": [["a", nil, "b"], [], nil, ["é"]],
            "ids": [[1, 2], [nil], [], nil],
            "scores": [nil, [0.5, nil], [1.0], []],
            "flags": [[true, nil, false], nil, [], [true]],
        ]
        #expect(try data.contents() == expected)
        #expect(try data.select([3, 0]).contents() == expected.mapValues { [$0[3], $0[0]] })
        for format in [DatasetFormat.parquet, .arrow, .jsonl] {
            try withTemporaryFolder { folder in
                let url = folder.appending(path: "x.\(format)")
                try data.write(to: url, as: format)
                #expect(try Dataset(contentsOf: url).contents() == expected, "\(format)")
            }
        }
    }

    @Test func `slices of lists use their own offsets`() throws {
        #expect(
            try open("lists-sliced.arrow").contents()["tags"] == [[], nil, ["é"]]
        )
    }
}
