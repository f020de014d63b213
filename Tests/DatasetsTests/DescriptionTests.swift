import Files
import Foundation
import TestSupport
import Testing

@testable import Datasets

struct DescriptionTests {
    /// Makes a dataset of texts and labels; nil is missing.
    private func data(_ rows: [(text: String?, label: String?)]) throws -> Dataset {
        try Dataset(columns: [("text", rows.map(\.text)), ("label", rows.map(\.label))])
    }

    private func describe(
        _ data: Dataset,
        labels: [String] = ["label"],
        _ change: (inout DescriptionOptions) -> Void = { _ in }
    ) throws -> DatasetDescription {
        var options = DescriptionOptions(textColumn: "text", labelColumns: labels)
        change(&options)
        return try DatasetDescription(data, options)
    }

    private func finding(_ kind: Finding.Kind, _ description: DatasetDescription) -> Finding? {
        description.findings.first { $0.kind == kind }
    }

    @Test func `a clean dataset has no findings`() throws {
        let rows = (0..<20).map { (text: "text \($0)" as String?, label: $0 % 2 == 0 ? "a" : "b" as String?) }
        let description = try describe(data(rows))
        #expect(description.rows == 20 && description.findings.isEmpty)
        #expect(description.labels?.classes.map(\.count) == [10, 10])
        #expect(description.columns.map(\.name) == ["text", "label"])
        #expect(description.columns.map(\.feature) == [.value(.string), .value(.string)])
    }

    @Test func `missing and blank texts are distinguished and do not count as repeated`() throws {
        let description = try describe(
            data([(nil, "a"), ("", "b"), (" \n\u{A0}", "a"), ("", "a"), (nil, "b"), ("x", "b")])
        )
        let texts = try #require(description.texts)
        #expect(texts.missing == 2 && texts.missingRows == [0, 4])
        #expect(texts.blank == 3 && texts.blankRows == [1, 2, 3])
        #expect(texts.repeated.texts == 0 && texts.repeated.conflictingTexts == 0)
    }

    @Test func `a repeated text counts once, and each of its later rows counts as repeated`() throws {
        let description = try describe(
            data([
                ("p", "a"), ("same", "a"), ("q", "b"), ("same", "a"), ("same", "a"), ("q", "b"),
                ("Same", "a"),
            ])
        )
        let repeated = try #require(description.texts?.repeated)
        #expect(repeated.texts == 2 && repeated.repeatedRows == 3 && repeated.conflictingTexts == 0)
        #expect(repeated.examples.map(\.rows) == [[1, 3, 4], [2, 5]])
        #expect(repeated.examples.map(\.text) == ["same", "q"])
        #expect(repeated.examples.map(\.labels) == [["a"], ["b"]])
    }

