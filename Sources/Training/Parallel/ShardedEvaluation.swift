import Classification
import ProcessGroups
import Tokenization
import Torch

/// An evaluation whose batches are divided among the ranks of a group.
///
/// Ranks compute the batches that one process would compute, because the last digits of a logit depend on its batch. Every rank
/// then gets all logits in order, so all have the same metrics: those of one process.
struct ShardedEvaluation {
    /// A batch of consecutive texts.
    struct Batch: Sendable, Equatable {
        var texts: Range<Int>
        var tokens: Int
    }

    /// The approximate number of tokens that each rank computes in a round: enough batches to divide them evenly.
    static let tokensPerRound = 1 << 16
    /// The approximate maximum number of logits of a round, which take 64 MB on each rank.
    static let logitsPerRound = 1 << 24

    /// For each round, the texts of each rank: consecutive ranges, some of them empty.
    let rounds: [[Range<Int>]]

    /// Divides batches.
    ///
    /// - Parameters:
    ///   - batches: The batches of all texts in order.
    ///   - ranks: The number of ranks.
    ///   - width: The number of labels.
    init(_ batches: [Batch], ranks: Int, width: Int) {
        let tokens = batches.reduce(0) { $0 + $1.tokens }
        let logits = batches.reduce(0) { $0 + $1.texts.count * width }
        func quotient(_ amount: Int, _ divisor: Int) -> Int { (amount + divisor - 1) / divisor }
        // Even with many logits, each round has a batch for every rank.
        let count = max(
            quotient(tokens, ranks * Self.tokensPerRound),
            min(quotient(logits, Self.logitsPerRound), quotient(batches.count, ranks))
        )
        rounds = Self.split(batches[...], into: count).filter { !$0.isEmpty }.map { round in
            var start = round[round.startIndex].texts.lowerBound
            return Self.split(round, into: ranks).map { part in
                let end = part.last?.texts.upperBound ?? start
                defer { start = end }
                return start..<end
            }
        }
    }

    /// Splits batches into consecutive parts with about equal numbers of tokens; some may be empty.
    private static func split(_ batches: ArraySlice<Batch>, into count: Int) -> [ArraySlice<Batch>] {
        let total = batches.reduce(0) { $0 + $1.tokens }
        var parts: [ArraySlice<Batch>] = []
        var (start, tokens) = (batches.startIndex, 0)
        for part in 0..<count {
            var end = start
            // A batch belongs to the part with its middle token.
            while end < batches.endIndex,
                part == count - 1 || (2 * tokens + batches[end].tokens) * count <= 2 * total * (part + 1)
            {
                tokens += batches[end].tokens
                end += 1
            }
            parts.append(batches[start..<end])
            start = end
        }
        return parts
    }
}

extension TextClassifier {
    /// Computes logits in evaluation mode on all ranks of a group, and passes those of each round to a closure on every rank.
    ///
    /// - Parameters:
    ///   - examples: The same examples on all ranks.
    ///   - batchSize: The texts per batch; nil fills batches by tokens.
    ///   - maxTokensPerBatch: The most tokens of a batch without a `batchSize`; nil takes 4,096.
    ///   - matmulDType: The type of matrix products.
    ///   - group: The ranks.
    ///   - body: Receives a round's texts and their logits, row by row; returns whether to continue. All ranks stop if it
    ///     returns false on one of them.
    /// - Throws: `TorchError`; `DistributedError`; the errors of `body`.
    func forEachRound(
        of examples: EncodedExamples,
        batchSize: Int?,
        maxTokensPerBatch: Int?,
        matmulDType: DType,
        in group: ProcessGroup,
        _ body: (_ texts: Range<Int>, _ logits: [Float]) throws -> Bool
    ) throws {
        let (width, activity) = (labels.count, "evaluating")
        // As in `forEachBatch`, which bounds the logits of a batch that is filled by tokens.
        let maxTexts = max((1 << 24) / max(width, 1), 1)
        let batches = examples.batches(of: batchSize, maxTokens: maxTokensPerBatch, maxTexts: maxTexts)
        let evaluation = ShardedEvaluation(
            batches.map { texts in
                .init(texts: texts, tokens: texts.reduce(0) { $0 + examples.length(of: $1) })
            },
            ranks: group.size,
            width: width
        )
        let sharded = model.shardedBlocks
        // A text with several windows may take several passes.
        func passCount(_ part: Range<Int>) -> Int {
            let texts = batches.filter { part.contains($0.lowerBound) }
            guard !examples.encodings.windowStarts.isEmpty else { return texts.count }
            return texts.reduce(0) { count, range in
                let windows = EncodedExamples(encodings: examples.encodings.selecting(range).asSequences)
                return count + windows.batches(of: nil, maxTokens: maxTokensPerBatch).count
            }
        }
        for parts in evaluation.rounds {
            var own: [Float] = []
            // A part begins and ends with a batch, so its batches are those of all examples.
            func compute() throws {
                try forEachBatch(
                    of: examples.selecting(parts[group.rank]),
                    batchSize: batchSize,
                    maxTokensPerBatch: maxTokensPerBatch,
                    matmulDType: matmulDType
                ) { _, logits in
                    own += logits
                    return true
                }
            }
            if let sharded {
                try sharded.reportingFailure(compute)
                // The others need this rank's weights.
                let counts = parts.map(passCount)
                for _ in counts[group.rank]..<(counts.max() ?? 0) { try sharded.passWithoutExamples() }
            } else {
                try compute()
            }
            let logits = try group.gathered(own, counts: parts.map { $0.count * width }, activity)
            let texts = parts[0].lowerBound..<parts[parts.count - 1].upperBound
            let stops = try Tensor([try body(texts, logits) ? 0 : 1] as [Float])
            try group.largest(stops, activity)
            guard try stops.item() == 0 else { return }
        }
    }
}
