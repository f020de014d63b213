import Datasets
import Foundation
import JSON
import TestSupport
import Testing

/// Files that pyarrow wrote (Scripts/fixtures/make_arrow_fixtures.py): one table, every codec, encoding and layout.
struct ArrowTests {
    private static let folder = Fixture.folder.appending(path: "pyarrow-26.0.1")
    private static let files = [
        "none.parquet", "snappy.parquet", "gzip.parquet", "brotli.parquet", "zstd.parquet", "lz4.parquet",
        "dictionary.parquet", "plain-v2.parquet", "delta.parquet", "file.arrow", "stream.arrow", "zstd.arrow",
    ]

    @Test(arguments: files)
    func `cells become texts as in Python's str`(name: String) throws {
        let data = try Dataset(contentsOf: Self.folder.appending(path: name))
        let expected = try #require(Fixture.json("pyarrow-26.0.1/expected.json")["columns"].object)
        #expect(
            data.columnNames
                == ["text", "label", "count", "score", "truth", "nothing", "pair.a", "pair.b", "tags"]
        )
        #expect(data.count == 20)
        #expect(data.nestedColumns.map(\.description) == ["\"pair\" (object)"])
        #expect(
            try data.rows(columns: ["tags"]).map { $0["tags"] }
                == (0..<20).map { $0 % 2 == 0 ? ["a", "b"] : [] }
        )
        for column in data.columnNames where expected[column] != .null {
            #expect(try data.strings(column) == expected[column].array?.map(\.string), "\(column)")
        }
    }

    @Test func `errors for nested values name the parts, and errors for lists say that texts are needed`()
        throws
    {
        let data = try Dataset(contentsOf: Self.folder.appending(path: "none.parquet")).select([3, 1])
        #expect { try data.strings("pair") } throws: {
            "\($0)".hasPrefix("column \"pair\" holds nested values")
        }
        #expect { try data.strings("tags") } throws: {
            "\($0)".hasPrefix("column \"tags\" holds lists, but one text")
        }
    }

    @Test func `a file that expands to a terabyte is refused`() throws {
        #expect { try Dataset(contentsOf: Self.folder.appending(path: "bomb.parquet")).loaded() } throws: {
            "\($0)".contains("bomb.parquet cannot be read: it needs more memory than reading may use")
        }
    }

    @Test(arguments: ["snappy.parquet", "file.arrow"])
    func `a file truncated at any byte gives an error that names it`(name: String) throws {
        let whole = try Data(contentsOf: Self.folder.appending(path: name))
        try withTemporaryFolder { folder in
            let url = folder.appending(path: name)
            for count in stride(from: 1, to: whole.count, by: 97) {
                try whole.prefix(count).write(to: url)
                #expect { try Dataset(contentsOf: url).loaded() } throws: {
                    "\($0)".contains("\(name) cannot be read")
                }
            }
        }
    }

    @Test(arguments: ["snappy.parquet", "delta.parquet", "zstd.arrow", "stream.arrow"])
    func `a file with damaged bytes is read or refused without a crash`(name: String) throws {
        let whole = try Data(contentsOf: Self.folder.appending(path: name))
        var random = SplitMix64(state: UInt64(whole.count))
        var refused = 0
        try withTemporaryFolder { folder in
            for round in 0..<300 {
                var damaged = whole
                for _ in 0..<4 {
                    damaged[Int.random(in: 0..<whole.count, using: &random)] = .random(in: 0...255)
                }
                // A separate name, because a memory-mapped file must not change while it is read.
                let url = folder.appending(path: "\(round)-\(name)")
                try damaged.write(to: url)
                do { _ = try Dataset(contentsOf: url).loaded() } catch { refused += 1 }
            }
        }
        #expect(refused > 0)
    }
}

/// The same numbers in every run.
///
/// Source: Steele et al., "Fast Splittable Pseudorandom Number Generators".
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
