import CTorch

/// How attention weighs keys: which of them a query sees, and how scores become weights.
public struct AttentionOptions: Sendable, Equatable {
    /// The keys that a query sees around its own place.
    public struct Window: Sendable, Equatable {
        /// Keys before it; nil for all.
        public var left: Int?
        /// Keys after it; nil for all.
        public var right: Int?

        /// So many keys on each side.
        ///
        /// - Parameters:
        ///   - left: Keys before a query's place; nil for all.
        ///   - right: Keys after it; nil for all.
        public init(left: Int?, right: Int?) {
            self.left = left
            self.right = right
        }

        /// Every key.
        public static let full = Window(left: nil, right: nil)
        /// A query's own key and all before it.
        public static let causal = Window(left: nil, right: 0)
    }

    /// Factor on the scores, 1/√D usually.
    public var scale: Double
    /// The keys that a query sees.
    public var window: Window
    /// c: scores become `c · tanh(score / c)`; nil leaves them.
    ///
    /// Source: Gemma 2's technical report, section 2 ("logit soft-capping").
    public var softcap: Double?
    /// Probability of a weight to be zeroed; fraction in `0 ..< 1`.
    public var dropout = 0.0

    /// Attention without dropout.
    ///
    /// - Parameters:
    ///   - scale: Factor on the scores.
    ///   - window: The keys that a query sees.
    ///   - softcap: Where scores saturate; nil for nowhere.
    public init(scale: Double, window: Window, softcap: Double? = nil) {
        self.scale = scale
        self.window = window
        self.softcap = softcap
    }
}

/// Some rows of a packed batch, sequence by sequence.
public struct PackedRows {
    /// `[R]`, int64: their places in the batch.
    public let indices: Tensor
    /// B + 1 offsets into them.
    public let cuSeqlens: [Int32]
    /// Each one's place in its own sequence, rising within a sequence.
    public let positions: [Int32]

    /// One row of each sequence.
    ///
    /// - Parameters:
    ///   - positions: Its place in its sequence, one for each of B sequences.
    ///   - cuSeqlens: The batch's B + 1 offsets.
    ///   - device: Where the batch is.
    /// - Throws: `.outOfMemory`.
    public init(positions: [Int32], cuSeqlens: [Int32], device: Device) throws(TorchError) {
        indices = try Tensor(zip(cuSeqlens, positions).map { Int64($0 + $1) }).to(device: device)
        self.cuSeqlens = Array(0...Int32(positions.count))
        self.positions = positions
    }
}

extension Tensor {
    /// Attention of this tensor's rows (queries) within each sequence of a packed batch.
    ///
    /// - Parameters:
    ///   - keys: `[T, M, D]`; this tensor is `[T, N, D]`, N a multiple of M (grouped-query attention).
    ///   - values: `[T, M, D]`.
    ///   - cuSeqlens: B + 1 offsets; sequence i owns rows `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    ///   - rows: The queries where this tensor holds some rows only, `[R, N, D]`; nil where it holds all.
    ///   - options: Which keys a query sees, and how scores become weights.
    ///   - random: Where dropout draws its seed; needed where `options` ask for dropout.
    /// - Returns: `[T, N, D]`, or `[R, N, D]`.
    /// - Throws: `.failed` if sizes differ or the offsets do not rise from 0 to T.
    public func variableLengthAttention(
        keys: Tensor,
        values: Tensor,
        cuSeqlens: [Int32],
        rows: PackedRows? = nil,
        options: AttentionOptions,
        random: RandomSource? = nil
    ) throws(TorchError) -> Tensor {
        guard cuSeqlens.count > 1, rows.map({ $0.cuSeqlens.count == cuSeqlens.count }) ?? true else {
            throw TorchError(
                operation: "attention",
                message: "a packed batch has at least one sequence, and as many of queries as of keys"
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
                native
            )
        }
    }
}
