import Foundation
import JSON
import TestSupport
import Testing

@testable import Datasets

/// The choice of a folder's files, and the notes about the others.
struct FolderChoiceTests {
    /// Makes a folder of files, each with one row whose text is the file's path.
    private func withLayout<Result>(_ files: [String], _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            for name in files {
                let url = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                let rows = try Dataset(columns: [("text", [name])])
                switch url.pathExtension {
                case "csv": try rows.write(to: url, as: .csv)
                case "tsv": try rows.write(to: url, as: .tsv)
                case "jsonl", "json": try rows.write(to: url, as: .jsonl)
                case "parquet": try rows.write(to: url, as: .parquet)
                default: try Data((name + "\n").utf8).write(to: url)
                }
            }
            return try body(folder.path(percentEncoded: false))
        }
    }

    /// The notes about a folder's files, without the folder's path.
    private func notes(_ files: [String], split: String? = nil) throws -> [String] {
        try withLayout(files) { (folder: String) throws in
            try Dataset(folder, split: split).warnings.map { $0.replacing(folder, with: "news/") }
        }
    }

    @Test func `the same files are read as in datasets, by split and in its order`() throws {
        let cases = try Fixture.cases("datasets-5.2.0/folders.json")
        #expect(cases.count > 20)
        for fixture in cases {
            let situation = fixture["situation"].string ?? ""
            let files = (fixture["files"].array ?? []).compactMap(\.string)
            try withLayout(files) { (folder: String) throws in
                let splits = (fixture["splits"].array ?? []).compactMap(\.array)
                #expect(
                    try Dataset.splitNames(of: folder) == splits.map { $0[0].string ?? "" },
                    "\(situation)"
                )
                for split in splits {
                    let texts = try Dataset(folder, split: split[0].string).strings("text")
                    #expect(texts == (split[1].array ?? []).map(\.string), "\(situation)")
                }
            }
        }
    }

    @Test func `files without a split in the name are listed, with a pattern that reads all`() throws {
        #expect(
            try notes(["contest.csv", "latest-news.csv", "train-delays.csv", "weather.csv"]) == [
                "news/: file or folder names give the splits \"train\", as in datasets; left out 3 files with no split "
                    + "in the name: contest.csv, latest-news.csv, weather.csv; to read all of them as one split, "
                    + "use --dataset 'news/*.csv'"
            ]
        )
        let deep = try notes(["train/a.parquet", "test/a.parquet", "more.parquet"])
        #expect(
            deep.count == 1 && deep[0].contains("left out 1 file with no split in the name: more.parquet; ")
        )
        #expect(deep[0].hasSuffix("use --dataset 'news/**/*.parquet'"))
        let many = try notes(["data/train-00000-of-00001.jsonl"] + (0..<8).map { "\($0).jsonl" })
        #expect(
            many[0].contains(
                "8 files with no split in the name: 0.jsonl, 1.jsonl, 2.jsonl, 3.jsonl, 4.jsonl and 3 more; "
            )
        )
    }

    @Test func `the suggested pattern reads all files`() throws {
        try withLayout(["contest.csv", "train-delays.csv", "weather.csv"]) { (folder: String) throws in
            let all = try Dataset(folder + "*.csv")
            #expect(try all.strings("text") == ["contest.csv", "train-delays.csv", "weather.csv"])
            #expect(all.warnings.isEmpty)
        }
    }

    @Test func `there is no note if nothing is left out`() throws {
        #expect(try notes(["a.csv", "b.csv"]).isEmpty)
        #expect(try notes(["train.csv", "test.csv", "README.md"]).isEmpty)
        #expect(try notes(["data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"]).isEmpty)
    }

    @Test func `files of another format, names with two splits and upper-case split names are reported`()
        throws
    {
        #expect(
            try notes(["a.csv", "b.csv", "c.jsonl"]) == [
                "news/: most data files end in .csv; left out 1 file of another format: c.jsonl"
            ]
        )
        #expect(
            try notes(["train-test.csv"])[0].contains(
                "the name of train-test.csv contains several split names"
            )
        )
        #expect(
            try notes(["Train.csv", "Test.csv"]) == [
                "news/: all files are one split, as in datasets: a name such as Test.csv gives a split only in lower case; "
                    + "rename it, or name the evaluation data with --eval-dataset"
            ]
        )
    }

    @Test func `files in unsupported formats are reported`() throws {
        let said = try notes(["a.csv", "b.xlsx", "c.zip", "d.pdf", "README.md"])
        #expect(
            said.count == 1
                && said[0].contains("left out 2 files of an unsupported format: b.xlsx, c.zip; ")
        )
    }

    @Test func `other files that a pattern matches are listed`() throws {
        try withLayout(["a.csv", "b.csv", "notes.pdf", "__MACOSX/c.csv"]) { (folder: String) throws in
            let rows = try Dataset(folder + "*")
            #expect(try rows.strings("text") == ["a.csv", "b.csv"])
            #expect(rows.warnings.count == 1)
            #expect(rows.warnings[0].hasSuffix("*: left out 1 file of unknown format: notes.pdf"))
            #expect(try Dataset(folder + "**/*.csv").count == 2)
            #expect(try Dataset(folder + "__MACOSX/*.csv").count == 1)
        }
    }

    @Test func `class folders are preferred, and other files are listed`() throws {
        let files = [
            "README.txt", "README.md", "__MACOSX/pos/._0.txt", ".DS_Store", "pos/.DS_Store", "neg/notes.pdf",
            "neg/0.txt", "neg/1.txt", "pos/0.txt", "pos/1.txt", "summary.csv",
        ]
        try withLayout(files) { (folder: String) throws in
            let expected = ["neg/0.txt\n", "neg/1.txt\n", "pos/0.txt\n", "pos/1.txt\n"]
            let rows = try Dataset(folder)
            #expect(try rows.strings("text") == expected)
            #expect(try rows.strings("label") == ["neg", "neg", "pos", "pos"])
            #expect(
                rows.warnings.map { $0.replacing(folder, with: "reviews/") } == [
                    "reviews/: texts in folders named by their class; left out 4 others: README.txt, neg/notes.pdf, "
                        + "summary.csv, __MACOSX/"
                ]
            )
            #expect(try Dataset(folder + "**/*.txt").strings("text") == expected)
        }
    }

    @Test func `an empty text is read, and other encodings are handled as in text files`() throws {
        try withLayout(["a/0.txt", "b/0.txt"]) { (folder: String) throws in
            try Data().write(to: URL(filePath: folder + "a/1.txt"))
            try Data([0x6E, 0x61, 0xEF, 0x76, 0x65]).write(to: URL(filePath: folder + "b/1.txt"))
            try Data([0xE9]).write(to: URL(filePath: folder + "b/2.txt"))
            let rows = try Dataset(folder)
            #expect(try rows.strings("text") == ["a/0.txt\n", "", "b/0.txt\n", "naïve", "é"])
            #expect(
                rows.warnings.map { $0.replacing(folder, with: "") } == [
                    "b/1.txt, b/2.txt are not UTF-8; read as Western European (Windows-1252)"
                ]
            )
            // UTF-8 with one invalid byte is not Western European text, in class folders as elsewhere.
            let broken = Array(String(repeating: "é", count: 200).utf8) + [0xFF]
            try Data(broken).write(to: URL(filePath: folder + "b/3.txt"))
            #expect {
                try Dataset(folder)
            } throws: {
                ($0 as? DatasetError)?.code == .badEncoding
                    && "\($0)".contains("b/3.txt is not UTF-8 throughout")
            }
        }
    }

    @Test func `folders above the classes name the splits, and a class may be called train`() throws {
        let films = [
            "aclImdb.txt", "train/pos/0.txt", "train/neg/0.txt", "train/unsup/0.txt", "train/urls.txt",
            "test/pos/1.txt", "test/neg/1.txt",
        ]
        try withLayout(films) { (folder: String) throws in
            #expect(try Dataset.splitNames(of: folder) == ["train", "test"])
            let train = try Dataset(folder)
            #expect(try train.strings("label") == ["neg", "pos", "unsup"])
            #expect(train.warnings[0].hasSuffix("left out 2 others: aclImdb.txt, train/urls.txt"))
            #expect(
                try Dataset(folder, split: "test").strings("text") == [
                    "test/neg/1.txt\n", "test/pos/1.txt\n",
                ]
            )
        }
        try withLayout(["plane/0.txt", "train/0.txt", "train/1.txt", "plane/test-flight.txt"]) {
            (folder: String) throws in
            #expect(try Dataset.splitNames(of: folder) == ["train"])
            #expect(try Dataset(folder).strings("label") == ["plane", "plane", "train", "train"])
        }
        try withLayout(["train/a.txt", "test/b.txt"]) { (folder: String) throws in
            #expect(try Dataset(folder).columnNames == ["text"])
        }
    }

    @Test func `tables are preferred over a few text files`() throws {
        for files in [["data.csv", "README.txt", "LICENSE.txt"], ["data.csv", "docs/a.txt", "notes/b.txt"]] {
            try withLayout(files) { (folder: String) throws in
                let rows = try Dataset(folder)
                #expect(try rows.strings("text") == ["data.csv"])
                #expect(rows.warnings[0].contains("left out 2 files of another format"))
            }
        }
    }

    @Test func `a row keeps its location in its file through selections`() throws {
        try withTemporaryFolder { folder in
            for name in ["a", "b"] {
                let texts = (0..<10).map { "\(name)\($0)" as String? }
                try Dataset(columns: [("text", texts), ("label", texts)])
                    .write(to: folder.appending(path: "\(name).csv"), as: .csv)
            }
            let path = folder.path(percentEncoded: false)
            let all = try Dataset(path)
            let (train, test) = try all.trainTestSplit(testSize: .count(6), seed: 3)
            let last = try test.loaded(columns: ["text"]).select([5, 0]).filter { _ in true }
            for rows in [all, train, test, last] {
                for (row, text) in try rows.strings("text").enumerated() {
                    let text = try #require(text)
                    let number = try #require(Int(text.dropFirst())) + 1
                    #expect(rows.location(ofRow: row) == "row \(number) of \(path)\(text.prefix(1)).csv")
                }
            }
            #expect(all.locations(ofRows: [0, 4, 9], most: 2) == "rows 1, 5, … of \(path)a.csv")
            #expect(all.locations(ofRows: [9, 10]) == "row 10 of \(path)a.csv, row 1 of \(path)b.csv")
        }
        try withLayout(["a/0.txt", "b/0.txt"]) { (folder: String) throws in
            #expect(try Dataset(folder).location(ofRow: 1) == folder + "b/0.txt")
        }
        #expect(try Dataset(columns: [("text", ["x"])]).location(ofRow: 0) == "row 1")
    }
}

