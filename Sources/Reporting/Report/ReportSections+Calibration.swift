import Evaluation

// Whether the probabilities can be believed, and the errors if only confident answers are taken.
extension ReportSections {
    /// The bins with fewer rows than this are marked, because they say little.
    private static let fewRows = 10

    /// The reliability diagram and the histogram of confidence; nil for a regression.
    var calibration: ReportSection? {
        guard let scores, let reliability = scores.reliability() else { return nil }
        return ReportSection(
            id: "calibration",
            title: "Calibration",
            blocks: [
                .plots([reliabilityPlot(reliability), histogramPlot(scores)]),
                .table(errors(reliability, scores)),
            ]
        )
    }

    private var isMultiLabel: Bool { if case .labelSets = content.rows?.truth { true } else { false } }

    private func reliabilityPlot(_ reliability: Reliability) -> Plot {
        let bins = reliability.bins.filter { $0.count > 0 }
        let many = bins.filter { $0.count >= Self.fewRows }
        let few = bins.filter { $0.count < Self.fewRows }
        func shown(_ bins: [Reliability.Bin]) -> [CurvePoint] {
            bins.map { CurvePoint($0.confidence, $0.share) }
        }
        let gap = reliability.overconfidence
        let points = ReportNumber.fixed(100 * abs(gap), 1) + " percentage points"
        let finding =
            isMultiLabel
            ? abs(gap) < 0.01
                ? "Probabilities and frequencies agree on average (within one percentage point)."
                : "Probabilities are on average \(points) too \(gap > 0 ? "high" : "low")."
            : abs(gap) < 0.01
                ? "Confidence and accuracy agree on average (within one percentage point)."
                : "The model is on average \(points) too \(gap > 0 ? "confident" : "cautious")."
        var legend: [(style: PlotStyle, name: String)] = [(.first, "at least \(Self.fewRows) texts")]
        if !few.isEmpty { legend.append((.quiet, "fewer")) }
        return Plot(
            id: "reliability",
            title: "Reliability",
            finding: finding,
            definition: isMultiLabel
                ? "All decisions, label by label: mean probability against the share of texts with the label, in 15 equally "
                    + "wide bins (a, b]. Bars are Wilson's 95\u{A0}% intervals."
                : "Mean confidence (the highest probability) against the share of right answers, in 15 equally wide bins "
                    + "(a, b] as in Guo et al. 2017. Bars are Wilson's 95\u{A0}% intervals. On the line, confidence can be believed.",
            x: .percent(isMultiLabel ? "mean probability" : "mean confidence"),
            y: .percent(isMultiLabel ? "texts with the label" : "right answers"),
            marks: [
                .reference(CurvePoint(0, 0), CurvePoint(1, 1)),
                .whiskers(bins.map { Plot.Whisker(x: $0.confidence, y: $0.interval) }),
                .line(shown(many), .first), .dots(shown(many), .first), .dots(shown(few), .quiet),
            ],
            legend: legend,
            table: ReportTable(
                "Reliability by bin",
                [
                    .name("probability"), .number("texts"), .number("mean"), .number("came true"),
                    .number("interval"),
                ],
                bins.map { bin in
                    [
                        "\(ReportNumber.fixed(bin.range.lowerBound, 3)) to \(ReportNumber.fixed(bin.range.upperBound, 3))",
                        ReportNumber.grouped(bin.count), ReportNumber.fixed(bin.confidence, 3),
                        ReportNumber.fixed(bin.share, 3), ReportNumber.interval(bin.interval),
                    ]
                }
            )
        )
    }

