import Classification
import NN
import ProcessGroups
import TestSupport
import Testing
import Tokenization
import Torch

@testable import Training

/// Sums of a token embedding's gradient, of which ranks exchange only the rows that a step uses.
struct TableGradientTests {
    private static func examples(_ texts: [[Int32]], typeIDs: [Int32] = []) -> EncodedExamples {
        var encodings = PackedEncodings()
        for text in texts {
            encodings.ids += text
            encodings.cuSeqlens.append(Int32(encodings.ids.count))
        }
        encodings.typeIDs = typeIDs
        return EncodedExamples(encodings: encodings)
    }

    // MARK: Rows

    @Test func `a step uses the rows of its texts, each once and in order`() {
        let examples = Self.examples([[7, 3, 3], [9], [0, 7], [2]])
        let used = UsedRows(of: [0, 2], in: examples, tableRows: 20)
        #expect(used.indices == [0, 3, 7] && used.count == 3)
        // The order of the texts, and texts that occur twice, as in batches that are filled up, make no difference.
        #expect(UsedRows(of: [2, 0, 2], in: examples, tableRows: 20) == used)
        // An id outside of the table is an error of the forward pass.
        #expect(UsedRows(of: [0, 1], in: examples, tableRows: 9).indices == [3, 7])
    }

    @Test func `with more than half of the rows, the whole table is exchanged`() {
        let examples = Self.examples([[0, 1, 2], [3]])
        #expect(UsedRows(of: [0], in: examples, tableRows: 6).indices == [0, 1, 2])
        let whole = UsedRows(of: [0, 1], in: examples, tableRows: 6)
        #expect(whole.indices == nil && whole.count == 6)
    }

    @Test func `token types may be rows of the same table`() {
        let examples = Self.examples([[9, 8], [7]], typeIDs: [0, 1, 0])
        #expect(UsedRows(of: [0], in: examples, tableRows: 20).indices == [0, 1, 8, 9])
        #expect(UsedRows(of: [1], in: examples, tableRows: 20).indices == [0, 7])
    }

    @Test func `a forecast counts the mean number of rows of a step`() throws {
        let examples = Self.examples([[0, 1], [1, 2], [3, 4], [4, 5], [6]])
        var arguments = TrainingArguments()
        arguments.trainSamplingStrategy = .sequential
        (arguments.perDeviceTrainBatchSize, arguments.worldSize) = (1, 2)
        // Steps of two texts with 3, 3 and 1 rows.
        #expect(try UsedRows.meanCount(examples, arguments, tableRows: 100) == 7.0 / 3)
        #expect(try UsedRows.meanCount(examples, arguments, tableRows: 100, sampled: 1) == 3)
        // Three of five rows are more than half: then all are exchanged.
        #expect(try UsedRows.meanCount(examples, arguments, tableRows: 5) == (5 + 2 + 0) / 3.0)
    }

    // MARK: Sums

    private static let (rows, width) = (50, 4)

    /// A table and, if asked, a vector.
    private static func parameters(_ dtype: DType, withOthers: Bool) throws -> [Parameter] {
        let store = ParameterStore()
        let scope = ParameterScope(store)
        let table = try scope.parameter(
            "words.weight",
            [rows, width],
            initialization: .zeros,
            role: .embedding
        )
        try table.set(Tensor.zeros(table.shape).to(dtype: dtype))
        if withOthers {
            let vector = try scope.parameter("head.bias", [10], initialization: .zeros)
            try vector.set(Tensor.zeros([10]))
        }
        try store.setRequiresGradient(true)
        return store.parameters
    }

    /// The ids that a rank looks up in its two micro-batches of a step; in step 3 only rank 0 has texts, in step 4 none.
    private static func ids(of rank: Int, step: Int) -> [[Int64]] {
        switch step {
        case 1: [[1, Int64(10 + rank), 1], [49]]
        case 2: (0..<2).map { half in (0..<15).map { Int64(rank % 2 * 20 + half * 15 + $0) } }
        case 3: rank == 0 ? [[30], [30, 5]] : []
        default: []
        }
    }

    /// The union of all ranks' ids, as the texts of a step would have it.
    private static func used(step: Int, ranks: Int) -> UsedRows {
        let all = (0..<ranks).map { ids(of: $0, step: step).flatMap(\.self).map(Int32.init) }
        return UsedRows(of: Array(all.indices), in: examples(all), tableRows: rows)
    }

