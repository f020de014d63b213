import Datasets
package import Training

extension TrainingJob {
    /// Checks the settings of the job without reading anything.
    ///
    /// - Throws: `TrainingError` with code `.badArgument`, naming the flag.
    package func validate() throws(TrainingError) {
        try arguments.validate()
        try trace?.validate()
        try requireRows(rows, for: recipe.data, "data", "rows")
        if case .data(let source) = recipe.evaluation {
            try requireRows(evaluationRows, for: source, "evaluation", "evaluationRows")
        } else if evaluationRows != nil {
            throw TrainingError(
                .badArgument,
                "the evaluationRows of the options need the evaluation .data(.memory)"
            )
        }
        guard recipe.labelNames == nil || !recipe.reinitializesHead else {
            throw TrainingError(
                .badArgument,
                "--label-names names the labels of the model's head, but --reinit-head replaces that head; leave one of them out"
            )
        }
        guard recipe.longText == nil || recipe.textPair == nil else {
            throw TrainingError(
                .badArgument,
                "--long-text works for single texts, not for pairs; leave it out, and the longer text of a pair is cut"
            )
        }
        guard recipe.weights.dtype == .float32 || arguments.precision == .bf16 else {
            throw TrainingError(
                .badArgument,
                "--weights-dtype bf16 multiplies in bfloat16 and needs --precision bf16, not "
                    + arguments.precision.rawValue
            )
        }
        guard arguments.evalStrategy == .no || recipe.evaluation != .none else {
            throw TrainingError(
                .badArgument,
                "--eval-strategy \(arguments.evalStrategy.rawValue) needs --test-size, --eval-dataset or --eval-split"
            )
        }
    }

    /// Checks that rows are in memory exactly if the recipe says so.
    private func requireRows(
        _ rows: Dataset?,
        for source: DataSource,
        _ property: String,
        _ option: String
    ) throws(TrainingError) {
        guard (rows != nil) != (source == .memory) else { return }
        throw TrainingError(
            .badArgument,
            rows == nil
                ? "the recipe's \(property) is in memory, but the options have no \(option)"
                : "the options have \(option), but the recipe's \(property) is \(source.name), not .memory"
        )
    }
}
