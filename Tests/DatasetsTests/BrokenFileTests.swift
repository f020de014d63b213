import Datasets
import Foundation
import TestSupport
import Testing

/// Files that are not what they say; Scripts/broken-data tries many more, large ones among them.
struct BrokenFileTests {
    private func fixture(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Fixture.folder.appending(path: "readers/\(name)")))
    }

    private func complaint(_ bytes: [UInt8], as name: String) -> String {
        do {
            _ = try read(bytes, as: name).contents()
            return "nothing"
        } catch { return "\(error)".components(separatedBy: name).last ?? "" }
    }

    @Test func `a wrong ending is told by the first bytes`() throws {
        #expect(
            complaint(try fixture("table.parquet"), as: "x.csv") == " is a Parquet file; name it .parquet"
        )
        #expect(complaint(try fixture("table.arrow"), as: "x.jsonl") == " is an Arrow file; name it .arrow")
        #expect(
            complaint([0x50, 0x4B, 3, 4, 0], as: "x.csv")
                == " is a ZIP archive or a spreadsheet; save its rows as .csv, .jsonl or .parquet"
        )
        #expect(
            complaint(try fixture("table.csv"), as: "x.parquet").hasPrefix(
                " cannot be read: Parquet magic bytes"
            )
        )
        #expect(
            complaint(try fixture("table.csv.gz"), as: "x.parquet")
                == " is compressed as a whole, which hides its columns; decompress it first"
        )
    }

    @Test(
        arguments: [
            ("data.zip", "is a ZIP archive; unpack it (unzip data.zip) and name the file in it"),
            ("data.csv.zip", "is a ZIP archive"),
            ("data.tar.gz", "is an archive; unpack it (tar -xf data.tar.gz"),
            ("data.7z", "is an archive"), ("data.rar", "is an archive"), ("data.csv.xz", "xz -d data.csv.xz"),
            (
                "data.xlsx",
                "is a spreadsheet; save its sheet as CSV in UTF-8, or in Python, pandas.read_excel(\"data.xlsx\")"
            ),
            ("data.xls", "is a spreadsheet"), ("data.ods", "is a spreadsheet"),
            ("data.pkl", "pandas.read_pickle(\"data.pkl\")"),
            ("data.pkl.gz", "is a Python pickle"),
            ("data.arff", "is a Weka ARFF file; save it as CSV in Weka"),
            ("data.sav", "is a file of a statistics program"), ("data.sqlite", "is a database"),
            ("data.gz", "rename it, for example to data.csv.gz"),
            ("data", "its name has no extension that shows the format"),
        ]
    )
    func `files in formats that are not read say what to do`(name: String, advice: String) throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            try Data("x".utf8).write(to: url)
            for path in [name, "*"] {
                let place = folder.appending(path: path).path(percentEncoded: false)
                #expect { try Dataset(place) } throws: {
                    "\($0)".contains(advice) && ($0 as? DatasetError)?.code == .unknownFormat
                }
            }
        }
    }

    @Test func `a folder that holds an archive alone says to unpack it`() throws {
        try withTemporaryFolder { folder in
            try Data("x".utf8).write(to: folder.appending(path: "data.zip"))
            #expect { try Dataset(folder.path(percentEncoded: false)) } throws: {
                "\($0)".contains("data.zip is a ZIP archive; unpack it")
            }
        }
    }

    @Test func `a file whose name is not UTF-8 is opened, alone and in a folder`() throws {
        try withTemporaryFolder { folder in
            let path = folder.path(percentEncoded: false)
            let raw = Array(path.utf8) + [UInt8(ascii: "/"), 0xE9] + Array(".csv".utf8)
            let opened = raw.map { CChar(bitPattern: $0) } + [0]
            let file = try #require(fopen(opened, "w"))
            fputs("a,b\n1,2\n3\n", file)
            fclose(file)
            let shown = path + "/\u{FFFD}.csv"
            #expect { try Dataset(shown) } throws: {
                "\($0)".hasSuffix("\u{FFFD}.csv: line 3 has 1 field, but the header has 2")
            }
            let again = try #require(fopen(opened, "w"))
            fputs("a,b\n1,2\n", again)
            fclose(again)
            #expect(try Dataset(shown).strings("a") == ["1"])
            #expect(try Dataset(path).strings("a") == ["1"])
        }
    }

    @Test(arguments: ["csv", "tsv", "jsonl", "json", "txt", "parquet", "arrow", "csv.gz"])
    func `an empty file says so`(ending: String) {
        #expect(complaint([], as: "x.\(ending)") == " is empty; it must hold rows")
    }

    @Test func `a damaged column is named`() throws {
        var bytes = Array(
            try Data(contentsOf: Fixture.folder.appending(path: "pyarrow-26.0.1/snappy.parquet"))
        )
        bytes.replaceSubrange(100..<300, with: repeatElement(0, count: 200))
        #expect(complaint(bytes, as: "x.parquet").hasPrefix(" cannot be read: column \"text\": "))
    }

    @Test func `missing labels are read as missing, and stay so`() throws {
        let data = try read("text,label\nx,\ny,b\nz,a\n", as: "x.csv").classEncodeColumn("label")
        #expect(try data.contents()["label"] == [nil, 1, 0])
        #expect { try data.trainTestSplit(testSize: .count(1), stratifyBy: "label", seed: 0) } throws: {
            "\($0)".hasPrefix("1 row has no value in column \"label\" (the first is row 1 of ")
        }
    }

    @Test func `text behind the end of compressed text is an error or more text, never lost`() throws {
        let whole = try fixture("table.csv.gz")
        #expect(complaint(whole + Array("more".utf8), as: "x.csv.gz").hasPrefix(" cannot be read"))
        let twice = try read(whole + whole, as: "x.csv.gz")
        #expect(twice.count == 11)
    }

    @Test func `a long row is read, a longer one refused with its line`() throws {
        let long = [UInt8](repeating: 0x78, count: 5 << 20)
        #expect(try read(Array("a,b\n".utf8) + long + Array(",y\n".utf8), as: "x.csv").count == 1)
    }
}
