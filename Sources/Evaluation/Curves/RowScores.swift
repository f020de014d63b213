import Foundation

/// The answer to each evaluated row: the prediction, its confidence and whether it is right.
///
/// For label sets, a row is right if all its labels are; its confidence is that of its least certain decision.
package struct RowScores: Sendable {
    /// The rows.
    package let rows: ScoredRows
    /// The predicted class of each row; empty unless each row has one class.
    package let predictions: [Int]
    /// The probability of the answer, for each row; empty for a regression.
    package let confidences: [Double]
    /// The lead over the next answer, for each row; empty for a regression.
    ///
    /// The difference of the two highest probabilities, or twice the distance of the least certain decision from 0.5.
    package let margins: [Double]
    /// Whether the answer is right, for each row; empty for a regression.
    package let isRight: [Bool]
    /// The highest logit and the sum of the exponentials of the distances from it, for each row with one class.
    private let normalizers: [(highest: Double, total: Double)]

    /// The number of labels.
    private var labelCount: Int { rows.labels.count }

    /// Computes the answers.
    ///
    /// - Parameter rows: The rows, with finite logits.
    package init(_ rows: ScoredRows) {
        self.rows = rows
        var predictions: [Int] = []
        var (confidences, margins): ([Double], [Double]) = ([], [])
        var isRight: [Bool] = []
        var normalizers: [(highest: Double, total: Double)] = []
        switch rows.truth {
        case .classes(let truth):
            for (row, label) in truth.enumerated() {
                let logits = rows.logits(of: row).map(Double.init)
                let prediction = rows.prediction(of: row)
                let highest = logits[prediction]
                var (total, second) = (0.0, 0.0)
                for (id, logit) in logits.enumerated() {
                    let exponential = exp(logit - highest)
                    total += exponential
                    if id != prediction { second = max(second, exponential) }
                }
                predictions.append(prediction)
                confidences.append(1 / total)
                margins.append((1 - second) / total)
                isRight.append(prediction == label)
                normalizers.append((highest, total))
            }
        case .labelSets(let truth):
            for (row, wanted) in truth.enumerated() {
                let scores = rows.probabilities(of: row)
                let given = scores.indices.filter { scores[$0] > 0.5 }
                let least = scores.reduce(1) { min($0, max($1, 1 - $1)) }
                confidences.append(least)
                margins.append(2 * least - 1)
                isRight.append(given == wanted)
            }
        case .numbers: break
        }
        self.predictions = predictions
        (self.confidences, self.margins) = (confidences, margins)
        self.isRight = isRight
        self.normalizers = normalizers
    }

    /// The probability of one label for each row.
    ///
    /// - Parameter label: The label's id.
    /// - Returns: The probabilities; for a regression the predicted numbers.
    package func probabilities(ofLabel label: Int) -> [Double] {
        (0..<rows.count).map { row in
            let logit = Double(rows.logits[row * labelCount + label])
            switch rows.truth {
            case .classes: return exp(logit - normalizers[row].highest) / normalizers[row].total
            case .labelSets: return 1 / (1 + exp(-logit))
            case .numbers: return logit
            }
        }
    }

    /// The logarithm of the sum of the exponentials of a row's logits; only for rows with one class.
    ///
    /// - Parameter row: The row's index.
    /// - Returns: The logarithm.
    func normalizer(of row: Int) -> Double { normalizers[row].highest + log(normalizers[row].total) }

    /// Whether each row has a label.
    ///
    /// - Parameter label: The label's id.
    /// - Returns: One flag per row.
    package func members(ofLabel label: Int) -> [Bool] {
        switch rows.truth {
        case .classes(let ids): ids.map { $0 == label }
        case .labelSets(let sets): sets.map { $0.contains(label) }
        case .numbers(let numbers): numbers.map { _ in false }
        }
    }

    /// The most confident mistakes: wrong rows by descending confidence, then by row.
    ///
    /// - Parameter count: The most rows to return.
    /// - Returns: The rows' indices.
    package func mostConfidentMistakes(_ count: Int) -> [Int] {
        Array(
            isRight.indices.filter { !isRight[$0] }
                .sorted { (confidences[$1], $0) < (confidences[$0], $1) }
                .prefix(count)
        )
    }

    /// The least certain rows: by ascending lead over the next answer, then by row.
    ///
    /// - Parameter count: The most rows to return.
    /// - Returns: The rows' indices.
    package func leastCertain(_ count: Int) -> [Int] {
        Array(margins.indices.sorted { (margins[$0], $0) < (margins[$1], $1) }.prefix(count))
    }
}
