import Evaluation
import JSON
import TestSupport
import Testing

@Suite("Curves")
struct CurveTests {
    /// The rows of a case; lengths and hashes do not matter here.
    private func scores(_ fixture: JSONValue, _ truth: ScoredRows.Truth) throws -> RowScores {
        let logits = try fixture["logits"].elements().map { try $0.doubles() }
        return RowScores(
            ScoredRows(
                labels: try #require(logits.first).indices.map { "\($0)" },
                logits: logits.joined().map(Float.init),
                truth: truth,
                tokenCounts: logits.map { _ in 1 },
                isTruncated: logits.map { _ in false },
                textHashes: logits.map { _ in "" }
            )
        )
    }

    private func expectBins(_ reliability: Reliability, _ fixture: JSONValue) throws {
        for (ours, theirs) in try paired(reliability.bins, fixture["bins"].elements()) {
            let theirs = try theirs.doubles()
            #expect(Double(ours.count) == theirs[0])
            #expect(abs(ours.confidence - theirs[1]) < 1e-9)
            #expect(abs(ours.share - theirs[2]) < 1e-9)
        }
        let values = fixture["values"]
        #expect(abs(reliability.expectedError - (try #require(values["ece"].double))) < 1e-9)
        #expect(abs(reliability.largestError - (try #require(values["mce"].double))) < 1e-9)
        #expect(abs(reliability.rootMeanSquaredError - (try #require(values["rmsce"].double))) < 1e-9)
    }

    private func expectCurves(_ scores: RowScores, _ fixture: JSONValue) throws {
        for (label, theirs) in try paired(scores.rows.labels.indices, fixture["curves"].elements()) {
            let curve = ThresholdCurve(
                scores.probabilities(ofLabel: label),
                isPositive: scores.members(ofLabel: label)
            )
            for (point, (x, y)) in try paired(
                curve.roc,
                paired(theirs["fpr"].doubles(), theirs["tpr"].doubles())
            ) {
                #expect(abs(point.x - x) < 1e-9 && abs(point.y - y) < 1e-9)
            }
            // scikit-learn has the point (0, 1) last, which is first here.
            let points = try paired(theirs["recall"].doubles(), theirs["precision"].doubles())
            for (point, (x, y)) in try paired(curve.precisionRecall, points) {
                #expect(abs(point.x - x) < 1e-9 && abs(point.y - y) < 1e-9)
            }
            for (step, threshold) in try paired(curve.steps.dropFirst(), theirs["thresholds"].doubles()) {
                #expect(abs(step.threshold - threshold) < 1e-9)
            }
            #expect(abs(try #require(curve.areaUnderROC) - (try #require(theirs["roc_auc"].double))) < 1e-9)
            let precision = try #require(theirs["average_precision"].double)
            #expect(abs(try #require(curve.averagePrecision) - precision) < 1e-9)
        }
    }

    // 1e-9: sums of float64 in another order.
    @Test("calibration and curves of one class per row equal those of scikit-learn and NumPy")
    func singleLabel() throws {
        for fixture in try Fixture.cases("metrics/curves.json") {
            let scores = try scores(fixture, .classes(fixture["labels"].integers()))
            try expectBins(try #require(scores.reliability()), fixture)
            try expectCurves(scores, fixture)
            let risk = RiskCoverage(scores.confidences, scores.isRight)
            for (name, value) in [
                ("ace", scores.adaptiveCalibrationError()), ("brier", scores.brierScore),
                ("nll", scores.negativeLogLikelihood), ("aurc", risk.area),
            ] {
                let wanted = try #require(fixture["values"][name].double)
                #expect(abs(try #require(value) - wanted) < 1e-9, "\(name)")
            }
        }
    }

    @Test("calibration and curves of several labels per row equal those of scikit-learn and NumPy")
    func multiLabel() throws {
        for fixture in try Fixture.json("metrics/curves.json")["multi_label"].elements() {
            let sets = try fixture["sets"].elements().map { try $0.integers() }
            let scores = try scores(fixture, .labelSets(sets))
            try expectBins(try #require(scores.reliability()), fixture)
            try expectCurves(scores, fixture)
            #expect(
                abs(
                    try #require(scores.adaptiveCalibrationError())
                        - (try #require(fixture["values"]["ace"].double))
                ) < 1e-9
            )
            let brier = try #require(fixture["values"]["brier"].double)
            #expect(abs(try #require(scores.brierScore) - brier) < 1e-9)
        }
    }

    @Test("a probability on an edge belongs to the lower bin, unlike in torchmetrics")
    func edges() throws {
        let fixture = try Fixture.json("metrics/curves.json")["edges"]
        let reliability = Reliability(
            try fixture["confidence"].doubles(),
            try fixture["right"].integers().map { $0 == 1 }
        )
        try expectBins(reliability, fixture)
        let other = try #require(fixture["other"]["torchmetrics_ece"].double)
        #expect(abs(reliability.expectedError - other) > 1e-3)
    }

    @Test("the risk of a share of rows is the share of errors among the most confident")
    func risk() throws {
        let risk = RiskCoverage([0.9, 0.6, 0.8, 0.7], [true, false, true, false])
        #expect(risk.steps.map(\.answered) == [1, 2, 3, 4])
        #expect(risk.steps.map(\.errors) == [0, 0, 1, 2])
        #expect(risk.widest(withRisk: 0)?.threshold == 0.8)
        #expect(risk.widest(withRisk: 0.4)?.answered == 3)
        #expect(risk.step(answering: 0.75)?.errors == 1)
        #expect(RiskCoverage([], []).area == 0)
    }

    @Test("mistakes are sorted by confidence, uncertain rows by the lead of their answer")
    func ranking() throws {
        let rows = ScoredRows(
            labels: ["a", "b"],
            logits: [3, 0, 0, 1, 2, 0, 0.1, 0],
            truth: .classes([1, 1, 1, 0]),
            tokenCounts: [5, 9, 16, 17],
            isTruncated: [false, false, true, true],
            textHashes: ["", "", "", ""]
        )
        let scores = RowScores(rows)
        #expect(scores.mostConfidentMistakes(5) == [0, 2])
        #expect(scores.leastCertain(2) == [3, 1])
        #expect(scores.errorsByLength().map(\.name) == ["1–8", "9–16", "17–32"])
        #expect(scores.errorsByLength().map(\.error) == [1, 0.5, 0])
        #expect(scores.errorsByTruncation().map(\.error) == [0.5, 0.5])
        #expect(scores.errorsByTruncation()[0].interval?.contains(0.5) == true)
    }

    @Test("a thinned curve keeps its ends, its peak and its order")
    func thinning() {
        var points = (0..<10_000).map { CurvePoint(Double($0), 0) }
        points[7_003] = CurvePoint(7_003, 9)
        let thinned = points.thinned(to: 500)
        #expect(thinned.count == 500)
        #expect(thinned.first == points.first && thinned.last == points.last)
        #expect(thinned.contains(points[7_003]))
        #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x < $1.x })
        #expect([CurvePoint(0, 0), CurvePoint(1, 1)].thinned(to: 500).count == 2)
    }

    @Test("a histogram counts a value on an edge below it")
    func histogram() {
        let histogram = Histogram([0, 0.25, 0.3, 1], in: 0...1, parts: 4)
        #expect(histogram.counts == [2, 1, 0, 1])
        #expect(histogram.range(of: 1) == 0.25...0.5)
    }
}
