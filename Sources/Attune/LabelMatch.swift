import Datasets
import Files

/// The labels of some rows, matched by name with a model's labels.
public struct LabelMatch: Sendable, Equatable {
    /// The model's id for each label of the rows; nil for a label that no row has and that the model lacks.
    public let ids: [Int?]
    /// The names of the model's labels that no row has, by id.
    public let unused: [String]
    /// Whether the rows contain the model's ids, 0 to n - 1, because the model's labels have only default names.
    public let isByID: Bool

    /// Matches labels; nil if a row has a label that the model lacks.
    ///
    /// - Parameters:
    ///   - names: The rows' labels.
    ///   - isUsed: Whether a row has the label, for each of `names`.
    ///   - labels: The model's labels, by id.
    init?(_ names: [String], isUsed: [Bool], among labels: [String]) {
        let found = ClassLabel(names: labels).encode(names)
        let byID = Self.hasDefaultNames(labels) ? names.map { Self.id($0, below: labels.count) } : []
        func fits(_ ids: [Int?]) -> Bool {
            ids.count == names.count && ids.indices.allSatisfy { ids[$0] != nil || !isUsed[$0] }
        }
        isByID = !fits(found) && fits(byID)
        let chosen = isByID ? byID : found
        guard fits(chosen) else { return nil }
        ids = chosen
        let used = Set(zip(chosen, isUsed).compactMap { $1 ? $0 : nil })
        unused = labels.indices.filter { !used.contains($0) }.map { labels[$0] }
    }

    /// Whether labels have the default names of a model saved without names: `LABEL_0`, `LABEL_1` and so on.
    static func hasDefaultNames(_ labels: [String]) -> Bool {
        labels.indices.allSatisfy { labels[$0] == "LABEL_\($0)" }
    }

    /// The id that a text spells, `2` or, after pandas, `2.0`.
    static func id(_ text: String, below count: Int) -> Int? {
        let digits = text.hasSuffix(".0") ? text.dropLast(2) : text[...]
        guard let id = Int(digits), (0..<count).contains(id), "\(id)" == digits else { return nil }
        return id
    }

    /// A note on the match; nil if every label of the model has a name and rows.
    ///
    /// - Parameter labels: The model's labels, by id.
    /// - Returns: The note.
    public func note(_ labels: [String]) -> String? {
        var parts: [String] = []
        if isByID {
            parts.append(
                "the model's labels have no names, so the data's labels are read as its ids, 0 to \(labels.count - 1)"
            )
        }
        if !unused.isEmpty, unused.count < labels.count {
            let shown = unused.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            parts.append(
                "the data has \(labels.count - unused.count) of the model's \(counted(labels.count, "label")); no row has \(shown)"
                    + (unused.count > 8 ? " and \(unused.count - 8) more" : "")
            )
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}

/// A label in the data that the model lacks.
public struct UnknownLabel: Error, Sendable, Equatable, CustomStringConvertible {
    /// The unknown label.
    public let label: String
    /// The number of rows with an unknown label.
    public let rowCount: Int
    /// The model's labels, by id.
    public let modelLabels: [String]
    /// The labels of the rows, in the data's own order if it has one, else sorted.
    public let dataLabels: [String]
    /// The file or folder of the rows, if it is known.
    public var source: String?
    /// The zero-based first row with the label: in the file if ``source`` is known, else in the given rows.
    public var row: Int
    /// Whether training with a fresh head is an alternative.
    public var canStartNewHead = false

    /// What is wrong, where, and how to fix it.
    public var description: String {
        let place = source.map { "\($0): " } ?? ""
        let more = rowCount > 1 ? " (\(rowCount) rows have unknown labels)" : ""
        let hint = nearest(to: label, among: modelLabels).map { "; did you mean \"\($0)\"?" } ?? ""
        return
            "\(place)row \(row + 1) is labelled \"\(label)\", which the model does not know\(more); it knows "
            + "\(Self.listed(modelLabels))\(hint)\(hint.isEmpty ? ";" : "") \(remedy)"
    }

    private var remedy: String {
        var ways: [String] = []
        if let names = renaming {
            let order = shellQuoted(names.map(Self.quoted).joined(separator: ","))
            ways.append(
                "if these are the same labels under other names, --label-names \(order) renames "
                    + "\(Self.listed(modelLabels)), in this order"
            )
        } else if isRenaming {
            ways.append(
                "if these are the same labels under other names, --label-names renames the model's, in the order of their ids"
            )
        } else if !isAnyKnown {
            ways.append("the model was trained for other labels")
        } else {
            ways.append("correct or remove \(rowCount == 1 ? "the row" : "these rows")")
        }
        if isRenaming, LabelMatch.hasDefaultNames(modelLabels) {
            ways.append("labels may also be given as the model's ids, 0 to \(modelLabels.count - 1)")
        }
        if canStartNewHead { ways.append("--reinit-head starts a fresh head for the labels of the data") }
        return ways.joined(separator: "; ")
    }

    private var isAnyKnown: Bool {
        let known = Set(modelLabels.map { Array($0.utf8) })
        return dataLabels.contains { known.contains(Array($0.utf8)) }
    }

    /// Whether the data's labels may be the model's under other names: no label is in both sets.
    private var isRenaming: Bool { !isAnyKnown && dataLabels.count <= modelLabels.count }

    /// Names for the model's labels that match the data's labels: by spelling, else in the data's order.
    private var renaming: [String]? {
        guard isRenaming, dataLabels.count == modelLabels.count else { return nil }
        func plain(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }
        let bySpelling = Dictionary(grouping: dataLabels, by: plain)
        let matched = modelLabels.compactMap { label in
            bySpelling[plain(label)].flatMap { $0.count == 1 ? $0[0] : nil }
        }
        if Set(matched).count == modelLabels.count { return matched }
        let byNumber = dataLabels.compactMap { LabelMatch.id($0, below: dataLabels.count) }
        if Set(byNumber).count == dataLabels.count {
            return zip(byNumber, dataLabels).sorted { $0.0 < $1.0 }.map(\.1)
        }
        return dataLabels
    }

    private static func listed(_ names: [String]) -> String {
        names.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }

    /// A name in a list with commas, in double quotes if it needs them.
    private static func quoted(_ name: String) -> String {
        let needsQuotes =
            name.contains(",") || name.contains("\"") || name.hasPrefix(" ") || name.hasSuffix(" ")
        return needsQuotes ? "\"\(name.replacing("\"", with: "\"\""))\"" : name
    }
}
