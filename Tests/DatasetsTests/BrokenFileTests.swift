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
