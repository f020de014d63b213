import Datasets
import Foundation
import TestSupport
import Testing

struct FolderTests {
    /// A folder with files of these contents.
    private func inFolder<Result>(
        _ files: KeyValuePairs<String, String>,
        _ body: (String) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            for (name, text) in files {
                let url = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(text.utf8).write(to: url)
            }
            return try body(folder.path(percentEncoded: false))
        }
    }

    private func complaint(_ body: @autoclosure () throws -> Dataset) -> String {
        do { return "\(try body().count) rows" } catch { return "\(error)" }
    }

    @Test func `texts in folders of classes have their folders' names as labels`() throws {
        let files: KeyValuePairs = [
            "politics/2.txt": "p2\nmore", "politics/1.txt": "p1", "art/1.txt": "", ".hidden/1.txt": "x",
        ]
        try inFolder(files) { (folder: String) throws in
            // With and without a slash, and by patterns of any length.
            for name in [folder, String(folder.dropLast()), folder + "*/*.txt", folder + "**/[0-9].txt"] {
                let data = try Dataset(name)
                #expect(data.columnNames == ["text", "label"], "\(name)")
                #expect(try data.strings("text") == ["", "p1", "p2\nmore"], "\(name)")
                #expect(try data.strings("label") == ["art", "politics", "politics"], "\(name)")
                #expect(try data.feature(of: "label").classLabel?.names == ["art", "politics"])
            }
        }
    }

    @Test func `such texts may be compressed, UTF-16 or Western European`() throws {
        try withTemporaryFolder { folder in
            for (label, name) in [("a", "table.txt.gz"), ("b", "table.txt")] {
                let place = folder.appending(path: label)
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                try FileManager.default.copyItem(
                    at: Fixture.folder.appending(path: "readers/\(name)"),
                    to: place.appending(path: name)
                )
            }
            try Data([0x6E, 0x61, 0xEF, 0x76, 0x65]).write(to: folder.appending(path: "b/v.txt"))
            try #require("naïve".data(using: .utf16)).write(to: folder.appending(path: "b/w.txt"))
            let data = try Dataset(folder.path(percentEncoded: false))
            let text = "plain\n\nnaïve 😀\nlast"
            #expect(try data.strings("text") == [text, text, "naïve", "naïve"])
            #expect(data.warnings.count == 1 && data.warnings[0].contains("v.txt is not UTF-8"))
        }
    }

    @Test func `splits are told by names, parts joined in their order`() throws {
        let files: KeyValuePairs = [
            "data/train-00001-of-00002.csv": "text,label\nc,x\n",
            "data/train-00000-of-00002.csv": "label,text\ny,a\n",
            "data/test-00000-of-00001.csv": "text,label\nd,x\n", "data/other.jsonl": "{\"a\": 1}\n",
            "README.md": "# No card\n",
        ]
        try inFolder(files) { (folder: String) throws in
            #expect(try Dataset.splitNames(of: folder) == ["train", "test"])
            let train = try Dataset(folder)
            #expect(train.columnNames == ["label", "text"])
            #expect(try train.strings("text") == ["a", "c"] && train.strings("label") == ["y", "x"])
            #expect(try Dataset(folder, split: "test").strings("text") == ["d"])
            #expect(
                complaint(try Dataset(folder, split: "dev")).hasSuffix(
                    "has no split \"dev\"; it has \"train\", \"test\"; choose one with --split"
                )
            )
        }
    }

    @Test(arguments: [
        ("train.csv", "test.csv"), ("my_train.csv", "my-eval.csv"), ("training/1.csv", "testing/1.csv"),
    ])
    func `a word of a split may stand anywhere between signs`(train: String, test: String) throws {
        try withTemporaryFolder { folder in
            for name in [train, test] {
                let url = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data("text\n\(name)\n".utf8).write(to: url)
            }
            let name = folder.path(percentEncoded: false)
            #expect(try Dataset(name).strings("text") == [train])
            #expect(try Dataset(name, split: "test").strings("text") == [test])
        }
    }

    @Test func `a card names configurations, splits and files`() throws {
        let card = try String(
            contentsOf: Fixture.folder.appending(path: "readers/README-configs.md"),
            encoding: .utf8
        )
        let files: KeyValuePairs = [
            "README.md": card, "train.csv": "t\ntrain\n", "test.csv": "t\ntest\n", "a-1.csv": "t\na1\n",
            "a-0.csv": "t\na0\n", "unnamed.csv": "t\nno\n",
        ]
        try inFolder(files) { (folder: String) throws in
            #expect(try Dataset(folder).strings("t") == ["a0", "a1"])
            #expect(try Dataset(folder, configuration: "first").strings("t") == ["train"])
            #expect(
                try Dataset(folder, split: "test", configuration: "first").strings("t") == [
                    "test", "a0", "a1",
                ]
            )
            #expect(
                complaint(try Dataset(folder, configuration: "third")).hasSuffix(
                    "has the configurations \"first\", \"second\"; choose one with --dataset-config"
                )
            )
        }
    }

    @Test(arguments: [
        ("configs: [", "README.md: the YAML front matter cannot be read"),
        ("configs:\n- data_files: ../x.csv", "README.md: \"../x.csv\" points outside the folder"),
        ("configs:\n- data_files: \"y-*.csv\"", "README.md: split \"train\": no file matches \"y-*.csv\""),
        (
            "configs:\n- data_files:\n  - split: dev",
            "README.md: split \"dev\" names no files; give it a path"
        ),
        (
            "a0: &a0 [x]\n" + (1..<40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined(),
            "README.md: the YAML front matter has too many aliases"
        ),
    ])
    func `a card that cannot be followed is named`(yaml: String, expected: String) throws {
        try inFolder(["README.md": "---\n\(yaml)\n---\n", "x.csv": "t\n1\n"]) { (folder: String) throws in
            #expect(complaint(try Dataset(folder)).contains(expected))
        }
    }

    @Test func `a card with keys that are no texts is read all the same`() throws {
        let yaml =
            "1: x\ntrue: y\nconfigs:\n- config_name: default\n  data_files:\n  - {split: dev, path: x.csv}\n"
        try inFolder(["README.md": "---\n\(yaml)---\n", "x.csv": "t\n1\n", "train.csv": "t\n2\n"]) {
            (folder: String) throws in
            #expect(try Dataset.splitNames(of: folder) == ["dev"])
            #expect(try Dataset(folder).strings("t") == ["1"])
        }
    }

    @Test func `patterns take the files that a shell takes, in order`() throws {
        let files: KeyValuePairs = [
            "b.csv": "t\nb\n", "a.csv": "t\na\n", "d/c.csv": "t\nc\n", ".e.csv": "t\ne\n",
        ]
        try inFolder(files) { (folder: String) throws in
            #expect(try Dataset(folder + "*.csv").strings("t") == ["a", "b"])
            #expect(try Dataset(folder + "**/*.csv").strings("t") == ["a", "b", "c"])
            #expect(try Dataset(folder + "[b-d]*.csv").strings("t") == ["b"])
            #expect(try Dataset(folder + "?/c.csv").strings("t") == ["c"])
            #expect(complaint(try Dataset(folder + "*.tsv")).hasPrefix("no data file matches"))
        }
    }

    @Test func `files with different columns are named`() throws {
        try inFolder(["a.csv": "t\n1\n", "b.csv": "u\n1\n"]) { (folder: String) throws in
            #expect(complaint(try Dataset(folder)).contains("b.csv has the columns \"u\", but"))
        }
    }

    @Test func `what is no file is refused at once`() throws {
        try withTemporaryFolder { folder in
            let pipe = folder.appending(path: "pipe.csv").path(percentEncoded: false)
            #expect(mkfifo(pipe, 0o600) == 0)
            #expect(
                complaint(try Dataset(pipe)).hasSuffix(
                    "pipe.csv is a pipe or a device; save its rows to a file and read that"
                )
            )
            #expect(
                complaint(try Dataset(folder.path(percentEncoded: false))).contains(
                    "it holds no data file"
                )
            )
            #expect(
                complaint(try Dataset(contentsOf: folder)).hasSuffix("is a folder, but a file is expected")
            )
        }
    }

    @Test(arguments: [
        ("language: en", ["en"]), ("language:\n- de\n- no", ["de", "no"]), ("license: mit", []),
        ("language: [", []),
    ]) func `the languages of a card are read, and what is none is left out`(
        _ yaml: String,
        _ codes: [String]
    ) throws {
        try inFolder(["README.md": "---\n\(yaml)\n---\n"]) { (folder: String) in
            #expect(Dataset.languages(of: folder) == codes)
        }
    }
}
