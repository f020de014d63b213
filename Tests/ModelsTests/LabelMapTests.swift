import Checkpoints
import Foundation
import JSON
import Models
import TestSupport
import Testing
import Torch

/// Labels of a `config.json`, read like in transformers 5.23, and refused unless they name each row of the head once.
struct LabelMapTests {
    /// The configuration of `llama-gqa`, a classifier with three labels, with other label fields.
    private func configuration(_ fields: String) throws -> ModelConfiguration {
        let folder = Fixture.folder.appending(path: "models/llama-gqa")
        var object =
            try JSONValue.parse(Data(contentsOf: folder.appending(path: "config.json"))).object ?? [:]
        for name in ["id2label", "label2id", "num_labels"] { object[name] = .null }
        let text = JSONValue.object(object).oneLineInOrder
        return try ModelConfiguration(
            parsing: Array((text.dropLast() + (fields.isEmpty ? "" : ", ") + fields + "}").utf8),
            source: "config.json"
        )
    }

    private func load(
        _ fields: String,
        _ change: (inout SequenceClassifier.LoadOptions) -> Void = { _ in }
    ) throws -> (SequenceClassifier, LoadReport) {
        var options = SequenceClassifier.LoadOptions()
        change(&options)
        return try SequenceClassifier.load(
            openCheckpoint(folder: Fixture.folder.appending(path: "models/llama-gqa")),
            configuration: configuration(fields),
            options: options,
            random: RandomSource(seed: 0)
        )
    }

    private func complaint(_ fields: String) -> String {
        do {
            _ = try load(fields)
            return "nothing"
        } catch { return "\(error)" }
    }