    @Test func `a text with different labels is a conflict, and missing labels are ignored`() throws {
        let description = try describe(
            data([("s", "a"), ("t", "b"), ("s", nil), ("t", "a"), ("t", "b"), ("s", "a")])
        )
        let repeated = try #require(description.texts?.repeated)
        #expect(repeated.conflictingTexts == 1 && repeated.conflictingRows == 3)
        #expect(repeated.conflictExamples.map(\.rows) == [[1, 3, 4]])
        #expect(repeated.conflictExamples[0].labels == ["b", "a"])
        #expect(
            finding(.conflictingLabels, description)?.message
                == "1 text has different labels in different rows (3 rows)"
        )
    }

    @Test func `canonically equivalent texts are not the same text`() throws {
        let description = try describe(data([("\u{E9}", "a"), ("e\u{301}", "b")]))
        #expect(description.texts?.repeated.texts == 0)
    }

    @Test func `repeated texts are found across batches of many rows`() throws {
        // More rows than one batch and one bucket hold; every text of the second half occurs in the first.
        let texts = (0..<70_000).map { "text \($0 % 35_000)" as String? }
        let data = try Dataset(columns: [("text", texts)])
        let repeated = try #require(try describe(data, labels: []).texts?.repeated)
        #expect(repeated.texts == 35_000 && repeated.repeatedRows == 35_000)
        #expect(repeated.examples.map(\.rows) == [[0, 35_000], [1, 35_001], [2, 35_002]])
    }

    @Test func `selected rows are described in their order`() throws {
        let all = try data([("p", "a"), ("same", "a"), ("q", "b"), ("same", "b"), ("q", "a")])
        let description = try describe(all.select([3, 0, 1]))
        #expect(description.rows == 3)
        #expect(description.texts?.repeated.conflictExamples.map(\.rows) == [[0, 2]])
        #expect(description.texts?.repeated.conflictExamples.map(\.labels) == [["b", "a"]])
    }

    @Test func `Parquet files are described without being loaded`() throws {
        try withTemporaryFolder { folder in
            for part in 0..<3 {
                let texts = (0..<100).map { part == 2 && $0 == 70 ? "text 7" : "text \(100 * part + $0)" }
                let labels = (0..<100).map { "\(($0 + part) % 2)" }
                let url = folder.appending(path: "train-0000\(part)-of-00003.parquet")
                try Dataset(columns: [("text", texts), ("label", labels)]).write(to: url, as: .parquet)
            }
            let data = try Dataset(folder.path(percentEncoded: false))
            let column = try #require(data.columns.first)
            #expect(column.pieces.count == 3 && !column.isLoaded)
            let description = try describe(data)
            #expect(description.rows == 300 && description.texts?.repeated.texts == 1)
            #expect(description.texts?.repeated.conflictExamples.map(\.rows) == [[7, 270]])
            #expect(description.texts?.repeated.conflictExamples.map(\.text) == ["text 7"])
            #expect(description.labels?.classes.map(\.count) == [150, 150])
        }
    }

    @Test func `texts in both the training and the evaluation data are found`() throws {
        let train = try data([("p", "a"), ("q", "b"), ("", "a"), ("r", "a"), ("r", "b")])
        let held = try data([("new", "a"), ("q", "a"), ("p", "a"), ("", "a"), ("r", "a"), ("p", "c")])
        let description = try describe(train) { $0.evaluation = held }
        let overlap = try #require(description.texts?.overlap)
        #expect(overlap.evaluationRows == 6 && overlap.sharedRows == 4 && overlap.conflictingRows == 2)
        #expect(overlap.examples.map(\.evaluationRow) == [1, 5, 2])
        #expect(overlap.examples.map(\.trainRow) == [1, 0, 0])
        #expect(overlap.examples.map(\.labels) == [["b", "a"], ["a", "c"], []])
        #expect(description.labels?.classes.map(\.evaluationCount) == [5, 0, 1])
        #expect(
            finding(.classesWithoutRows, description)?.message
                == "1 class has no training row, but the evaluation data has some"
        )
    }

    @Test func `evaluation data may have no labels`() throws {
        let held = try Dataset(columns: [("text", ["p", "z"])])
        let description = try describe(data([("p", "a"), ("q", "b")])) { $0.evaluation = held }
        #expect(description.texts?.overlap?.sharedRows == 1)
        #expect(description.labels?.classes[0].evaluationCount == nil)
    }

    @Test
    func `columns and labels missing from the evaluation data are findings`()
        throws
    {
        let train = try data([("p", "a"), ("q", "b")])
        func kinds(_ held: Dataset) throws -> [Finding.Kind] {
            try describe(train) { $0.evaluation = held }.findings.map(\.kind).filter {
                [.evaluationWithoutLabelColumn, .evaluationWithoutTextColumn, .missingEvaluationLabels]
                    .contains($0)
            }
        }
        #expect(try kinds(Dataset(columns: [("text", ["p", "z"])])) == [.evaluationWithoutLabelColumn])
        #expect(
            try kinds(Dataset(columns: [("body", ["p"]), ("label", ["a"])])) == [.evaluationWithoutTextColumn]
        )
        #expect(try kinds(data([("z", nil), ("y", "a")])) == [.missingEvaluationLabels])
        #expect(try kinds(data([("z", "a")])).isEmpty)
        let held = try Dataset(columns: [("text", ["p"])])
        #expect(
            finding(.evaluationWithoutLabelColumn, try describe(train) { $0.evaluation = held })?.message
                == "the evaluation data has no column \"label\""
        )
    }

    @Test func `pairs are equal if both texts are`() throws {
        let data = try Dataset(columns: [
            ("text", ["p", "p", "p", "q", nil]), ("second", ["x", "y", "x", "", nil]),
        ])
        let description = try describe(data, labels: []) { $0.textPairColumn = "second" }
        let texts = try #require(description.texts)
        #expect(texts.repeated.examples.map(\.rows) == [[0, 2]])
        #expect(texts.missing == 1 && texts.blank == 0)
        #expect(texts.characters.quartiles == [0, 1, 2, 2, 2])
    }

    @Test func `a column of lists cannot be texts`() throws {
        let data = try Dataset(["text": [["a"], ["b"]]])
        #expect {
            try describe(data, labels: [])
        } throws: {
            "\($0)".contains("holds list of string, but one text per row is needed")
        }
    }
}

