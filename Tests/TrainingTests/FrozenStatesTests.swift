import Checkpoints
import Classification
import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch
import Training

/// States after the frozen first blocks, kept between epochs.
struct FrozenStatesTests {
    /// The losses of three epochs.
    private func run(
        _ model: String,
        layers: [Int]? = [1],
        keeps: Bool,
        freezing: Int? = nil
    ) throws -> [Double] {
        try withTemporaryFolder { folder in
            let classifier = try ReferenceRun.classifier(model, in: folder, keepsDropout: true)
            if freezing == nil {
                var settings = AdapterConfiguration(rank: 4, targets: .allLinear)
                settings.layers = layers
                try classifier.attach(settings, report: LoadReport(), seed: 5)
            }
            var arguments = TrainingArguments()
            (arguments.numTrainEpochs, arguments.learningRate, arguments.saveStrategy) = (3, 1e-2, .no)
            arguments.perDeviceTrainBatchSize = 2
            arguments.keepsFrozenStates = keeps
            arguments.frozenLayerCount = freezing
            var losses: [Double] = []
            let texts = (0..<6).map { [Int](repeating: $0 + 1, count: $0 % 3 + 1) + [$0 + 2, 7] }
            _ = try Trainer(
                classifier,
                arguments: arguments,
                train: ReferenceRun.examples(texts, [0, 1, 2, 0, 1, 2]),
                outputFolder: folder
            ).run { if case .step(let record) = $0 { losses.append(record.loss) } }
            #expect(classifier.model.frozenStates == nil)
            return losses
        }
    }

    // 1e-5 relative: a batch of other examples sums products in another order.
    @Test(arguments: ["llama-gqa", "qwen2-mixed", "gpt-neox-parallel"])
    func `a run that reads kept states has the same losses`(model: String) throws {
        let kept = try run(model, keeps: true)
        let computed = try run(model, keeps: false)
        #expect(kept.count == 9 && Set(computed).count > 5)
        for (a, b) in try paired(kept, computed) { #expect(abs(a - b) <= 1e-5 * abs(b)) }
    }

    @Test func `with all blocks frozen, one row of each text is kept`() throws {
        let kept = try run("llama-gqa", keeps: true, freezing: 2)
        for (a, b) in try paired(kept, run("llama-gqa", keeps: false, freezing: 2)) {
            #expect(abs(a - b) <= 1e-5 * abs(b))
        }
    }

    @Test func `a trained first block, and dropout in frozen blocks, are refused by the flag`() throws {
        for (model, layers, reason) in [
            ("llama-gqa", nil, "nothing is frozen below the first trained block"),
            ("bert-gelu", [1], "drop out other elements in every epoch"),
        ] as [(String, [Int]?, String)] {
            let error = #expect(throws: TrainingError.self) { try run(model, layers: layers, keeps: true) }
            #expect(
                error.map { "\($0)".contains("--cache-frozen-states: ") && "\($0)".contains(reason) } == true
            )
        }
    }
}

/// The store by itself.
struct FrozenStatesStoreTests {
    @Test func `states are read once all examples are kept, and the limit is kept`() throws {
        let store = FrozenStates(blockCount: 1, byteLimit: 3 * 2 * 4)
        let examples = [[Int32(1)], [2, 3], [4]].map { FrozenStates.Example(ids: $0, types: nil) }
        let numbers = (0..<8).map(Float.init)
        let values = try Tensor(numbers).reshaped([4, 2])
        var computations = 0
        func states(_ chosen: [Int]) throws -> [Float] {
            let rows = chosen == [0, 1, 2] ? 0..<4 : 1..<3
            return try store.states(
                of: chosen.map { examples[$0] },
                rowCounts: chosen.map { [1, 2, 1][$0] },
                dropout: nil
            ) { () throws(TorchError) in
                computations += 1
                return try values.narrowed(0, to: rows)
            }.array(of: Float.self)
        }
        #expect(try states([0, 1, 2]) == numbers)
        // The third example is beyond the limit, so its batch is computed again.
        #expect(try states([0, 1, 2]) == numbers)
        #expect(computations == 2 && store.batchesRead == 0 && store.byteCount == 24)
        #expect(try states([1]) == [2, 3, 4, 5])
        #expect(computations == 2 && store.batchesRead == 1)
    }
}
