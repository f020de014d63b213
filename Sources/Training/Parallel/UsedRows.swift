package import Classification
import Tokenization
package import Torch

/// The rows of a token embedding that the texts of a step use, on any rank.
///
/// Every rank has the ids of all texts, so all of them know these rows without a message.
package struct UsedRows: Sendable, Equatable {
    /// The indices of the rows, ascending; nil stands for the whole table.
    package let indices: [Int64]?
    /// The number of rows.
    package let count: Int

    /// Finds the rows of a step.
    ///
    /// If the texts use more than half of the table, these are all of its rows: the exchange is hardly longer, and nothing needs to
    /// be collected.
    ///
    /// - Parameters:
    ///   - texts: The indices of the step's texts on all ranks.
    ///   - examples: All texts.
    ///   - tableRows: The number of rows of the table.
    package init(of texts: some Collection<Int>, in examples: EncodedExamples, tableRows: Int) {
        let isUsed = Self.marks(of: texts, in: examples, tableRows: tableRows)
        let used = isUsed.indices.filter { isUsed[$0] }
        let isWhole = 2 * used.count > tableRows
        indices = isWhole ? nil : used.map(Int64.init)
        count = isWhole ? tableRows : used.count
    }

    /// Marks the rows of a table that texts use.
    ///
    /// - Parameters:
    ///   - texts: The indices of the texts.
    ///   - examples: All texts.
    ///   - tableRows: The number of rows of the table.
    /// - Returns: Whether each row is used.
    static func marks(
        of texts: some Collection<Int>,
        in examples: EncodedExamples,
        tableRows: Int
    ) -> [Bool] {
        let encodings = examples.encodings
        var isUsed = [Bool](repeating: false, count: tableRows)
        // An id outside of the table ends the forward pass of its rank.
        func mark(_ ids: ArraySlice<Int32>) {
            for id in ids where isUsed.indices.contains(Int(id)) { isUsed[Int(id)] = true }
        }
        for text in texts {
            let range = encodings.range(ofText: text)
            mark(encodings.ids[range])
            // GPT-2 looks up token types in the same table. In other models their few rows have gradients of 0.
            if !encodings.typeIDs.isEmpty { mark(encodings.typeIDs[range]) }
        }
        return isUsed
    }

    /// All rows of a table.
    ///
    /// - Parameter tableRows: Their number.
    init(all tableRows: Int) { (indices, count) = (nil, tableRows) }

    /// Returns the mean number of rows over the steps of the first epoch, for a forecast.
    ///
    /// - Parameters:
    ///   - examples: The texts of the run.
    ///   - arguments: The training arguments.
    ///   - tableRows: The number of rows of the table.
    ///   - sampled: The maximum number of steps to look at, which are spread over the epoch.
    /// - Returns: The mean; 0 without texts.
    /// - Throws: `.outOfMemory`.
    package static func meanCount(
        _ examples: EncodedExamples,
        _ arguments: TrainingArguments,
        tableRows: Int,
        sampled: Int = 256
    ) throws(TorchError) -> Double {
        let order = try dataOrder(arguments, examples: examples.count, epoch: 0)
        let size = arguments.examplesPerStep
        let starts = Array(stride(from: 0, to: order.count, by: size))
        let chosen = stride(from: 0, to: starts.count, by: max(1, (starts.count + sampled - 1) / sampled))
            .map { starts[$0] }
        let counts = chosen.map { start in
            let window = order[start..<min(order.count, start + size)]
            return UsedRows(of: window, in: examples, tableRows: tableRows).count
        }
        return Double(counts.reduce(0, +)) / Double(max(counts.count, 1))
    }
}
