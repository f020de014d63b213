import Foundation
import JSON
import Testing

@testable import Attune
@testable import Training

struct VerdictTests {
    private let labels = ["calm", "loud", "rare"]

    /// An evaluation of predictions, each given by its true label, its prediction and the number of such examples.
    private func evaluation(_ cells: (label: Int, prediction: Int, count: Int)...) -> EvaluationRecord {
        let rows = cells.flatMap { cell in
            [(Int, Int)](repeating: (cell.label, cell.prediction), count: cell.count)
        }
        let confusion = ConfusionMatrix(
            predictions: rows.map(\.1),
            labels: rows.map(\.0),
            classCount: labels.count
        )
        let metrics = EvaluationMetrics.singleLabel(ClassificationMetrics(confusion))
        return EvaluationRecord(step: 100, epoch: 3, loss: 0.5, metrics: metrics, runtime: 1)
    }

    private func curve(_ training: [Double], evaluation: [Double] = []) -> TrainingCurve {
        func points(_ losses: [Double]) -> [TrainingCurve.Point] {
            losses.enumerated().map { TrainingCurve.Point(step: 10 * ($0.offset + 1), loss: $0.element) }
        }
        return TrainingCurve(training: points(training), evaluation: points(evaluation))
    }

    private let falling = [1.1, 0.9, 0.5, 0.4]

    private func verdict(
        _ evaluation: EvaluationRecord?,
        _ curve: TrainingCurve,
        weighted: Bool = false,
        _ change: (inout TrainingArguments) -> Void = { _ in }
    ) -> Verdict? {
        var arguments = TrainingArguments()
        change(&arguments)
        return Verdict(evaluation, curve, labels: labels, arguments, usesClassWeights: weighted)
    }

    private var good: EvaluationRecord { evaluation((0, 0, 50), (0, 1, 5), (1, 1, 40), (1, 0, 5)) }

