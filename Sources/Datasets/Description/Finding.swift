/// Something in the data that a person should know of before training, and what to do about it.
public struct Finding: Sendable, Equatable {
    /// What it is.
    public enum Kind: String, Sendable, CaseIterable {
        /// Labels are lists or objects written as text, and others are not.
        case spelledLabels = "labels_spelled_as_lists"
        /// Rows have no value in the label column.
        case missingLabels = "missing_labels"
        /// Rows have no text.
        case missingTexts = "missing_texts"
        /// Texts are empty, or white space only.
        case emptyTexts = "empty_texts"
        /// Texts have different labels in different rows.
        case conflictingLabels = "conflicting_labels"
        /// Texts stand in several rows.
        case repeatedTexts = "repeated_texts"
        /// Texts stand among the rows to train on and among those to measure on.
        case textsInBothSplits = "texts_in_both_splits"
        /// There is only one class.
        case oneClass = "one_class"
        /// There are nearly as many classes as rows.
        case tooManyClasses = "too_many_classes"
        /// Classes have no row to train on.
        case classesWithoutRows = "classes_without_rows"
        /// Classes have one row, which no split can divide.
        case classesOfOneRow = "classes_of_one_row"
        /// Classes have so few rows that a test part can hold hardly any.
        case smallClasses = "small_classes"
        /// The largest class has many times the rows of the smallest.
        case unequalClasses = "unequal_classes"
        /// Names of classes differ in case or spaces only.
        case similarNames = "similar_label_names"
        /// Texts are longer than the longest length.
        case truncatedTexts = "truncated_texts"
    }

    /// What shows it: rows, and the text or the names.
    public struct Example: Sendable, Equatable {
        /// Rows, from 0.
        public var rows: [Int] = []
        /// A row among those to measure on, from 0.
        public var evaluationRow: Int?
        /// The text's beginning.
        public var text: String?
        /// Names of classes.
        public var labels: [String] = []
    }

    /// What it is.
    public var kind: Kind
    /// How many rows, texts or classes the message counts first.
    public var count: Int
    /// What was found, as a sentence without its full stop.
    public var message: String
    /// What to do about it.
    public var remedy: String
    /// Some of it.
    public var examples: [Example] = []
}

/// Findings as they are made; what counts nothing is none.
struct FindingList {
    private(set) var all: [Finding] = []

    mutating func add(
        _ kind: Finding.Kind,
        _ count: Int,
        _ message: @autoclosure () -> String,
        do remedy: @autoclosure () -> String,
        _ examples: @autoclosure () -> [Finding.Example] = []
    ) {
        guard count > 0 else { return }
        all.append(
            Finding(kind: kind, count: count, message: message(), remedy: remedy(), examples: examples())
        )
    }
}

/// `1 row`, `2 rows`, `12,345 rows`.
package func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
    "\(grouped(count)) \(count == 1 ? one : many ?? one + "s")"
}

/// A whole number with a comma between thousands.
package func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var end = digits.count - 3
    while end > 0 {
        digits.insert(",", at: digits.index(digits.startIndex, offsetBy: end))
        end -= 3
    }
    return (number < 0 ? "-" : "") + digits
}

/// `12.3 %`; a part that is not nothing is never `0 %`, and one that is not all never `100 %`.
package func percentage(_ part: Int, of whole: Int) -> String {
    guard whole > 0, part > 0 else { return "0 %" }
    if part == whole { return "100 %" }
    let tenths = Int((Double(part) / Double(whole) * 1000).rounded())
    guard tenths > 0 else { return "<0.1 %" }
    return "\(min(tenths, 999) / 10).\(min(tenths, 999) % 10) %"
}
