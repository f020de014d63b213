import Classification
import Models
import NN
import Torch
import Training

/// The token embedding in the exchange of several processes, which send only the rows of its gradient that a step uses.
struct ExchangedTable: Sendable, Equatable {
    /// The number of rows.
    var rows: Int
    /// The number of weights of a row.
    var width: Int
    /// The mean number of rows that a step exchanges: all of them if texts use more than half.
    var usedRows: Double
    /// Whether its gradient has only these rows in memory, too, and not the others as zeros.
    var isGradientOfRows = true

    /// The number of weights of the table.
    var weights: Int { rows * width }

    /// The number of weights whose gradients are not exchanged in a step, on average.
    var unsentWeights: Int { Int((Double(rows) - usedRows) * Double(width)) }
}

extension ExchangedTable {
    /// Counts the rows that the steps of a run use.
    ///
    /// - Parameters:
    ///   - model: The model, or one with fewer blocks, with frozen parameters as in the run.
    ///   - arguments: The training arguments, with the number of processes.
    ///   - train: The texts of the run.
    /// - Returns: Nil for one process, or if the embedding is not trained.
    /// - Throws: `.outOfMemory`.
    static func ofRun(
        _ model: SequenceClassifier,
        _ arguments: TrainingArguments,
        _ train: EncodedExamples
    ) throws(TorchError) -> ExchangedTable? {
        let table = model.tokenTable
        guard arguments.worldSize > 1, table.isTrainable else { return nil }
        return ExchangedTable(
            rows: table.shape[0],
            width: table.shape[1],
            usedRows: try UsedRows.meanCount(train, arguments, tableRows: table.shape[0]),
            isGradientOfRows: table.hasGradientOfRows
        )
    }
}
