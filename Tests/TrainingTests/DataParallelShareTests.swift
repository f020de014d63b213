import TestSupport
import Testing
import Torch

@testable import Training

/// The division of a step's examples among ranks, and the settings of a group.
struct DataParallelShareTests {
    private func share(_ ranks: Int, batchSize: Int? = nil) -> WindowShare {
        var arguments = TrainingArguments()
        arguments.hfCompatGradientAccumulation = batchSize != nil
        arguments.perDeviceTrainBatchSize = batchSize ?? 1
        return WindowShare(among: ranks, arguments)
    }

    @Test func `the longest examples go to the rank with the fewest tokens`() {
        #expect(share(2).places([3, 9, 4, 1, 6, 4]) == [[1, 3, 5], [0, 2, 4]])
        // Equal lengths go in turn.
        #expect(share(3).places([5, 5, 5, 5, 5, 5]) == [[0, 3], [1, 4], [2, 5]])
        #expect(share(4).places([7]) == [[0], [], [], []])
        #expect(share(2).places([]) == [[], []])
    }

    @Test(arguments: 1...6)
    func `every example has one rank, and no rank has more than its room`(ranks: Int) {
        for count in 0..<40 {
            let lengths = (0..<count).map { 1 + $0 * 37 % 23 }
            let shares = share(ranks).places(lengths)
            #expect(shares.joined().sorted() == Array(0..<count))
            #expect(shares.allSatisfy { $0.count <= (count + ranks - 1) / ranks && $0 == $0.sorted() })
        }
    }

    /// The batches of a rank, as accelerate makes them.
    ///
    /// Source: `BatchSamplerShard._iter_with_no_split` of accelerate 1.15 (data_loader.py:213-271).
    private func acceleratesBatches(_ order: [Int], _ size: Int, _ rank: Int, of ranks: Int) -> [[Int]] {
        var (first, own, result) = ([Int](), [Int](), [[Int]]())
        var (index, batch) = (0, [Int]())
        let batches = stride(from: 0, to: order.count, by: size).map {
            Array(order[$0..<min(order.count, $0 + size)])
        }
        for (place, each) in batches.enumerated() {
            (index, batch) = (place, each)
            if place < ranks { first += each }
            if place % ranks == rank { own = each }
            if place % ranks == ranks - 1, each.count == size {
                result.append(own)
                own = []
            }
        }
        if own.count == size { result.append(own) }
        while first.count < ranks * size { first += first }
        if batch.count == size { (batch, index) = ([], index + 1) }
        var start = 0
        while index % ranks != 0 || !batch.isEmpty {
            let end = start + size - batch.count
            batch += first[start..<end]
            if index % ranks == rank { result.append(batch) }
            (start, batch, index) = (end, [], index + 1)
        }
        return result
    }

    /// The batches of a rank in an epoch, as a run takes them.
    private func batches(
        _ order: [Int],
        _ size: Int,
        _ accumulation: Int,
        _ rank: Int,
        of ranks: Int
    ) -> [[Int]] {
        let division = share(ranks, batchSize: size)
        let step = size * ranks * accumulation
        return stride(from: 0, to: order.count, by: step).flatMap { start -> [[Int]] in
            let window = division.completed(order[start..<min(order.count, start + step)], of: order)
            let own = division.places(window.map { _ in 1 })[rank].map { window[window.startIndex + $0] }
            return stride(from: 0, to: own.count, by: size).map {
                Array(own[$0..<min(own.count, $0 + size)])
            }
        }
    }

    // The ranks' batches in a run of accelerate 1.15.
    @Test func `with the inexact loss, batches are accelerate's`() {
        let order = [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]
        #expect(batches(order, 2, 1, 0, of: 2) == [[2, 6], [4, 5], [3, 7]])
        #expect(batches(order, 2, 1, 1, of: 2) == [[1, 8], [0, 9], [2, 6]])
    }

    @Test(arguments: 2...4, 1...4)
    func `with the inexact loss, batches are accelerate's for any number of examples`(ranks: Int, size: Int) {
        for count in 1...30 {
            let order = (0..<count).map { ($0 * 7 + 3) % 31 }
            for rank in 0..<ranks {
                let expected = acceleratesBatches(order, size, rank, of: ranks)
                for accumulation in 1...3 {
                    #expect(
                        batches(order, size, accumulation, rank, of: ranks) == expected,
                        "\(count) examples, rank \(rank), accumulation \(accumulation)"
                    )
                }
            }
        }
    }

    @Test func `steps count the examples of all ranks`() {
        var arguments = TrainingArguments()
        (arguments.perDeviceTrainBatchSize, arguments.gradientAccumulationSteps) = (2, 2)
        arguments.worldSize = 3
        #expect(arguments.examplesPerStep == 12)
        #expect(arguments.stepsPerEpoch(examples: 25) == 3)
        #expect(arguments.epoch(after: 2, examples: 25) == 0.8)
        arguments.dataloaderDropLast = true
        #expect(arguments.examplesPerEpoch(of: 25) == 24)
        #expect(arguments.stepsPerEpoch(examples: 25) == 2)
        // Any number of ranks resumes a run with as many examples per step.
        var one = arguments
        (one.worldSize, one.gradientAccumulationSteps) = (1, 6)
        let recorded = RecordedSetting.all.first { $0.name == "batch_size" }
        #expect(recorded?.value(arguments) == recorded?.value(one))
    }

    @Test func `settings that need one process are refused in a group`() throws {
        let changes: [(String, (inout TrainingArguments) -> Void)] = [
            ("--optimizer-in-backward frees gradients", { $0.optimizerInBackward = true }),
            ("--cache-frozen-states keeps", { $0.keepsFrozenStates = true }),
            (
                "train with one process instead of 2",
                { ($0.offloadFolder, $0.optimizerInBackward) = ("folder", true) }
            ),
            ("--ddp-timeout must be at least 1", { $0.ddpTimeout = 0 }),
            ("--ddp-bucket-cap-mb must be at least 1", { $0.ddpBucketCapMB = 0 }),
            ("the number of processes must be at least 1", { $0.worldSize = 0 }),
        ]
        for (message, change) in changes {
            var arguments = TrainingArguments()
            arguments.worldSize = 2
            change(&arguments)
            #expect { try arguments.validate() } throws: {
                ($0 as? TrainingError)?.code == .badArgument && "\($0)".contains(message)
            }
            // Before the other settings are known, and before a process waits for the others.
            arguments.learningRate = 0
            #expect { try arguments.validateProcesses() } throws: {
                ($0 as? TrainingError)?.code == .badArgument
            }
        }
        var incomplete = TrainingArguments()
        (incomplete.worldSize, incomplete.learningRate) = (2, 0)
        try incomplete.validateProcesses()
        var alone = TrainingArguments()
        (alone.optimizerInBackward, alone.offloadFolder) = (true, "folder")
        try alone.validate()
    }

    @Test func `dropout differs between ranks and between steps`() {
        let seeds = (0..<4).flatMap { rank in
            (0..<100).map { RandomPurpose.dropout.seed(from: 42, rank: rank, step: $0) }
        }
        #expect(Set(seeds + [RandomPurpose.dropout.seed(from: 42)]).count == 401)
        #expect(seeds[0] != RandomPurpose.dropout.seed(from: 43, rank: 0, step: 0))
    }
}
