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
