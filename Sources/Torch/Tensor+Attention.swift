import CTorch

/// The options of attention: which keys a query sees, and how scores become weights.
public struct AttentionOptions: Sendable, Equatable {
    /// The keys around its own position that a query sees.
    public struct Window: Sendable, Equatable {
        /// The number of keys before the query's position; nil for all.
        public var left: Int?
        /// The number of keys after the query's position; nil for all.
        public var right: Int?

        /// Creates a window from the number of keys on each side.
        ///
        /// - Parameters:
        ///   - left: The number of keys before the query's position; nil for all.
        ///   - right: The number of keys after the query's position; nil for all.
        public init(left: Int?, right: Int?) {
            self.left = left
            self.right = right
        }

        /// All keys.
        public static let full = Window(left: nil, right: nil)
        /// A query's own key and all before it.
        public static let causal = Window(left: nil, right: 0)
    }

    /// Factor on the scores, usually 1/√D.
    public var scale: Double
    /// The keys that a query sees.
    public var window: Window
    /// The soft-cap c, which turns scores into `c · tanh(score / c)`; nil for none.
    ///
    /// Source: Gemma 2's technical report, section 2 ("logit soft-capping").
    public var softcap: Double?
    /// Probability that a weight is zeroed; fraction in `0 ..< 1`.
    public var dropout = 0.0

    /// Creates options without dropout.
    ///
    /// - Parameters:
    ///   - scale: Factor on the scores.
    ///   - window: The keys that a query sees.
    ///   - softcap: The value at which scores saturate; nil for none.
    public init(scale: Double, window: Window, softcap: Double? = nil) {
        self.scale = scale
        self.window = window
        self.softcap = softcap
    }
}

/// Some rows of a packed batch, sequence by sequence.
public struct PackedRows {
    /// Indices of the rows in the batch: `[R]`, int64.
    public let indices: Tensor
    /// B + 1 offsets into the selected rows, one range per sequence.
    public let cuSeqlens: [Int32]
    /// Each row's position in its own sequence, ascending within a sequence.
    public let positions: [Int32]

    /// Selects one row of each sequence.
    ///
    /// - Parameters:
    ///   - positions: The row's position in its sequence, one for each of B sequences.
    ///   - cuSeqlens: The batch's B + 1 offsets.
    ///   - device: The device of the batch.
    /// - Throws: `.outOfMemory`.
    public init(positions: [Int32], cuSeqlens: [Int32], device: Device) throws(TorchError) {
        indices = try Tensor(zip(cuSeqlens, positions).map { Int64($0 + $1) }).to(device: device)
        self.cuSeqlens = Array(0...Int32(positions.count))
        self.positions = positions
    }
}

extension Tensor {
    /// Returns the attention of this tensor's rows (queries) within each sequence of a packed batch.
    ///
    /// - Parameters:
    ///   - keys: `[T, M, D]`; this tensor is `[T, N, D]`, N a multiple of M (grouped-query attention).
    ///   - values: `[T, M, D]`.
    ///   - cuSeqlens: B + 1 offsets; sequence i owns rows `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    ///   - rows: The rows that this tensor's queries belong to if it holds only some, `[R, N, D]`; nil if it holds all.
    ///   - options: The keys that a query sees, and how scores become weights.
    ///   - random: The stream of dropout's seed; required for dropout.
    ///   - dtype: The type to which factors of products are rounded, `.bfloat16`, where a CPU multiplies it by Attune's kernel and a
    ///     sequence has at least 64 keys. Otherwise factors keep their type.
    ///   - routes: The product routes on a CPU.
    /// - Returns: `[T, N, D]`, or `[R, N, D]`, in this tensor's type.
    /// - Throws: `.failed` if sizes differ or the offsets do not ascend from 0 to T.
    public func variableLengthAttention(
        keys: Tensor,
        values: Tensor,
        cuSeqlens: [Int32],
        rows: PackedRows? = nil,
        options: AttentionOptions,
        random: RandomSource? = nil,
        in dtype: DType = .float32,
        routes: ProductRoutes = .suggested
    ) throws(TorchError) -> Tensor {
        guard cuSeqlens.count > 1, rows.map({ $0.cuSeqlens.count == cuSeqlens.count }) ?? true else {
            throw TorchError(
                operation: "attention",
                message:
                    "a packed batch needs at least one sequence, and the same number of sequences for queries and keys"
            )
        }
        var native = ct_attention()
        native.scale = options.scale
        native.softcap = options.softcap ?? 0
        native.left = Int64(options.window.left ?? -1)
        native.right = Int64(options.window.right ?? -1)
        if options.dropout > 0, let random {
            native.dropout = options.dropout
            native.seed = try random.draw()
        }
        return try makeTensor("attention", from: self, keys, values) { out in
            ct_nn_varlen_attention(
                out,
                self.handle,
                keys.handle,
                values.handle,
                rows?.cuSeqlens ?? cuSeqlens,
                rows?.positions,
                cuSeqlens,
                cuSeqlens.count - 1,
                native,
                dtype.native,
                routes.native
            )
        }
    }
}
