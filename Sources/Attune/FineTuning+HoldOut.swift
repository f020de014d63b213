import Datasets
import Models

/// The values that keep their shares when rows are held out.
public enum Stratification: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    /// The labels', if each text has one label; none if texts have several labels or numbers.
    case labels
    /// A column's.
    case column(String)
    /// None: rows are drawn blindly.
    case nothing

    /// A column.
    public init(stringLiteral column: String) { self = .column(column) }

    /// No column.
    public init(nilLiteral: ()) { self = .nothing }

    /// The column that is named; nil if none is.
    var column: String? { if case .column(let name) = self { name } else { nil } }
}

/// Settings that follow from the data, as the run used them.
public struct ResolvedSettings: Sendable, Equatable {
    /// The column whose values keep their shares in the hold-out; nil if rows are drawn blindly or none are held out.
    public var stratifiedBy: String?

    /// Settings of a run about which nothing is known yet.
    ///
    /// - Parameter stratifiedBy: The column whose values keep their shares in the hold-out.
    public init(stratifiedBy: String? = nil) { self.stratifiedBy = stratifiedBy }
}

extension FineTuning {
    /// Divides the rows into those to train on and those held out.
    ///
    /// Emits notes on classes that are not held out.
    ///
    /// - Parameters:
    ///   - data: All rows.
    ///   - size: How many are held out.
    ///   - stratification: The column that keeps its shares.
    ///   - seed: Of the draw.
    ///   - type: Whether a text has one label, several or a number.
    ///   - emit: Told of classes too small to be held out.
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
            column = type == .singleLabel && labelColumns.count == 1 ? labelColumn : nil
            if column == nil {
                let reason = type == .regression ? "numbers have no shares" : "a text may have several labels"
                try emit(
                    .note(
                        "rows are held out at random: \(reason), so there are no shares to keep in both parts"
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
                ? "it is trained on and not held out" : "these are trained on and not held out"
            notes.append("column \"\(column)\": \(values) one row only (\(listed(single))): \(rows)")
        }
        if !absent.isEmpty {
            let values = absent.count == 1 ? "1 value has" : "\(absent.count) values have"
            notes.append(
                "column \"\(column)\": \(values) too few rows for a hold-out of \(parts.test.count) (\(listed(absent))): "
                    + "no row of them is held out, so the result says nothing about them"
            )
        }
        return notes
    }

    /// The warning of a run that evaluates nothing.
    static let nothingHeldOut =
        "warning: no texts are held out, so nothing will tell how good the model is; --test-size 0.2 holds out a fifth"
}
