import Classification
import Models
import NN
import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

// Moments of the token embedding that take no memory, for a forecast.
extension Trainer {
    /// Returns the bytes of the optimizer state on pages that the run never writes to: moments of tokens that no text has.
    ///
    /// - Parameter optimizer: The optimizer of the run.
    /// - Returns: 0 if the embedding is frozen, or if its state always takes its full memory.
    /// - Throws: `.outOfMemory`.
    func unusedStateBytes(_ optimizer: Optimizer) throws(TorchError) -> Int {
        let table = classifier.model.tokenTable
        let moments = optimizer.stateOnDemand(of: table)
        guard !moments.isEmpty else { return 0 }
        let marks = try UsedRows.marks(of: usedTexts(), in: train, tableRows: table.shape[0])
        return moments.reduce(0) { sum, moment in
            let rowBytes = table.shape[1] * moment.dtype.byteWidth
            return sum + unmarkedPageBytes(marks, rowBytes: rowBytes, pageBytes: Int(getpagesize()))
        }
    }

    /// The texts of the run: all of them, unless it ends within the first epoch.
    private func usedTexts() throws(TorchError) -> [Int] {
        guard totalSteps < stepsPerEpoch else { return Array(0..<train.count) }
        let order = try dataOrder(arguments, examples: train.count, epoch: 0)
        return Array(order.prefix(totalSteps * arguments.examplesPerStep))
    }
}

/// Returns the bytes of a table's whole pages that have no part of a marked row.
///
/// - Parameters:
///   - marks: Whether each row is marked. The first row begins at the start of a page.
///   - rowBytes: The bytes of a row.
///   - pageBytes: The bytes of a page.
/// - Returns: The bytes.
func unmarkedPageBytes(_ marks: [Bool], rowBytes: Int, pageBytes: Int) -> Int {
    // The pages before `next` are counted.
    var (unmarked, next) = (0, 0)
    for row in marks.indices where marks[row] {
        let first = row * rowBytes / pageBytes
        let end = ((row + 1) * rowBytes + pageBytes - 1) / pageBytes
        unmarked += max(0, first - next)
        next = max(next, end)
    }
    // A part of a page at the end of the table is left out.
    unmarked += max(0, marks.count * rowBytes / pageBytes - next)
    return unmarked * pageBytes
}
