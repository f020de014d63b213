import Files

/// Something in the data that a person should know of before training, and what to do about it.
public struct Finding: Sendable, Equatable {
    /// What it is.
    public enum Kind: String, Sendable, CaseIterable {
        /// Rows hold the columns' names.
        case repeatedHeader = "repeated_header"
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
        /// Names of classes look the same and are not: two spellings of an accent, a no-break space, a character without
        /// width.
        case lookalikeNames = "lookalike_label_names"
        /// Names of classes join other names: `cold, windy`.
        case joinedNames = "joined_label_names"
        /// Every list of labels holds exactly one.
        case listsOfOne = "lists_of_one_label"
        /// Among classes that are ids from 0 there are negative ones, which elsewhere mean "no label".
        case negativeClasses = "negative_classes"
        /// The rows to measure on have no column of labels.
        case evaluationWithoutLabelColumn = "evaluation_without_label_column"
        /// The rows to measure on have no column of texts.
        case evaluationWithoutTextColumn = "evaluation_without_text_column"
        /// Rows to measure on have no label.
        case missingEvaluationLabels = "missing_evaluation_labels"
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
        /// The same names with every character that does not show written out, if they look alike.
        public var spellings: [String] = []
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

    /// All of it on one line, with one example.
    public var line: String {
        var shown: [String] = []
        if let example = examples.first {
            let names = example.spellings.isEmpty ? example.labels : example.spellings
            let most = 5
            if !example.rows.isEmpty {
                let rows = example.rows.prefix(most).map { grouped($0 + 1) }.joined(separator: ", ")
                shown.append(
                    (example.rows.count == 1 ? "row " : "rows ") + rows
                        + (example.rows.count > most ? ", …" : "")
                )
            }
            if !names.isEmpty {
                let listed = names.prefix(most).map { "\"\(shortened($0, to: 40))\"" }.joined(separator: ", ")
                shown.append(listed + (names.count > most ? ", …" : ""))
            }
            if let text = example.text, !text.isEmpty { shown.append("“\(text)”") }
        }
        let example = shown.isEmpty ? "" : " (\(shown.joined(separator: ": ")))"
        return "\(shortened(message, to: 300))\(example): \(remedy)"
    }
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
