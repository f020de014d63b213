public import Classification
public import Evaluation
import Models

/// Fits decisions about a classifier's scores on labelled rows, and measures their effect on other rows.
///
/// ```swift
/// var calibration = Calibration()
/// calibration.thresholdGoal = .precision(0.9, byLowerEnd: true)
/// let outcome = try calibration.fit(rows, dataset: "held-out.csv")
/// try outcome.decisions.save(to: modelFolder)
/// ```
public struct Calibration: Sendable, Equatable {
    /// The way in which probabilities are calibrated.
    public enum Method: String, Sendable, CaseIterable {
        /// One temperature for all logits.
        case temperature
        /// A weight and a bias for each label's logit.
        case vector
        /// The probabilities stay as they are.
        case none
    }

    /// The way in which probabilities are calibrated.
    public var method = Method.temperature
    /// The goal of thresholds; nil chooses none.
    public var thresholdGoal: ThresholdGoal?
    /// The labels that get a threshold; empty for all.
    public var thresholdLabels: [String] = []
    /// The way in which conformal sets are formed; nil forms none.
    public var sets: ConformalSets.Method?
    /// The demanded coverage of conformal sets.
    public var coverage = 0.9
    /// The share of rows that only measure the effect.
    public var testShare = 0.5
    /// The seed of the division of rows.
    public var seed: UInt64 = 42

    /// Creates a calibration with a temperature and no other decisions.
    public init() {}

    /// Decisions and their measured effect.
    public struct Outcome: Sendable {
        /// The decisions.
        public let decisions: Decisions
        /// The measures of the model's own probabilities, on rows that fitted nothing.
        public let before: CalibrationMeasures
        /// The measures of the calibrated probabilities, on the same rows.
        public let after: CalibrationMeasures
        /// Each label's threshold with its effect on the rows that it was chosen on, by id; empty without thresholds.
        public let thresholds: [ScoreThreshold?]
        /// The effect of thresholds or sets on rows that fitted nothing; nil without them.
        public let answers: AnswerEffect?
        /// The effect of conformal sets on rows that fitted nothing; nil without sets.
        public let sets: SetEffect?
        /// Notes on the fit, one sentence each.
        public let notes: [String]
    }

    /// Fits decisions.
    ///
    /// - Parameters:
    ///   - rows: Rows that neither trained nor chose the model.
    ///   - dataset: The name of their dataset, for the record.
    /// - Returns: The decisions and their effect.
    /// - Throws: ``DecisionError`` if the rows do not permit a decision.
    public func fit(_ rows: ScoredRows, dataset: String) throws(DecisionError) -> Outcome {
        let divided = rows.divided(testShare, seed: seed)
        let (fitted, test) = (rows.selecting(divided.first), rows.selecting(divided.second))
        guard fitted.count > 0, test.count > 0 else {
            throw DecisionError(
                "\(rows.count) rows with different texts are too few to divide into rows that fit decisions and rows that measure "
                    + "them; give more rows"
            )
        }
        var (scalingRows, choosingRows) = (fitted, fitted)
        // Sets are valid only on rows that did not calibrate the scores; many weights would flatter thresholds, too.
        if method != .none, sets != nil || (method == .vector && thresholdGoal != nil) {
            let parts = fitted.divided(0.5, seed: seed &+ 1)
            (scalingRows, choosingRows) = (fitted.selecting(parts.first), fitted.selecting(parts.second))
        }
        var notes: [String] = []
        let isExclusive = if case .classes = rows.truth { true } else { false }
        var decisions = Decisions(
            labels: rows.labels,
            problemType: isExclusive ? .singleLabel : .multiLabel
        )
        decisions.scaling = try scaling(scalingRows, &notes)
        let choosing = try LabelProbabilities(choosingRows, scaling: decisions.scaling)
        let unused = try LabelProbabilities(test, scaling: decisions.scaling)
        var found: [ScoreThreshold?] = []
        if let thresholdGoal {
            let chosen = ScoreThresholds.choose(
                thresholdGoal,
                on: choosing,
                labels: try thresholdIDs(rows.labels)
            )
            decisions.thresholds = chosen.thresholds
            decisions.thresholdGoal = thresholdGoal.text
            found = chosen.found
            let never = zip(rows.labels, found).filter { $0.1?.value == .infinity }.map { "\"\($0.0)\"" }
            if !never.isEmpty {
                notes.append(
                    "\(thresholdGoal.text) cannot be reached on these rows for \(never.prefix(8).joined(separator: ", "))"
                        + (never.count > 8 ? " and \(never.count - 8) more" : "")
                        + ": such a label is never given"
                )
            }
        }
        if let sets {
            let fit = try ConformalSets(fitting: choosing, method: sets, coverage: coverage, seed: seed)
            decisions.sets = fit
            if fit.quantile == .infinity {
                notes.append(
                    "\(choosing.count) rows are too few for a coverage of \(coverage): each set holds all labels; give more rows"
                )
            }
        }
        guard let before = try CalibrationMeasures(LabelProbabilities(test)),
            let after = CalibrationMeasures(unused)
        else { throw DecisionError("the rows have no labels to measure with") }
        decisions.source = .init(dataset: dataset, rows: fitted.count, measuredRows: test.count)
        let outcome = Outcome(
            decisions: decisions,
            before: before,
            after: after,
            thresholds: found,
            answers: decisions.rejects ? AnswerEffect(decisions, on: unused) : nil,
            sets: decisions.sets.map { SetEffect($0, on: unused) },
            notes: notes
        )
        return outcome.recordingEffect()
    }

