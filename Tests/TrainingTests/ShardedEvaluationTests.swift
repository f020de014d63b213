import Classification
import Evaluation
import Foundation
import Models
import NN
import ProcessGroups
import TestSupport
import Testing
import Torch

@testable import Training

/// Evaluations that are divided among ranks.
struct ShardedEvaluationTests {
    private static let texts = (0..<37).map {
        "text number \($0) " + String(repeating: $0 % 3 == 0 ? "good " : "rather bad ", count: 1 + $0 % 7)
    }

    /// A classifier whose head is the same on all ranks.
    private static func classifier(_ problemType: ProblemType) throws -> TextClassifier {
        var options = SequenceClassifier.LoadOptions()
        options.problemType = problemType
        options.labels = problemType == .regression ? ["stars"] : ["x", "y", "z"]
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        return try TextClassifier.load(path, options: options).classifier
    }

    private static func targets(_ problemType: ProblemType) -> Targets {
        switch problemType {
        case .singleLabel: .classes(texts.indices.map { $0 % 5 == 0 ? 2 : $0 % 2 })
        case .multiLabel: .labelSets(texts.indices.map { index in (0..<3).filter { (index >> $0) & 1 == 1 } })
        case .regression: .numbers(texts.indices.map { Double($0 % 5) })
        }
    }

    private static let share = CustomMetric("share_right") { answers in
        guard case .classes(let ids) = answers.targets else { return Double(answers.logits.count) }
        return Double(zip(answers.logits, ids).count { $0[$1] >= ($0.max() ?? 0) }) / Double(ids.count)
    }