    /// The sums by row: every lookup adds the rank's number plus one.
    private static func expected(step: Int, ranks: Int) -> [Float]? {
        var sums = [Float](repeating: 0, count: rows)
        for rank in 0..<ranks {
            for id in ids(of: rank, step: step).flatMap(\.self) { sums[Int(id)] += Float(rank + 1) }
        }
        return sums.contains { $0 != 0 } ? sums : nil
    }

    /// The sums of four steps by row, the bytes that this rank sent in each, and whether the gradient is the table's own.
    private struct Sums: Sendable {
        var rows: [[Float]?] = []
        var bytes: [Int] = []
        var isOwn: [Bool] = []
    }

    private static func sums(
        _ group: ProcessGroup,
        _ compression: GradientCompression,
        _ dtype: DType,
        withOthers: Bool
    ) throws -> Sums {
        let parameters = try parameters(dtype, withOthers: withOthers)
        let table = parameters[0]
        let buckets = try GradientBuckets(
            parameters,
            group,
            compression: compression,
            capacity: 1 << 20,
            table: table
        ) { _ in false }
        var sums = Sums()
        for step in 1...4 {
            for ids in ids(of: group.rank, step: step) {
                let states = try table.value.embedding(Tensor(ids), paddingIndex: nil).to(dtype: .float32)
                try (states.sum() * Double(group.rank + 1)).backward(addingTo: parameters)
            }
            let before = group.bytesSent
            try buckets.finish { _ in used(step: step, ranks: group.size) }
            sums.bytes.append(group.bytesSent - before)
            let values = try table.gradient()?.array(of: Float.self)
            sums.rows.append(
                values.map { values in
                    let all = (0..<rows).map { Array(values[$0 * width..<($0 + 1) * width]) }
                    #expect(all.allSatisfy { Set($0).count == 1 })
                    return all.map { $0[0] }
                }
            )
            sums.isOwn.append(try table.value.gradient() != nil)
            for parameter in parameters { try parameter.clearGradient() }
        }
        return sums
    }

    @Test(.hangGuard, arguments: [2, 3], GradientCompression.allCases)
    func `every row is the sum over all ranks, also one that only another rank uses`(
        ranks: Int,
        compression: GradientCompression
    ) throws {
        for dtype in [DType.float32, .bfloat16] {
            for withOthers in [false, true] {
                let all = try Ranks.run(ranks) {
                    try Self.sums($0, compression, dtype, withOthers: withOthers)
                }
                for step in 1...4 {
                    let expected = Self.expected(step: step, ranks: ranks)
                    for sums in all {
                        #expect(sums.rows[step - 1] == expected, "\(compression), \(dtype), step \(step)")
                    }
                }
                // With more than half of the rows in step 2, the whole table is summed.
                let own = dtype == .float32 ? [true, false, true, false] : Array(repeating: false, count: 4)
                #expect(all.allSatisfy { $0.isOwn == own }, "\(dtype)")
            }
        }
    }

    @Test(.hangGuard, arguments: [2, 3]) func `only the bytes of used rows are sent`(ranks: Int) throws {
        for compression in GradientCompression.allCases {
            let all = try Ranks.run(ranks) { try Self.sums($0, compression, .float32, withOthers: true) }
            let size = 16 * ranks
            func aligned(_ count: Int) -> Int { (count + size - 1) / size * size }
            for step in 1...4 {
                let count = Self.used(step: step, ranks: ranks).count
                // The vector with room for 16 elements, two marks, and the rows.
                let elements = [aligned(16 + 2), max(size, aligned(count * Self.width))]
                let bytes = compression == .no ? 4 : 2
                let formula = elements.reduce(0) { $0 + 2 * (ranks - 1) * $1 * bytes / ranks }
                // In bfloat16 a process sends its sum to the others in a tree: the same bytes on average.
                let sent = all.reduce(0) { $0 + $1.bytes[step - 1] }
                #expect(sent == formula * ranks, "\(compression), step \(step)")
            }
            #expect(Self.used(step: 1, ranks: 2).indices == [1, 10, 11, 49])
        }
    }

