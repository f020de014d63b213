import Files

/// Labels that are lists or objects written as text, in a column that could not be converted.
///
/// Columns whose cells all have one form are read as lists of labels (``Dataset/init(contentsOf:storage:)``). The columns
/// here mix lists with other texts, or contain values that are not labels.
package struct SpelledLabels: Sendable, Equatable {
    /// The number of rows with such a label.
    package let count: Int
    /// The first rows to correct, zero-based: those that differ from the majority.
    package let rows: [Int]
    /// The problem, as a sentence without a period.
    package let message: String

    /// Finds such labels; nil if there are none.
    ///
    /// - Parameters:
    ///   - labels: The labels of a column.
    ///   - column: The column's name.
    ///   - dataset: The rows with these labels.
    ///   - exampleCount: The maximum number of rows to name.
    package init?(_ labels: RowLabels, column: String, of dataset: Dataset, exampleCount: Int = 8) {
        guard !labels.isMultiLabel else { return nil }
        let cells = labels.names.map { Self.mayBeSpelled($0) ? SpelledCell($0) : nil }
        guard cells.contains(where: { $0 != nil }) else { return nil }
        let spelled = labels.codes.indices.filter {
            labels.codes[$0] >= 0 && cells[Int(labels.codes[$0])] != nil
        }
        let plain = labels.codes.indices.filter {
            labels.codes[$0] >= 0 && cells[Int(labels.codes[$0])] == nil
        }
        guard let firstSpelled = spelled.first else { return nil }
        count = spelled.count
        func name(_ row: Int) -> String { "\"\(shortened(labels.name(ofRow: row) ?? "", to: 40))\"" }
        func listed(_ rows: [Int]) -> String { dataset.locations(ofRows: rows, most: exampleCount) }
        let start = "column \"\(column)\": "
        if let firstPlain = plain.first {
            let isMost = spelled.count > plain.count
            rows = Array((isMost ? plain : spelled).prefix(exampleCount))
            message =
                start
                + "\(counted(spelled.count, "label is", "labels are")) lists or objects written as text, such as "
                + "\(name(firstSpelled)), and \(grouped(plain.count)) \(plain.count == 1 ? "is" : "are") not, such as "
                + "\(name(firstPlain)) (\(listed(isMost ? plain : spelled)))"
        } else if let row = spelled.first(where: { cells[Int(labels.codes[$0])]?.isNoLabel ?? false }) {
            rows = [row]
            message =
                start
                + "\(dataset.location(ofRow: row)) holds \(name(row)), an object whose values are not all 0 or 1"
        } else {
            rows = [firstSpelled]
            message =
                start + "the labels are lists or objects written as text, but not all of one kind, such as "
                + "\(name(firstSpelled)) in \(dataset.location(ofRow: firstSpelled))"
        }
    }

    /// How to fix the problem.
    package static let remedy =
        "write the labels of all rows in the same way: a list of names per row, or one name per row"

    /// The error for training on such labels.
    package var error: DatasetError { DatasetError(.badData, "\(message); \(Self.remedy)") }

    private static func mayBeSpelled(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { SpelledCell.mayStart($0) }
    }
}

extension SpelledCell {
    /// Whether it is an object with a value that is neither 0 nor 1.
    fileprivate var isNoLabel: Bool {
        if case .object(let members) = self { members.contains { $0.value.score == nil } } else { false }
    }
}
