public import Torch

/// How a forward pass is to run: passed down, so that no module remembers a mode.
public struct ForwardContext {
    /// The type in which matrix products are computed; everything else stays as the weights are.
    public var matmulDType: DType
    /// How a CPU computes those products; a classifier sets its own.
    public var productRoutes = ProductRoutes.suggested
    /// Whether what lies between a block's ends is computed again in the backward pass instead of kept.
    public var checkpointsBlocks = false
    /// Where dropout draws from; nil turns dropout off, as evaluation does.
    public var dropout: RandomSource?
    /// Told what every linear layer gets and gives, by its weight's name, and in which type it multiplies; nil tells nobody.
    package var inspect:
        ((_ layer: String, _ input: Tensor, _ output: Tensor, _ dtype: DType) throws(TorchError) -> Void)?

    /// Evaluation in float32 where nothing else is said.
    ///
    /// - Parameters:
    ///   - matmulDType: `.float32` or `.bfloat16`.
    ///   - dropout: Given while training.
    public init(matmulDType: DType = .float32, dropout: RandomSource? = nil) {
        self.matmulDType = matmulDType
        self.dropout = dropout
    }

    /// Applies dropout while training.
    ///
    /// - Parameters:
    ///   - probability: Of an element to be zeroed; fraction in `0 ..< 1`.
    ///   - x: Any shape.
    /// - Returns: `x` itself in evaluation or at probability 0.
    /// - Throws: `.outOfMemory`.
    public func dropout(_ probability: Double, _ x: Tensor) throws(TorchError) -> Tensor {
        guard let dropout, probability > 0 else { return x }
        return try x.dropout(probability, random: dropout)
    }
}
