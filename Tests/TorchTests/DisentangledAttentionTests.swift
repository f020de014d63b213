import TestSupport
import Testing
import Torch

/// DeBERTa's attention and convolution in cases that the model fixtures do not cover: real sizes, many lengths, dropout.
struct DisentangledAttentionTests {
    /// A packed batch and all inputs of attention.
    private struct Batch {
        let lengths: [Int]
        let cuSeqlens: [Int32]
        let options: DisentangledOptions
        /// Queries, keys, values, `[T, 2, 4]`.
        let inputs: [Tensor]
        /// Position keys and position queries, `[P, 2, 4]` for all distances.
        let tables: [Tensor]

        init(lengths: [Int], options: DisentangledOptions) throws {
            let random = try RandomSource(seed: 11)
            self.lengths = lengths
            self.options = options
            cuSeqlens = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int32($1)) }
            let total = lengths.reduce(0, +)
            inputs = try (0..<3).map { _ in try Tensor.normal([total, 2, 4], random: random) }
            tables = try (0..<2).map { _ in
                try Tensor.normal([options.positionCount, 2, 4], random: random)
            }
            for tensor in inputs + tables { try tensor.setRequiresGradient(true) }
        }

        /// Attention over some of the sequences.
        func attention(_ sequences: Range<Int>, random: RandomSource? = nil) throws -> Tensor {
            let bounds = cuSeqlens[sequences.lowerBound...sequences.upperBound].map {
                $0 - cuSeqlens[sequences.lowerBound]
            }
            let own = Int(cuSeqlens[sequences.lowerBound])..<Int(cuSeqlens[sequences.upperBound])
            let needed = try options.neededPositions(bounds)
            let x = try inputs.map { try $0.narrowed(0, to: own) }
            let positions = try tables.map { try $0.narrowed(0, to: needed) }
            return try x[0].disentangledAttention(
                keys: x[1],
                values: x[2],
                positionKeys: positions[0],
                positionQueries: positions[1],
                cuSeqlens: bounds,
                options: options,
                random: random
            )
        }

        /// Gradients of a loss with a different weight for every element of the result; clears them.
        func gradients(of result: Tensor) throws -> [[Double]] {
            let weights = try Tensor.normal(result.shape, random: RandomSource(seed: 12))
            try (result * weights).sum().backward()
            return try (inputs + tables).map { tensor in
                let gradient = try #require(try tensor.gradient())
                let values = try gradient.array(of: Double.self)
                try gradient.fill(0)
                return values
            }
        }
    }

    private static let options = DisentangledOptions(scale: 0.3, buckets: 8, maxDistance: 64)

    private func largest(_ values: [Double], minus others: [Double]) throws -> Double {
        try #require(paired(values, others).map { abs($0 - $1) }.max())
    }

    // make_log_bucket_position(distance, 256, 512) of transformers 5.23.0 steps up at these distances past 128.
    @Test func `distances fall into the same buckets as in transformers`() throws {
        let steps = [
            129, 130, 131, 133, 134, 136, 137, 139, 140, 142, 143, 145, 146, 148, 150, 151, 153, 155, 156,
            158, 160,
            161, 163, 165, 167, 169, 170, 172, 174, 176, 178, 180, 182, 184, 186, 188, 190, 192, 194, 196,
            198, 201,
            203, 205, 207, 210, 212, 214, 216, 219, 221, 224, 226, 229, 231, 234, 236, 239, 241, 244, 247,
            249, 252,
            255, 258, 260, 263, 266, 269, 272, 275, 278, 281, 284, 287, 290, 294, 297, 300, 303, 307, 310,
            313, 317,
            320, 324, 327, 331, 335, 338, 342, 346, 349, 353, 357, 361, 365, 369, 373, 377, 381, 385, 390,
            394, 398,
            403, 407, 411, 416, 420, 425, 430, 434, 439, 444, 449, 454, 459, 464, 469, 474, 479, 484, 490,
            495, 500,
            506, 512,
        ]
        let options = DisentangledOptions(scale: 1, buckets: 256, maxDistance: 512)
        for distance in 0..<600 {
            let bucket = distance <= 128 ? distance : 128 + steps.count { $0 <= distance }
            let needed = try options.neededPositions([0, Int32(distance + 1)])
            #expect(needed == max(0, 256 - bucket)..<min(511, 256 + bucket) + 1, "\(distance)")
        }
    }

    @Test func `without buckets far distances share the last row`() throws {
        let options = DisentangledOptions(scale: 1, buckets: nil, maxDistance: 5)
        #expect(options.positionCount == 10)
        #expect(try options.neededPositions([0, 2, 6]) == 2..<9)
        #expect(try options.neededPositions([0, 40]) == 0..<10)
    }

    @Test(arguments: [(nil, 5), (4, 9), (5, 9), (16, 40), (256, 512), (2, 12), (3, 12)] as [(Int?, Int)])
    func `the rows of all distances are those of each distance, and the last ones serve farther distances`(
        buckets: Int?,
        maxDistance: Int
    ) throws {
        let options = DisentangledOptions(scale: 1, buckets: buckets, maxDistance: maxDistance)
        let rows = try options.rowsOfAllDistances()
        let farthest = rows.count / 2
        for distance in stride(from: 0, to: farthest + 2000, by: 7) {
            let near = min(distance, farthest)
            let needed = try options.neededPositions([0, Int32(distance + 1)])
            #expect(rows[farthest - near] == Int64(needed.lowerBound), "-\(distance)")
            #expect(rows[farthest + near] == Int64(needed.upperBound - 1), "\(distance)")
        }
    }

    // 1e-5: the same sums of a few hundred float32 products in another order.
    @Test func `a batch of texts of many lengths gives the same results and gradients as each text alone`()
        throws
    {
        let lengths = [3, 70, 1, 12, 12, 5, 30, 9, 64, 20]
        let batch = try Batch(lengths: lengths, options: Self.options)
        let together = try batch.attention(0..<lengths.count)
        let alone = try Tensor.concatenated(lengths.indices.map { try batch.attention($0..<$0 + 1) })
        #expect(together.shape == [226, 2, 4])
        #expect(try largest(together.array(of: Double.self), minus: alone.array(of: Double.self)) < 1e-5)
        let (ours, theirs) = (try batch.gradients(of: together), try batch.gradients(of: alone))
        for (gradient, other) in try paired(ours, theirs) {
            #expect(gradient.contains { abs($0) > 0.1 })
            #expect(try largest(gradient, minus: other) < 1e-5 * max(1, other.map(abs).max() ?? 0))
        }
    }

    // 1e-5: as above.
    @Test func `selected rows give the same results as all rows`() throws {
        let lengths = [3, 40, 1, 12]
        let batch = try Batch(lengths: lengths, options: Self.options)
        let rows = try PackedRows(positions: [2, 17, 0, 5], cuSeqlens: batch.cuSeqlens, device: .cpu)
        let some = try batch.inputs[0].gatheringRows(rows.indices).disentangledAttention(
            keys: batch.inputs[1],
            values: batch.inputs[2],
            positionKeys: batch.tables[0].narrowed(0, to: batch.options.neededPositions(batch.cuSeqlens)),
            positionQueries: batch.tables[1].narrowed(0, to: batch.options.neededPositions(batch.cuSeqlens)),
            cuSeqlens: batch.cuSeqlens,
            rows: rows,
            options: batch.options
        )
        let all = try batch.attention(0..<lengths.count).gatheringRows(rows.indices)
        #expect(try largest(some.array(of: Double.self), minus: all.array(of: Double.self)) < 1e-5)
    }

    @Test func `dropout zeroes weights, keeps their mean, and is reproducible by seed`() throws {
        var options = Self.options
        options.dropout = 0.4
        let batch = try Batch(lengths: [200, 150], options: options)
        try batch.inputs[2].setRequiresGradient(false)
        try batch.inputs[2].fill(1)
        let first = try batch.attention(0..<2, random: RandomSource(seed: 1)).array(of: Double.self)
        #expect(try batch.attention(0..<2, random: RandomSource(seed: 1)).array(of: Double.self) == first)
        #expect(try batch.attention(0..<2, random: RandomSource(seed: 2)).array(of: Double.self) != first)
        // A row's weights sum to 1. Dropout removes some and scales up the others. With 700 rows of two heads the standard
        // deviation of the mean is below 0.01.
        #expect(first.contains { abs($0 - 1) > 0.01 })
        #expect(abs(first.reduce(0, +) / Double(first.count) - 1) < 0.05)
        #expect(try batch.attention(0..<2).array(of: Double.self).allSatisfy { abs($0 - 1) < 1e-5 })
    }

    @Test func `tables of wrong size and invalid bucket counts are refused`() throws {
        let batch = try Batch(lengths: [3, 4], options: Self.options)
        #expect(throws: TorchError.self) {
            try batch.inputs[0].disentangledAttention(
                keys: batch.inputs[1],
                values: batch.inputs[2],
                positionKeys: batch.tables[0],
                positionQueries: nil,
                cuSeqlens: batch.cuSeqlens,
                options: batch.options
            )
        }
        for (buckets, distance) in [(1, 10), (8, 5), (nil, 0)] {
            #expect(throws: TorchError.self) {
                try DisentangledOptions(scale: 1, buckets: buckets, maxDistance: distance).neededPositions([
                    0, 3,
                ])
            }
        }
        #expect(throws: TorchError.self) { try Self.options.neededPositions([0]) }
    }

    @Test func `a convolution stays within each text`() throws {
        // One channel, weights 1, 10, 100 for the token before, the token, and the one after; bias 1000.
        let x = try Tensor([Float(1), 2, 3, 4, 5, 6], shape: [6, 1])
        let weight = try Tensor([Float(1), 10, 100], shape: [1, 1, 3])
        let y = try x.packedConvolution(weight, bias: Tensor([Float(1000)]), cuSeqlens: [0, 3, 4, 6])
        #expect(try y.array(of: Float.self) == [1210, 1321, 1032, 1040, 1650, 1065])
        // Two groups that do not mix: each channel has its own weight.
        let pair = try Tensor([Float(1), 10, 2, 20, 3, 30], shape: [3, 2])
        let own = try Tensor([Float(0), 1, 0, 0, 0, 1], shape: [2, 1, 3])
        let z = try pair.packedConvolution(own, bias: nil, cuSeqlens: [0, 2, 3], groups: 2)
        #expect(try z.array(of: Float.self) == [1, 20, 2, 0, 3, 0])
    }

    @Test func `convolutions with an even kernel size or past the batch are refused`() throws {
        let x = try Tensor([Float(1), 2, 3], shape: [3, 1])
        let (odd, even) = (try Tensor.full(1, [1, 1, 3]), try Tensor.full(1, [1, 1, 2]))
        #expect(throws: TorchError.self) { try x.packedConvolution(even, bias: nil, cuSeqlens: [0, 3]) }
        #expect(throws: TorchError.self) { try x.packedConvolution(odd, bias: nil, cuSeqlens: [0, 4]) }
        #expect(throws: TorchError.self) { try x.packedConvolution(odd, bias: nil, cuSeqlens: [0]) }
    }
}
