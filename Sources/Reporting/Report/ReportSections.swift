import Evaluation

/// The sections of a report: every number and every sentence, computed once for all forms.
struct ReportSections {
    let content: ReportContent
    /// The answers to the evaluated rows; nil if there are none, or if a logit is NaN or infinite.
    let scores: RowScores?
    /// The metrics of the evaluated rows.
    let metrics: EvaluationMetrics?

    /// The most labels of a table of labels, and of a matrix.
    static let mostLabels = (table: 200, matrix: 60)

    /// Computes what several sections need.
    ///
    /// - Parameter content: Everything that the report shows.
    init(_ content: ReportContent) {
        self.content = content
        let rows = content.rows.flatMap { $0.count > 0 && $0.logits.allSatisfy(\.isFinite) ? $0 : nil }
        scores = rows.map(RowScores.init)
        metrics = rows?.metrics
    }

    /// The sections with something to show, in order.
    var all: [ReportSection] {
        let extras = content.extraSections.enumerated().map { ReportSection($1, place: $0) }
        return [summary, training, classes, thresholds, numbers, calibration, coverage].compactMap(\.self)
            + extras + [lengths, mistakes, run].compactMap(\.self)
    }

    /// The labels' names; empty without rows.
    var labels: [String] { content.rows?.labels ?? [] }

    /// A label's name in quotes.
    func quoted(_ label: Int) -> String { "“\(isolated(labels[label]))”" }

    /// A name that does not reorder the text after it, even if it is written from right to left.
    ///
    /// - Parameter name: The name.
    /// - Returns: The name; in Unicode's isolates if it contains letters of a script like Arabic or Hebrew.
    func isolated(_ name: String) -> String {
        let isReversed = name.unicodeScalars.contains { scalar in
            (0x590...0x8FF).contains(scalar.value) || (0xFB1D...0xFDFF).contains(scalar.value)
                || (0xFE70...0xFEFF).contains(scalar.value) || (0x10800...0x10FFF).contains(scalar.value)
                || (0x1E800...0x1EFFF).contains(scalar.value)
        }
        return isReversed ? "\u{2068}\(name)\u{2069}" : name
    }

    // MARK: Summary

    private var summary: ReportSection {
        var blocks: [ReportSection.Block] = []
        if let metrics {
            blocks.append(.paragraph(verdict(metrics)))
            blocks.append(.tiles(tiles(metrics)))
            if let table = comparison(metrics) { blocks.append(.table(table)) }
        } else if content.rows.map({ $0.count > 0 }) ?? false {
            blocks.append(
                .paragraph(
                    "The model's outputs contain NaN or infinite numbers, so that there is nothing to evaluate."
                )
            )
        } else {
            blocks.append(
                .paragraph("The run kept no evaluated rows, so that this report shows the training only.")
            )
        }
        if !content.notes.isEmpty { blocks.append(.list(content.notes)) }
        return ReportSection(id: "summary", title: "Summary", blocks: blocks)
    }

    private var evaluatedTexts: String {
        let texts = ReportNumber.counted(metrics?.count ?? 0, "text")
        return texts + (content.evaluatedData.map { " of \($0)" } ?? "")
    }

