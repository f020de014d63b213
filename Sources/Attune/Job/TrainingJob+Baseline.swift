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
    /// - Returns: The rows; nil without evaluation rows, or if the recipe leaves the baseline out.
    /// - Throws: ``UnknownLabel`` for a row whose label the classifier lacks.
    func baselineRows(
        _ train: LabelledTexts,
        _ evaluation: LabelledTexts?,
        labels: [String]
    ) throws(UnknownLabel) -> BaselineData? {
        guard recipe.comparesBaseline, let evaluation, !evaluation.texts.isEmpty, !train.texts.isEmpty else {
            return nil
        }
        let rows = BaselineRows(train, truth: .init(try train.targets(among: labels)))
        return BaselineData(
            labels: labels,
            training: rows.sampled(labelCount: labels.count, seed: recipe.seed),
            rows: train.texts.count,
            evaluation: BaselineRows(evaluation, truth: .init(try evaluation.targets(among: labels)))
        )
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
            try emit(
                .note(
                    "the linear baseline is trained on a random sample of \(grouped(data.training.texts.count)) of "
                        + "\(counted(data.rows, "text")); --no-baseline leaves it out"
                )
            )
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
        let second = texts.pairedTexts
        self.init(
            texts: second.map { zip(texts.texts, $0).map { "\($0)\n\($1)" } } ?? texts.texts,
            truth: truth
        )
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