    @Test func `a gradient of a row that no text of the step uses is an error`() throws {
        let table = try Self.parameters(.float32, withOthers: false)[0]
        try table.value.embedding(Tensor([3, 8] as [Int64]), paddingIndex: nil).sum().backward()
        let used = UsedRows(of: [0], in: Self.examples([[3, 4]]), tableRows: Self.rows)
        #expect {
            _ = try TableGradient(of: table, used, aligning: 16)
        } throws: { "\($0)".contains("row 8 has a gradient") }
    }

    // MARK: Runs

    /// Runs with different gradients of the token embedding.
    enum Kind: String, CaseIterable, Sendable {
        case decayed, clipped, accumulated, packed, whole, inexact, plain, zero, dividedWeights

        /// A run of 20 steps, the last of each epoch with one example.
        func run(_ ranks: Int) -> DataParallelRun {
            var run = DataParallelRun()
            run.texts = Array(run.texts.prefix(ranks == 3 ? 13 : 17))
            run.labels = Array(run.labels.prefix(run.texts.count))
            run.divide(among: ranks)
            switch self {
            // Its weight decay is 0.1.
            case .decayed: run.arguments.maxGradNorm = 0
            case .clipped: run.arguments.maxGradNorm = 0.1
            case .accumulated: run.divide(among: ranks, accumulation: 2)
            case .packed: run.arguments.maxTokensPerBatch = 20
            case .whole:
                // Steps that use more than half of the 482 rows.
                run.texts = run.texts.indices.map { text in (0..<60).map { 3 + (text * 60 + $0) % 470 } }
            case .inexact:
                run.arguments.hfCompatGradientAccumulation = true
                run.arguments.trainSamplingStrategy = .sequential
                // Whole batches only: one process does not fill the last ones.
                run.texts = Array(run.texts.prefix(ranks == 3 ? 12 : 16))
                run.labels = Array(run.labels.prefix(run.texts.count))
            case .plain: (run.arguments.optimizer, run.arguments.weightDecay) = (.sgd, 0)
            case .zero: run.arguments.zeroStage = .one
            case .dividedWeights: run.arguments.zeroStage = .three
            }
            return run
        }

        /// The run of one process with the same steps and, for the inexact loss, the same micro-batches.
        func byOneProcess(_ ranks: Int) throws -> DataParallelRun.Ending {
            var one = run(ranks)
            one.arguments.zeroStage = .off
            guard self == .inexact else { return try one.byOneProcess(insteadOf: ranks) }
            one.arguments.gradientAccumulationSteps = ranks
            return try one()
        }
    }

    @Test(.hangGuard, arguments: [2, 3], Kind.allCases)
    func `losses and weights are those of one process`(ranks: Int, kind: Kind) throws {
        let run = kind.run(ranks)
        let one = try kind.byOneProcess(ranks)
        let all = try run.by(ranks)
        for (rank, ending) in all.enumerated() {
            try ending.expectEqual(to: one, "\(kind), rank \(rank) of \(ranks)")
        }
        #expect(all.allSatisfy { $0.weights == all[0].weights })
    }

    // 1e-3 relative: gradients are rounded to three digits.
    @Test(.hangGuard, arguments: [2, 3])
    func `rows exchanged in bfloat16 give nearly the same losses`(ranks: Int) throws {
        var run = Kind.accumulated.run(ranks)
        run.arguments.ddpCommHook = .bf16
        let (one, all) = try (run.byOneProcess(insteadOf: ranks), run.by(ranks))
        for (a, b) in try paired(all[0].steps, one.steps) { #expect(abs(a.loss - b.loss) <= 1e-3 * b.loss) }
        #expect(all.allSatisfy { $0.weights == all[0].weights })
    }

    @Test(.hangGuard) func `a run sends the bytes of the formula`() throws {
        var run = DataParallelRun()
        run.arguments.trainSamplingStrategy = .sequential
        run.divide(among: 2)
        func bytes(steps: Int) throws -> (sent: Int, weights: Int, tensors: Int) {
            var run = run
            run.arguments.maxSteps = steps
            let all = try Ranks.run(2) { [run] group in
                let ending = try run(group)
                return [group.bytesSent, ending.weights.reduce(0) { $0 + $1.count }, ending.weights.count]
            }
            return (all[0][0], all[0][1], all[0][2])
        }
        let (one, two) = try (bytes(steps: 3), bytes(steps: 6))
        // The epoch has three steps. With two ranks each sends every sum once, in float32.
        let examples = Self.examples(run.texts.map { $0.map(Int32.init) })
        let (rows, width) = (482, 16)
        let exchanged = [0..<8, 8..<16, 16..<17].reduce(0) { sum, window in
            let used = UsedRows(of: window, in: examples, tableRows: rows)
            #expect(used.indices != nil)
            return sum + one.weights - rows * width + used.count * width
        }
        // Each tensor, and the buffers, are filled up to whole vectors; a step also exchanges marks and three numbers.
        let slack = 3 * (one.tensors * 17 * 4 + 1000)
        let measured = two.sent - one.sent
        #expect((4 * exchanged...4 * exchanged + slack).contains(measured), "\(measured)")
    }
}
