package import Evaluation
import Files
package import JSON
import NN

extension TrainingJob {
    /// The rows that a baseline is trained and evaluated on.
    struct BaselineData: Sendable {
        let labels: [String]
        let training: BaselineRows
        /// The number of training rows before sampling.
        let rows: Int
        let evaluation: BaselineRows
    }

    /// Keeps the rows for the baseline.
    ///
    /// - Parameters:
    ///   - train: The training rows, of which a random sample is kept if there are very many.
    ///   - evaluation: The evaluation rows.
    ///   - labels: The label names by id.
    /// - Returns: The rows; nil without evaluation rows, if a row has no label, or if the recipe leaves the baseline out.
    /// - Throws: ``UnknownLabel`` for a row whose label the classifier lacks.
    func baselineRows(
        _ train: LabelledTexts,
        _ evaluation: LabelledTexts?,
        labels: [String]
    ) throws(UnknownLabel) -> BaselineData? {
        guard recipe.comparesBaseline, let evaluation, !evaluation.texts.isEmpty, !train.texts.isEmpty else {
            return nil
        }
        // A teacher completes missing labels, which the baseline would lack.
        guard train.isLabelled?.allSatisfy(\.self) ?? true, evaluation.isLabelled == nil else { return nil }
        let rows = BaselineRows(train, truth: .init(try train.targets(among: labels)))
        return BaselineData(
            labels: labels,
            training: rows.sampled(labelCount: labels.count, seed: recipe.seed),
            rows: train.texts.count,
            evaluation: BaselineRows(evaluation, truth: .init(try evaluation.targets(among: labels)))
        )
    }

    /// Reads the data, trains a baseline on it and evaluates it; the recipe's model is not used.
    ///
    /// - Parameters:
    ///   - options: The options of the baseline.
    ///   - emit: Receives the events of reading.
    /// - Returns: The baseline, and its metrics if the recipe has evaluation examples.
    /// - Throws: The errors of reading; `TrainingError` for data without two labels; ``UnknownLabel``.
    package func trainBaseline(
        _ options: LinearBaseline.Options = LinearBaseline.Options(),
        _ emit: (Event) throws -> Void
    ) throws -> (saved: SavedBaseline, comparison: BaselineComparison?) {
        try emit(.progress(WorkProgress(.read, subject: dataset)))
        let (train, evaluation) = try rows(emit)
        let labels = try dataLabels(train, evaluation)
        let all = BaselineRows(train, truth: .init(try train.targets(among: labels)))
        let training = all.sampled(labelCount: labels.count, seed: recipe.seed)
        if training.texts.count < all.texts.count { try emit(.note(sampled(training, of: all.texts.count))) }
        let start = ContinuousClock.now
        let baseline = LinearBaseline(training: training.texts, training.truth, labels: labels, options)
        var comparison: BaselineComparison?
        if let evaluation {
            let rows = BaselineRows(evaluation, truth: .init(try evaluation.targets(among: labels)))
            comparison = BaselineComparison(baseline, training, of: all.texts.count, evaluation: rows)
            comparison?.seconds = (ContinuousClock.now - start) / .seconds(1)
        }
        let saved = SavedBaseline(baseline, textColumn: recipe.text, textPairColumn: recipe.textPair)
        return (saved, comparison)
    }

    private func sampled(_ training: BaselineRows, of count: Int) -> String {
        "the linear baseline is trained on a random sample of \(grouped(training.texts.count)) of "
            + counted(count, "text")
    }

    /// Trains the baseline and evaluates it.
    ///
    /// - Parameters:
    ///   - data: The rows; nil compares nothing.
    ///   - shouldStop: If true, nothing is compared.
    ///   - emit: Receives the event that the comparison begins, and a note if only a part of the rows was used.
    /// - Returns: The metrics.
    /// - Throws: The errors of `emit`.
    func compare(
        _ data: BaselineData?,
        _ shouldStop: () -> Bool,
        _ emit: (Event) throws -> Void
    ) throws -> BaselineComparison? {
        guard let data, !shouldStop() else { return nil }
        if data.training.texts.count < data.rows {
            try emit(.note(sampled(data.training, of: data.rows) + "; --no-baseline leaves it out"))
        }
        return BaselineComparison(
            training: data.training,
            of: data.rows,
            evaluation: data.evaluation,
            labels: data.labels
        )
    }
}

extension BaselineRows {
    /// Creates rows from labelled texts; the two texts of a pair become one.
    ///
    /// - Parameters:
    ///   - texts: The labelled texts.
    ///   - truth: The true answers, one per text.
    package init(_ texts: LabelledTexts, truth: ScoredRows.Truth) {
        self.init(texts: joined(texts.texts, texts.pairedTexts), truth: truth)
    }
}

extension ScoredRows.Truth {
    /// The same answers as targets.
    ///
    /// - Parameter targets: The targets of a loss.
    package init(_ targets: Targets) {
        self =
            switch targets {
            case .classes(let ids): .classes(ids)
            case .labelSets(let sets): .labelSets(sets)
            case .numbers(let numbers): .numbers(numbers)
            case .taught(let taught): Self(taught.labels)
            }
    }
}

extension BaselineComparison {
    /// Every metric of the linear baseline with the prefix `baseline_`, and those of the constant answer with `majority_`.
    package var results: JSONObject {
        var results = JSONObject(
            linear.values.filter { $0.value.isFinite && $0.name != "majority_baseline" }
                .map { ("baseline_\($0.name)", .double($0.value)) }
        )
        for (name, value) in majority.values where value.isFinite && shownNames.contains(name) {
            results["majority_\(name)"] = .double(value)
        }
        results["baseline_train_rows"] = .int(trainedRows)
        results["baseline_runtime"] = .double(seconds)
        return results
    }
}