struct LengthTests {
    private func lengths(_ texts: [String]) throws -> TextLengths {
        let data = try Dataset(columns: [("text", texts)])
        return try #require(
            try DatasetDescription(data, DescriptionOptions(textColumn: "text")).texts
        ).characters
    }

    @Test func `characters are Unicode scalars, as Python counts them`() throws {
        // len() of these in Python: 1, 1, 2, 1, 5.
        #expect(try lengths(["a", "é", "e\u{301}", "😀", "👨\u{200D}👩\u{200D}👧"]).total == 10)
    }

    @Test func `quartiles are actual text lengths`() {
        let lengths = TextLengths([4, 1, 3, 2, 100_000])
        #expect(lengths.quartiles == [1, 2, 3, 4, 100_000])
        #expect(lengths.count == 5 && lengths.total == 100_010)
        #expect(TextLengths([]).quartiles == [0, 0, 0, 0, 0] && TextLengths([]).histogram.isEmpty)
    }

    @Test func `a percentile is a length that at least this percentage of texts do not exceed`() {
        #expect(TextLengths((1...100).map { $0 }).percentile95 == 95)
        #expect(TextLengths((1...101).map { $0 }).percentile95 == 96)
        #expect(TextLengths((1...5).map { $0 }).percentile95 == 5)
        #expect(TextLengths((1...1000).map { $0 }).percentile99 == 990)
    }

    @Test func `a histogram has round bins from the shortest length and one last bin for the few longest`() {
        let lengths = TextLengths((0..<1000).map { Int32(15 + $0 % 30) } + [4000])
        #expect(
            lengths.histogram.map { [$0.from, $0.through, $0.count] } == [
                [15, 19, 170], [20, 24, 170], [25, 29, 165], [30, 34, 165], [35, 39, 165], [40, 44, 165],
                [45, 4000, 1],
            ]
        )
        #expect(lengths.histogram.reduce(0) { $0 + $1.count } == lengths.count)
    }

    @Test func `tokens include special tokens, and truncation is reported by class`() throws {
        let data = try Dataset(columns: [
            ("text", ["a b c d", "a", nil, "a b c"]), ("label", ["x", "x", "y", "y"]),
        ])
        var options = DescriptionOptions(textColumn: "text", labelColumns: ["label"])
        options.tokenCounter = .init(specialCount: 2) { texts in
            texts.map { $0.split(separator: " ").count }
        }
        options.maxLength = 4
        let description = try DatasetDescription(data, options)
        #expect(description.texts?.tokens?.quartiles == [2, 2, 3, 5, 6])
        let cut = try #require(description.texts?.truncation)
        #expect(cut.cut == 2 && cut.lostTokens == 3)
        #expect(cut.byClass.map(\.name) == ["x", "y"] && cut.byClass.map(\.cut) == [1, 1])
        #expect(cut.byClass.map(\.share) == [0.5, 0.5])
    }

    @Test(
        arguments: [
            (nil, 4, 4, "the model accepts at most 4 tokens: shorten or split the texts"),
            (3, 4, 3, "--max-length 4, the model's maximum, keeps 50.0 % of all texts whole"),
            (3, 9, 3, "--max-length 7 keeps 95 % of all texts whole"),
            (9, 4, 4, "the model accepts at most 4 tokens"),
            (3, nil, 3, "--max-length 7 keeps 95 % of all texts whole"),
        ] as [(Int?, Int?, Int, String)]
    )
    func `the advice on lengths respects the model's limit`(
        maxLength: Int?,
        limit: Int?,
        cutAt: Int,
        advice: String
    ) throws {
        let data = try Dataset(columns: [("text", ["a b c d e f g", "a b c d e", "a b", "a"])])
        var options = DescriptionOptions(textColumn: "text")
        options.tokenCounter = .init(specialCount: 0) { texts in
            texts.map { $0.split(separator: " ").count }
        }
        (options.maxLength, options.lengthLimit) = (maxLength, limit)
        let description = try DatasetDescription(data, options)
        #expect(description.texts?.truncation?.maxLength == cutAt)
        let finding = try #require(description.findings.first { $0.kind == .truncatedTexts })
        #expect(finding.remedy.hasPrefix(advice), "\(finding.remedy)")
        #expect(
            description.warnings
                == (maxLength == 9
                    ? ["the model accepts at most 4 tokens, so texts are cut there, not at 9"] : [])
        )
    }

    @Test func `errors of the token counter are rethrown`() throws {
        struct Broken: Error {}
        let data = try Dataset(columns: [("text", ["a"])])
        var options = DescriptionOptions(textColumn: "text")
        options.tokenCounter = .init(specialCount: 0) { _ in throw Broken() }
        #expect(throws: Broken.self) { try DatasetDescription(data, options) }
    }

    @Test func `an example is one line without control characters`() {
        #expect(shortened("  a\n\tb  ", to: 10) == "a b")
        #expect(shortened("\u{1B}[31mred\u{202E}", to: 10) == "[31mred")
        #expect(shortened("abcdef", to: 6) == "abcdef")
        #expect(shortened("abcdefg", to: 6) == "abcde…")
        #expect(shortened("abcd efg", to: 6) == "abcd…" && shortened("abcde fg", to: 6) == "abcde…")
    }

    @Test func `percentages are rounded, but never to 0 or 100`() {
        #expect(percentage(1, of: 8) == "12.5 %" && percentage(0, of: 8) == "0 %")
        #expect(percentage(8, of: 8) == "100 %" && percentage(1, of: 0) == "0 %")
        #expect(percentage(1, of: 10_000) == "<0.1 %" && percentage(9_999, of: 10_000) == "99.9 %")
    }
}

