import Datasets
import Foundation
import TestSupport
import Testing

/// Objects and lists of objects.
///
/// The fixtures hold the same rows, written by pyarrow and by Python's json (Scripts/fixtures/make_arrow_fixtures.py).
struct NestedTests {
    private static let files = ["nested.parquet", "nested.arrow", "nested.jsonl"]

    private func open(_ name: String) throws -> Dataset {
        try Dataset(contentsOf: Fixture.folder.appending(path: "nested/\(name)"))
    }

    @Test(arguments: files)
    func `parts are columns named by their paths, and values in lists are gathered`(name: String) throws {
        let data = try open(name)
        #expect(
            Set(data.columnNames)
                == [
                    "id", "data.text", "data.meta.source", "annotations.result.value.choices",
                    "annotations.result.type", "cats", "cats.POS", "cats.NEG", "flags", "flags.spam",
                    "flags.ham",
                    "scores.joy", "scores.fear", "answers.text", "answers.start", "cells",
                ]
        )
        let contents = try data.contents()
        #expect(contents["data.text"]?[2...4] == ["text 2", nil, "text 4"])
        #expect(contents["data.meta.source"]?[4...6] == ["web", nil, "web"])
        let all: CellValue = ["Good", "Bad", "Cheap"]
        #expect(
            contents["annotations.result.value.choices"] == [
                [], ["Good"], nil, all, [], ["Good"], all, all, [],
            ]
        )
        #expect(contents["answers.start"] == [[], [1], [2, nil], [], [4], [5, nil], [], [7], [8, nil]])
        #expect(try data.select([7, 1]).strings("data.text") == ["text 7", "text 1"])
    }

    @Test(arguments: files)
    func `objects of 0 and 1 are labels, as columns of 0 and 1 are`(name: String) throws {
        let data = try open(name)
        let labels = Feature.list(.classLabel(ClassLabel(names: ["POS", "NEG"])))
        #expect(try data.feature(of: "cats") == labels)
        #expect(try data.contents()["cats"] == [[1], [0], [], [0, 1], [], [0], [1], [0], []])
        #expect(try data.contents()["flags"]?[5...7] == [[1], nil, [1]])
        #expect(
            data.warnings.contains {
                $0.contains("\"cats\" holds objects of 0 and 1, read as lists of the labels")
            }
        )
        let together = try RowLabels(data, columns: ["cats"])
        let apart = try RowLabels(data, columns: ["cats.POS", "cats.NEG"])
        #expect(together.isMultiLabel && apart.isMultiLabel)
        #expect(together.codes.map { together.sets[Int($0)] } == apart.codes.map { apart.sets[Int($0)] })
    }

    @Test(arguments: files)
    func `objects of other numbers are not labels, and the error names the row and value`(name: String) throws
    {
        #expect { try open(name).strings("scores") } throws: {
            "\($0)".hasPrefix("column \"scores\" holds nested values (object); row 2 of ")
                && "\($0)".contains("\(name) has \"joy\": 0.25, which is neither 0 nor 1")
        }
    }

    @Test(arguments: files)
    func `nested columns are listed with their kinds`(name: String) throws {
        let data = try open(name)
        #expect(data.leftOutColumns == ["matrix"])
        #expect { try data.strings("nothing") } throws: {
            let message = "\($0)"
            return ["\"data\" (object)", "\"annotations\" (list of objects)", "\"matrix\" (list of lists)"]
                .allSatisfy(message.contains)
        }
        #expect { try data.strings("data") } throws: {
            "\($0)".hasSuffix("name one of its parts: \"data.text\", \"data.meta.source\"")
        }
    }

    @Test(arguments: files)
    func `the error for a Label Studio export names its columns`(name: String) throws {
        #expect { try open(name).strings("text") } throws: {
            "\($0)".hasSuffix(
                "use --text-column data.text --label-column annotations.result.value.choices"
            )
        }
    }

    @Test func `written files keep the parts`() throws {
        let data = try open("nested.parquet")
        try withTemporaryFolder { folder in
            for format in [DatasetFormat.parquet, .jsonl] {
                let url = folder.appending(path: "x.\(format.rawValue)")
                try data.write(to: url, as: format)
                let back = try Dataset(contentsOf: url)
                #expect(back.columnNames == data.columnNames)
                #expect(try back.contents()["answers.start"] == data.contents()["answers.start"])
            }
        }
    }

    @Test func `files whose objects have other members are read together`() throws {
        try withTemporaryFolder { folder in
            let first = "{\"t\": \"x\", \"o\": {\"a\": 1}}\n{\"t\": \"y\", \"o\": {\"a\": 2}}\n"
            let second = "{\"t\": \"z\", \"o\": {\"b\": \"q\"}}\n"
            try Data(first.utf8).write(to: folder.appending(path: "1.jsonl"))
            try Data(second.utf8).write(to: folder.appending(path: "2.jsonl"))
            let data = try Dataset(folder.path(percentEncoded: false))
            #expect(
                try data.contents() == ["t": ["x", "y", "z"], "o.a": [1, 2, nil], "o.b": [nil, nil, "q"]]
            )
        }
    }

    @Test func `a part is an empty list if a list on its path exists, wherever the part first appears`()
        throws
    {
        let lines = [
            #"{"t": "1", "l": []}"#, #"{"t": "2", "l": null}"#, #"{"t": "3", "l": [{}]}"#, #"{"t": "4"}"#,
            #"{"t": "5", "l": [{"a": 1}, {"b": "x"}, {"a": 2}]}"#, #"{"t": "6", "l": []}"#,
            #"{"t": "7", "l": [{"a": null}]}"#,
        ]
        let data = try read(lines.joined(separator: "\n"), as: "x.jsonl")
        #expect(try data.contents()["l.a"] == [[], nil, [], nil, [1, 2], [], []])
        #expect(try data.contents()["l.b"] == [[], nil, [], nil, ["x"], [], []])
    }

    @Test func `a part of several types is left out, and the rest is read`() throws {
        let data = try read(
            "{\"t\": \"x\", \"o\": {\"a\": 1, \"b\": 1}}\n{\"t\": \"y\", \"o\": {\"a\": \"s\", \"b\": 2}}\n",
            as: "x.jsonl"
        )
        #expect(data.columnNames == ["t", "o.b"] && data.leftOutColumns == ["o.a"])
    }

    @Test func `objects with data as keys do not make a column of each key`() throws {
        let lines = (0..<2000).map { "{\"t\": \"x\", \"o\": {\"key\($0)\": 1}}\n" }.joined()
        let data = try read(lines, as: "x.jsonl")
        #expect(data.columnNames == ["t"] && data.leftOutColumns == ["o"])
    }

    @Test func `an object that lacks a label makes the row unlabelled, with a warning`() throws {
        let data = try read(
            "{\"t\": \"x\", \"c\": {\"A\": 1, \"B\": 0}}\n{\"t\": \"y\", \"c\": {\"A\": true}}\n{\"t\": \"z\"}\n",
            as: "x.jsonl"
        )
        // The column holds numbers and a truth value, so A cannot be read.
        #expect(data.leftOutColumns == ["c.A"])
        let sparse = try read(
            "{\"t\": \"x\", \"c\": {\"A\": 1, \"B\": 0}}\n{\"t\": \"y\", \"c\": {\"A\": 1}}\n{\"t\": \"z\"}\n",
            as: "x.jsonl"
        )
        #expect(try sparse.contents()["c"] == [[0], nil, nil])
        #expect(sparse.warnings.contains { $0.contains("1 row lacks some of them") && $0.contains("row 2") })
    }
}
