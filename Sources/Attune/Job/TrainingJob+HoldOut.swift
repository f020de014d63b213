import Datasets
import Models

/// The values by which a hold-out is stratified.
public enum Stratification: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    /// By label, if each text has one label; at random for multi-label and regression.
    case labels
    /// By the values of a column.
    case column(String)
    /// Not stratified: rows are drawn at random.
    case nothing

    /// Stratifies by the values of a column.
    public init(stringLiteral column: String) { self = .column(column) }

    /// Draws rows at random.
    public init(nilLiteral: ()) { self = .nothing }

    /// The column of ``column(_:)``; nil for the other cases.
    var column: String? { if case .column(let name) = self { name } else { nil } }
}

/// Settings that a run derived from its data.
public struct ResolvedSettings: Sendable, Equatable {
    /// The column by which the hold-out is stratified; nil if rows are drawn at random or none are held out.
    public var stratifiedBy: String?

    /// Creates resolved settings.
    ///
    /// - Parameter stratifiedBy: The column by which the hold-out is stratified.
    public init(stratifiedBy: String? = nil) { self.stratifiedBy = stratifiedBy }
}

extension TrainingJob {
    /// Splits the rows into a training set and a hold-out.
    ///
    /// Emits notes on classes that are not held out.
    ///
    /// - Parameters:
    ///   - data: All rows.
    ///   - size: The size of the hold-out.
    ///   - stratification: The values to stratify by.
    ///   - seed: The seed of the split.
    ///   - type: The problem type.
    ///   - emit: Receives notes on classes that are too small to be held out.
    /// - Returns: Both parts.
    /// - Throws: `DatasetError`; the errors of `emit`.
    func holdOut(
        _ data: Dataset,
        _ size: SplitSize,
        _ stratification: Stratification,
        seed: UInt64,
        _ type: ProblemType,
        _ emit: (Event) throws -> Void
    ) throws -> (train: Dataset, test: Dataset) {
        let column: String?
        switch stratification {
        case .nothing: column = nil
        case .column(let name): column = name
        case .labels:
            // Without a teacher, rows without a label have been refused or dropped.
            let isLabelled =
                try recipe.teacher == nil || !data.lacksLabel(in: recipe.labels, type).contains(true)
            column = type == .singleLabel && recipe.labels.count == 1 && isLabelled ? labelColumn : nil
            if column == nil {
                let reason =
                    !isLabelled
                    ? "some rows have no label"
                    : type == .regression ? "the labels are numbers" : "a text may have several labels"
                try emit(
                    .note(
                        "rows are held out at random: \(reason), so the split cannot be stratified"
                    )
                )
            }
        }
        try emit(.resolved(ResolvedSettings(stratifiedBy: column)))
        guard let column else { return try data.trainTestSplit(testSize: size, seed: seed) }
        let parts = try data.holdOut(size, keepingSharesOf: column, seed: seed)
        for note in Self.notes(on: parts, column) { try emit(.note(note)) }
        return (parts.train, parts.test)
    }

    /// Notes on classes without a held-out row.
    private static func notes(on parts: HoldOut, _ column: String) -> [String] {
        func listed(_ names: [String]) -> String {
            names.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
                + (names.count > 8 ? ", … (\(names.count) in all)" : "")
        }
        var notes: [String] = []
        let (single, absent) = (parts.singleRowClasses, parts.absentClasses)
        if !single.isEmpty {
            let values = single.count == 1 ? "1 value has" : "\(single.count) values have"
            let rows =
                single.count == 1
                ? "it stays in the training set" : "they stay in the training set"
            notes.append("column \"\(column)\": \(values) only one row (\(listed(single))): \(rows)")
        }
        if !absent.isEmpty {
            let values = absent.count == 1 ? "1 value has" : "\(absent.count) values have"
            notes.append(
                "column \"\(column)\": \(values) too few rows for a hold-out of \(parts.test.count) (\(listed(absent))): "
                    + "none of their rows is held out, so the evaluation does not cover them"
            )
        }
        return notes
    }

    /// The warning of a run without evaluation.
    static let nothingHeldOut =
        "warning: no texts are held out, so the model will not be evaluated; --test-size 0.2 holds out a fifth"
}
