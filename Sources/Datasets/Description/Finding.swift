import Files

/// A possible problem in the data to check before training, and how to fix it.
public struct Finding: Sendable, Equatable {
    /// The kind of problem.
    public enum Kind: String, Sendable, CaseIterable {
        /// Rows repeat the header.
        case repeatedHeader = "repeated_header"
        /// Some labels, but not all, are lists or objects written as text.
        case spelledLabels = "labels_spelled_as_lists"
        /// Rows have no value in the label column.
        case missingLabels = "missing_labels"
        /// Rows have no text.
        case missingTexts = "missing_texts"
        /// Texts are empty or only white space.
        case emptyTexts = "empty_texts"
        /// Texts have different labels in different rows.
        case conflictingLabels = "conflicting_labels"
        /// Texts occur in several rows.
        case repeatedTexts = "repeated_texts"
        /// Texts occur in both the training data and the evaluation data.
        case textsInBothSplits = "texts_in_both_splits"
        /// There is only one class.
        case oneClass = "one_class"
        /// There are nearly as many classes as rows.
        case tooManyClasses = "too_many_classes"
        /// Classes have no training row.
        case classesWithoutRows = "classes_without_rows"
        /// Classes have only one row and cannot be in both parts of a split.
        case classesOfOneRow = "classes_of_one_row"
        /// Classes have so few rows that a hold-out would contain almost none.
        case smallClasses = "small_classes"
        /// The largest class has many times as many rows as the smallest.
        case unequalClasses = "unequal_classes"
        /// Class names differ only in case or spaces.
        case similarNames = "similar_label_names"
        /// Class names look the same but differ: two encodings of an accent, a no-break space, a zero-width character.
        case lookalikeNames = "lookalike_label_names"
        /// Class names combine other names: `cold, windy`.
        case joinedNames = "joined_label_names"
        /// Every list of labels contains exactly one.
        case listsOfOne = "lists_of_one_label"
        /// Class ids include negative ones, which often mean "no label".
        case negativeClasses = "negative_classes"
        /// The evaluation data has no label column.
        case evaluationWithoutLabelColumn = "evaluation_without_label_column"
        /// The evaluation data has no text column.
        case evaluationWithoutTextColumn = "evaluation_without_text_column"
        /// Evaluation rows have no label.
        case missingEvaluationLabels = "missing_evaluation_labels"
        /// Texts are longer than the maximum length.
        case truncatedTexts = "truncated_texts"
    }

    /// An example of the problem: rows, and the text or the class names.
    public struct Example: Sendable, Equatable {
        /// The zero-based row indices.
        public var rows: [Int] = []
        /// The zero-based index of an evaluation row.
        public var evaluationRow: Int?
        /// The beginning of the text.
        public var text: String?
        /// Class names.
        public var labels: [String] = []
        /// The same names with invisible characters written out, if the names look alike.
        public var spellings: [String] = []
    }

    /// The kind of problem.
    public var kind: Kind
    /// The number of rows, texts or classes affected.
    public var count: Int
    /// The problem, as a sentence without a period.
    public var message: String
    /// How to fix it.
    public var remedy: String
    /// Some examples.
    public var examples: [Example] = []

    /// The message and remedy on one line, with one example.
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

/// Collects findings; those with a count of 0 are ignored.
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