    private func scaling(_ rows: ScoredRows, _ notes: inout [String]) throws(DecisionError) -> LogitScaling? {
        switch method {
        case .none: return nil
        case .vector: return try VectorScaling(fitting: rows).scaling
        case .temperature:
            let temperature = try Temperature(fitting: rows)
            guard temperature.isAtLimit else { return temperature.scaling }
            let limit = "the best temperature is beyond the limit of \(temperature.value)"
            if temperature.value > 1 {
                notes.append(limit + ": the model's scores say almost nothing about these rows")
                return temperature.scaling
            }
            // It would make the model as sure as can be, from the absence of errors on a few rows.
            notes.append(
                limit
                    + ", because the model is right on all rows that fitted it; its scores stay as they are: give more rows, "
                    + "among them some that it gets wrong"
            )
            return nil
        }
    }

    private func thresholdIDs(_ labels: [String]) throws(DecisionError) -> [Int]? {
        guard !thresholdLabels.isEmpty else { return nil }
        var ids: [Int] = []
        for name in thresholdLabels {
            guard let id = labels.firstIndex(of: name) else {
                throw DecisionError(
                    "the model has no label \"\(name)\"; its labels are \(labels.prefix(12).joined(separator: ", "))"
                        + (labels.count > 12 ? " and \(labels.count - 12) more" : "")
                )
            }
            ids.append(id)
        }
        return ids
    }
}

extension Calibration.Outcome {
    /// The same outcome, with the effect in the decisions' file.
    fileprivate func recordingEffect() -> Self {
        var decisions = decisions
        for (before, after) in zip(before.values, after.values) {
            decisions.effect[before.name + "_before"] = before.value
            decisions.effect[after.name + "_after"] = after.value
        }
        if let answers {
            decisions.effect["answered"] = Double(answers.answered) / Double(max(answers.rows, 1))
            decisions.effect["answered_precision"] = answers.precision
        }
        if let sets {
            decisions.effect["coverage"] = sets.all.coverage
            decisions.effect["set_size"] = sets.all.meanSize
        }
        return Self(
            decisions: decisions,
            before: before,
            after: after,
            thresholds: thresholds,
            answers: answers,
            sets: sets,
            notes: notes
        )
    }
}

extension AnswerEffect {
    /// Measures thresholds or sets on rows with calibrated probabilities.
    fileprivate init(_ decisions: Decisions, on probabilities: LabelProbabilities) {
        if let thresholds = decisions.thresholds {
            self.init(thresholds, on: probabilities)
            return
        }
        let answers = (0..<probabilities.count).map { row -> [Int] in
            let set = decisions.sets?.set(of: probabilities.row(row)) ?? []
            return set.count == 1 ? set : []
        }
        self.init(answers, truth: probabilities.truth, width: probabilities.width)
    }
}