    // Comparing each name with all others would need ten billion comparisons.
    @Test func `a hundred thousand names are read`() throws {
        let names = (0..<100_000).map { "label \($0)" }
        let fields = JSONObject([
            ("id2label", .object(JSONObject(names.enumerated().map { ("\($0)", .string($1)) }))),
            ("label2id", .object(JSONObject(names.enumerated().map { ($1, .int($0 == 99_999 ? 7 : $0)) }))),
        ])
        let text = JSONValue.object(fields).oneLineInOrder
        let configuration = try ModelConfiguration(parsing: Array(text.utf8), source: "config.json")
        #expect(configuration.labels == names && configuration.labelFault == nil)
        #expect(
            configuration.labelNote?.contains("gives \"label 99999\" the id 7, but id2label gives 99999")
                ?? false
        )
    }

    /// Fields that transformers loads, and the resulting names.
    static let loaded: [(fields: String, labels: [String])] = [
        (#""num_labels": 3"#, ["LABEL_0", "LABEL_1", "LABEL_2"]),
        (#""num_labels": 3, "id2label": null"#, ["LABEL_0", "LABEL_1", "LABEL_2"]),
        (#""num_labels": 3, "id2label": {}"#, ["LABEL_0", "LABEL_1", "LABEL_2"]),
        (#""num_labels": 3, "label2id": {"x": 0, "y": 1, "z": 2}"#, ["LABEL_0", "LABEL_1", "LABEL_2"]),
        (#""num_labels": 2, "num_labels": 3"#, ["LABEL_0", "LABEL_1", "LABEL_2"]),
        (#""id2label": {"0": 4, "1": 0.5, "2": "c"}"#, ["4", "0.5", "c"]),
        (#""id2label": {"0": -1, "1": 1.0, "2": 1e-5}"#, ["-1", "1.0", "1e-05"]),
        (#""id2label": {"0": true, "1": false, "2": ""}"#, ["True", "False", ""]),
        (#""id2label": {"2": "c", "0": "a", "1": "b"}"#, ["a", "b", "c"]),
        (#""id2label": {"0": "a", "1": "b", "2": "c", "0": "d"}"#, ["d", "b", "c"]),
        (#""id2label": {"0": "a", " 1 ": "b", "02": "c", "00": "d"}"#, ["d", "b", "c"]),
        (#""id2label": {"0": "x"}, "id2label": {"0": "a", "1": "b", "2": "c"}"#, ["a", "b", "c"]),
        (#""num_labels": 3, "id2label": {"0": "é", "1": "é", "2": "e"}"#, ["é", "e\u{301}", "e"]),
    ]

    @Test(arguments: loaded.indices)
    func `fields that transformers loads give the same names`(index: Int) throws {
        let (fields, labels) = Self.loaded[index]
        // In the last case a character consists of two scalars: names are compared by bytes, as in JSON.
        let spelled =
            index == Self.loaded.count - 1
            ? fields.replacing(#""1": "é""#, with: "\"1\": \"e\u{301}\"") : fields
        let (model, _) = try load(spelled)
        #expect(model.labels.map { Array($0.utf8) } == labels.map { Array($0.utf8) }, "\(fields)")
        // The saved file names each row once, and transformers reads the same names from it.
        let saved = model.configuration
        #expect(saved["id2label"].object?.members.map(\.name) == ["0", "1", "2"])
        #expect(saved["num_labels"] == .null || saved["num_labels"].int == 3)
        let names = saved.fields.members.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(saved.labels.map { Array($0.utf8) } == labels.map { Array($0.utf8) })
    }

    @Test(arguments: [
        (
            #""id2label": {"0": "a", "1": "b", "3": "c"}"#,
            "names the rows 0, 1, 3, but 3 labels need the rows 0 to 2"
        ),
        (#""id2label": {"1": "a", "2": "b", "3": "c"}"#, "names the rows 1, 2, 3"),
        (#""id2label": {"-1": "a", "0": "b", "1": "c"}"#, "names the rows -1, 0, 1"),
        (#""id2label": {"0": "a", "1": "b", "2": "a"}"#, "gives 0 and 2 the same name, \"a\""),
        (#""id2label": {"0": 1, "1": "1", "2": "c"}"#, "gives 0 and 1 the same name, \"1\""),
        (#""id2label": {"0": null, "1": "b", "2": "c"}"#, "gives 0 null instead of a name"),
        (#""id2label": {"0": ["a"], "1": "b", "2": "c"}"#, "gives 0 a list instead of a name"),
        (#""id2label": {"a": "x", "b": "y", "c": "z"}"#, "has the id \"a\""),
        (#""id2label": {"0": "a", "1.0": "b", "2": "c"}"#, "has the id \"1.0\""),
        (#""id2label": {}"#, "names no label"),
        (
            #""num_labels": 2, "id2label": {"0": "a", "1": "b", "2": "c"}"#,
            "has 3 names, but `num_labels` is 2"
        ),
    ])
    func `a map that does not name each row once is refused and shown`(fields: String, reason: String) throws
    {
        let text = complaint(fields)
        #expect(text.hasPrefix("config.json: `id2label` \(reason)"), "\(text)")
        #expect(text.contains("it is {") && text.contains("a unique name"))
        // A new head has the data's labels, regardless of the old ones.
        let (model, _) = try load(fields) { ($0.labels, $0.reinitializesHead) = (["x", "y"], true) }
        #expect(model.labels == ["x", "y"])
        #expect(model.configuration["num_labels"] == .null || model.configuration["num_labels"].int == 2)
    }

    @Test func `a map or number of another type is refused`() {
        #expect(
            complaint(#""id2label": ["a", "b", "c"]"#).contains("`id2label` is a list; expected an object")
        )
        #expect(complaint(#""num_labels": "3""#).contains("`num_labels` is the string \"3\""))
        #expect(complaint(#""num_labels": 0"#).contains("expected a whole number of at least 1"))
    }

    @Test(arguments: ["", #""num_labels": 4"#, #""id2label": {"0": "a", "1": "b"}"#])
    func `a number of labels that differs from the head's rows is refused`(fields: String) {
        let text = complaint(fields)
        #expect(text.contains("the checkpoint's head has 3 rows (score.weight)"), "\(text)")
        #expect(text.contains("--reinit-head"))
    }

    @Test(arguments: FamilyTests.variants)
    func `the head's rows are counted in every family`(name: String) throws {
        var fields = try ReferenceModel.configuration(name).fields
        let count = try ReferenceModel.configuration(name).labels.count
        fields["id2label"] = .object(JSONObject((0...count).map { ("\($0)", .string("l\($0)")) }))
        #expect {
            try SequenceClassifier.load(
                openCheckpoint(folder: Fixture.folder.appending(path: "models/\(name)")),
                configuration: ModelConfiguration(fields: fields, source: "config.json"),
                random: RandomSource(seed: 0)
            )
        } throws: {
            "\($0)".contains("config.json names \(count + 1) labels")
                && "\($0)".contains("head has \(count) row") || count == 1
        }
    }

    @Test func `a contradicting label2id is reported and ignored`() throws {
        let map = #""id2label": {"0": "a", "1": "b", "2": "c"}"#
        let (model, report) = try load(map + #", "label2id": {"a": 1, "b": 0, "c": 2}"#)
        #expect(model.labels == ["a", "b", "c"])
        let said = report.notes.joined(separator: "\n")
        #expect(said.contains(#"label2id gives "a" the id 1, but id2label gives 0; id2label is used"#))
        #expect(model.configuration["label2id"]["a"].int == 0)
        // Many models still have old names in label2id, which is not a contradiction.
        #expect(try load(map + #", "label2id": {"LABEL_0": 0, "LABEL_1": 1}"#).1.notes.isEmpty)
    }

    @Test func `requested labels must have unique names`() {
        #expect {
            try load("") { ($0.labels, $0.reinitializesHead) = (["x", "x"], true) }
        } throws: { "\($0)".contains("two labels have the same name") }
    }
}
