public import ArgumentParser
public import Attune

/// The columns of labels.
struct LabelColumnOptions: ParsableArguments {
    @Option(
        name: .customLong("label-column"),
        help: ArgumentHelp(
            "The column that holds the labels' names, lists of them, or numbers; given several times, columns of 0 and 1.",
            valueName: "name"
        )
    )
    var labelColumn: [String] = []

    @Option(
        help: ArgumentHelp(
            "The same at once: columns of 0 and 1, one a label; a name with a comma is quoted.",
            valueName: "a,b,c"
        )
    )
    var labelColumns: [String] = []

    /// The columns in the order given.
    var columns: [String] { labelColumn + labelColumns.flatMap(listed) }

    func validate() throws {
        if Set(columns).count < columns.count { throw ValidationError("a label column is named twice") }
    }
}

/// The columns of labels, one at least, and how they are learned.
struct LabelOptions: ParsableArguments {
    @OptionGroup var named: LabelColumnOptions

    @Option(
        help: ArgumentHelp(
            "single-label, multi-label or regression: a text has one label, several or a number.",
            discussion:
                "Default: several where the column holds lists or there are several columns, else one.",
            valueName: "type"
        )
    )
    var problemType: ProblemType?

    /// The columns in the order given.
    var columns: [String] { named.columns }

    func validate() throws {
        let columns = columns
        if columns.isEmpty {
            throw ValidationError(
                "Missing expected argument '--label-column <name>': it says what is to be learned"
            )
        }
        if columns.count > 1, problemType == .regression {
            throw ValidationError("--problem-type regression learns the numbers of one column; name one")
        }
    }
}

extension ProblemType: ExpressibleByArgument {
    /// `single-label`, `multi-label` or `regression`, or as the reference's `config.json` spells them.
    ///
    /// - Parameter argument: As typed.
    public init?(argument: String) {
        switch argument.replacing("_", with: "-") {
        case "single-label", "single-label-classification": self = .singleLabel
        case "multi-label", "multi-label-classification": self = .multiLabel
        case "regression": self = .regression
        default: return nil
        }
    }

    /// The spellings that help and shell completion show.
    public static var allValueStrings: [String] { ["single-label", "multi-label", "regression"] }
}

/// `--weights-dtype`.
struct WeightsOptions: ParsableArguments {
    /// The types in which weights may be kept.
    enum Choice: String, ExpressibleByArgument, CaseIterable {
        case fp32, bf16
    }

    @Option(
        help:
            "fp32 or bf16: how weights are kept in memory. bf16 halves it and is less exact; in training its steps are rounded stochastically."
    )
    var weightsDtype = Choice.fp32

    /// The type.
    var dtype: DType { weightsDtype == .bf16 ? .bfloat16 : .float32 }
}