    /// The first sentences: how good the model is, and whether that is better than knowing nothing.
    private func verdict(_ metrics: EvaluationMetrics) -> String {
        switch metrics {
        case .singleLabel(let metrics):
            let interval = metrics.accuracyInterval
            let common = metrics.perClass.indices.max {
                (metrics.perClass[$0].support, $1) < (metrics.perClass[$1].support, $0)
            }
            let baseline = metrics.majorityBaseline
            let answer = "always answering \(common.map(quoted) ?? "one class")"
            let judgement =
                interval.lowerBound > baseline
                ? "That is clearly better than \(answer), which reaches \(ReportNumber.percent(baseline))."
                : interval.upperBound < baseline
                    ? "That is worse than \(answer), which reaches \(ReportNumber.percent(baseline))."
                    : "That cannot be told apart from \(answer), which reaches \(ReportNumber.percent(baseline))."
            return "The model is right for \(ReportNumber.percent(metrics.accuracy)) of \(evaluatedTexts) "
                + "(95\u{A0}% interval: \(ReportNumber.percent(interval))). \(judgement)"
        case .multiLabel(let metrics):
            let f1 = metrics.averaged(\.f1, .micro)
            let interval = metrics.intervals["f1_micro"].map {
                " (95\u{A0}% interval: \(ReportNumber.interval($0)))"
            }
            return
                "Micro-averaged F1 is \(ReportNumber.fixed(f1, 3))\(interval ?? "") on \(evaluatedTexts); all labels "
                + "are right for \(ReportNumber.percent(metrics.exactMatch)) of them."
        case .regression(let metrics):
            let error = metrics.rootMeanSquaredError
            let judgement =
                metrics.rSquared > 0
                ? "The model explains \(ReportNumber.percent(metrics.rSquared)) of the variance"
                : "The model is no better than always predicting the mean"
            return
                "The root mean squared error is \(ReportNumber.significant(error)) on \(evaluatedTexts); always "
                + "predicting the mean would give \(ReportNumber.significant(metrics.meanBaseline)). \(judgement)."
        }
    }

    /// A metric's name in words.
    static let names = [
        "accuracy": "Accuracy", "f1_macro": "F1, macro", "f1_micro": "F1, micro", "f1": "F1",
        "matthews_correlation": "Matthews correlation", "balanced_accuracy": "Balanced accuracy",
        "roc_auc": "Area under ROC", "average_precision": "Average precision", "log_loss": "Log loss",
        "brier_score": "Brier score", "ece": "Calibration error (ECE)", "hamming_loss": "Hamming loss",
        "rmse": "RMSE", "mae": "MAE", "r2": "R²", "pearson": "Pearson", "spearmanr": "Spearman", "mse": "MSE",
        "loss": "Loss", "f1_weighted": "F1, weighted", "f1_samples": "F1, samples",
        "majority_baseline": "Majority class",
    ]

    private func tiles(_ metrics: EvaluationMetrics) -> [ReportSection.Tile] {
        let shown: [String]
        switch metrics {
        case .singleLabel:
            shown = [
                "accuracy", "f1_macro", "matthews_correlation", "roc_auc", "average_precision", "log_loss",
                "brier_score", "ece",
            ]
        case .multiLabel:
            shown = [
                "f1_micro", "f1_macro", "accuracy", "hamming_loss", "roc_auc", "average_precision",
                "log_loss",
            ]
        case .regression: shown = ["rmse", "mae", "r2", "pearson", "spearmanr"]
        }
        return shown.compactMap { name in
            guard let value = metrics[name] else { return nil }
            var title = Self.names[name] ?? name
            if case .multiLabel = metrics, name == "accuracy" { title = "All labels right" }
            return ReportSection.Tile(
                name: title,
                value: ReportNumber.significant(value, 4),
                detail: metrics.intervals[name].map { "\(ReportNumber.interval($0))" } ?? " "
            )
        }
    }

    /// The model compared with simpler classifiers.
    private func comparison(_ metrics: EvaluationMetrics) -> ReportTable? {
        guard !content.baselines.isEmpty else { return nil }
        let shown = metrics.values.map(\.name).filter { name in
            content.baselines.allSatisfy { $0.metrics[name] != nil }
        }
        let own = shown.map { metrics[$0].map { ReportNumber.significant($0) } ?? "–" }
        let others = content.baselines.map { baseline in
            [baseline.name] + shown.map { baseline.metrics[$0].map { ReportNumber.significant($0) } ?? "–" }
        }
        return ReportTable(
            "Compared with simpler classifiers, on the same texts",
            [.name("classifier")] + shown.map { .number(Self.names[$0] ?? $0) },
            [["this model"] + own] + others
        )
    }

    // MARK: Run

    private var run: ReportSection? {
        var blocks: [ReportSection.Block] = []
        if !content.facts.isEmpty { blocks.append(.facts(content.facts)) }
        if let recipe = content.recipe { blocks.append(.code("Recipe", recipe)) }
        return blocks.isEmpty ? nil : ReportSection(id: "run", title: "Data and run", blocks: blocks)
    }
}
