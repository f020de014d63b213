import Foundation
import JSON
import TestSupport
import Testing

@testable import Evaluation

/// Calibration and decisions against SciPy, scikit-learn, statsmodels, MAPIE and cleanlab:
/// Scripts/fixtures/make_decision_fixtures.py.
@Suite struct DecisionTests {
    private func cases(_ kind: String, count: Int) throws -> [JSONValue] {
        let found = try Fixture.cases("metrics/decisions.json").filter { $0["kind"].string == kind }
        try #require(found.count == count)
        return found
    }

    private func rows(_ fixture: JSONValue) throws -> ScoredRows {
        let classes = try #require(fixture["classes"].int)
        let truth: ScoredRows.Truth =
            fixture["sets"].array == nil
            ? .classes(try fixture["truth"].integers())
            : .labelSets(try fixture["sets"].elements().map { try $0.integers() })
        return Self.rows(try fixture["logits"].doubles().map { Float($0) }, classes, truth)
    }

    private static func rows(_ logits: [Float], _ classes: Int, _ truth: ScoredRows.Truth) -> ScoredRows {
        ScoredRows(
            labels: (0..<classes).map { "label \($0)" },
            logits: logits,
            truth: truth,
            tokenCounts: Array(repeating: 1, count: truth.count),
            isTruncated: Array(repeating: false, count: truth.count),
            textHashes: (0..<truth.count).map(String.init)
        )
    }

    // 1e-9: SciPy finds the root of the same gradient to 1e-15.
    @Test("The temperature minimizes the negative log-likelihood, for one label and for several")
    func temperature() throws {
        for fixture in try cases("temperature", count: 4) {
            let found = try Temperature(fitting: rows(fixture))
            let theirs = try #require(fixture["value"].double)
            #expect(abs(found.value - theirs) < 1e-9 * theirs, "\(found) for \(theirs)")
            #expect(!found.isAtLimit)
        }
    }

    @Test("A temperature at the end of its range says so")
    func temperatureLimits() throws {
        let right = Self.rows([2, -1, -1, 2], 2, .classes([0, 1]))
        #expect(try Temperature(fitting: right).value == 0.05)
        #expect(try Temperature(fitting: right).isAtLimit)
        let wrong = Self.rows([2, -1, -1, 2], 2, .classes([1, 0]))
        #expect(try Temperature(fitting: wrong).value == 20)
        #expect(try Temperature(fitting: wrong).isAtLimit)
        let nothing = Self.rows([], 2, .classes([]))
        #expect(throws: DecisionError.self) { try Temperature(fitting: nothing) }
        let numbers = Self.rows([1], 1, .numbers([1]))
        #expect(throws: DecisionError.self) { try Temperature(fitting: numbers) }
    }

    // 1e-6: SciPy's BFGS stops at a gradient of 1e-11; the penalty's curvature of 1e-3 makes that 1e-8 in the parameters.
    @Test("Vector scaling minimizes the penalized negative log-likelihood")
    func vector() throws {
        for fixture in try cases("vector", count: 2) {
            let found = try VectorScaling(fitting: rows(fixture))
            for (ours, theirs) in try paired(
                found.weights + found.biases,
                fixture["weights"].doubles() + fixture["biases"].doubles()
            ) {
                #expect(abs(ours - theirs) < 1e-6)
            }
        }
    }

    @Test("Vector scaling names a label with too few rows")
    func fewRows() throws {
        let rows = Self.rows(
            Array(repeating: 0.5, count: 60),
            2,
            .classes(Array(repeating: 0, count: 25) + Array(repeating: 1, count: 5))
        )
        let error = #expect(throws: DecisionError.self) { try VectorScaling(fitting: rows) }
        #expect(error?.message.contains("5 of 30 rows have the label \"label 1\"") == true)
    }

