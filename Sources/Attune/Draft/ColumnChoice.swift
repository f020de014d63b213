import Datasets
import Evaluation
import Files
import Foundation

/// The columns of texts and labels of a dataset that no one has described.
package struct ColumnChoice: Sendable, Equatable {
    /// A chosen column, or several, and the reason.
    package struct Choice: Sendable, Equatable {
        /// The columns' names.
        package var columns: [String]
        /// The reason, in a few words: "by its name".
        package var reason: String
    }

    /// The column of texts.
    package var text: Choice
    /// The column of second texts, if rows are pairs.
    package var textPair: String?
    /// The column of labels, or several of 0 and 1.
    package var label: Choice
    /// Whether the labels are numbers to be learned as such.
    var isRegression = false
    /// Whether each text has one label, so that labels can keep their shares in a hold-out.
    private(set) var hasOneLabel = false

    /// Chooses columns; those that are given are kept.
    ///
    /// - Parameters:
    ///   - columns: All columns, in the file's order.
    ///   - text: The column of texts, if it is known.
    ///   - label: The label columns, if they are known.
    /// - Throws: ``DraftError`` with the candidates, if the choice is not obvious.
    init(_ columns: [ColumnProfile], text: String?, label: [String]?) throws(DraftError) {
        if let text {
            self.text = Choice(columns: [text], reason: "as you said")
        } else {
            (self.text, textPair) = try Self.text(of: columns.filter { !(label ?? []).contains($0.name) })
        }
        let taken = self.text.columns + [textPair].compactMap { $0 }
        if let label {
            self.label = Choice(columns: label, reason: "as you said")
        } else {
            (self.label, isRegression) = try Self.label(of: columns.filter { !taken.contains($0.name) })
        }
        let labels = columns.filter { self.label.columns.contains($0.name) }
        hasOneLabel = labels.count == 1 && labels[0].kind != .lists && !isRegression
    }

    // MARK: Texts

    /// Names of text columns, the most telling first.
    private static let textNames = [
        "text", "sentence", "content", "tweet", "review", "comment", "document", "body", "message", "post",
        "posts", "article", "utterance", "excerpt", "quote", "question", "query", "description", "abstract",
        "headline", "title",
    ]
    /// Names of columns that hold the two texts of a pair.
    private static let pairs = [
        ("sentence1", "sentence2"), ("text1", "text2"), ("text_a", "text_b"), ("question1", "question2"),
        ("premise", "hypothesis"), ("question", "sentence"), ("query", "document"), ("query", "passage"),
    ]

    private static func text(of columns: [ColumnProfile]) throws(DraftError) -> (Choice, pair: String?) {
        let words = columns.filter { $0.kind == .words && $0.machineShare < 0.5 && $0.count > 0 }
        func named(_ name: String) -> ColumnProfile? { words.first { key($0.name) == name } }
        for (first, second) in pairs {
            if let a = named(first), let b = named(second) {
                return (Choice(columns: [a.name], reason: "the pair of \(a.name) and \(b.name)"), b.name)
            }
        }
        // A column of one or two values is no text, whatever it is called.
        let possible = words.filter { $0.values.count > 2 && !$0.isMarkedAsClass }
        let exact = textNames.lazy.compactMap { name in possible.first { key($0.name) == name } }.first
        let similar = textNames.lazy.compactMap { name in
            possible.first { endsWith($0.name, name) && $0.distinctShare >= 0.2 }
        }
        if let column = exact ?? similar.first {
            return (Choice(columns: [column.name], reason: "by its name"), nil)
        }
        let texts = words.filter { !$0.isMarkedAsClass && $0.meanWords >= 3 && $0.distinctShare >= 0.2 }
            .sorted { $0.meanLength > $1.meanLength }
        if texts.count == 1 {
            return (Choice(columns: [texts[0].name], reason: "the only column of texts"), nil)
        }
        if texts.count > 1, texts[0].meanLength >= 3 * texts[1].meanLength {
            return (Choice(columns: [texts[0].name], reason: "by far the longest texts"), nil)
        }
        throw DraftError(
            .text,
            candidates: (texts.isEmpty ? words.filter { !$0.isMarkedAsClass } : texts).map {
                DraftError.Candidate(
                    column: $0.name,
                    about: "\(Int($0.meanLength.rounded())) characters on average"
                )
            }
        )
    }

    // MARK: Labels

    private static let labelNames: Set = [
        "label", "labels", "class", "classes", "target", "y", "gold", "gold_label", "label_text",
        "label_name",
        "cats",
    ]
    private static let subjectNames: Set = [
        "category", "categories", "topic", "topics", "sentiment", "intent", "emotion", "emotions", "polarity",
        "stance", "tag", "tags", "genre", "type", "author", "rating", "stars", "score", "spam", "toxic",
        "department",
        "priority",
    ]
    /// The most classes of a column that is not named as a label.
    private static let mostClasses = 100

    private static func label(of columns: [ColumnProfile]) throws(DraftError) -> (Choice, isRegression: Bool)
    {
        let possible = columns.filter(canBeLabel)
        func chosen(_ column: ColumnProfile, _ reason: String) -> (Choice, Bool) {
            (Choice(columns: [column.name], reason: reason), isRegression(column))
        }
        let marked = columns.filter(\.isMarkedAsClass)
        if marked.count == 1 { return chosen(marked[0], "marked as the class in the file") }
        for (names, isNamed) in [
            (labelNames, isCalled), (subjectNames, isCalled), (labelNames, endsWith),
            (subjectNames, endsWith),
        ] {
            let named = withoutIDs(
                of: possible.filter { column in names.contains { isNamed(column.name, $0) } }
            )
            if named.count == 1 { return chosen(named[0], "by its name") }
            if named.count > 1, !named.allSatisfy(\.isSwitch) { throw ambiguous(named) }
        }
        let switches = possible.filter(\.isSwitch)
        if switches.count > 1, switches.count == possible.count {
            return (
                Choice(columns: switches.map(\.name), reason: "the columns of 0 and 1, one for each label"),
                false
            )
        }
        let likely = withoutIDs(
            of: possible.filter { column in
                let limit = min(mostClasses, column.count / 3)
                return column.kind == .lists || (column.values.count <= limit && column.kind != .decimals)
            }
        )
        if likely.count == 1 { return chosen(likely[0], "the only column of a few values") }
        throw ambiguous(likely.isEmpty ? possible : likely)
    }

    /// Whether a column has at least two values and most of them several times, and is not missing in most rows.
    private static func canBeLabel(_ column: ColumnProfile) -> Bool {
        if column.kind == .lists { return true }
        guard 2 * column.count >= column.rows, column.values.count >= 2, column.machineShare < 0.5 else {
            return false
        }
        return column.kind == .decimals || 2 * column.values.count <= column.count
    }

    /// Numbers with decimals, and many different numbers, are learned as numbers.
    private static func isRegression(_ column: ColumnProfile) -> Bool {
        column.kind == .decimals || (column.kind == .wholeNumbers && column.values.count > 20)
    }

    /// Leaves out columns of ids if another column has a name for each id.
    private static func withoutIDs(of columns: [ColumnProfile]) -> [ColumnProfile] {
        guard columns.count > 1 else { return columns }
        let names = columns.filter { $0.kind == .words }
        let others = columns.filter { column in
            column.kind != .wholeNumbers
                || !names.contains { $0.values.map(\.count) == column.values.map(\.count) }
        }
        return others.isEmpty ? columns : others
    }

    private static func ambiguous(_ columns: [ColumnProfile]) -> DraftError {
        DraftError(
            .label,
            candidates: columns.map { column in
                let shown = column.values.prefix(3).map(\.value)
                let about =
                    column.kind == .lists
                    ? "lists"
                    : "\(counted(column.values.count, "value")): \(shown.map { shortened($0, to: 20) }.joined(separator: ", "))"
                        + (column.values.count > 3 ? ", …" : "")
                return DraftError.Candidate(column: column.name, about: about)
            }
        )
    }

    // MARK: Names

    private static func key(_ name: String) -> String {
        name.lowercased().replacing(" ", with: "_").replacing("-", with: "_")
    }

    private static func isCalled(_ column: String, _ name: String) -> Bool { key(column) == name }

    /// Whether a column's name ends in a word: `comment_text` is a `text`.
    private static func endsWith(_ column: String, _ name: String) -> Bool {
        key(column).hasSuffix("_" + name)
    }
}

