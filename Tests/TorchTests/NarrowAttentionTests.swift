import TestSupport
import Testing
import Torch

/// Compares attention whose products are in bfloat16 with attention in float32, on machines whose CPU multiplies pairs of bfloat16.
///
/// The error is the root of the mean square, relative to that of the float32 values. A rounded factor has an error of 0.1 % on average,
/// and the gradients of scores are differences of sums of such products.
@Suite(.enabled(if: ProductRoutes.BFloat16.available.contains(.attune)))
struct NarrowAttentionTests {
    typealias Attention = KernelTests.Attention

    /// Sequences of which some end with narrower panels, and some have an odd length.
    private static let shapes =
        KernelTests.shapes + [
            Attention(lengths: [256, 241, 97, 2], heads: 3, keyValueHeads: 1, width: 32, window: .full),
            Attention(lengths: [305, 496], heads: 2, keyValueHeads: 2, width: 64, window: .causal),
            Attention(
                lengths: [304, 255, 303],
                heads: 2,
                keyValueHeads: 1,
                width: 96,
                window: .init(left: 70, right: 0)
            ),
            Attention(
                lengths: [336, 65],
                heads: 2,
                keyValueHeads: 1,
                width: 128,
                window: .init(left: 40, right: 40)
            ),
            Attention(
                lengths: [513, 271],
                heads: 2,
                keyValueHeads: 1,
                width: 16,
                window: .full,
                dropout: 0.2
            ),
        ]

    /// A result and the gradients of queries, keys and values.
    private func values(_ a: Attention, in dtype: DType, sequences: Range<Int>? = nil) throws -> [Tensor] {
        let random = try RandomSource(seed: 11)
        let total = a.lengths.reduce(0, +)
        let shapes = [
            [total, a.heads, a.width], [total, a.keyValueHeads, a.width], [total, a.keyValueHeads, a.width],
        ]
        let all = a.lengths.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1)) }
        let kept = sequences ?? 0..<a.lengths.count
        let first = Int(all[kept.lowerBound]), end = Int(all[kept.upperBound])
        let offsets = all[kept.lowerBound...kept.upperBound].map { $0 - Int32(first) }
        var inputs = try shapes.map { try Tensor.normal($0, random: random).narrowed(0, to: first..<end) }
        let rows = try a.positions.map { try PackedRows(positions: $0, cuSeqlens: offsets, device: .cpu) }
        if let rows { inputs[0] = try inputs[0].gatheringRows(rows.indices) }
        inputs = try inputs.map { try $0.contiguous() }
        for input in inputs { try input.setRequiresGradient(true) }
        var options = AttentionOptions(
            scale: 1 / Double(a.width).squareRoot(),
            window: a.window,
            softcap: a.softcap
        )
        options.dropout = a.dropout
        let result = try inputs[0].variableLengthAttention(
            keys: inputs[1],
            values: inputs[2],
            cuSeqlens: offsets,
            rows: rows,
            options: options,
            random: RandomSource(seed: 3),
            in: dtype,
            routes: ProductRoutes(float32: nil, bfloat16: .attune)
        )
        let weights = try Tensor.normal([total, a.heads, a.width], random: random)
            .narrowed(0, to: first..<first + result.shape[0])
        try (result * weights).sum().backward()
        return try [result] + inputs.map { try #require(try $0.gradient()) }
    }

    @Test(arguments: shapes)
    func `attention in bfloat16 is that in float32 within rounding`(_ a: Attention) throws {
        let narrow = try values(a, in: .bfloat16), wide = try values(a, in: .float32)
        for (name, (result, expected)) in zip(["result", "dq", "dk", "dv"], zip(narrow, wide)) {
            let ours = try result.array(of: Float.self), theirs = try expected.array(of: Float.self)
            let error = zip(ours, theirs).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
            let size = theirs.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(error <= 0.01 * size, "\(name): \(error) of \(size)")
        }
        let longest = try #require(a.lengths.max())
        let differs = try narrow[0].array(of: Float.self) != wide[0].array(of: Float.self)
        #expect(differs == (longest >= 64 && a.width % 16 == 0))
    }

    @Test func `attention in bfloat16 has the same bits for any number of threads, and for a text alone`()
        throws
    {
        let a = Attention(lengths: [300, 40, 71], heads: 4, keyValueHeads: 2, width: 32, window: .causal)
        func numbers(_ sequences: Range<Int>? = nil) throws -> [[Float]] {
            try values(a, in: .bfloat16, sequences: sequences).map { try $0.array(of: Float.self) }
        }
        let threads = try TorchRuntime.threadCount()
        defer { try? TorchRuntime.setThreadCount(threads) }
        try TorchRuntime.setThreadCount(1)
        let one = try numbers()
        try TorchRuntime.setThreadCount(2)
        #expect(try numbers() == one)
        let last = try numbers(2..<3)
        #expect(last[0][...] == one[0].suffix(last[0].count))
    }
}
