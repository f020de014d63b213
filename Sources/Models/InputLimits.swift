import Files
import Torch

/// The range of inputs that a model's embedding tables support.
struct InputLimits: Equatable {
    /// The number of rows of the token embedding.
    var tokens: Int
    /// The model's use of token types.
    var types = TokenTypes.ignored
    /// The longest text, in tokens, that learned positions support; nil for computed positions.
    var positions: Int?

    /// Throws if a batch has a token, type or position beyond the model's tables.
    ///
    /// - Parameter batch: The batch to check.
    /// - Throws: `.indexOutOfRange` with the example, the value and the limit.
    func check(_ batch: PackedBatch) throws(TorchError) {
        if let place = batch.tokenIDs.firstIndex(where: { $0 < 0 || Int($0) >= tokens }) {
            throw outside(
                batch,
                place,
                "token id \(batch.tokenIDs[place]) is outside the model's \(tokens) embedding rows; "
                    + "use the model's own tokenizer"
            )
        }
        let typeCount: Int? =
            switch types {
            case .ignored: nil
            case .table(let rows), .tokens(let rows): rows
            }
        if let typeCount, let ids = batch.tokenTypeIDs,
            let place = ids.firstIndex(where: { $0 < 0 || Int($0) >= typeCount })
        {
            throw outside(batch, place, "token type \(ids[place]) is outside the model's \(typeCount) types")
        }
        guard let positions else { return }
        for (start, end) in zip(batch.cuSeqlens, batch.cuSeqlens.dropFirst())
        where Int(end - start) > positions {
            throw outside(
                batch,
                Int(start),
                "it has \(counted(Int(end - start), "token")), but the model has positions for \(positions); truncate texts"
            )
        }
    }

    private func outside(_ batch: PackedBatch, _ place: Int, _ reason: String) -> TorchError {
        let example = batch.cuSeqlens.lastIndex { Int($0) <= place } ?? 0
        return TorchError(
            code: .indexOutOfRange,
            operation: "example \(example) of the batch",
            message: reason
        )
    }
}
