import Checkpoints
import JSON
import NN
import Torch

extension ModelConfiguration {
    /// The same model with more rows in its token embedding.
    ///
    /// - Parameter rows: How many at least; nil changes nothing.
    /// - Returns: A configuration with that `vocab_size`, or this one if it has as many rows already.
    /// - Throws: ``ModelError`` where the fields describe no network.
    func withEmbeddingRows(_ rows: Int?) throws -> ModelConfiguration {
        guard let rows, try embeddingRows() < rows else { return self }
        var fields = fields
        fields["vocab_size"] = .int(rows)
        return ModelConfiguration(fields: fields, source: source)
    }
}

extension Tensor {
    /// A table of vectors with further rows, drawn around the mean of those there are.
    ///
    /// The new rows are drawn from N(mean, 1e-9 · covariance) of the old ones, so they start in their midst and differ from
    /// each other. For n old rows xᵢ and standard normal zᵢ, √(1e-9 / n) · Σ zᵢ (xᵢ - mean) has that distribution, whether or
    /// not the covariance has full rank.
    ///
    /// - Parameters:
    ///   - rows: How many there are to be, at least as many as there are.
    ///   - random: Where the new rows are drawn from.
    /// - Returns: `[rows, H]`, float32.
    /// - Throws: `.outOfMemory`.
    ///
    /// Source: `_init_added_embeddings_weights_with_mean` of transformers 5.23 (modeling_utils.py), the default of
    /// `resize_token_embeddings`.
    func withRowsAdded(upTo rows: Int, random: RandomSource) throws(TorchError) -> Tensor {
        let old = try to(dtype: .float32)  // [n, H]
        let count = old.shape[0]
        let mean = try old.mean(along: 0).unsqueezed(0)  // [1, H]
        let draws = try Tensor.normal([rows - count, count], std: 1, random: random)  // [new, n]
        let sums = try draws.sum(along: 1).unsqueezed(1)  // [new, 1]
        let spread = try draws.matmul(old) - sums.matmul(mean)  // [new, H]
        let scale = (1e-9 / Double(count)).squareRoot()
        return try Tensor.concatenated([old, spread * scale + mean])
    }
}
