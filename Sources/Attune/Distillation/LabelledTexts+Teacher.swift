import Classification
import Datasets
import Models
package import NN

// Texts whose labels a teacher completes.
extension LabelledTexts {
    /// Reads texts that need no label, for a teacher.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - columns: The columns of texts and labels; without label columns no row has a label.
    ///   - head: The teacher's head, whose labels these texts get.
    /// - Throws: `DatasetError` if a column is missing or has the wrong type; ``UnknownLabel`` for a label that the teacher
    ///   lacks.
    init(_ dataset: Dataset, _ columns: TextColumns, taughtBy head: ClassifierHead) throws {
        texts = try dataset.strings(columns.text).map { $0 ?? "" }
        pairedTexts = try columns.pair.map { try dataset.strings($0).map { $0 ?? "" } }
        source = try dataset.selectColumns([])
        (names, problemType, hasOwnClasses) = (head.labels, head.problemType, true)
        let lacks = try dataset.lacksLabel(in: columns.labels, head.problemType)
        let labelled = lacks.indices.filter { !lacks[$0] }
        isLabelled = lacks.map { !$0 }
        var found: Targets?
        if !labelled.isEmpty {
            let rows = try LabelledTexts(
                dataset.select(labelled),
                textColumn: columns.text,
                textPairColumn: columns.pair,
                labelColumns: columns.labels,
                problemType: head.problemType
            )
            found = try rows.targets(among: head.labels)
        }
        rows = Self.spread(found, over: labelled, count: lacks.count, head.problemType)
    }

    /// The targets of all rows, from those of the labelled ones.
    private static func spread(
        _ targets: Targets?,
        over labelled: [Int],
        count: Int,
        _ problemType: ProblemType
    ) -> Targets {
        func spread<Value>(_ values: [Value], _ placeholder: Value) -> [Value] {
            var all = [Value](repeating: placeholder, count: count)
            for (row, value) in zip(labelled, values) { all[row] = value }
            return all
        }
        switch (targets, problemType) {
        case (.classes(let ids), _): return .classes(spread(ids, 0))
        case (.labelSets(let sets), _): return .labelSets(spread(sets, []))
        case (.numbers(let numbers), _): return .numbers(spread(numbers, 0))
        case (_, .singleLabel): return .classes(spread([], 0))
        case (_, .multiLabel): return .labelSets(spread([], []))
        case (_, .regression): return .numbers(spread([], 0))
        }
    }

    /// The same texts with the labels that the teacher gives them: the one with the highest logit, all above 0, or the number.
    ///
    /// - Parameter logits: The teacher's logits, row by row.
    /// - Returns: Texts that all have a label.
    func answered(by logits: [Float]) -> LabelledTexts {
        let width = names.count
        let answers = (0..<texts.count).map { logits[$0 * width..<($0 + 1) * width] }
        let targets: Targets =
            switch problemType {
            case .singleLabel:
                .classes(
                    answers.map { row in
                        (row.indices.max { row[$0] < row[$1] } ?? row.startIndex) - row.startIndex
                    }
                )
            case .multiLabel:
                .labelSets(
                    answers.map { row in row.indices.filter { row[$0] > 0 }.map { $0 - row.startIndex } }
                )
            case .regression: .numbers(answers.map { $0.first.map { Double($0) } ?? 0 })
            }
        return LabelledTexts(self, targets)
    }

    private init(_ other: LabelledTexts, _ targets: Targets) {
        (texts, pairedTexts, source) = (other.texts, other.pairedTexts, other.source)
        (names, problemType, hasOwnClasses) = (other.names, other.problemType, other.hasOwnClasses)
        (rows, isLabelled) = (targets, nil)
    }
}

/// The columns that a run reads.
struct TextColumns: Sendable {
    /// The column of texts.
    var text: String
    /// The column of second texts; nil for single texts.
    var pair: String?
    /// The label columns; empty if no row has a label.
    var labels: [String]

    /// Takes the columns of a recipe.
    ///
    /// - Parameter recipe: The settings.
    init(_ recipe: Recipe) { (text, pair, labels) = (recipe.text, recipe.textPair, recipe.labels) }
}

extension Targets {
    /// The number of labelled examples of each label; nil for numbers.
    ///
    /// - Parameter labelCount: The number of labels.
    /// - Returns: The counts by label id.
    package func labelCounts(of labelCount: Int) -> [Int]? {
        var counts = [Int](repeating: 0, count: labelCount)
        switch self {
        case .classes(let ids): for id in ids { counts[id] += 1 }
        case .labelSets(let sets): for id in sets.joined() { counts[id] += 1 }
        case .numbers: return nil
        case .taught(let taught):
            return taught.labels.selecting(taught.labelled).labelCounts(of: labelCount)
        }
        return counts
    }
}