    // 1e-12: whole numbers divided in float64.
    @Test("Thresholds are those that scikit-learn's metrics choose among all distinct scores")
    func thresholds() throws {
        for fixture in try cases("thresholds", count: 3) {
            let scores = try fixture["scores"].doubles()
            let isPositive = try fixture["positive"].elements().map { $0.bool ?? false }
            for wanted in try fixture["goals"].elements() {
                let goal: ThresholdGoal =
                    if let beta = wanted["beta"].double {
                        .fScore(beta: beta)
                    } else if let target = wanted["least_precision"].double {
                        .precision(target, byLowerEnd: wanted["lower_end"].bool ?? false)
                    } else {
                        .recall(try #require(wanted["least_recall"].double))
                    }
                let found = ScoreThreshold(goal, scores: scores, isPositive: isPositive)
                #expect(found.value == wanted["value"].double, "\(goal)")
                #expect(
                    abs(try #require(found.precision) - (try #require(wanted["precision"].double))) < 1e-12
                )
                #expect(abs(try #require(found.recall) - (try #require(wanted["recall"].double))) < 1e-12)
            }
        }
    }

    @Test("Of thresholds with equal F scores the highest is chosen")
    func equalThresholds() {
        // F1 is 2/3 at 0.9 and at 0.6.
        let found = ScoreThreshold(
            .fScore(beta: 1),
            scores: [0.9, 0.8, 0.7, 0.6],
            isPositive: [true, false, false, true]
        )
        #expect(found.value == 0.9)
    }

    @Test("Goals are read as they are written, and anything else is refused")
    func goals() {
        for text in ["f1", "fbeta:2.0", "precision:0.9", "precision:0.9:lower", "recall:0.95"] {
            #expect(ThresholdGoal(text: text)?.text == text)
        }
        for text in [
            "", "f2", "fbeta", "fbeta:0", "precision", "precision:90", "precision:0.9:upper", "recall:0",
        ] {
            #expect(ThresholdGoal(text: text) == nil, "\(text)")
        }
    }

    @Test("A label that cannot reach its goal, or has no rows, is never given")
    func unreachedThresholds() {
        let goal = ThresholdGoal.precision(0.9, byLowerEnd: false)
        let mixed = ScoreThreshold(goal, scores: [0.9, 0.8], isPositive: [false, true])
        #expect(mixed.value == .infinity && mixed.precision == nil && mixed.recall == 0)
        let absent = ScoreThreshold(.fScore(beta: 1), scores: [0.9, 0.8], isPositive: [false, false])
        #expect(absent.value == .infinity && absent.recall == nil)
    }

    @Test(
        "Of several labels that reach their threshold, the one furthest above it is given; without any the text is rejected"
    )
    func thresholdDecisions() {
        let thresholds = ScoreThresholds([0.6, 0.3, .infinity])
        #expect(thresholds.label([0.61, 0.39, 0]) == 1)
        #expect(thresholds.label([0.9, 0.1, 0]) == 0)
        #expect(thresholds.label([0.6, 0.2, 0.2]) == 0)
        #expect(thresholds.label([0.2, 0.2, 0.6]) == nil)
        // A label without a threshold is given if no other one reaches its own.
        #expect(ScoreThresholds([nil, 0.2]).label([0.75, 0.25]) == 1)
        #expect(ScoreThresholds([nil, 0.2]).label([0.85, 0.15]) == 0)
        #expect(ScoreThresholds([0.2, nil, 0.9]).labels([0.2, 0.51, 0.8]) == [0, 1])
    }

    // 1e-9: the same sums in another order.
    @Test("Conformal limits and sets are MAPIE's, for LAC and APS")
    func conformal() throws {
        for fixture in try cases("conformal", count: 2) {
            let width = try #require(fixture["classes"].int)
            let fit = LabelProbabilities(
                try fixture["fit"].doubles(),
                width: width,
                truth: .classes(try fixture["truth"].integers())
            )
            let new = try fixture["new"].doubles()
            for wanted in try fixture["results"].elements() {
                let sets = try ConformalSets(
                    fitting: fit,
                    method: try #require(ConformalSets.Method(rawValue: wanted["method"].string ?? "")),
                    coverage: try #require(wanted["coverage"].double),
                    shares: try fixture["shares"].doubles()
                )
                #expect(abs(sets.quantile - (try #require(wanted["quantile"].double))) < 1e-9)
                for (row, theirs) in try wanted["sets"].elements().enumerated() {
                    let ours = sets.set(of: new[row * width..<(row + 1) * width])
                    #expect(ours.sorted() == (try theirs.integers()), "row \(row), \(sets)")
                }
            }
        }
    }

    @Test("With too few rows for the coverage, each set holds all labels")
    func fewConformalRows() throws {
        func sets(_ count: Int) throws -> ConformalSets {
            try ConformalSets(
                fitting: LabelProbabilities(
                    (0..<count).flatMap { _ in [0.7, 0.3] },
                    width: 2,
                    truth: .classes(Array(repeating: 0, count: count))
                ),
                method: .lac,
                coverage: 0.95
            )
        }
        #expect(try sets(18).quantile == .infinity)
        #expect(try sets(18).set(of: [0.9999, 0.0001]) == [0, 1])
        #expect(abs(try sets(19).quantile - 0.3) < 1e-15)
    }

    @Test("Coverage, size and answers of sets are counted, also for each true label")
    func setEffect() {
        let sets = ConformalSets(method: .lac, coverage: 0.9, quantile: 0.6)
        let rows = LabelProbabilities(
            [0.9, 0.1, 0.5, 0.5, 0.2, 0.8, 0.7, 0.3],
            width: 2,
            truth: .classes([0, 1, 1, 1])
        )
        let effect = SetEffect(sets, on: rows)
        #expect(effect.all == .init(rows: 4, covered: 3, labels: 5, answered: 3, right: 2))
        #expect(effect.byLabel[1].coverage == 2.0 / 3)
        #expect(effect.all.meanSize == 1.25)
        #expect(effect.all.accuracy == 2.0 / 3)
    }

    @Test("Sets reach their coverage on new rows, within four standard errors")
    func coverage() throws {
        var random = SplitMix64(seed: 5)
        func draw(_ count: Int) -> LabelProbabilities {
            var (values, truth): ([Double], [Int]) = ([], [])
            for _ in 0..<count {
                let row = softmax((0..<4).map { _ in 4 * random.share() })
                var (label, left) = (0, random.share() - row[0])
                while left > 0, label < 3 {
                    label += 1
                    left -= row[label]
                }
                values += row
                truth.append(label)
            }
            return LabelProbabilities(values, width: 4, truth: .classes(truth))
        }
        let (fit, new) = (draw(4000), draw(4000))
        for coverage in [0.8, 0.9, 0.95] {
            let sets = try ConformalSets(fitting: fit, method: .lac, coverage: coverage)
            let reached = try #require(SetEffect(sets, on: new).all.coverage)
            // The errors of fitting and of measuring add up.
            #expect(abs(reached - coverage) < 4 * (coverage * (1 - coverage) / 2000).squareRoot())
            let adaptive = try ConformalSets(fitting: fit, method: .aps, coverage: coverage)
            #expect(try #require(SetEffect(adaptive, on: new).all.coverage) > coverage - 0.03)
        }
    }

    @Test("Suspects and their order are cleanlab's, under both rules")
    func suspects() throws {
        for fixture in try cases("issues", count: 3) {
            let probabilities = LabelProbabilities(
                try fixture["probabilities"].doubles(),
                width: try #require(fixture["classes"].int),
                truth: .classes(try fixture["labels"].integers())
            )
            for rule in ConfidentLearning.Rule.allCases {
                for order in ConfidentLearning.Order.allCases {
                    let found = try ConfidentLearning(probabilities, rule: rule, order: order)
                    for (label, row) in try fixture["joint"].elements().enumerated() {
                        let counts = try row.integers()
                        let ours = counts.indices.map { found.joint[label][$0] ?? 0 }
                        #expect(ours == counts)
                    }
                    let name = "\(rule.rawValue)/\(order.rawValue)".replacingOccurrences(of: "-", with: "_")
                    #expect(found.suspects.map(\.row) == (try fixture["found"][name].integers()), "\(name)")
                }
            }
        }
    }

    // 1e-9 of the value: sums of up to 100,000 terms by log-gamma.
    @Test("McNemar's test is statsmodels', exact and corrected")
    func mcNemar() throws {
        for fixture in try cases("mcnemar", count: 7) {
            let test = McNemarTest(
                onlyFirst: try #require(fixture["first"].int),
                onlySecond: try #require(fixture["second"].int)
            )
            for (ours, name) in [
                (test.exact, "exact"), (test.statistic, "statistic"), (test.corrected, "corrected"),
            ] {
                let theirs = try #require(fixture[name].double)
                #expect(abs(ours - theirs) <= 1e-9 * max(theirs, 1e-3), "\(name): \(ours) for \(theirs)")
            }
        }
        let test = McNemarTest([true, true, false, false], [true, false, true, true])
        #expect((test.onlyFirst, test.onlySecond) == (1, 2))
    }

    // 1e-15: one multiplication each.
    @Test("Holm's correction is statsmodels'")
    func holmCorrection() throws {
        for fixture in try cases("holm", count: 4) {
            for (ours, theirs) in try paired(
                holm(fixture["values"].doubles()),
                fixture["corrected"].doubles()
            ) {
                #expect(abs(ours - theirs) < 1e-15)
            }
        }
    }

    // A tenth of the width: 2000 draws.
    @Test("The paired bootstrap's interval is that of the normal approximation, and equal for equal seeds")
    func bootstrap() {
        var random = SplitMix64(seed: 9)
        let gains = (0..<400).map { _ in
            Double(random.index(below: 10) < 3 ? 1 : random.index(below: 4) == 0 ? -1 : 0)
        }
        func drawn(seed: UInt64) -> PairedBootstrap {
            PairedBootstrap(count: 400, seed: seed) { rows in
                rows.reduce(0) { $0 + gains[$1] } / Double(rows.count)
            }
        }
        let found = drawn(seed: 1)
        let mean = gains.reduce(0, +) / 400
        let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400
        let half = 1.96 * (variance / 400).squareRoot()
        #expect(abs(found.difference - mean) < 1e-12)
        #expect(abs(found.interval.lowerBound - (mean - half)) < 0.2 * half)
        #expect(abs(found.interval.upperBound - (mean + half)) < 0.2 * half)
        #expect(found == drawn(seed: 1))
        #expect(found != drawn(seed: 2))
    }

    @Test("The mean is tested against zero")
    func notBetter() {
        let same = PairedBootstrap(count: 10, draws: 50) { _ in 0 }
        #expect(same.shareNotBetter == 1)
        #expect(same.interval == 0...0)
        #expect(PairedBootstrap(count: 10, draws: 50) { _ in 1 }.shareNotBetter == 0)
    }
}
