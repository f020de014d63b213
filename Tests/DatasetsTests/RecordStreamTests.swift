import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Records of lines and delimited text are found one at a time.
@Suite struct RecordStreamTests {
    /// A stream of text that arrives in pieces of some bytes.
    private func stream(_ text: String, _ format: RecordStream.Format, pieces: Int = 5) throws -> RecordStream
    {
        var rest = Array(text.utf8)[...]
        return try RecordStream(name: "here", format: format) { bytes in
            bytes += rest.prefix(pieces)
            rest = rest.dropFirst(pieces)
            return !rest.isEmpty
        }
    }

    private func records(_ stream: RecordStream) throws -> [RecordStream.Record] {
        var records: [RecordStream.Record] = []
        while let record = try stream.next() { records.append(record) }
        return records
    }

    @Test("a row of delimited text may hold line breaks in quotes", arguments: [1, 2, 3, 7, 1000])
    func quotes(pieces: Int) throws {
        let text = "id,text\r\n1,\"a\nb, \"\"c\"\"\"\r\n\r\n2,d"
        let stream = try stream(text, .csv, pieces: pieces)
        let records = try records(stream)
        #expect(records.map(\.line) == [2, 5])
        let rows = try stream.parse(records[...])
        #expect(try rows.strings("text") == ["a\nb, \"c\"", "d"])
    }

    @Test(
        "rows of delimited text are those of the reader of whole files",
        arguments: [
            // A quote within a field opens nothing.
            "text,n\na 6\" pipe,1\nan 8\" pipe,2\n", "text,n\n\"a\" b \" c,1\nd,2\n",
            // Line breaks in a field stay as they are.
            "text,n\r\n\"a\r\nb\",1\r\nc,2\r\n",
            // A row of missing values is a row, and so is a blank line of a single column.
            "text,n\na,1\n,\nb,2\n\nc,3\n", "text\na\n\nb\n",
            "\"sep=;\"\ntext;n\na,b \" c;1\nd;2\n",
        ]
    )
    func wholeFiles(text: String) throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "rows.csv")
            try Data(text.utf8).write(to: file)
            let whole = try Dataset(contentsOf: file)
            let stream = try stream(text, .csv)
            let records = try records(stream)
            #expect(records.count == whole.count)
            var texts: [String?] = []
            for index in records.indices { texts += try stream.parse(records[index...index]).strings("text") }
            #expect(try texts == whole.strings("text"))
        }
    }

    @Test("a large file of rows is opened with its first rows, which are read again")
    func large() throws {
        try withTemporaryFolder { folder in
            func open(_ name: String, _ text: Data) throws -> (stream: RecordStream, start: Dataset)? {
                let file = folder.appending(path: name)
                try text.write(to: file)
                return RecordStream.large(file.path(percentEncoded: false), rows: 2, from: 20)
            }
            let lines = Data("text\tn\na\t1\nb\t2\nc\t3\n\u{E9}\t4\n".utf8)
            let opened = try #require(try open("rows.tsv", lines))
            #expect(try opened.start.strings("text") == ["a", "b"])
            let records = try records(opened.stream)
            #expect(try opened.stream.parse(records[...]).strings("text") == ["a", "b", "c", "\u{E9}"])
            func isLarge(_ name: String, _ text: String, _ rest: [UInt8] = []) throws -> Bool {
                try open(name, Data(Array(text.utf8) + rest)) != nil
            }
            #expect(try isLarge("rows.jsonl", "{\"text\": 1}\n{\"text\": 2}\n{\"text\": \n"))
            // Small, of another format, Western European, not one object per line, and with a damaged beginning.
            #expect(try !isLarge("small.csv", "text,n\na,1\nb,2\n"))
            #expect(try !isLarge("rows.txt", "a text\nanother text\na third one\n"))
            #expect(try !isLarge("west.tsv", "text\tn\na\t1\nb\t2\nc\t3\nd", [0xE9, 0x09, 0x34, 0x0A]))
            #expect(try !isLarge("array.jsonl", "[{\"text\": \"a\"},\n{\"text\": \"b\"},\n{}]"))
            #expect(try !isLarge("bad.tsv", "text\tn\na\t1\nb\nc\t3\nd\t4\n"))
        }
    }

    @Test("a byte-order mark and blank lines are left out, but a blank line of plain text is a text")
    func blanks() throws {
        let json = try stream("\u{FEFF}{\"text\": \"a\"}\n\n  \n{\"text\": \"b\"}\n", .jsonl)
        #expect(try json.parse(records(json)[...]).strings("text") == ["a", "b"])
        let plain = try stream("a\n\nb\n", .text)
        #expect(try plain.parse(records(plain)[...]).strings("text") == ["a", "", "b"])
    }

    @Test("a damaged record is named by its line, and does not hide those after it")
    func damaged() throws {
        let stream = try stream("text,n\na,1\nb\nc,3\n", .csv)
        let records = try records(stream)
        #expect(try stream.parse(records[2...2]).strings("text") == ["c"])
        let error = #expect(throws: DatasetError.self) { try stream.parse(records[1...1]) }
        #expect(error?.message.contains("line 3 has 1 field, but the header has 2") == true)
    }

    @Test("Orange's rows of types and flags are not records")
    func orange() throws {
        let stream = try stream("text\tlabel\nstring\tdiscrete\nmeta\tclass\na\tb\n", .tsv)
        try stream.skipOrangeHeader()
        #expect(try records(stream).map { String(decoding: $0.bytes, as: UTF8.self) } == ["a\tb"])
    }

    @Test("the bytes of a file do not depend on how its rows were divided", arguments: DatasetFormat.allCases)
    func tables(format: DatasetFormat) throws {
        let all = try Dataset(columns: [("text", (0..<70_000).map { "text \($0)" })])
        func bytes(_ size: Int) throws -> Data {
            var data = Data()
            let stream = TableStream(format: format) { bytes in
                data.append(contentsOf: bytes)
                return nil
            }
            for start in stride(from: 0, to: all.count, by: size) {
                try stream.append(all.select(start..<start + size))
            }
            try stream.close()
            return data
        }
        let whole = try bytes(all.count)
        #expect(try bytes(4096) == whole)
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "rows.\(format.rawValue)")
            try whole.write(to: file)
            #expect(try Dataset(contentsOf: file).strings("text") == all.strings("text"))
        }
    }
}
