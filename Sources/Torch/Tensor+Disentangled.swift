import CTorch

/// The options of disentangled attention: how the distance of query and key counts, and how scores become weights.
///
/// Source: He et al. 2020, "DeBERTa"; `make_log_bucket_position` of transformers 5.23 (modeling_deberta_v2.py).
public struct DisentangledOptions: Sendable, Equatable {
    /// Factor on the scores, 1/√(D · number of score terms).
    public var scale: Double
    /// The number of distance buckets on each side: half of them for one distance each, half for increasingly wide ranges.
    ///
    /// Nil gives every distance its own row.
    public var buckets: Int?
    /// The largest distance with its own row or bucket; larger ones share it.
    public var maxDistance: Int
    /// Probability that a weight is zeroed; fraction in `0 ..< 1`.
    public var dropout = 0.0

    /// Creates options without dropout.
    ///
    /// - Parameters:
    ///   - scale: Factor on the scores.
    ///   - buckets: The number of distance buckets on each side, at least 2; nil gives every distance its own row.
    ///   - maxDistance: The largest distance with its own row or bucket; with buckets it must exceed half of them plus 1.
    public init(scale: Double, buckets: Int?, maxDistance: Int) {
        self.scale = scale
        self.buckets = buckets
        self.maxDistance = maxDistance
    }

    /// The number of rows of a position table: half for keys after a query, half for keys before it.
    public var positionCount: Int { 2 * (buckets ?? maxDistance) }

    /// Returns the rows of a position table that a batch needs, since short texts have few distances.
    ///
    /// - Parameter cuSeqlens: B + 1 offsets of the batch's texts.
    /// - Returns: A subrange of `0 ..< positionCount`.
    /// - Throws: `.failed` for an empty batch or an invalid number of buckets.
    public func neededPositions(_ cuSeqlens: [Int32]) throws(TorchError) -> Range<Int> {
        let longest = zip(cuSeqlens, cuSeqlens.dropFirst()).map { $1 - $0 }.max() ?? 0
        var (first, end): (Int64, Int64) = (0, 0)
        try check("attention", ct_nn_disentangled_rows(&first, &end, Int64(longest), native))
        return Int(first)..<Int(end)
    }

    /// Returns the row of a position table for each distance, query minus key, from -n to n.
    ///
    /// Distances beyond n have the row of n or -n.
    ///
    /// - Returns: 2 · n + 1 rows.
    /// - Throws: `.failed` for an invalid number of buckets, or for far more distances than texts have tokens.
    package func rowsOfAllDistances() throws(TorchError) -> [Int64] {
        // The ends of the table are reached soon after the largest distance with its own bucket.
        var longest = maxDistance + 2
        while longest <= 1 << 20 {
            var rows = [Int64](repeating: 0, count: 2 * longest - 1)
            let status = rows.withUnsafeMutableBufferPointer { rows in
                rows.baseAddress.map { ct_nn_disentangled_table($0, Int64(longest), native) } ?? 0
            }
            try check("distances", status)
            // With fewer than four buckets all distances from 1 on share one, and row 0 is never used.
            let isComplete = rows.first == 0 && rows.last == Int64(positionCount - 1)
            if isComplete || (buckets.map { $0 < 4 } ?? false) { return rows }
            longest *= 2
        }
        throw TorchError(
            operation: "distances",
            message:
                "relative positions up to \(maxDistance) in \(buckets.map { "\($0)" } ?? "no") buckets are too many"
        )
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
    /// Returns attention within each sequence of a packed batch that also scores content against relative position.
    ///
    /// A score is `scale · (q · k + q · positionKeys[d] + k · positionQueries[d])`, where d is the row for their distance.
    ///
    /// - Parameters:
    ///   - keys: `[T, N, D]`; this tensor, the queries, is `[T, N, D]`.
    ///   - values: `[T, N, D]`.
    ///   - positionKeys: `[P, N, D]`, the rows of `options.neededPositions`; nil omits the second term.
    ///   - positionQueries: `[P, N, D]`, the same rows; nil omits the third term.
    ///   - cuSeqlens: B + 1 offsets; sequence i owns rows `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    ///   - rows: The rows that this tensor's queries belong to if it holds only some, `[R, N, D]`; nil if it holds all.
    ///   - options: How distances count, and how scores become weights.
    ///   - random: The stream that dropout draws from; required for dropout.
    /// - Returns: `[T, N, D]`, or `[R, N, D]`.
    /// - Throws: `.failed` if sizes differ or the offsets do not ascend from 0 to T; `.outOfMemory`.
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
                message:
                    "a packed batch needs at least one sequence, and the same number of sequences for queries and keys"
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

    /// Returns a convolution along each sequence of a packed batch, with zero padding before and after each sequence.
    ///
    /// - Parameters:
    ///   - weight: `[out, in / groups, K]`, K odd; this tensor is `[T, in]`.
    ///   - bias: `[out]`.
    ///   - cuSeqlens: B + 1 offsets; sequence i owns rows `cuSeqlens[i] ..< cuSeqlens[i + 1]`.
    ///   - groups: The number of channel groups, which do not mix.
    /// - Returns: `[T, out]`.
    /// - Throws: `.failed` if sizes differ or the offsets do not ascend from 0 to T; `.outOfMemory`.
    public func packedConvolution(
        _ weight: Tensor,
        bias: Tensor?,
        cuSeqlens: [Int32],
        groups: Int = 1
    ) throws(TorchError) -> Tensor {
        guard cuSeqlens.count > 1 else {
            throw TorchError(
                operation: "convolution",
                message: "a packed batch needs at least one sequence"
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