    @Test func `a good model is compared with always giving the most frequent answer`() {
        let verdict = verdict(good, curve(falling))
        #expect(
            verdict?.text == "Better than always answering \"calm\": accuracy 0.900 against 0.550."
        )
        #expect(verdict?.sign == nil)
    }

    @Test func `a model that always gives one answer is no good`() {
        let verdict = verdict(evaluation((0, 0, 60), (1, 0, 40)), curve(falling))
        #expect(verdict?.sign == .neverPredicted(["loud"]))
        #expect(
            verdict?.text == """
                No good yet: no better than always answering "calm", accuracy 0.600 against 0.600. "loud" is never \
                predicted: try --class-weights balanced.
                """
        )
    }

    @Test func `with class weights, more rows or a longer run are suggested`() {
        let verdict = verdict(evaluation((0, 0, 60), (1, 0, 40)), curve(falling), weighted: true)
        #expect(verdict?.text.hasSuffix("add rows of it, or try --num-train-epochs 6.") == true)
    }

    @Test func `a small difference on few texts is not clearly better`() {
        let verdict = verdict(evaluation((0, 0, 15), (0, 1, 7), (1, 1, 11), (1, 0, 7)), curve(falling))
        guard case .unclear(let comparison)? = verdict?.quality else {
            Issue.record("\(String(describing: verdict))")
            return
        }
        #expect(abs(comparison.value - 0.65) < 1e-12 && abs(comparison.constant - 0.55) < 1e-12)
    }

    @Test func `a good accuracy counts even if rare classes are missed`() {
        // Nine of ten are right, and only four of ten are of the largest class; of the rare class nothing is found.
        let verdict = verdict(evaluation((0, 0, 40), (1, 1, 50), (2, 0, 10)), curve(falling))
        guard case .better(let comparison)? = verdict?.quality else {
            Issue.record("\(String(describing: verdict))")
            return
        }
        #expect(comparison.metric == "accuracy" && verdict?.sign == .neverPredicted(["rare"]))
    }

    @Test func `if one class is most of the data, the balanced accuracy decides`() {
        // The accuracy is 0.93, and always answering "calm" gives 0.95; but 40 of 50 loud texts are found.
        let truth = Array(repeating: 0, count: 950) + Array(repeating: 1, count: 50)
        let predictions =
            Array(repeating: 0, count: 890) + Array(repeating: 1, count: 60)
            + Array(repeating: 1, count: 40) + Array(repeating: 0, count: 10)
        let metrics = ClassificationMetrics(
            predictions: predictions,
            labels: truth,
            probabilities: predictions.map { $0 == 0 ? [0.9, 0.1, 0] : [0.1, 0.9, 0] },
            classCount: 3,
            withIntervals: true
        )
        let record = EvaluationRecord(
            step: 1,
            epoch: 1,
            loss: 0.2,
            metrics: .singleLabel(metrics),
            runtime: 1
        )
        #expect(
            verdict(record, curve(falling))?.text
                == "Better than always answering \"calm\": balanced accuracy 0.868 against 0.500."
        )
    }

    @Test
    func `a score below thirty texts proves nothing, unless its whole interval is above a constant answer`() {
        let verdict = verdict(evaluation((0, 0, 9), (0, 1, 6), (1, 1, 8), (1, 0, 6)), curve(falling))
        #expect(verdict?.quality == .tooFewExamples(29))
        #expect(
            self.verdict(evaluation((0, 0, 9), (1, 1, 9)), curve(falling))?.quality == .tooFewExamples(18)
        )
        // 27 of 28: from 0.823 to 0.994.
        let clear = self.verdict(evaluation((0, 0, 14), (1, 1, 13), (1, 0, 1)), curve(falling))
        #expect(clear?.text.hasPrefix("Better than always answering") == true)
        #expect(
            self.verdict(evaluation((0, 0, 15), (1, 1, 15)), curve(falling))?.quality != .tooFewExamples(30)
        )
    }

    @Test func `a rising loss in the log means divergence, whatever the score`() {
        let verdict = verdict(good, curve([1.2, 40, 488])) { $0.learningRate = 5 }
        #expect(verdict?.text == "Diverged: the loss ended at 488. Try --learning-rate 0.5, a tenth.")
        // A small loss may double by chance: it is compared with the loss of guessing, log 3 = 1.1.
        #expect(self.verdict(good, curve([0.05, 0.4]))?.quality != .diverged(loss: 0.4))
        #expect(self.verdict(good, curve([0.05, 1.7]))?.quality == .diverged(loss: 1.7))
        #expect(self.verdict(good, curve([3.4]))?.quality == .diverged(loss: 3.4))
        #expect(self.verdict(good, curve([3.2]))?.quality != .diverged(loss: 3.2))
        // Without an evaluation, only ten times the first loss is certain.
        #expect(self.verdict(nil, curve([1.2, 40, 488]))?.quality == .diverged(loss: 488))
        #expect(self.verdict(nil, curve([1.2, 4])) == nil)
    }

    @Test func `a loss that is NaN has diverged`() {
        guard case .diverged(let loss)? = verdict(good, curve([1.2, .nan]))?.quality else {
            Issue.record("not diverged")
            return
        }
        #expect(loss.isNaN)
    }

    @Test func `overfitting begins at the best evaluation, if later ones are clearly worse`() {
        let losses = curve(falling, evaluation: [0.8, 0.6, 0.7, 0.9])
        #expect(verdict(good, losses)?.sign == .overfitting(sinceStep: 20))
        // A slightly worse evaluation is noise, and the best weights may have been loaded.
        #expect(verdict(good, curve(falling, evaluation: [0.8, 0.6, 0.61, 0.62]))?.sign == nil)
        #expect(verdict(good, losses) { $0.loadBestModelAtEnd = true }?.sign == nil)
    }

    @Test func `a loss that still falls suggests a longer run`() {
        let verdict = verdict(good, curve(falling, evaluation: [0.8, 0.6, 0.5]))
        #expect(
            verdict?.text.hasSuffix("The loss was still falling: try --num-train-epochs 6.") == true
        )
        let steps = self.verdict(good, curve(falling, evaluation: [0.8, 0.5])) { $0.maxSteps = 40 }
        #expect(steps?.text.hasSuffix("try --max-steps 80.") == true)
        #expect(self.verdict(good, curve(falling, evaluation: [0.8, 0.5, 0.499]))?.sign == nil)
        let perfect = evaluation((0, 0, 50), (1, 1, 50))
        #expect(self.verdict(perfect, curve(falling, evaluation: [0.8, 0.6, 0.5]))?.sign == nil)
    }

    @Test func `without evaluations the log tells whether the loss still falls`() {
        #expect(verdict(good, curve([8, 7, 6, 5, 4, 3, 2, 1].map { $0 / 4 }))?.sign == .stillImproving)
        #expect(verdict(good, curve([1, 0.6, 0.5, 0.5, 0.5, 0.5, 0.49, 0.5]))?.sign == nil)
    }

    private func event(_ verdict: Verdict?) throws -> String {
        let members = ProgressEvent.verdict(try #require(verdict)).json(at: 1).members
        // The text is tested above.
        return JSONValue.object(JSONObject(members.filter { $0.name != "text" }.map { ($0.name, $0.value) }))
            .oneLineInOrder
    }

    @Test func `the event has the quality, its numbers and the sign`() throws {
        #expect(
            try event(verdict(evaluation((0, 0, 60), (1, 0, 40)), curve(falling)))
                == #"{"event": "verdict", "time": 1.0, "quality": "no_better_than_constant", "metric": "accuracy", "#
                + #""value": 0.6, "constant": 0.6, "answer": "calm", "sign": "never_predicted", "labels": ["loud"]}"#
        )
        #expect(
            try event(verdict(evaluation((0, 0, 9), (1, 1, 9)), curve(falling)))
                == #"{"event": "verdict", "time": 1.0, "quality": "too_few_examples", "examples": 18}"#
        )
        #expect(
            try event(verdict(good, curve([1.2, 40, 488])))
                == #"{"event": "verdict", "time": 1.0, "quality": "diverged", "loss": 488.0}"#
        )
        let overfit = try event(verdict(good, curve(falling, evaluation: [0.8, 0.6, 0.7, 0.9])))
        #expect(overfit.contains(#""quality": "better""#), "\(overfit)")
        #expect(overfit.hasSuffix(#""sign": "overfitting", "since_step": 20}"#), "\(overfit)")
    }

    @Test func `without an evaluation there is no verdict`() { #expect(verdict(nil, curve(falling)) == nil) }

    @Test func `a regression is compared with the mean`() {
        let truth = (0..<60).map { Double($0 % 7) }
        func record(_ predictions: [Double]) -> EvaluationRecord {
            let metrics = RegressionMetrics(predictions: predictions, labels: truth, withIntervals: true)
            return EvaluationRecord(step: 1, epoch: 1, loss: 1, metrics: .regression(metrics), runtime: 1)
        }
        let close = verdict(record(truth.map { $0 + 0.1 }), curve([4, 1]))
        #expect(close?.text.hasPrefix("Better than always answering \"the mean\": R² 0.99") == true)
        let constant = verdict(record(truth.map { _ in 3.2 }), curve([4, 3.9]))
        #expect(constant?.text.hasPrefix("No good yet: no better than always answering \"the mean\"") == true)
    }

    @Test func `several labels are compared with always answering the most frequent one`() {
        let truth = (0..<60).map { $0.isMultiple(of: 2) ? [0] : [0, 1] }
        func record(_ predictions: [[Int]]) -> EvaluationRecord {
            let metrics = MultiLabelMetrics(predictions: predictions, labels: truth, labelCount: 3)
            return EvaluationRecord(step: 1, epoch: 1, loss: 1, metrics: .multiLabel(metrics), runtime: 1)
        }
        guard case .better? = verdict(record(truth), curve(falling))?.quality else {
            Issue.record("not better")
            return
        }
        let same = verdict(record(truth.map { _ in [0] }), curve(falling))
        #expect(same?.sign == .neverPredicted(["loud"]))
        guard case .noBetterThanConstant? = same?.quality else {
            Issue.record("better than constant: \(String(describing: same))")
            return
        }
    }
}