    private func histogramPlot(_ scores: RowScores) -> Plot {
        func histogram(_ isRight: Bool) -> Histogram {
            let own = scores.confidences.indices.lazy.filter { scores.isRight[$0] == isRight }
            return Histogram(own.map { scores.confidences[$0] }, in: 0...1, parts: 20)
        }
        let (right, wrong) = (histogram(true), histogram(false))
        let highest = zip(right.counts, wrong.counts).map { $0 + $1 }.max() ?? 0
        let sure = scores.confidences.indices.filter { scores.confidences[$0] > 0.9 }
        let sureErrors = sure.count { !scores.isRight[$0] }
        let share = Double(sure.count) / Double(max(scores.confidences.count, 1))
        func bars(_ histogram: Histogram, on base: [Int]) -> [Plot.Bar] {
            histogram.counts.indices.map { part in
                Plot.Bar(
                    x: histogram.range(of: part),
                    y: Double(base[part])...Double(base[part] + histogram.counts[part])
                )
            }
        }
        return Plot(
            id: "histogram",
            title: "Confidence",
            finding: "\(ReportNumber.percent(share)) of the answers have a confidence above 90\u{A0}%; "
                + "\(ReportNumber.grouped(sureErrors)) of these \(ReportNumber.grouped(sure.count)) are wrong.",
            definition: isMultiLabel
                ? "The confidence of a text is that of its least certain label; right means all labels."
                : nil,
            x: .percent(isMultiLabel ? "confidence of the least certain label" : "confidence"),
            y: .numbers("texts", [0, Double(highest)], fromZero: true, isWhole: true),
            marks: [
                .bars(bars(wrong, on: wrong.counts.map { _ in 0 }), .second),
                .bars(bars(right, on: wrong.counts), .first),
            ],
            legend: [(.first, "right"), (.second, "wrong")],
            table: ReportTable(
                "Texts by confidence",
                [.name("confidence"), .number("right"), .number("wrong")],
                right.counts.indices.filter { right.counts[$0] + wrong.counts[$0] > 0 }.map { part in
                    let range = right.range(of: part)
                    return [
                        "\(ReportNumber.fixed(range.lowerBound, 2)) to \(ReportNumber.fixed(range.upperBound, 2))",
                        ReportNumber.grouped(right.counts[part]), ReportNumber.grouped(wrong.counts[part]),
                    ]
                }
            )
        )
    }

    private func errors(_ reliability: Reliability, _ scores: RowScores) -> ReportTable {
        var rows = [
            [
                "ECE", ReportNumber.fixed(reliability.expectedError),
                "mean distance of accuracy and confidence over the bins, weighted by texts",
            ],
            ["MCE", ReportNumber.fixed(reliability.largestError), "the largest distance of a bin"],
            [
                "RMSCE", ReportNumber.fixed(reliability.rootMeanSquaredError),
                "root of the mean squared distance, weighted by texts",
            ],
        ]
        if let adaptive = scores.adaptiveCalibrationError() {
            rows.append(
                [
                    "ACE", ReportNumber.fixed(adaptive),
                    "Nixon et al. 2019: mean distance over every label and 15 ranges with equally many texts",
                ]
            )
        }
        if let brier = scores.brierScore {
            rows.append(
                [
                    "Brier", ReportNumber.fixed(brier),
                    isMultiLabel
                        ? "mean squared distance of each probability from the truth, 0 to 1"
                        : "squared distances of all probabilities from the truth, summed over classes: 0 to 2",
                ]
            )
        }
        if let likelihood = scores.negativeLogLikelihood {
            rows.append(
                [
                    "NLL", ReportNumber.fixed(likelihood),
                    "mean −ln of the true class's probability, not clipped",
                ]
            )
        }
        return ReportTable(
            "Errors of the probabilities",
            [.name("measure"), .number("value"), .text("definition")],
            rows
        )
    }

    // MARK: Risk and coverage

    /// The errors if only confident answers are taken; nil for a regression.
    var coverage: ReportSection? {
        guard let scores, !scores.confidences.isEmpty else { return nil }
        let curve = RiskCoverage(scores.confidences, scores.isRight)
        guard let last = curve.steps.last else { return nil }
        let count = Double(curve.count)
        let shares = [1, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
        var finding = "If every text is answered, \(ReportNumber.percent(last.risk)) of the answers are wrong"
        if let most = curve.step(answering: 0.8), most.answered < curve.count {
            finding +=
                "; if only the most confident \(ReportNumber.percent(Double(most.answered) / count)), "
                + "\(ReportNumber.percent(most.risk))"
        }
        let plot = Plot(
            id: "risk",
            title: "Errors against answered texts",
            finding: finding + ".",
            definition: "Texts are answered in order of confidence. The area under this curve (AURC) is "
                + "\(ReportNumber.fixed(curve.area)). A threshold should be chosen on other texts than those that report its "
                + "effect.",
            x: .percent("answered texts"),
            y: .percent("wrong answers", upTo: curve.steps.map(\.risk).max() ?? 1),
            marks: [.line(curve.steps.map { CurvePoint(Double($0.answered) / count, $0.risk) }, .first)],
            table: ReportTable(
                "Errors among the most confident texts",
                [
                    .number("answered"), .number("texts"), .number("confidence at least"), .number("wrong"),
                    .number("share"),
                ],
                shares.compactMap { share in
                    curve.step(answering: share).map { step in
                        [
                            ReportNumber.percent(Double(step.answered) / count),
                            ReportNumber.grouped(step.answered), ReportNumber.fixed(step.threshold),
                            ReportNumber.grouped(step.errors), ReportNumber.percent(step.risk),
                        ]
                    }
                }
            )
        )
        return ReportSection(
            id: "coverage",
            title: "Answering only confident texts",
            blocks: [.plots([plot])]
        )
    }
}
