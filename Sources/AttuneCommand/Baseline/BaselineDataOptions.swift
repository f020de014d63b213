import ArgumentParser
import Attune

/// The rows that `attune baseline` trains and evaluates on, with the flags of `attune train`.
struct BaselineDataOptions: ParsableArguments {
    @Option(help: .fileOfRows)
    var dataset: String?

    @OptionGroup var part: SplitOptions

    @Option(
        help: ArgumentHelp(
            "The column of texts. Default: \"text\"; to predict, as in training.",
            valueName: "name"
        )
    )
    var textColumn: String?

    @Option(help: .textPairColumn)
    var textPairColumn: String?

    @OptionGroup var labels: LabelColumnOptions

    @Option(
        help: "single-label, multi-label or regression. Default: multi-label for lists, else single-label."
    )
    var problemType: ProblemType?

    @Option(help: "Rows without a label: refuse or drop.")
    var missingLabels = RowPolicy.refuse

    @Option(
        help: ArgumentHelp(
            "Evaluate on a share (0.2) or a number (500) of the rows; every label keeps its share.",
            valueName: "size"
        ),
        transform: SplitSize.typed
    )
    var testSize: SplitSize?

    @Option(
        help: ArgumentHelp(
            "A column whose values keep their shares in the hold-out; none draws at random. Default: the labels.",
            valueName: "column|none"
        )
    )
    var stratifyBy: String?

    @Option(help: "The seed of the hold-out. Default: 42.")
    var splitSeed: UInt64?

    @Option(help: ArgumentHelp("Evaluate on this file, folder or dataset of the Hub.", valueName: "path"))
    var evalDataset: String?

    @Option(
        help: ArgumentHelp(
            "Evaluate on this split of the dataset's folder, or of --eval-dataset.",
            valueName: "name"
        )
    )
    var evalSplit: String?

    func validate() throws {
        guard missingLabels != .keep else {
            throw ValidationError(
                "--missing-labels keep: a row without a label cannot be learned; use refuse or drop"
            )
        }
        guard testSize == nil || evalDataset == nil && evalSplit == nil else {
            throw ValidationError("--test-size holds rows out; leave out --eval-dataset and --eval-split")
        }
        guard testSize != nil || stratifyBy == nil && splitSeed == nil else {
            throw ValidationError("--stratify-by and --split-seed need --test-size")
        }
    }

    /// The recipe of the rows; its model is not used.
    ///
    /// - Returns: The recipe.
    /// - Throws: `ValidationError` for a value that a recipe refuses.
    func recipe() throws -> Recipe {
        var recipe = Recipe(
            model: .folder(""),
            data: DataSource(dataset ?? "", split: part.split, configuration: part.datasetConfig),
            text: textColumn ?? "text",
            labels: labels.columns
        )
        recipe.textPair = textPairColumn
        (recipe.problemType, recipe.missingLabels) = (problemType, missingLabels)
        do {
            var values: [(String, SettingValue)] = []
            switch testSize {
            case .fraction(let share): values.append(("test_size", .double(share)))
            case .count(let count): values.append(("test_size", .int(count)))
            case nil: break
            }
            if let stratifyBy { values.append(("stratify_by", .text(stratifyBy))) }
            if let splitSeed { values.append(("split_seed", .text("\(splitSeed)"))) }
            if let evalDataset { values.append(("eval_dataset", .text(evalDataset))) }
            if let evalSplit { values.append(("eval_split", .text(evalSplit))) }
            for (name, value) in values { try recipe.set(name, to: value) }
        } catch {
            throw ValidationError(error.message { "--" + $0.replacing("_", with: "-") })
        }
        return recipe
    }
}