/// Class names from a README.md for files that contain only ids.
struct CardClassTests {
    private func rows(_ info: String, _ files: KeyValuePairs<String, String>) throws -> Dataset {
        try withTemporaryFolder { folder in
            for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
            try Data("---\ndataset_info:\n\(info)\n---\n".utf8).write(to: folder.appending(path: "README.md"))
            return try Dataset(folder.path(percentEncoded: false))
        }
    }

    private let info = """
          features:
          - name: text
            dtype: string
          - name: label
            dtype:
              class_label:
                names:
                  '0': neg
                  '1': pos
        """
    private let classes = Feature.classLabel(ClassLabel(names: ["neg", "pos"]))

    /// Expected values as read by datasets 5.2.
    @Test func `ids and names in text files become classes of the card, and negative ids mean no label`()
        throws
    {
        let ids = try rows(info, ["train.csv": "text,label\na,0\nb,1\nc,-1\nd,1\n"])
        #expect(try ids.feature(of: "label") == classes && ids.contents()["label"] == [0, 1, -1, 1])
        let names = try rows(
            info,
            ["train.jsonl": "{\"text\": \"a\", \"label\": \"pos\"}\n{\"text\": \"b\", \"label\": \"neg\"}"]
        )
        #expect(try names.feature(of: "label") == classes && names.contents()["label"] == [1, 0])
        let described = try DatasetDescription(ids, DescriptionOptions(labelColumns: ["label"]))
        #expect(described.labels?.missing == 1 && described.labels?.classes.map(\.name) == ["pos", "neg"])
    }

    @Test func `a column with other values is not changed, and a warning says so`() throws {
        let other = try rows(info, ["train.csv": "text,label\na,neg\nb,neutral\n"])
        #expect(try other.feature(of: "label") == .value(.string))
        #expect(other.warnings.count == 1)
        #expect(
            other.warnings[0].hasPrefix(
                "the class names in README.md for column \"label\" are not used: row 2: column \"label\" holds \"neutral\""
            )
        )
    }

    @Test func `lists of names and configurations are read`() throws {
        let listed =
            "- config_name: default\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names: [a, b]"
        #expect(
            try rows(listed, ["x.csv": "text,label\nx,1\n"]).feature(of: "label")
                == .classLabel(ClassLabel(names: ["a", "b"]))
        )
        let several =
            "  features:\n  - name: tags\n    sequence:\n      class_label:\n        names:\n          '0': a\n          '1': b"
        let tags = try rows(several, ["x.jsonl": "{\"text\": \"x\", \"tags\": [1, 0]}"])
        #expect(try tags.contents()["tags"] == [[1, 0]])
        #expect(try tags.feature(of: "tags") == .list(.classLabel(ClassLabel(names: ["a", "b"]))))
    }
}
