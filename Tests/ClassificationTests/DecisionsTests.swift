import Classification
import Evaluation
import Foundation
import Models
import TestSupport
import Testing

/// `decisions.json`: the decisions about a model's scores, and their use in predictions.
@Suite struct DecisionsTests {
    private let whole = """
        {
          "version": 1,
          "problem_type": "single_label_classification",
          "labels": ["a","b, or c","Ω"],
          "temperature": 1.75,
          "threshold_goal": "precision:0.9",
          "thresholds": {"a":0.5,"Ω":"never"},
          "conformal_method": "lac",
          "conformal_coverage": 0.9,
          "conformal_quantile": "never",
          "dataset": "held-out.csv",
          "rows": 100,
          "measured_rows": 90,
          "effect": {"accuracy_after":0.75,"ece_before":0.125}
        }

        """

    private func read(_ text: String) throws(ModelError) -> Decisions {
        try Decisions(parsing: text.utf8, path: "run/decisions.json")
    }

    private func complaint(_ text: String) -> String {
        do throws(ModelError) {
            _ = try read(text)
            return "nothing"
        } catch { return error.message }
    }

    @Test("Every decision is written and read, one field per line")
    func file() throws {
        let decisions = try read(whole)
        #expect(decisions.scaling == .temperature(1.75))
        #expect(decisions.thresholds == ScoreThresholds([0.5, nil, .infinity]))
        #expect(decisions.sets == ConformalSets(method: .lac, coverage: 0.9, quantile: .infinity))
        #expect(decisions.source == .init(dataset: "held-out.csv", rows: 100, measuredRows: 90))
        #expect(decisions.effect == ["accuracy_after": 0.75, "ece_before": 0.125])
        #expect(decisions.formatted == whole)
        var other = Decisions(labels: ["a", "b"], problemType: .multiLabel)
        other.scaling = .vector(weights: [1, 0.5], biases: [0, -1])
        #expect(try read(other.formatted) == other)
    }