    private static func record(
        _ problemType: ProblemType,
        batchSize: Int?,
        maxTokens: Int?,
        _ group: ProcessGroup?
    ) throws -> EvaluationRecord {
        let classifier = try classifier(problemType)
        var record = try #require(
            try evaluate(
                classifier,
                on: classifier.encode(texts, targets: targets(problemType)),
                batchSize: batchSize,
                maxTokensPerBatch: maxTokens,
                metrics: [share],
                withIntervals: true,
                group: group
            )
        )
        record.runtime = 0
        return record
    }

    /// A record as text, because an undefined metric may be NaN.
    static func text(_ record: EvaluationRecord) -> String {
        let values = record.values().map { "\($0.name): \($0.value)" }
        let intervals = record.metrics.intervals.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return (values + intervals + ["\(record.logits ?? [])"]).joined(separator: "\n")
    }

    @Test(.hangGuard, arguments: [ProblemType.singleLabel, .multiLabel, .regression], [2, 3])
    func `all ranks get the record of one process, to the bit`(problemType: ProblemType, ranks: Int) throws {
        // More ranks than batches, single texts, and batches by tokens.
        for (batchSize, maxTokens) in [(nil, nil), (1, nil), (5, nil), (nil, 40)] as [(Int?, Int?)] {
            let alone = try Self.record(problemType, batchSize: batchSize, maxTokens: maxTokens, nil)
            let records = try Ranks.run(ranks) {
                try Self.record(problemType, batchSize: batchSize, maxTokens: maxTokens, $0)
            }
            #expect(alone.logits?.count == Self.texts.count * (problemType == .regression ? 1 : 3))
            #expect(records.map(Self.text) == Array(repeating: Self.text(alone), count: ranks))
        }
    }

    @Test(.hangGuard) func `all ranks stop if one of them wants to`() throws {
        let counts = try Ranks.run(3) { group in
            let classifier = try Self.classifier(.singleLabel)
            let examples = classifier.encode(Self.texts, targets: Self.targets(.singleLabel))
            var calls = 0
            let record = try evaluate(classifier, on: examples, batchSize: 2, group: group) { _ in
                calls += 1
                return group.rank != 1
            }
            // A small evaluation has a single round, after which nothing is left to stop.
            #expect(record != nil)
            return calls
        }
        #expect(counts == [1, 1, 1])
        let stopped = try Ranks.run(3) { group in
            let classifier = try Self.classifier(.singleLabel)
            let count = 4 * ShardedEvaluation.tokensPerRound / 60
            let text = String(repeating: "good ", count: 60)
            let examples = classifier.encode(
                Array(repeating: text, count: count),
                targets: .classes((0..<count).map { $0 % 3 })
            )
            var done: [Int] = []
            let record = try evaluate(classifier, on: examples, group: group) {
                done.append($0)
                return group.rank != 1
            }
            #expect(record == nil)
            return done
        }
        #expect(stopped[0].count == 1 && stopped == [stopped[0], stopped[0], stopped[0]])
    }

    @Test(.hangGuard) func `non-finite logits of one rank are an error on all, with the same texts`() throws {
        let outcomes = try Ranks.outcomes(2) { group in
            let classifier = try Self.classifier(.singleLabel)
            let head = try #require(classifier.model.parameters["score.weight"])
            if group.rank == 1 { try head.value.fill(.nan) }
            let examples = classifier.encode(Self.texts, targets: Self.targets(.singleLabel))
            return try evaluate(classifier, on: examples, batchSize: 1, step: 7, group: group)
        }
        let messages = outcomes.map { outcome in
            switch outcome {
            case .success: ""
            case .failure(let error): (error as? TrainingError)?.message ?? "\(error)"
            }
        }
        #expect(messages[0].contains("evaluation after step 7: the logits of examples"))
        #expect(messages[0] == messages[1])
    }

    @Test(arguments: [1, 2, 3, 7])
    func `every batch is in one part, in order, and parts have about equal tokens`(
        ranks: Int
    ) {
        var (batches, start) = ([ShardedEvaluation.Batch](), 0)
        for index in 0..<400 {
            let texts = start..<start + 1 + index * 7 % 5
            batches.append(ShardedEvaluation.Batch(texts: texts, tokens: 1000 + index * 37 % 3000))
            start = texts.upperBound
        }
        let evaluation = ShardedEvaluation(batches, ranks: ranks, width: 2)
        let parts = evaluation.rounds.joined()
        #expect(evaluation.rounds.count > 1 && evaluation.rounds.allSatisfy { $0.count == ranks })
        #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        #expect(parts.first?.lowerBound == 0 && Array(parts).last?.upperBound == start)
        let borders = Set(batches.map(\.texts.lowerBound) + [start])
        #expect(parts.allSatisfy { borders.contains($0.lowerBound) && borders.contains($0.upperBound) })
        for round in evaluation.rounds {
            let tokens = round.map { part in
                batches.filter { part.contains($0.texts.lowerBound) }.reduce(0) { $0 + $1.tokens }
            }
            // At most half a batch more or less at each end.
            #expect((tokens.max() ?? 0) - (tokens.min() ?? 0) <= 2 * 4000)
            #expect(tokens.reduce(0, +) <= ranks * ShardedEvaluation.tokensPerRound + 4000)
        }
    }

    @Test func `few batches and many logits leave no rank idle in a round`() {
        let batches = (0..<8).map { ShardedEvaluation.Batch(texts: $0 * 100..<($0 + 1) * 100, tokens: 2000) }
        let one = ShardedEvaluation(batches, ranks: 2, width: 2)
        #expect(one.rounds == [[0..<400, 400..<800]])
        // 10^7 logits per batch.
        let wide = ShardedEvaluation(batches, ranks: 2, width: 100_000)
        #expect(wide.rounds.count == 4 && wide.rounds.allSatisfy { $0.allSatisfy { $0.count == 100 } })
        #expect(ShardedEvaluation([], ranks: 2, width: 2).rounds.isEmpty)
        let single = ShardedEvaluation([batches[0]], ranks: 3, width: 2)
        #expect(single.rounds == [[0..<0, 0..<100, 100..<100]])
    }
}
