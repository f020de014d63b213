import Checkpoints
import JSON
import NN
import Torch

extension ModelConfiguration {
    /// Returns the same model with more rows in its token embedding.
    ///
    /// - Parameter rows: The minimum number of rows; nil changes nothing.
    /// - Returns: A configuration with that `vocab_size`, or this one if it already has enough rows.
    /// - Throws: ``ModelError`` if the fields do not describe a supported network.
    func withEmbeddingRows(_ rows: Int?) throws -> ModelConfiguration {
        guard let rows, try embeddingRows() < rows else { return self }
        var fields = fields
        fields["vocab_size"] = .int(rows)
        return ModelConfiguration(fields: fields, source: source)
    }
}

extension Tensor {
    /// Returns an embedding table with additional rows, drawn around the mean of the existing rows.
    ///
    /// The new rows are drawn from N(mean, 1e-9 · covariance) of the old ones, so they start near the mean and differ from each
    /// other. For n old rows xᵢ and standard normal zᵢ, √(1e-9 / n) · Σ zᵢ (xᵢ - mean) has that covariance, even if the
    /// covariance does not have full rank.
    ///
    /// - Parameters:
    ///   - rows: The new number of rows, at least the current number.
    ///   - random: The stream to draw from.
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