struct LabelCountTests {
    private func describe(_ data: Dataset, _ columns: [String]) throws -> DatasetDescription {
        try DatasetDescription(data, DescriptionOptions(labelColumns: columns))
    }

    private func counts(_ data: Dataset, _ columns: [String] = ["label"]) throws -> [String] {
        try #require(try describe(data, columns).labels).classes.map { "\($0.name) \($0.count)" }
    }

    @Test func `texts, integers and booleans are labels`() throws {
        #expect(try counts(Dataset(["label": ["b", "a", "b"]])) == ["b 2", "a 1"])
        #expect(try counts(Dataset(["label": [1, 0, 1, 7]])) == ["1 2", "0 1", "7 1"])
        #expect(try counts(Dataset(["label": [true, false, true]])) == ["True 2", "False 1"])
    }

    @Test func `classes without rows are listed, and ids without a class are missing`() throws {
        let data = try Dataset(["other": ["", "", "", ""]]).addColumn(
            "label",
            [1, 1, -1, 0],
            feature: .classLabel(ClassLabel(names: ["no", "yes", "never"]))
        )
        let labels = try #require(try describe(data, ["label"]).labels)
        #expect(labels.classes.map(\.name) == ["yes", "no", "never"])
        #expect(labels.classes.map(\.count) == [2, 1, 0])
        #expect(labels.missing == 1 && labels.missingRows == [2])
    }

    @Test func `a list holds several labels, in any order`() throws {
        let data = try Dataset([
            "label": [["a", "b"], ["b", "a"], [], nil, ["a", "a"]], "text": ["s", "s", "t", "u", "v"],
        ])
        let description = try DatasetDescription(
            data,
            DescriptionOptions(textColumn: "text", labelColumns: ["label"])
        )
        let labels = try #require(description.labels)
        #expect(labels.classes.map(\.name) == ["a", "b"] && labels.classes.map(\.count) == [3, 2])
        #expect(labels.isMultiLabel && labels.unlabelled == 1 && labels.missing == 1)
        #expect(description.texts?.repeated.texts == 1)
        #expect(description.texts?.repeated.conflictingTexts == 0)
    }

    @Test func `a list of class ids has the classes' names`() throws {
        let data = try Dataset(["other": ["", ""]]).addColumn(
            "label",
            [[0, 2], [2]],
            feature: .list(.classLabel(ClassLabel(names: ["x", "y", "z"])))
        )
        #expect(try counts(data) == ["z 2", "x 1", "y 0"])
    }

