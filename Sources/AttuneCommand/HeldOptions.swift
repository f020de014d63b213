import ArgumentParser
import Attune

extension SplitSize {
    /// Reads a share such as `0.2` or a number of rows such as `500`: a number with a decimal point is a share.
    ///
    /// - Parameter text: As typed, or as a recipe has it.
    /// - Returns: The size.
    /// - Throws: `ValidationError` for a share that is not between 0 and 1, or a number below 1.
    static func typed(_ text: String) throws -> SplitSize { try typed(text, mayBeEverything: false) }

    /// Reads the size of a sample, where `1.0` means all rows.
    static func typedSample(_ text: String) throws -> SplitSize { try typed(text, mayBeEverything: true) }

    private static func typed(_ text: String, mayBeEverything: Bool) throws -> SplitSize {
        if let count = Int(text) {
            if count > 0 { return .count(count) }
        } else if let share = Double(text), share > 0, share < 1 || mayBeEverything && share == 1 {
            return .fraction(share)
        } else if Double(text).map({ $0 >= 1 }) == true {
            throw ValidationError(
                "a share of the rows must be \(mayBeEverything ? "above 0 and at most 1.0" : "between 0 and 1"); "
                    + "write a number of rows without a decimal point"
            )
        }
        throw ValidationError(
            "give a share of the rows between 0 and 1, or a whole number of rows above 0"
        )
    }
}

/// The source of the evaluation set, and the sample.
struct HeldOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Hold out a share (0.2) or a number (500) of the rows for evaluation, stratified by label.",
            valueName: "size"
        ),
        transform: SplitSize.typed
    )
    var testSize: SplitSize?

    @Option(
        help: ArgumentHelp(
            """
            Stratify the hold-out and --sample by this column; none draws at random. Default: the hold-out is stratified by \
            label, if each text has one label. A value that only one row has stays in the training set.
            """,
            valueName: "column|none"
        )
    )
    var stratifyBy: String?

    @Option(help: "Seed of the split.")
    var splitSeed = Self.defaultSplitSeed

    @Option(help: ArgumentHelp("Evaluate on this file or folder instead.", valueName: "path"))
    var evalDataset: String?

    @Option(
        help: ArgumentHelp(
            "Evaluate on this split of the dataset's folder, or of --eval-dataset.",
            valueName: "name"
        )
    )
    var evalSplit: String?

    @Option(
        help: ArgumentHelp(
            "Use only a share or a number of the rows; 1.0 means all.",
            valueName: "size"
        ),
        transform: SplitSize.typedSample
    )
    var sample: SplitSize?

    @Option(help: "Seed of the sample.")
    var sampleSeed = Self.defaultSampleSeed

    @Option(
        help: ArgumentHelp(
            "Stratify the sample by this column; none draws at random. Default: the column of --stratify-by, if given.",
            valueName: "column|none"
        )
    )
    var sampleStratifyBy: String?

    /// The default seed of a split.
    static let defaultSplitSeed: UInt64 = 42
    /// The default seed of a sample.
    static let defaultSampleSeed: UInt64 = 0
    /// The value that means no column.
    static let none = "none"

    /// The column to stratify the sample by.
    var sampleColumn: String? {
        (sampleStratifyBy ?? stratifyBy).flatMap { $0 == Self.none ? nil : $0 }
    }

    func choice() throws -> FineTuning.Held {
        if testSize == nil, let stratifyBy, stratifyBy != Self.none, sample == nil {
            throw ValidationError("--stratify-by needs --test-size or --sample")
        }
        switch (testSize, evalDataset, evalSplit) {
        case (nil, nil, nil): return .nothing
        case (let size?, nil, nil): return .held(size, stratifyBy: stratification, seed: splitSeed)
        case (nil, let path?, let split): return .file(path, split: split)
        case (nil, nil, let split?): return .split(split)
        default: throw ValidationError("--test-size excludes --eval-dataset and --eval-split")
        }
    }

    private var stratification: Stratification {
        switch stratifyBy {
        case nil: .labels
        case Self.none: .nothing
        case let column?: .column(column)
        }
    }
}
