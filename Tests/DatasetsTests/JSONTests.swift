import Datasets
import TestSupport
import Testing

struct JSONTests {
    /// The values of the column `a`, one row for each.
    private func column(_ values: String...) throws -> [Value]? {
        let lines = values.map { "{\"a\": \($0)}\n" }.joined()
        let array = "[" + values.map { "{\"a\":\n \($0) }" }.joined(separator: " ,\n") + "]\n"
        let found = try read(lines, as: "x.jsonl").contents()["a"]
        #expect(try read(array, as: "x.json").contents()["a"] == found)
        return found
    }

    @Test func `escapes and surrogate pairs are characters, halves of pairs replaced`() throws {
        #expect(
            try column(
                #""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
                #""\ud83d""#,
                #""\ud83dx\ude00""#,
                #""\ud83d\u0041""#
            )
                == ["\"\\/\u{8}\u{C}\n\r\té😀", "\u{FFFD}", "\u{FFFD}x\u{FFFD}", "\u{FFFD}A"]
        )
    }

    @Test func `whole numbers are whole to 64 bits, and become numbers where one is not`() throws {
        #expect(
            try column("9223372036854775807", "-9223372036854775808", "-0") == [.int(.max), .int(.min), 0]
        )
        #expect(try column("9223372036854775808", "1") == [9223372036854775808.0, 1.0])
        #expect(try column("1", "null", "0.5", "2") == [1.0, nil, 0.5, 2.0])
        #expect(try column("[1]", "[0.5, 2]", "[3]") == [[1.0], [0.5, 2.0], [3.0]])
        #expect(try column("[1, 0.5]") == [[1.0, 0.5]])
    }

    @Test func `what does not tell a type waits for what does`() throws {
        #expect(try column("null", "null") == [nil, nil])
        #expect(try column("null", "[]", "null", "[1]", "[]") == [nil, [], nil, [1], []])
        #expect(try column("[]", "[null]", "[\"a\", null]") == [[], [nil], ["a", nil]])
        #expect(try column("null", "true", "false") == [nil, true, false])
    }

    @Test func `a column that comes late is missing before, and one that ends is missing after`() throws {
        let data = try read("{\"a\": 1}\n{}\n{\"b\": \"x\"}\n", as: "x.jsonl")
        #expect(try data.contents() == ["a": [1, nil, nil], "b": [nil, nil, "x"]])
    }

    @Test func `objects and lists of them are left out, whatever else the column holds`() throws {
        let data = try read(
            "{\"t\": \"x\", \"o\": null, \"l\": []}\n{\"t\": \"y\", \"o\": {\"a\": [1]}, \"l\": [{}]}\n"
                + "{\"t\": \"z\", \"o\": 1, \"l\": []}\n",
            as: "x.jsonl"
        )
        #expect(data.columnNames == ["t"] && data.leftOutColumns == ["o", "l"])
        #expect(try data.strings("t") == ["x", "y", "z"])
    }

    @Test func `what is wrong is named with its line`() {
        #expect(
            complaint("{\"a\": 1}\n\n{\"a\": \"x\"}\n", as: "x.jsonl")
                == ": line 3: \"a\" holds a text where the rows before hold int64; give all values one type"
        )
        #expect(
            complaint("{\"a\": [1, \"x\"]}\n", as: "x.jsonl").contains(
                "holds a list of values of different types"
            )
        )
        #expect(complaint("{\"a\": 1, \"a\": 2}\n", as: "x.jsonl") == ": line 1 names \"a\" twice")
        #expect(
            complaint("[{\"a\": 1},\n{\"a\": 2}\n", as: "x.json").contains("line 1 opens is never closed")
        )
        #expect(complaint("[{\"a\": 1}]\n{}", as: "x.json").contains("line 2: something follows the array"))
        #expect(complaint("[{\"a\": 1},\n 7]", as: "x.json") == ": line 2 holds the number 7, not an object")
        #expect(complaint("{\"a\": 1}\u{0}{}\n", as: "x.jsonl").hasPrefix(": line 1 is not JSON"))
        #expect(complaint("{\"a\": 01}\n", as: "x.jsonl").hasPrefix(": line 1 is not JSON"))
        #expect(complaint("[]", as: "x.json") == " has no rows")
    }

    @Test func `rows keyed by something are refused before they make a column of each key`() {
        let rows = (0..<5000).map { "{\"key\($0)\": 1}\n" }.joined()
        #expect(complaint(rows, as: "x.jsonl").contains("line 4097: more than 4096 different names"))
    }

    @Test func `rows of many batches keep their places`() throws {
        var lines = ""
        for row in 0..<150_000 {
            lines +=
                row % 3 == 0
                ? "{\"n\": \(row)}\n" : row < 100_000 ? "{}\n" : "{\"late\": \"\(row)\", \"n\": null}\n"
        }
        let data = try read(lines, as: "x.jsonl")
        #expect(data.count == 150_000)
        let rows = try data.rows()
        for row in [0, 1, 65_535, 65_536, 65_538, 99_999, 100_000, 149_999] {
            #expect(rows[row]["n"] == (row % 3 == 0 ? .int(row) : nil), "\(row)")
            #expect(rows[row]["late"] == (row % 3 == 0 || row < 100_000 ? nil : .string("\(row)")), "\(row)")
        }
    }
}