    @Test func `each column of 0 and 1 is a class`() throws {
        let data = try Dataset([
            "toxic": [1, 0, 1, 0, nil], "insult": ["0", "0", "1", "1", "1"],
            "text": ["s", "t", "s", "u", "v"],
        ])
        var options = DescriptionOptions(textColumn: "text", labelColumns: ["toxic", "insult"])
        options.exampleCount = 1
        let description = try DatasetDescription(data, options)
        let labels = try #require(description.labels)
        #expect(labels.classes.map(\.name) == ["insult", "toxic"] && labels.classes.map(\.count) == [2, 2])
        #expect(labels.missing == 1 && labels.missingRows == [4] && labels.unlabelled == 1)
        #expect(description.texts?.repeated.conflictExamples[0].labels == ["toxic", "toxic + insult"])
    }

    @Test func `several label columns must hold 0 and 1`() throws {
        let data = try Dataset(["a": [0, 1], "b": ["x", "y"]])
        #expect {
            try describe(data, ["a", "b"])
        } throws: {
            ($0 as? DatasetError)?.code == .badData && "\($0)".hasPrefix("column \"b\" holds \"x\"; several")
        }
    }

    @Test func `names that differ in case or spaces and names that look the same are separate findings`()
        throws
    {
        let names = [
            "Spam", "spam ", "ham", "caf\u{E9}", "cafe\u{301}", "two  words", "two words", "eggs", "New York",
            "New\u{A0}York", "zero\u{200B}", "zero", "\u{FEFF}bom", "bom", "Bom",
        ]
        let values = names.map { CellValue.string($0) }
        let description = try describe(Dataset(["label": values + values]), ["label"])
        let labels = try #require(description.labels)
        func bytes(_ groups: [[String]]) -> [[[UInt8]]] { groups.map { $0.map { Array($0.utf8) } } }
        #expect(
            bytes(labels.similarNames)
                == bytes([["Bom", "bom", "\u{FEFF}bom"], ["Spam", "spam "], ["two  words", "two words"]])
        )
        #expect(
            bytes(labels.lookalikeNames)
                == bytes([
                    ["New York", "New\u{A0}York"], ["bom", "\u{FEFF}bom"], ["cafe\u{301}", "caf\u{E9}"],
                    ["zero", "zero\u{200B}"],
                ])
        )
        let finding = try #require(description.findings.first { $0.kind == .lookalikeNames })
        #expect(finding.message.hasPrefix("4 groups of label names look the same but differ"))
        #expect(finding.examples[2].spellings == ["cafe\\u{301}", "caf\\u{E9}"])
        #expect(finding.line.contains("(\"New York\", \"New\\u{A0}York\"): give each group one spelling"))
    }

    @Test func `names that combine other labels are reported, and names that contain commas are not`() throws
    {
        func joined(_ names: [String]) throws -> [String] {
            let values = names.map { CellValue.string($0) }
            return try #require(try describe(Dataset(["label": values + values]), ["label"]).labels)
                .joinedNames
        }
        #expect(try joined(["cold", "windy", "cold, windy", "sunny"]) == ["cold, windy"])
        #expect(try joined(["a; b", "b;c", "c; a"]) == ["a; b", "b;c", "c; a"])
        #expect(try joined(["C, C++", "a=b", "New York", "x:y"]).isEmpty)
        #expect(try joined(["Paris, Texas", "Austin, Texas", "Rome"]).isEmpty)
        #expect(
            try describe(Dataset(["label": [["a, b"], ["a"], ["b"]]]), ["label"]).labels?.joinedNames.isEmpty
                == true
        )
    }

    @Test func `small and unequal classes are reported with a remedy`() throws {
        let values =
            Array(repeating: CellValue.string("often"), count: 40) + ["once"] + ["rare", "rare", "rare"]
        let findings = try describe(Dataset(["label": values]), ["label"]).findings
        #expect(findings.map(\.kind) == [.classesOfOneRow, .smallClasses, .unequalClasses])
        #expect(
            findings[0].examples.map(\.labels) == [["once"]]
                && findings[1].examples.map(\.labels) == [["rare"]]
        )
        #expect(findings[2].message == "\"often\" has 40 times as many rows as \"once\"")
        #expect(findings.allSatisfy { !$0.remedy.isEmpty })
    }

    @Test func `a column that does not hold classes is a finding`() throws {
        let one = try describe(Dataset(["label": ["a", "a"]]), ["label"]).findings
        #expect(one.map(\.kind) == [.oneClass])
        let ids = (0..<100).map { CellValue.int($0) }
        #expect(try describe(Dataset(["label": ids]), ["label"]).findings.map(\.kind) == [.tooManyClasses])
    }
}
