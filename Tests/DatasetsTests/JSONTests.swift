import Datasets
import TestSupport
import Testing

struct JSONTests {
    /// The values of the column `a`, one row for each.
    private func column(_ values: String...) throws -> [CellValue]? {
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

    @Test func `objects are read by their parts, whatever else the column holds`() throws {
        let data = try read(
            "{\"t\": \"x\", \"o\": null, \"l\": []}\n{\"t\": \"y\", \"o\": {\"a\": [1]}, \"l\": [{}]}\n"
                + "{\"t\": \"z\", \"o\": 1, \"l\": []}\n",
            as: "x.jsonl"
        )
        #expect(data.columnNames == ["t", "o.a"] && data.leftOutColumns == ["l"])
        #expect(try data.strings("t") == ["x", "y", "z"])
        #expect(try data.contents()["o.a"] == [nil, [1], nil])
    }

    @Test func `a column of texts and objects is left out, and the line is named to who asks for it`() throws
    {
        let data = try read(
            "{\"t\": \"x\", \"m\": \"a\"}\n{\"t\": \"y\", \"m\": {\"a\": 1}}\n",
            as: "x.jsonl"
        )
        #expect(try data.strings("t") == ["x", "y"])
        #expect { try data.strings("m") } throws: {
            "\($0)".contains(
                "line 2 holds an object, but earlier rows hold string; give all values one type"
            )
        }
    }

    @Test func `NaN is missing, and an infinite number counts among numbers alone`() throws {
        #expect(
            try column("NaN", "1.5", "Infinity", "-Infinity") == [
                nil, 1.5, .double(.infinity), .double(-.infinity),
            ]
        )
        #expect(try column("Infinity", "NaN", "2") == [.double(.infinity), nil, 2.0])
        #expect(try column("1", "NaN", "2") == [1, nil, 2])
        #expect(try column("\"a\"", "NaN", "Infinity") == ["a", nil, nil])
        #expect(try column("Infinity", "NaN", "\"a\"") == [nil, nil, "a"])
        #expect(try column("true", "-Infinity") == [true, nil])
        #expect(try column("[1.0, NaN, Infinity]", "NaN") == [[1.0, nil, .double(.infinity)], nil])
        #expect(try column("[\"a\", NaN]", "Infinity") == [["a", nil], nil])
        #expect(try read("{\"t\": \"x\", \"o\": {\"a\": NaN}}\n", as: "x.jsonl").strings("t") == ["x"])
    }

    @Test(arguments: ["nan", "Nan", "inf", "+Infinity", "-NaN", "NaN1", "None", "undefined", "Infinit"])
    func `other words are no JSON, as before`(word: String) {
        #expect(complaint("{\"a\": \(word)}\n", as: "x.jsonl").hasPrefix(": line 1 is not JSON"))
    }

    @Test func `a fault beside NaN is the one that is named`() {
        #expect(
            complaint("{\"a\": NaN, \"b\": x}\n", as: "x.jsonl")
                == ": line 1 is not JSON: expected a value at byte 16"
        )
    }

    @Test func `what is wrong is named with its line`() {
        #expect(
            complaint("{\"a\": 1}\n\n{\"a\": \"x\"}\n", as: "x.jsonl")
                == ": line 3: \"a\" holds a text, but earlier rows hold int64; give all values one type"
        )
        #expect(
            complaint("{\"a\": [1, \"x\"]}\n", as: "x.jsonl").contains(
                "holds a list of values of different types"
            )
        )
        #expect(complaint("{\"a\": 1, \"a\": 2}\n", as: "x.jsonl") == ": line 1 has the key \"a\" twice")
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
        #expect(complaint(rows, as: "x.jsonl").contains("line 4097: more than 4096 different keys"))
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
