import Datasets
import Foundation
import TestSupport
import Testing

struct DelimitedTests {
    @Test(arguments: ["\n", "\r\n", "\r"])
    func `lines may end with a line feed, a carriage return or both`(end: String) throws {
        let data = try read(["a,b", "1,\"x\(end)y\"", "2,z"].joined(separator: end) + end, as: "x.csv")
        #expect(try data.contents() == ["a": ["1", "2"], "b": [.string("x\(end)y"), "z"]])
    }

    @Test(arguments: [";", "\t", "|"])
    func `a header without a comma gives another delimiter and a warning`(delimiter: String) throws {
        let data = try read("a\(delimiter)b\n1,5\(delimiter)x\n", as: "x.csv")
        #expect(try data.contents() == ["a": ["1,5"], "b": ["x"]])
        #expect(data.warnings.count == 1 && data.warnings[0].contains("no comma in the header"))
    }

    @Test func `a character in quotes is not a delimiter`() throws {
        #expect(try read("\"a;b\"\nx\n", as: "x.csv").columnNames == ["a;b"])
        #expect(try read("\"a,b\";c\nx;y\n", as: "x.csv").columnNames == ["a,b", "c"])
        #expect(try read("\"a\nb\",c\nx,y\n", as: "x.csv").columnNames == ["a\nb", "c"])
    }

    @Test(
        arguments: [
            (first: "sep=;", separator: ";"), ("sep=,", ","), ("SEP=|", "|"), ("sep=\t", "\t"),
            ("sep=\\t", "\t"),
            ("\"sep=;\"", ";"), ("sep=;;;", ";"), ("\"sep=;\",,", ";"), ("\u{FEFF}sep=;", ";"),
            ("\u{FEFF}\"sep=,\"", ","),
        ],
        ["csv", "tsv", "tab"]
    )
    func `Excel's first line names the separator and counts as a line`(
        line: (first: String, separator: String),
        ending: String
    ) throws {
        for end in ["\n", "\r\n", "\r"] {
            let rows = ["a\(line.separator)b", "x\(line.separator)y"].joined(separator: end) + end
            let data = try read(line.first + end + rows, as: "x.\(ending)")
            #expect(try data.contents() == ["a": ["x"], "b": ["y"]])
            #expect(data.warnings.count == 1 && data.warnings[0].hasSuffix("as the first line says"))
            #expect(
                complaint(line.first + end + rows + "z" + end, as: "x.\(ending)")
                    == ": line 4 has 1 field, but the header has 2"
            )
        }
        let plain = String(line.first.unicodeScalars.filter { $0 != "\u{FEFF}" })
        let wide = try #require(
            "\(plain)\na\(line.separator)b\n1\(line.separator)2\n".data(using: .utf16LittleEndian)
        )
        #expect(try read([0xFF, 0xFE] + Array(wide), as: "x.\(ending)").columnNames == ["a", "b"])
    }

    @Test func `a first line that only resembles Excel's is the header`() throws {
        #expect(try read("sep=abc,b\n1,2\n", as: "x.csv").columnNames == ["sep=abc", "b"])
        #expect(try read("sep,b\n1,2\n", as: "x.csv").columnNames == ["sep", "b"])
        #expect(
            complaint("sep=§\na§b\n", as: "x.csv").hasPrefix(
                ": line 1 names \"§\" as the field separator"
            )
        )
    }

    @Test func `quotes within a field are ordinary characters, as in Python`() throws {
        let data = try read("a,b\n5\" wide,\"\"\n\"\"\"\",\"a\"\"\"\n", as: "x.csv")
        #expect(try data.contents() == ["a": ["5\" wide", "\""], "b": ["", "a\""]])
    }

    @Test
    func `an empty field is missing, a quoted empty field is an empty text, and an empty line is skipped`()
        throws
    {
        let data = try read("a,b\n,\"\"\n\n\"\",x\n\n", as: "x.csv")
        #expect(try data.contents() == ["a": [nil, ""], "b": ["", "x"]])
    }

    @Test func `a field longer than a chunk is read whole, wherever the chunk ends`() throws {
        for length in [(1 << 20) - 6, (1 << 20) - 4] {
            let long = String(repeating: "é", count: length / 2)
            let data = try read("a,b\n\"\(long)\"\"\",x\r\n\(long),\"y\"\n", as: "x.csv")
            #expect(try data.contents() == ["a": [.string(long + "\""), .string(long)], "b": ["x", "y"]])
        }
    }

    @Test func `errors give the line of the file, counting quoted line breaks`() throws {
        #expect(complaint("a,b\n\"1\n2\n3\",x\n4\n", as: "x.csv").hasPrefix(": line 5 has 1 field, but"))
        #expect(complaint("a,b\r1,2\r3\r", as: "x.csv").hasPrefix(": line 3 has 1 field, but"))
    }

    @Test func `truncated UTF-16 ends in a replacement character`() throws {
        let bytes = try #require("\u{FEFF}a,b\nx,y\n".data(using: .utf16LittleEndian))
        #expect(
            try read(Array(bytes.dropLast(3)), as: "x.csv").contents() == ["a": ["x"], "b": ["\u{FFFD}"]]
        )
    }

    @Test func `half a surrogate pair becomes a replacement character`() throws {
        let bytes: [UInt8] = [0xFF, 0xFE] + [0x61, 0, 0x0A, 0, 0x00, 0xD8, 0x62, 0, 0x0A, 0]
        #expect(try read(bytes, as: "x.csv").contents() == ["a": ["\u{FFFD}b"]])
    }

    @Test func `a character split by a delimiter is an error`() throws {
        let fine = Array("a,b\né,x\n".utf8)
        #expect { try read(fine + [0xC3, 0x2C, 0xA9, 0x0A], as: "x.csv") } throws: {
            "\($0)".contains("line 3 is not UTF-8")
        }
    }

    @Test func `names that are canonically equivalent are two columns`() throws {
        let data = try read("é,e\u{301}\n1,2\n", as: "x.csv")
        #expect(try data.rows()[0]["é"] == "1" && data.rows()[0]["e\u{301}"] == "2")
        #expect(try data.removeColumns(["é"]).strings("e\u{301}") == ["2"])
    }

    @Test(arguments: [DatasetFormat.csv, .tsv])
    func `names that look like delimiters survive`(format: DatasetFormat) throws {
        let data = try Dataset(columns: [("a;b|c\td", ["x", nil, ""])])
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.\(format)")
            try data.write(to: url, as: format)
            let back = try Dataset(contentsOf: url)
            #expect(back.columnNames == ["a;b|c\td"])
            #expect(try back.strings("a;b|c\td") == ["x", nil, ""])
        }
    }

    @Test func `a table without rows is written as a header`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.csv")
            try Dataset(columns: [("a", ["x"]), ("b", ["y"])]).select([]).write(to: url, as: .csv)
            #expect(try String(contentsOf: url, encoding: .utf8) == "a,b\n")
        }
    }

    @Test func `a table may have thousands of columns`() throws {
        let names = (0..<5000).map { "c\($0)" }.joined(separator: ",")
        let data = try read("\(names)\n\(String(repeating: ",", count: 4999))\n", as: "x.csv")
        #expect(data.columnNames.count == 5000)
        var storage = StorageOptions()
        storage.memoryLimit = 0
        let spilled = try read(
            Array("\(names)\nx\(String(repeating: ",", count: 4999))\n".utf8),
            as: "x.csv",
            storage: storage
        )
        #expect(try spilled.strings("c0") == ["x"] && spilled.strings("c4999") == [nil])
    }
}