/// The error for a dataset whose columns have no obvious roles.
public struct DraftError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The role of a column.
    public enum Role: Sendable, Equatable {
        /// The texts.
        case text
        /// The labels.
        case label
    }

    /// A column that may have the role.
    public struct Candidate: Sendable, Equatable {
        /// The column's name.
        public var column: String
        /// A few words about its values.
        public var about: String
    }

    /// The role that no column obviously has.
    public let role: Role
    /// The columns that may have it.
    public let candidates: [Candidate]

    init(_ role: Role, candidates: [Candidate]) { (self.role, self.candidates) = (role, candidates) }

    /// The name of the setting that decides.
    public var setting: String { role == .text ? "text_column" : "label_column" }

    /// The candidates, one per line, and the setting that decides.
    public var description: String { message { $0 } }

    /// Returns the message.
    ///
    /// - Parameter spelled: Returns the spelling of a setting's name, for example its flag: `--label-column`.
    /// - Returns: The problem and its remedy.
    public func message(_ spelled: (String) -> String) -> String {
        let sought = role == .text ? "texts" : "labels"
        guard !candidates.isEmpty else {
            return "no column looks like \(sought); name one with \(spelled(setting))"
        }
        let table = TextTable(rows: candidates.map { [$0.column, $0.about] }, indent: 2).text.dropLast()
        return "no column is obviously the \(sought); choose one with \(spelled(setting)):\n\(table)"
    }
}
