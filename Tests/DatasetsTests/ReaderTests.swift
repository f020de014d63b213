import Datasets
import Foundation
import TestSupport
import Testing

struct ReaderTests {
    /// Reads a file with these contents.
    private func read(_ text: String, as name: String) throws -> Dataset {
        try read(Array(text.utf8), as: name)
    }

    private func read(_ bytes: [UInt8], as name: String) throws -> Dataset {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            try Data(bytes).write(to: url)
            return try Dataset(contentsOf: url)
        }
    }

    /// The error from reading a file with these contents, without the path.
    private func complaint(_ text: String, as name: String) -> String {
        do {
            _ = try read(text, as: name)
            return "nothing"
        } catch { return "\(error)".components(separatedBy: name).last ?? "" }
    }

    @Test func `quotes hold delimiters, line breaks and doubled quotes`() throws {
        let data = try read("a,b\r\n\"1,\n2\",\"say \"\"hi\"\"\"\r\n,x\r\n", as: "x.csv")
        #expect(data.columnNames == ["a", "b"])
        #expect(try data.strings("a") == ["1,\n2", nil])
        #expect(try data.strings("b") == ["say \"hi\"", "x"])
    }

    @Test func `a byte-order mark and a missing last line feed are accepted`() throws {
        let data = try read([0xEF, 0xBB, 0xBF] + Array("a\tb\nü\t😀".utf8), as: "x.tsv")
        #expect(try data.strings("a") == ["ü"])
        #expect(try data.strings("b") == ["😀"])
    }

    @Test func `Orange's two extra header rows are not data`() throws {
        let data = try read(
            "Author\tContent\ndiscrete\tstring\nclass\tmeta include=True\nA\thello\nB\tbye\n",
            as: "x.tab"
        )
        #expect(try data.strings("Author") == ["A", "B"])
        let plain = try read("Author\tContent\nA\thello\nB\tbye\n", as: "x.tab")
        #expect(plain.count == 2)
    }

    @Test func `the columns that Orange's header marks as classes are known without reading the rows`() throws
    {
        func marked(_ text: String, as name: String) throws -> [String] {
            try withTemporaryFolder { folder in
                let file = folder.appending(path: name)
                try Data(text.utf8).write(to: file)
                return Dataset.columnsMarkedAsClasses(in: file.path(percentEncoded: false))
            }
        }
        let header = "Topic\tContent\tAuthor\ndiscrete\tstring\tdiscrete\n"
        #expect(try marked(header + "class\tmeta\t\na\tb\tc\n", as: "x.tab") == ["Topic"])
        #expect(try marked("Topic\tText\nd\tstring\nclass\t\na\tb\n", as: "x.tab") == ["Topic"])
        #expect(try marked("class\tText\na\tb\nc\td\n", as: "x.tab") == [])
        #expect(try marked("{}", as: "x.jsonl") == [] && marked("", as: "x.tab") == [])
    }

    @Test func `rows that only resemble Orange's headers stay data`() throws {
        #expect(try read("a,b\nc,d\nc,i\n", as: "x.csv").strings("a") == ["c", "c"])
        #expect(try read("Text\ntext\n\nmore\n", as: "x.csv").strings("Text") == ["text", nil, "more"])
    }

    @Test func `text after a closing quote belongs to the field, as in Python`() throws {
        let data = try read("a,b\n\"x\"y,z\n", as: "x.csv")
        #expect(try data.strings("a") == ["xy"])
        #expect(try data.strings("b") == ["z"])
    }

    @Test func `JSON lines may lack members and contain numbers`() throws {
        let data = try read(
            "{\"text\": \"a\", \"n\": 1.50}\n\n{\"text\": null, \"ok\": true}\n",
            as: "x.jsonl"
        )
        #expect(data.columnNames == ["text", "n", "ok"])
        #expect(try data.strings("text") == ["a", nil])
        // As in datasets: the text of the number.
        #expect(try data.strings("n") == ["1.5", nil])
        #expect(try data.strings("ok") == [nil, "True"])
    }

    @Test func `errors give the line`() {
        #expect(complaint("a,b\n1,2\n3\n", as: "x.csv") == ": line 3 has 1 field, but the header has 2")
        #expect(complaint("a,b\n1,\"2\n", as: "x.csv") == ": line 2 opens a quote that is never closed")
        #expect(complaint("a,a\n1,2\n", as: "x.csv") == ": two columns are named \"a\"; rename one")
        #expect(complaint("", as: "x.csv") == " is empty; it must hold rows")
        #expect(complaint("a,b\n", as: "x.csv") == " has a header and no rows")
        #expect(
            complaint("{\"a\": 1}\n{\"a\": \n", as: "x.jsonl")
                == ": line 2 is not JSON: expected a value at byte 6"
        )
        #expect(
            complaint("x", as: "x.dat").hasPrefix(
                ": files ending in \".dat\" are not supported; supported are .csv"
            )
        )
    }

    @Test func `invalid bytes in a UTF-8 file are reported with their line`() throws {
        #expect { try read(Array("a\nü\n".utf8) + [0xFF, 0x0A], as: "x.csv") } throws: {
            "\($0)".contains("line 3 is not UTF-8")
        }
    }

    @Test func `a Western European file is read with a warning`() throws {
        // "naïve", then Windows' own quotation marks and euro sign.
        let data = try read(
            Array("a\nna".utf8) + [0xEF] + Array("ve ".utf8) + [0x93, 0x80, 0x94, 0x0A],
            as: "x.csv"
        )
        #expect(try data.strings("a") == ["naïve “€”"])
        #expect(data.warnings.count == 1 && data.warnings[0].contains("Western European"))
    }

    @Test(arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian], [true, false])
    func `UTF-16 is recognized by its byte-order mark or its zeros`(
        encoding: String.Encoding,
        marked: Bool
    ) throws {
        let text = (marked ? "\u{FEFF}" : "") + "text,label\nnaïve 😀,x\n"
        let data = try read(Array(try #require(text.data(using: encoding))), as: "x.csv")
        #expect(try data.strings("text") == ["naïve 😀"])
        #expect(data.columnNames == ["text", "label"])
    }

    @Test func `the error for a missing column lists the columns`() throws {
        let data = try read("Text,Label\nx,y\n", as: "x.csv")
        #expect(
            throws: DatasetError(
                .missingColumn,
                "there is no column \"text\"; the columns are \"Text\", \"Label\"; did you mean \"Text\"?"
            )
        ) { try data.strings("text") }
        #expect { try data.strings("Lable") } throws: { "\($0)".hasSuffix("; did you mean \"Label\"?") }
        #expect { try data.strings("author") } throws: { "\($0)".hasSuffix("\"Text\", \"Label\"") }
    }

    @Test func `a missing file gives the code missingFile`() {
        #expect { try Dataset(contentsOf: URL(filePath: "nowhere.csv")) } throws: {
            ($0 as? DatasetError)?.code == .missingFile
        }
    }
}

struct WriterTests {
    @Test(arguments: DatasetFormat.allCases)
    func `written rows are read back unchanged`(format: DatasetFormat) throws {
        let data = try Dataset(columns: [
            ("text, quoted", ["plain", "a,b\t\"c\"\r\nd", "", nil, "naïve 😀"]),
            ("label", ["x", nil, "y", "1.50", "null"]),
        ])
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "data.\(format.rawValue)")
            try data.write(to: url, as: format)
            let back = try Dataset(contentsOf: url)
            #expect(back.columnNames == data.columnNames)
            for column in data.columnNames { #expect(try back.strings(column) == data.strings(column)) }
        }
    }
}
