public import Torch

/// The settings of a forward pass, passed to every module so that no module stores a mode.
public struct ForwardContext {
    /// The type of matrix products; everything else is computed in the weights' type.
    public var matmulDType: DType
    /// The routes of those products on a CPU; a classifier sets its own.
    public var productRoutes = ProductRoutes.suggested
    /// Whether a block's intermediates are recomputed in the backward pass instead of kept.
    public var checkpointsBlocks = false
    /// The stream that dropout draws from; nil turns dropout off, as in evaluation.
    public var dropout: RandomSource?
    /// The states after the frozen first blocks that are kept between epochs; nil computes them in every pass.
    package var frozenStates: FrozenStates?
    /// The place of the blocks' weights; nil if they are in memory.
    package var blockWeights: (any BlockWeights)?
    /// Called with every linear layer's weight name, input, output and product type; may be nil.
    package var inspect:
        ((_ layer: String, _ input: Tensor, _ output: Tensor, _ dtype: DType) throws(TorchError) -> Void)?
    /// Receives the token embeddings `[T, H]` and returns the tensor to use in their place; nil uses them as they are.
    ///
    /// With it, a pass gives gradients with respect to the embeddings.
    package var replaceEmbeddings: ((_ embeddings: Tensor) throws(TorchError) -> Tensor)?

    /// Creates a context; by default for evaluation in float32.
    ///
    /// - Parameters:
    ///   - matmulDType: `.float32` or `.bfloat16`.
    ///   - dropout: The stream of dropout, for training.
    public init(matmulDType: DType = .float32, dropout: RandomSource? = nil) {
        self.matmulDType = matmulDType
        self.dropout = dropout
    }

    /// Applies ``replaceEmbeddings``, if set.
    ///
    /// - Parameter embeddings: The rows of the token embedding, `[T, H]`, before anything is added to them.
    /// - Returns: The embeddings to use.
    /// - Throws: The error of the closure.
    package func embedded(_ embeddings: Tensor) throws(TorchError) -> Tensor {
        guard let replaceEmbeddings else { return embeddings }
        return try replaceEmbeddings(embeddings)
    }

    /// Applies dropout while training.
    ///
    /// - Parameters:
    ///   - probability: Probability that an element is zeroed; fraction in `0 ..< 1`.
    ///   - x: A tensor of any shape.
    /// - Returns: The result; `x` itself in evaluation or if the probability is 0.
    /// - Throws: `.outOfMemory`.
    public func dropout(_ probability: Double, _ x: Tensor) throws(TorchError) -> Tensor {
        guard let dropout, probability > 0 else { return x }
        return try x.dropout(probability, random: dropout)
    }
}
