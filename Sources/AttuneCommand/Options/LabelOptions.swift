public import ArgumentParser
public import Attune

/// The columns of labels.
struct LabelColumnOptions: ParsableArguments {
    @Option(
        name: .customLong("label-column"),
        help: ArgumentHelp(
            "The column of label names, lists of names, or numbers. If given several times, columns of 0 and 1.",
            valueName: "name"
        )
    )
    var labelColumn: [String] = []

    @Option(
        help: ArgumentHelp(
            "The same in one option: columns of 0 and 1, one per label. Quote a name with a comma.",
            valueName: "a,b,c"
        )
    )
    var labelColumns: [String] = []

    /// The label columns, in the order given.
    var columns: [String] { labelColumn + labelColumns.flatMap(listed) }

    func validate() throws {
        if Set(columns).count < columns.count {
            throw ValidationError("a label column is given twice; give each once")
        }
    }
}

extension ProblemType: ExpressibleByArgument {
    /// Reads `single-label`, `multi-label` or `regression`, or the spellings of transformers' `config.json`.
    ///
    /// - Parameter argument: The text as typed.
    public init?(argument: String) {
        switch argument.replacing("_", with: "-") {
        case "single-label", "single-label-classification": self = .singleLabel
        case "multi-label", "multi-label-classification": self = .multiLabel
        case "regression": self = .regression
        default: return nil
        }
    }

    /// The spellings shown by help and shell completion.
    public static var allValueStrings: [String] { ["single-label", "multi-label", "regression"] }
}

/// `--weights-dtype`.
struct WeightsOptions: ParsableArguments {
    /// The possible types of the weights in memory.
    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case fp32, bf16
    }

    @Option(
        help:
            "fp32 or bf16: the weights' type. bf16 halves their memory and is less exact; its updates are rounded stochastically."
    )
    var weightsDtype = Choice.fp32

    /// The weights' type.
    var dtype: DType { weightsDtype == .bf16 ? .bfloat16 : .float32 }
}
