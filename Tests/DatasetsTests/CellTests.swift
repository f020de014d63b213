import Datasets
import Foundation
import TestSupport
import Testing

/// Text cells with lists and objects, as pandas and other programs write them.
struct CellTests {
    /// Reads the labels of a CSV file with these cells.
    private func labels(_ cells: String...) throws -> [CellValue]? {
        let fields = cells.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }
        let csv = "text,labels\n" + fields.enumerated().map { "t\($0),\($1)\n" }.joined()
        return try read(csv, as: "x.csv").contents()["labels"]
    }

    @Test func `lists of names are read however Python, NumPy and JSON write them`() throws {
        #expect(try labels("['toxic']", "[]", "['a', 'b']") == [["toxic"], [], ["a", "b"]])
        #expect(try labels("[\"toxic\"]", "[\"a\", \"b\"]") == [["toxic"], ["a", "b"]])
        #expect(
            try labels("[\"it's\"]", #"['say "hi"', 'a\'b', 'x, y']"#) == [
                ["it's"], ["say \"hi\"", "a'b", "x, y"],
            ]
        )
        #expect(try labels(#"["\u00e9\ud83d\ude00"]"#, #"['\xe9\n']"#) == [["é😀"], ["é\n"]])
        #expect(try labels("('a',)", "('a', 'b')", "()") == [["a"], ["a", "b"], []])
        #expect(try labels("{'a'}", "set()", "{'a', 'b'}") == [["a"], [], ["a", "b"]])
        #expect(try labels("['a' 'b']", "['c']") == [["a", "b"], ["c"]])
        #expect(try labels("[np.str_('a'), np.str_('b')]") == [["a", "b"]])
        #expect(try labels("['a', None]", "['b', nan]") == [["a", nil], ["b", nil]])
    }

    @Test func `lists of numbers are read`() throws {
        #expect(try labels("[0, 1, 0]", "[1, 1, 1]") == [[0, 1, 0], [1, 1, 1]])
        #expect(try labels("[0 1\n 0]", "[1 1 1]") == [[0, 1, 0], [1, 1, 1]])
        #expect(try labels("[0. 1. 0.]", "[1.0, 0.0, 0.5]") == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.5]])
        #expect(try labels("[np.int64(0), np.int64(1)]") == [[0, 1]])
        #expect(try labels("[True, False]") == [[true, false]])
    }

    @Test(
        arguments: [
            "[removed]", "[a, b]", "['a'", "['a']]", "['a'] x", "['a',, 'b']", "(1)", "[1, 'a']", "[[1]]",
            "{'a': 0.3}",
            "[1 2, 3]", "['a''b']", "[+1]", "[...]", "[1e999]", "nan",
        ]
    )
    func `a cell that is not a list of plain values stays text`(cell: String) throws {
        #expect(try labels(cell, cell) == [.string(cell), .string(cell)])
    }

    @Test func `a column is read as lists only if every cell is a list`() throws {
        #expect(try labels("['a']", "b") == ["['a']", "b"])
        #expect(try labels("b", "['a']") == ["b", "['a']"])
        #expect(try labels("['a']", "[1]") == ["['a']", "[1]"])
        #expect(try labels("['a']", "{'a': 1}") == ["['a']", "{'a': 1}"])
    }

    @Test(arguments: ["csv", "tsv", "tab", "csv.gz", "jsonl", "json", "parquet", "arrow"])
    func `texts of every format are converted, and missing ones stay missing`(ending: String) throws {
        let cells: [String?] = ["['a']", nil, "['b', 'c']"]
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.\(ending)")
            let rows = cells.map { $0.map { "\"\($0)\"" } ?? "null" }
            switch ending {
            case "csv", "tsv", "tab", "csv.gz":
                let delimiter = ending.hasPrefix("csv") ? "," : "\t"
                let lines = cells.map { "t\(delimiter)" + ($0.map { "\"\($0)\"" } ?? "") + "\n" }.joined()
                let plain = folder.appending(path: "plain")
                try Data("text\(delimiter)labels\n\(lines)".utf8).write(to: ending == "csv.gz" ? plain : url)
                if ending == "csv.gz" { try gzip(plain, to: url) }
            case "jsonl":
                try Data(rows.map { "{\"labels\": \($0)}\n" }.joined().utf8).write(to: url)
            case "json":
                let objects = rows.map { "{\"labels\": \($0)}" }.joined(separator: ", ")
                try Data("[\(objects)]".utf8).write(to: url)
            default:
                let data = try Dataset(columns: [("labels", cells)])
                try data.write(to: url, as: ending == "parquet" ? .parquet : .arrow)
            }
            let data = try Dataset(contentsOf: url)
            #expect(try data.contents()["labels"] == [["a"], nil, ["b", "c"]])
            #expect(
                data.warnings.contains {
                    $0.contains("\"labels\" holds lists written as text, such as ['a']")
                }
            )
        }
    }

    private func gzip(_ file: URL, to url: URL) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-k", "-S", ".gz", file.path(percentEncoded: false)]
        try process.run()
        process.waitUntilExit()
        try FileManager.default.moveItem(
            atPath: file.path(percentEncoded: false) + ".gz",
            toPath: url.path(percentEncoded: false)
        )
    }

    @Test func `files are concatenated before their cells are examined`() throws {
        try withTemporaryFolder { folder in
            try Data("text,labels\nx,['a']\n".utf8).write(to: folder.appending(path: "1.csv"))
            try Data("text,labels\ny,[]\nz,\n".utf8).write(to: folder.appending(path: "2.csv"))
            let data = try Dataset(folder.path(percentEncoded: false))
            #expect(try data.contents()["labels"] == [["a"], [], nil])
        }
    }

    @Test func `objects of 0 and 1 are labels, and objects of other numbers are texts`() throws {
        let data = try read("t,c\nx,\"{'POS': 1.0, 'NEG': 0.0}\"\ny,\"{'NEG': 1, 'POS': 1}\"\n", as: "x.csv")
        #expect(try data.feature(of: "c") == .list(.classLabel(ClassLabel(names: ["POS", "NEG"]))))
        #expect(try data.contents()["c"] == [[0], [0, 1]])
        #expect(try labels("{\"a\": true}", "{\"a\": false}") == [[0], []])
        // A row that lacks a name does not say whether it applies.
        #expect(try labels("{\"a\": 1}", "{\"b\": 1}") == ["{\"a\": 1}", "{\"b\": 1}"])
    }

    @Test func `Label Studio's choices are lists, even if one is plain text`() throws {
        let several = "{\"choices\":[\"Good\",\"Cheap\"]}"
        #expect(try labels("Bad", several, "Good") == [["Bad"], ["Good", "Cheap"], ["Good"]])
        for rows in [["\"Bad\"", several], [several, "\"Bad\""]] {
            let json = "[" + rows.map { "{\"t\": \"x\", \"s\": \($0)}" }.joined(separator: ", ") + "]"
            let data = try read(json, as: "x.json")
            #expect(
                data.warnings.count == 1 && data.warnings[0].contains("\"s\" holds Label Studio's choices")
            )
            let found = try data.contents()["s"]
            #expect(
                Set((found ?? []).map { "\($0)" })
                    == Set(
                        [["Bad"], ["Good", "Cheap"]].map { "\(CellValue.list($0.map(CellValue.string)))" }
                    )
            )
        }
    }

    @Test func `labels that are only partly lists are reported by row`() throws {
        func spelled(_ cells: String...) throws -> SpelledLabels? {
            let fields = cells.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }
            let data = try read("labels\n" + fields.joined(separator: "\n") + "\n", as: "x.csv")
            return SpelledLabels(try RowLabels(data, columns: ["labels"]), column: "labels", of: data)
        }
        #expect(try spelled("a", "b", "[removed]") == nil)
        let most = try #require(try spelled("['a']", "['b']", "c", "[]"))
        #expect(most.rows == [2] && most.count == 3)
        #expect(most.message.contains("3 labels are lists or objects written as text, such as \"['a']\""))
        #expect(most.message.contains("and 1 is not, such as \"c\" (row 3 of "))
        #expect(try spelled("a", "b", "['c']")?.rows == [2])
        let other = try #require(try spelled("{\"a\": 1}", "{\"a\": 0.3}")).message
        #expect(other.hasPrefix("column \"labels\": row 2 of "))
        #expect(other.hasSuffix(" holds \"{\"a\": 0.3}\", an object whose values are not all 0 or 1"))
    }

    @Test func `the description reports labels that are only partly lists`() throws {
        let data = try read("t,l\na,['x']\nb,['y']\nc,z\n", as: "x.csv")
        let description = try DatasetDescription(
            data,
            DescriptionOptions(textColumn: "t", labelColumns: ["l"])
        )
        let finding = try #require(description.findings.first)
        #expect(finding.kind == .spelledLabels && finding.count == 2 && finding.examples[0].rows == [2])
    }

    @Test func `label vectors are read as labels by position`() throws {
        let data = try read("t,l\na,\"[0, 1, 0]\"\nb,\"[1, 1, 1]\"\nc,\"[0, 0, 0]\"\n", as: "x.csv")
        let read = try data.readingLabelVectors(in: ["l"])
        #expect(try read.feature(of: "l") == .list(.classLabel(ClassLabel(names: ["0", "1", "2"]))))
        #expect(try read.contents()["l"] == [[1], [0, 1, 2], []])
        #expect(read.warnings.last?.contains("lists of 3 zeros and ones, read as the labels 0 to 2") == true)
    }

    @Test(
        arguments: [
            ["[0, 1]", "[1]"], ["[0, 1]", "[1, 0]"], ["[0, 1, 2]", "[0, 1, 1]"], ["[0]", "[1]"],
            ["[]", "[]"],
        ]
    )
    func `lists of ids are not label vectors`(lists: [String]) throws {
        let data = try read(lists.map { "{\"l\": \($0)}\n" }.joined(), as: "x.jsonl")
        #expect(try data.readingLabelVectors(in: ["l"]).feature(of: "l") == data.feature(of: "l"))
    }
}
