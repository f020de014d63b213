package import Foundation
public import Torch

extension SequenceClassifier {
    /// Options for loading a classifier from a checkpoint.
    public struct LoadOptions: Sendable {
        /// The labels.
        ///
        /// Nil takes the checkpoint's labels.
        public var labels: [String]?
        /// The tokenizer's padding token, which overrides the configuration's padding token.
        public var padTokenID: Int32?
        /// The problem type.
        ///
        /// Nil takes the checkpoint's, else single-label.
        public var problemType: ProblemType?
        /// The type of weight matrices: float32, or bfloat16 with half the memory and less precision.
        ///
        /// Norms, biases and the head are always float32.
        public var weightsDType = DType.float32
        /// The form in which the matrices of a frozen model are kept.
        public var frozenStorage = FrozenStorage.floatingPoint
        /// The integers in which linear layers are multiplied; nil multiplies in floating point.
        ///
        /// Only for prediction on a CPU.
        public var productQuantization: ProductQuantization?
        /// The layers and numbers that integer products leave in floating point.
        package var integerProducts = IntegerProducts()
        /// Whether an adapter changes the weights after loading, so that they are quantized for integer products only then.
        package var weightsChangeLater = false
        /// Modules that are trained whole next to an adapter, which are never quantized.
        package var trainedModules: [String] = []
        /// Whether weights may stay in the mapped file if type and device allow it.
        ///
        /// Only for prediction, because such weights must not be changed.
        public var mapsWeights = false
        /// A folder for a temporary file with the weights of the blocks, so that they need not be in memory all at once; nil keeps
        /// them in memory.
        package var offloadFolder: URL?
        /// The rank and the number of ranks among which the weights of the blocks are divided; nil keeps them whole.
        package var shard: (rank: Int, count: Int)?
        /// Whether to replace an existing head with a fresh one.
        public var reinitializesHead = false
        /// Whether to add rows to the token embedding if the tokenizer has more tokens.
        ///
        /// New rows start near the mean of the existing rows, as in transformers' `resize_token_embeddings`. It has an effect
        /// only if the tokenizer is known, as in `TextClassifier.load`.
        public var resizesEmbeddings = false
        /// The minimum number of rows of the token embedding.
        ///
        /// Nil takes the checkpoint's number.
        package var embeddingRows: Int?
        /// Whether an adapter provides the head after loading; the checkpoint's head is not read then.
        package var headComesLater = false
        /// Whether to refuse NaN and infinite weights; false for code that looks for their origin.
        package var refusesNonFiniteWeights = true
        /// The device of the classifier.
        public var device = Device.cpu
        /// The product routes on a CPU: suggested by its instruction sets, unless they were measured (`MeasuredProducts`).
        public var productRoutes = ProductRoutes.suggested

        /// Creates the default options: the checkpoint's own labels and head, on the CPU.
        public init() {}
    }
}
