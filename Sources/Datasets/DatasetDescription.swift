/// What a person should know of labelled texts before training on them.
public struct DatasetDescription: Sendable, Equatable {
    /// A label and how many rows carry it.
    public struct LabelCount: Sendable, Equatable {
        /// The label's name.
        public var name: String
        /// Its rows.
        public var count: Int
    }

    /// Rows.
    public var rows: Int
    /// Labels with the most rows first; empty where no label column was named.
    public var labels: [LabelCount]
    /// Rows without a label.
    public var missingLabels: Int
    /// Rows whose text is missing or white space only.
    public var emptyTexts: Int
    /// Characters of the texts: the shortest, the quartiles and the longest.
    public var lengths: [Int]
    /// Rows whose text stands in an earlier row, too.
    public var duplicateTexts: Int
    /// Texts that carry different labels in different rows.
    public var conflictingTexts: Int
    /// Labels that differ from another only in case or in spaces around them.
    public var similarLabels: [[String]]

    /// Looks at every row.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - textColumn: Holds the texts.
    ///   - labelColumn: Holds the labels' names; nil looks at the texts only.
    /// - Throws: `.missingColumn`.
    public init(_ dataset: Dataset, textColumn: String, labelColumn: String?) throws(DatasetError) {
        let texts = try dataset.strings(textColumn)
        let names = try labelColumn.map { name throws(DatasetError) in try dataset.strings(name) } ?? []
        rows = texts.count
        missingLabels = names.count { $0 == nil }
        emptyTexts = texts.count { $0?.allSatisfy(\.isWhitespace) ?? true }
        let sorted = texts.map { $0?.count ?? 0 }.sorted()
        lengths = sorted.isEmpty ? [] : (0...4).map { sorted[(sorted.count - 1) * $0 / 4] }
        labels = Dictionary(grouping: names.compactMap { $0 }, by: { $0 })
            .map { LabelCount(name: $0, count: $1.count) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        let byText = Dictionary(grouping: texts.indices.filter { texts[$0] != nil }, by: { texts[$0] })
        duplicateTexts = byText.values.reduce(0) { $0 + $1.count - 1 }
        conflictingTexts =
            names.isEmpty ? 0 : byText.values.count { rows in Set(rows.map { names[$0] }).count > 1 }
        similarLabels = Dictionary(
            grouping: labels.map(\.name),
            by: { $0.split(separator: " ").joined(separator: " ").lowercased() }
        ).values.filter { $0.count > 1 }.map { $0.sorted() }.sorted { $0[0] < $1[0] }
    }

    /// What to do about it, a sentence each; empty where there is nothing to do.
    public var advice: [String] {
        var advice: [String] = []
        if missingLabels > 0 {
            advice.append("\(missingLabels) rows have no label: remove them, they cannot be trained on")
        }
        if emptyTexts > 0 { advice.append("\(emptyTexts) texts are empty: they teach nothing, remove them") }
        if duplicateTexts > 0 {
            advice.append(
                "\(duplicateTexts) rows repeat an earlier text: a split may put one on both sides and flatter the result"
            )
        }
        if conflictingTexts > 0 {
            advice.append("\(conflictingTexts) texts carry different labels: decide which is right")
        }
        let tiny = labels.filter { $0.count < 2 }.map { "\"\($0.name)\"" }
        if !tiny.isEmpty {
            advice.append("too small for a stratified split, one row each: \(tiny.joined(separator: ", "))")
        }
        if let most = labels.first, let least = labels.last, most.count > 4 * least.count {
            advice.append(
                "\"\(most.name)\" has \(most.count / max(least.count, 1)) times the rows of \"\(least.name)\": try --class-weights balanced"
            )
        }
        for group in similarLabels {
            advice.append("these labels look like one: \(group.map { "\"\($0)\"" }.joined(separator: ", "))")
        }
        return advice
    }
}
