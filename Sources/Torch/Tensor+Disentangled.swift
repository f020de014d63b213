import CTorch

/// How attention counts the distance of query and key, and how scores become weights.
///
/// Source: He et al. 2020, "DeBERTa"; `make_log_bucket_position` of transformers 5.23 (modeling_deberta_v2.py).
public struct DisentangledOptions: Sendable, Equatable {
    /// Factor on the scores, 1/√(D · kinds of scores).
    public var scale: Double
    /// Buckets for the distances to each side: half of them for one distance each, half for ever wider ranges; nil gives
    /// every distance its own row.
    public var buckets: Int?
    /// The farthest distance that is told apart from farther ones.
    public var maxDistance: Int
    /// Probability of a weight to be zeroed; fraction in `0 ..< 1`.
    public var dropout = 0.0

    /// Attention without dropout.
    ///
    /// - Parameters:
    ///   - scale: Factor on the scores.
    ///   - buckets: Buckets for the distances to each side, at least 2; nil gives every distance its own row.
    ///   - maxDistance: The farthest distance that is told apart; with buckets more than half of them and 1.
    public init(scale: Double, buckets: Int?, maxDistance: Int) {
        self.scale = scale
        self.buckets = buckets
        self.maxDistance = maxDistance
    }

    /// Rows of a table by distance: half for keys after a query, half for those before.
    public var positionCount: Int { 2 * (buckets ?? maxDistance) }

    /// The rows of a table by distance that a batch needs: short texts meet few distances.
    ///
    /// - Parameter cuSeqlens: B + 1 offsets of its texts.
    /// - Returns: A part of `0 ..< positionCount`.
    /// - Throws: `.failed` for an empty batch, or buckets that cannot be.
    public func neededPositions(_ cuSeqlens: [Int32]) throws(TorchError) -> Range<Int> {
        let longest = zip(cuSeqlens, cuSeqlens.dropFirst()).map { $1 - $0 }.max() ?? 0
        var (first, end): (Int64, Int64) = (0, 0)
        try check("attention", ct_nn_disentangled_rows(&first, &end, Int64(longest), native))
        return Int(first)..<Int(end)
    }

    fileprivate var native: ct_disentangled {
        var native = ct_disentangled()
        native.scale = scale
        native.buckets = Int64(buckets ?? 0)
        native.max_distance = Int64(maxDistance)
        native.dropout = dropout
        return native
    }
}

extension Tensor {
    /// Attention within each sequence of a packed batch that also scores content against the distance of query and key.
    ///
    /// A score is `scale · (q · k + q · positionKeys[d] + k · positionQueries[d])`, d the row of their distance.
    ///
    /// - Parameters:
    ///   - keys: `[T, N, D]`; this tensor, the queries, is `[T, N, D]`.
    ///   - values: `[T, N, D]`.
    ///   - positionKeys: `[P, N, D]`, the rows that `options.neededPositions` says; nil leaves the second term out.
    ///   - positionQueries: `[P, N, D]` likewise; nil leaves the third term out.
    ///   - cuSeqlens: B + 1 offsets; sequence i owns rows `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    ///   - rows: The queries where this tensor holds some rows only, `[R, N, D]`; nil where it holds all.
    ///   - options: How distances are counted, and how scores become weights.
    ///   - random: Where dropout draws; needed where `options` ask for dropout.
    /// - Returns: `[T, N, D]`, or `[R, N, D]`.
    /// - Throws: `.failed` if sizes differ or the offsets do not rise from 0 to T; `.outOfMemory`.
    public func disentangledAttention(
        keys: Tensor,
        values: Tensor,
        positionKeys: Tensor?,
        positionQueries: Tensor?,
        cuSeqlens: [Int32],
        rows: PackedRows? = nil,
        options: DisentangledOptions,
        random: RandomSource? = nil
    ) throws(TorchError) -> Tensor {
        guard cuSeqlens.count > 1, rows.map({ $0.cuSeqlens.count == cuSeqlens.count }) ?? true else {
            throw TorchError(
                operation: "attention",
                message: "a packed batch has at least one sequence, and as many of queries as of keys"
            )
        }
        var native = options.native
        if random == nil { native.dropout = 0 }
        return try makeTensor("attention", from: self, keys, values) { out in
            withExtendedLifetime((positionKeys, positionQueries, random)) {
                ct_nn_disentangled_attention(
                    out,
                    self.handle,
                    keys.handle,
                    values.handle,
                    positionKeys?.handle ?? ct_tensor(),
                    positionQueries?.handle ?? ct_tensor(),
                    rows?.cuSeqlens ?? cuSeqlens,
                    rows?.positions,
                    cuSeqlens,
                    cuSeqlens.count - 1,
                    native,
                    random?.handle ?? ct_generator()
                )
            }
        }
    }

    /// Convolution along each sequence of a packed batch, with zeros before and after a sequence.
    ///
    /// - Parameters:
    ///   - weight: `[out, in / groups, K]`, K odd; this tensor is `[T, in]`.
    ///   - bias: `[out]`.
    ///   - cuSeqlens: B + 1 offsets; sequence i owns rows `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    ///   - groups: Parts of the width that do not mix.
    /// - Returns: `[T, out]`.
    /// - Throws: `.failed` if sizes differ or the offsets do not rise from 0 to T; `.outOfMemory`.
    public func packedConvolution(
        _ weight: Tensor,
        bias: Tensor?,
        cuSeqlens: [Int32],
        groups: Int = 1
    ) throws(TorchError) -> Tensor {
        guard cuSeqlens.count > 1 else {
            throw TorchError(
                operation: "convolution",
                message: "a packed batch has at least one sequence"
            )
        }
        return try makeTensor("convolution", from: self, weight) { out in
            withExtendedLifetime(bias) {
                ct_nn_packed_convolution(
                    out,
                    self.handle,
                    weight.handle,
                    bias?.handle ?? ct_tensor(),
                    cuSeqlens,
                    cuSeqlens.count - 1,
                    Int64(groups)
                )
            }
        }
    }
}
