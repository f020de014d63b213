import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Ids that mean "no label", and lists and columns with no label or several.
struct MissingLabelTests {
    private let label = ClassLabel(names: ["negative", "positive"])

    /// Makes rows with these ids.
    private func rows(_ ids: [CellValue]) throws -> Dataset {
        try Dataset(columns: [("text", ids.indices.map { "text \($0)" })])
            .addColumn("label", ids, feature: .classLabel(label))
    }

    private func complaint(_ body: () throws -> Any) -> String {
        do { return "\(try body())" } catch { return "\(error)" }
    }

    private let mixed: [CellValue] = [0, 1, -1, -100, 0, 1, nil, 0, 1, -7]

    @Test(arguments: [DatasetFormat.parquet, .arrow, .csv, .jsonl])
    func `every negative id of a class column means no label, in every format`(format: DatasetFormat) throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.\(format.rawValue)")
            try rows(mixed).write(to: url, as: format)
            let read = try Dataset(contentsOf: url)
            #expect(
                try read.checkedLabels(["label"]).codes.map { $0 < 0 } == mixed.map { $0 != 0 && $0 != 1 }
            )
            let described = try DatasetDescription(read, DescriptionOptions(labelColumns: ["label"]))
            #expect(described.labels?.missing == 4 && described.labels?.classes.map(\.count) == [3, 3])
            #expect(try read.strings("label").count { $0 == nil } == 4)
        }
    }

    @Test func `a stratified split refuses rows without a label and names the ids`() throws {
        let data = try rows(mixed)
        let complaint = complaint {
            try data.trainTestSplit(testSize: .count(4), stratifyBy: "label", seed: 1)
        }
        #expect(
            complaint
                == "4 rows have no value or hold -1 or -7 or -100 in column \"label\" (the first is row 3); "
                + "leave them out before a stratified split (--missing-labels drop)"
        )
        #expect(
            try rows([0, 0, 1, 1]).trainTestSplit(testSize: .count(2), stratifyBy: "label", seed: 1).test
                .count == 2
        )
    }

    @Test func `the error for a split without labels names the split and the id`() throws {
        try withTemporaryFolder { folder in
            for (name, ids) in [("train", [0, 1]), ("test", [-1, -1])] as [(String, [CellValue])] {
                try rows(ids).write(to: folder.appending(path: "\(name).parquet"), as: .parquet)
            }
            let path = folder.path(percentEncoded: false)
            let test = try Dataset(path, split: "test")
            #expect(
                "\(try test.missingLabels(2, first: 0, in: ["label"], remedy: ""))"
                    == "\(path), split \"test\": none of the 2 rows has a label in column \"label\", which holds -1 for "
                    + "\"no label\"; choose another split, such as the validation split, or another label column"
            )
        }
    }

    @Test func `negative ids are kept in class columns and become missing in others`() throws {
        let texts = try Dataset(columns: [("label", ["positive", "-1", "-100", nil])])
        let classes = try texts.castColumn("label", to: .classLabel(label))
        #expect(try classes.contents()["label"] == [1, -1, -100, nil])
        #expect(
            try classes.castColumn("label", to: .value(.string)).contents()["label"] == [
                "positive", nil, nil, nil,
            ]
        )
        #expect(complaint { try texts.castColumn("label", to: .value(.bool)) }.hasPrefix("row 1"))
        #expect(complaint { try rows([0, 2]) }.contains("holds 2, but its 2 classes have ids below 2"))
    }

    @Test func `columns of 0 and 1 may hold -1 for no label`() throws {
        let data = try Dataset(["toxic": [1, 0, -1], "insult": ["0", "1", "-1"], "other": [0, -100, 1]])
        #expect(
            try data.checkedLabels(["toxic", "insult", "other"]).codes.map { $0 < 0 } == [false, true, true]
        )
        #expect(
            complaint { try Dataset(["a": [0, 1], "b": [0, 2]]).checkedLabels(["a", "b"]) }.contains(
                "holds \"2\""
            )
        )
    }

    @Test func `negative ids without class names are reported, unless they can be ratings`()
        throws
    {
        func found(_ values: [CellValue]) throws -> [String] {
            let data = try Dataset(["label": values + values])
            return try #require(
                try DatasetDescription(data, DescriptionOptions(labelColumns: ["label"])).labels
            )
            .negativeClasses
        }
        #expect(try found([0, 1, -100]) == ["-100"])
        #expect(try found([0, 1, 2, -1]) == ["-1"])
        #expect(try found([0, 1, -1]).isEmpty && found([0, 1, 2]).isEmpty && found([-2, -1, 0, 1]).isEmpty)
        #expect(try found(["a", "-1"]).isEmpty)
    }

    @Test func `lists with exactly one label each are a finding`() throws {
        func finding(_ lists: [CellValue]) throws -> Finding? {
            let data = try Dataset(["label": lists])
            return try DatasetDescription(data, DescriptionOptions(labelColumns: ["label"])).findings
                .first { $0.kind == .listsOfOne }
        }
        #expect(
            try finding([["a"], ["b"], nil])?.remedy
                == "to learn one label per text, use --problem-type single-label"
        )
        #expect(try finding([["a"], ["b"], []]) == nil && finding([["a"], ["a", "b"]]) == nil)
    }
}

struct RepeatedHeaderTests {
    private func rows(_ text: String, as name: String) throws -> [Int] {
        try read(text, as: name).repeatedHeaderRows()
    }

    @Test func `a row that repeats the header in all columns is found in every delimited format`() throws {
        let lines = [
            "text,label", "a,x", "text,label", "text,y", "b,label", "\"text\",\"label\"",
            "\u{FEFF}text,label",
        ]
        #expect(try rows(lines.joined(separator: "\n"), as: "x.csv") == [1, 4, 5])
        #expect(try rows(lines.joined(separator: "\n").replacing(",", with: "\t"), as: "x.tsv") == [1, 4, 5])
        #expect(
            try rows(lines.joined(separator: "\r\n").replacing(",", with: ";"), as: "x.csv") == [1, 4, 5]
        )
        #expect(try rows("text\na\ntext\n", as: "x.csv").isEmpty, "one column may hold its own name")
    }

    @Test func `the description reports a repeated header with the row and the remedy`() throws {
        let data = try read("text,label\na,x\nb,y\ntext,label\n", as: "x.csv")
        let finding = try DatasetDescription(data, DescriptionOptions()).findings.first
        #expect(finding?.kind == .repeatedHeader && finding?.examples.map(\.rows) == [[2]])
        #expect(
            finding?.line
                == "1 row repeats the header, as if files had been concatenated (row 3): delete it: the column "
                + "names would count as a text and its label"
        )
    }
}
