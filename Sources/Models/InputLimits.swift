import Files
import Torch

/// The inputs that a model's tables have rows for.
struct InputLimits: Equatable {
    /// Rows of the token embedding.
    var tokens: Int
    /// What becomes of token types.
    var types = TokenTypes.ignored
    /// Tokens of a text that learned positions are enough for; nil for positions that are computed.
    var positions: Int?

    /// Refuses a batch with a token, a type or a position that the model has no row for.
    ///
    /// - Parameter batch: What is to be computed.
    /// - Throws: `.indexOutOfRange` with the example, the value and the limit.
    func check(_ batch: PackedBatch) throws(TorchError) {
        if let place = batch.tokenIDs.firstIndex(where: { $0 < 0 || Int($0) >= tokens }) {
            throw outside(
                batch,
                place,
                "token id \(batch.tokenIDs[place]) is outside the model's \(tokens) embedding rows; "
                    + "use the tokenizer that belongs to the model"
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
                "it has \(counted(Int(end - start), "token")), and the model has positions for \(positions); cut longer texts"
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