    @Test(
        "A damaged file, an unknown decision and a later version are refused by name",
        arguments: [
            ("", "run/decisions.json is damaged: it is not JSON"),
            ("[]", "it is not a JSON object"),
            ("{}", "version must be a whole number from 1"),
            (
                #"{"version": 2, "labels": ["a"]}"#,
                "has version 2, which this Attune cannot apply: update Attune"
            ),
            (#"{"version": 1, "isotonic": []}"#, "has the unknown field \"isotonic\""),
            (#"{"version": 1, "labels": ["a"]}"#, "it needs labels, and a problem_type"),
            (
                #"{"version": 1, "labels": ["a"], "problem_type": "regression"}"#,
                "it needs labels, and a problem_type"
            ),
            (
                #"{"version": 1, "labels": ["a"], "problem_type": "single_label_classification", "temperature": 0}"#,
                "temperature must be from 1e-6 to 1e6"
            ),
            (
                #"{"version": 1, "labels": ["a"], "problem_type": "single_label_classification", "temperature": "1"}"#,
                "temperature must be a finite number, but is the string \"1\""
            ),
            (
                #"{"version": 1, "labels": ["a"], "problem_type": "single_label_classification", "thresholds": {"b": 1}}"#,
                "thresholds names \"b\", which is not among labels"
            ),
            (
                #"{"version": 1, "labels": ["a"], "problem_type": "single_label_classification", "thresholds": {"a": null}}"#,
                "the threshold of \"a\" must be a finite number or \"never\""
            ),
            (
                #"{"version": 1, "labels": ["a"], "problem_type": "single_label_classification", "vector_weights": [1, 2]}"#,
                "vector_weights must be a list of 1 numbers from -1e6 to 1e6"
            ),
            (
                #"{"version": 1, "labels": ["a"], "problem_type": "single_label_classification", "conformal_method": "raps"}"#,
                "conformal_method must be lac or aps"
            ),
        ]
    )
    func damage(text: String, message: String) {
        #expect(complaint(text).contains(message), "\(complaint(text))")
    }

    private let logits: [Float] = [2, 1, -1]
    private let labels = ["a", "b", "c"]

    private func prediction(_ change: (inout Decisions) -> Void) -> Prediction {
        var decisions = Decisions(labels: labels, problemType: .singleLabel)
        change(&decisions)
        return Prediction(logits: logits, labels: labels, decisions: decisions)
    }

    // 1e-12: the same exponentials in float64.
    @Test("A temperature changes scores, but neither logits nor the label")
    func temperature() {
        let found = prediction { $0.scaling = .temperature(2) }
        let total = exp(1) + exp(0.5) + exp(-0.5)
        #expect(abs(found.score - exp(1) / total) < 1e-12)
        #expect(found.label == "a" && found.labels == ["a"] && found.logits == logits)
        #expect(!found.isRejected && found.set == nil && found.threshold == nil)
    }

    @Test("A score below its threshold rejects the text, and the likeliest label is still shown")
    func thresholds() {
        let found = prediction { $0.thresholds = ScoreThresholds([0.9, 0.8, .infinity]) }
        #expect(found.isRejected && found.labels == [] && found.label == "a" && found.threshold == 0.9)
        let other = prediction { $0.thresholds = ScoreThresholds([0.9, 0.2, .infinity]) }
        #expect(!other.isRejected && other.labels == ["b"] && other.label == "b" && other.threshold == 0.2)
        #expect(other.score == other.scores[1])
    }

    @Test("A text with one label in its set is answered, and any other one is rejected")
    func sets() {
        func set(_ quantile: Double) -> Prediction {
            prediction { $0.sets = ConformalSets(method: .lac, coverage: 0.9, quantile: quantile) }
        }
        #expect(set(0.5).set == ["a"] && set(0.5).labels == ["a"] && !set(0.5).isRejected)
        #expect(set(0.8).set == ["a", "b"] && set(0.8).isRejected)
        #expect(set(.infinity).set == ["a", "b", "c"])
        #expect(set(0.1).set == [] && set(0.1).isRejected)
    }

    @Test("Several labels have a threshold each, and 0.5 without one")
    func multiLabel() {
        var decisions = Decisions(labels: labels, problemType: .multiLabel)
        decisions.thresholds = ScoreThresholds([0.95, nil, 0.2])
        let found = Prediction(
            logits: logits,
            labels: labels,
            problemType: .multiLabel,
            decisions: decisions
        )
        #expect(found.labels == ["b", "c"] && !found.isRejected)
    }

    @Test("Without decisions a prediction and its JSON are as before")
    func withoutDecisions() throws {
        let plain = Prediction(logits: logits, labels: labels)
        #expect(Prediction(logits: logits, labels: labels, decisions: nil) == plain)
        let text = String(decoding: try JSONEncoder().encode(plain), as: UTF8.self)
        for name in ["set", "rejected", "threshold"] { #expect(!text.contains("\"\(name)\"")) }
        var rejected = prediction { $0.sets = ConformalSets(method: .lac, coverage: 0.9, quantile: 0.8) }
        let copy = try JSONDecoder().decode(Prediction.self, from: JSONEncoder().encode(rejected))
        rejected.logits = []
        #expect(copy == rejected)
    }

    @Test("A model's folder keeps its decisions, which loading applies and saving copies")
    func folder() throws {
        try withTemporaryFolder { folder in
            let model = folder.appending(path: "model")
            try FileManager.default.copyItem(
                at: Fixture.folder.appending(path: "models/tiny-base"),
                to: model
            )
            var options = SequenceClassifier.LoadOptions()
            options.labels = ["x", "y"]
            let path = model.path(percentEncoded: false)
            let (fresh, _) = try TextClassifier.load(path, options: options)
            let saved = folder.appending(path: "saved")
            try fresh.save(to: saved)
            var decisions = Decisions(labels: ["x", "y"], problemType: .singleLabel)
            decisions.scaling = .temperature(4)
            try decisions.save(to: saved)
            let (loaded, _) = try TextClassifier.load(saved.path(percentEncoded: false))
            #expect(loaded.decisions == decisions)
            let found = try loaded.classify(["a text"])[0]
            loaded.decisions = nil
            let raw = try loaded.classify(["a text"])[0]
            #expect(abs(found.score - 0.5) < abs(raw.score - 0.5))
            loaded.decisions = decisions
            let copy = folder.appending(path: "copy")
            try loaded.save(to: copy)
            #expect(try Decisions.read(folder: copy) == decisions)
            #expect(try Decisions.remove(folder: copy))
            #expect(try !Decisions.remove(folder: copy) && Decisions.read(folder: copy) == nil)
            // Decisions for other labels belong to another model.
            try Decisions(labels: ["x", "z"], problemType: .singleLabel).save(to: saved)
            let error = #expect(throws: ModelError.self) {
                try TextClassifier.load(saved.path(percentEncoded: false))
            }
            #expect(error?.code == .mismatchedLabels && error?.message.contains("decisions.json") == true)
        }
    }
}
