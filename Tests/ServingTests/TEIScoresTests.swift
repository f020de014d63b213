import Classification
import Foundation
import JSON
import Models
import Testing

@testable import Serving

/// The scores of text-embeddings-inference's routes, and their form.
@Suite struct TEIScoresTests {
    private func prediction(_ logits: [Float], _ problemType: ProblemType) -> Prediction {
        let labels = logits.indices.map { "label \($0)" }
        return Prediction(logits: logits, labels: labels, problemType: problemType)
    }

    private func expect(_ scores: [Float], _ expected: [Double], _ place: SourceLocation = #_sourceLocation) {
        #expect(scores.count == expected.count, sourceLocation: place)
        for (score, value) in zip(scores, expected) {
            // 1e-6: scores are 32-bit numbers.
            #expect(abs(Double(score) - value) < 1e-6, sourceLocation: place)
        }
    }

    @Test func `the activation follows from the problem type`() {
        let logits: [Float] = [1, -1, 0.5]
        let total = logits.reduce(0) { $0 + exp(Double($1)) }
        let softmax = logits.map { exp(Double($0)) / total }
        let sigmoids = logits.map { 1 / (1 + exp(-Double($0))) }
        expect(TEIActivation.model.scores(of: prediction(logits, .singleLabel)), softmax)
        expect(TEIActivation.model.scores(of: prediction(logits, .multiLabel)), sigmoids)
        expect(TEIActivation.model.scores(of: prediction([1], .singleLabel)), [sigmoids[0]])
        expect(TEIActivation.model.scores(of: prediction([1.25], .regression)), [1.25])
        expect(TEIActivation.tei.scores(of: prediction(logits, .multiLabel)), softmax)
        expect(TEIActivation.tei.scores(of: prediction([1], .regression)), [sigmoids[0]])
        #expect(TEIActivation.raw.scores(of: prediction(logits, .multiLabel)) == logits)
    }

    @Test func `extreme logits give finite scores`() {
        for logits in [[-200, 0, 100], [200, -200], [-1e38, 1e38]] as [[Float]] {
            let scores = TEIActivation.tei.scores(of: prediction(logits, .singleLabel))
            #expect(scores.allSatisfy { $0.isFinite })
            let sum = scores.reduce(0, +)
            #expect(abs(sum - 1) < 1e-6)
        }
    }

    @Test func `calibration changes scores but not logits`() throws {
        let file =
            #"{"version":1,"problem_type":"single_label_classification","labels":["a","b"],"temperature":2}"#
        let decisions = try Decisions(parsing: file.utf8, path: "decisions.json")
        let calibrated = Prediction(logits: [2, 0], labels: ["a", "b"], decisions: decisions)
        expect(TEIActivation.model.scores(of: calibrated), [1 / (1 + exp(-1)), 1 / (1 + exp(1))])
        expect(TEIActivation.tei.scores(of: calibrated), [1 / (1 + exp(-2)), 1 / (1 + exp(2))])
        #expect(TEIActivation.raw.scores(of: calibrated) == [2, 0])
    }

    @Test func `labels are sorted by score, equal ones in reverse order`() {
        #expect(TEIAnswerWriter.order([0.1, 0.5, 0.1, 0.3]) == [1, 3, 2, 0])
        #expect(TEIAnswerWriter.order([0, 0, -0.0]) == [2, 1, 0])
        #expect(TEIAnswerWriter.order([]) == [])
    }

    @Test func `a score comes before its label, with the fewest digits of a 32-bit number`() throws {
        let writer = TEIAnswerWriter(labels: ["NEGATIVE", "POSITIVE"])
        func text(_ scores: [[Float]], isBatch: Bool) -> String {
            String(decoding: writer.body(scores, isBatch: isBatch), as: UTF8.self)
        }
        let one = #"[{"score":0.97,"label":"POSITIVE"},{"score":0.03,"label":"NEGATIVE"}]"#
        let other = #"[{"score":1.0,"label":"NEGATIVE"},{"score":1e-05,"label":"POSITIVE"}]"#
        #expect(text([[0.03, 0.97]], isBatch: false) == one)
        #expect(text([[0.03, 0.97], [1, 1e-5]], isBatch: true) == "[\(one),\(other)]")
        #expect(text([], isBatch: true) == "[]")
    }

    @Test(arguments: [
        "\"quoted\"", "</script>", "a\u{301}", "\"\u{301}", "line\nbreak", "|", "👩‍👩‍👧", "\u{0}", "\\",
    ])
    func `hostile labels stay valid JSON`(label: String) throws {
        let body = TEIAnswerWriter(labels: [label]).body([[0.5]], isBatch: false)
        let read = try JSONValue.parse(body).array?.first?["label"].string
        #expect(read.map { Array($0.utf8) } == Array(label.utf8))
    }
}
