import Foundation
import JSON
import NN
import TestSupport
import Testing
import Torch

struct LossTests {
    // Computed with `torch.nn.functional` by Scripts/fixtures/make_loss_fixtures.py. 1e-6: a few float32 operations.
    @Test func `losses and gradients equal torch's`() throws {
        let cases = try Fixture.cases("losses/losses.json")
        #expect(cases.count == 13)
        for fixture in cases {
            let (kind, rows) = (try #require(fixture["loss"].string), try #require(fixture["logits"].array))
            func floats(_ value: JSONValue) -> [Float] {
                (value.array ?? []).flatMap { $0.array ?? [$0] }.compactMap { $0.double.map(Float.init) }
            }
            let values = floats(fixture["logits"])
            let logits = try Tensor(values, shape: [rows.count, values.count / rows.count])
            try logits.setRequiresGradient(true)
            let weights = fixture["weights"] == .null ? nil : floats(fixture["weights"])
            let targets = fixture["targets"].array ?? []
            let loss: any ClassificationLoss
            let wanted: Targets
            let gamma = try #require(fixture["gamma"].double)
            switch kind {
            case "cross_entropy":
                loss = CrossEntropy(
                    classWeights: weights,
                    labelSmoothing: try #require(fixture["smoothing"].double),
                    focalGamma: gamma
                )
                wanted = .classes(targets.compactMap(\.int))
            case "binary_cross_entropy_with_logits":
                loss = BinaryCrossEntropy(
                    labelCount: logits.shape[1],
                    positiveWeights: weights,
                    focalGamma: gamma
                )
                wanted = .labelSets(targets.map { ($0.array ?? []).compactMap(\.int) })
            default:
                loss = SquaredError()
                wanted = .numbers(targets.compactMap(\.double))
            }
            let mean = try loss(logits, wanted) * (1 / loss.totalWeight(of: wanted))
            try mean.backward()
            let expected = try #require(fixture["mean"].double)
            #expect(try abs(mean.item() - expected) < 1e-6 * max(1, abs(expected)), "\(fixture.oneLine)")
            let gradient = try #require(try logits.gradient()).array(of: Float.self)
            let expectedGradient = floats(fixture["gradient"])
            try #require(gradient.count == values.count && expectedGradient.count == values.count)
            for (ours, theirs) in zip(gradient, expectedGradient) {
                #expect(abs(ours - theirs) < 1e-6 * max(1, abs(theirs)), "\(fixture.oneLine)")
            }
        }
    }

    // 1e-12 relative: the same few operations in float64. Rounding the target to float32 would give an error of 1e-9.
    @Test func `in float64 nothing is rounded to float32, not even the targets of a regression`() throws {
        let logits = try Tensor([0.1, 16_777_217] as [Double], shape: [2, 1])
        let sum = try SquaredError()(logits, .numbers([0.3, 16_777_218])).item()
        #expect(abs(sum - 1.04) < 1e-12)
        let two = try Tensor([1, 2] as [Double], shape: [1, 2])
        let expected = 0.9 * log1p(exp(1.0)) + 0.1 * (log1p(exp(1.0)) + log1p(exp(-1.0))) / 2
        #expect(try abs(CrossEntropy(labelSmoothing: 0.1)(two, .classes([0])).item() - expected) < 1e-12)
        #expect(
            try abs(
                BinaryCrossEntropy(labelCount: 2)(two, .labelSets([[0]])).item()
                    - (log1p(exp(-1.0)) + log1p(exp(2.0)))
            ) < 1e-12
        )
    }

    @Test func `targets that do not match a loss are refused`() throws {
        let logits = try Tensor.zeros([2, 3])
        #expect {
            try BinaryCrossEntropy(labelCount: 3)(logits, .classes([0, 1]))
        } throws: {
            "\($0)" == "BinaryCrossEntropy: logits of shape [2, 3] do not match class ids of 2 examples"
        }
        #expect { try BinaryCrossEntropy(labelCount: 3)(logits, .labelSets([[0], [3]])) } throws: {
            ($0 as? TorchError)?.code == .indexOutOfRange
        }
        #expect(throws: TorchError.self) { try SquaredError()(logits, .numbers([1, 2])) }
        #expect(throws: TorchError.self) { try CrossEntropy()(logits, .classes([0])) }
        #expect(throws: TorchError.self) { try CrossEntropy()(logits, .classes([0, 3])) }
    }

    @Test func `a custom loss is reduced with the weights, exactly for any micro-batches`() throws {
        let custom = CustomLoss(classWeights: [0.6, 0.4]) { (logits, targets, weights) throws(TorchError) in
            guard case .classes(let ids) = targets, weights.count == ids.count else {
                throw TorchError(operation: "test", message: "no classes")
            }
            let chosen = try logits.logSoftmax(along: 1).gather(
                along: 1,
                Tensor(ids.map(Int64.init), shape: [ids.count, 1])
            )
            return try chosen.sum(along: 1) * -1
        }
        let logits = try Tensor([1, 2, 0.5, -1, 3, 1] as [Float], shape: [3, 2])
        let targets = Targets.classes([0, 1, 1])
        let own = CrossEntropy(classWeights: [0.6, 0.4])
        // The same float32 operations in another order.
        #expect(try abs(custom(logits, targets).item() - own(logits, targets).item()) < 1e-6)
        #expect(custom.totalWeight(of: targets) == own.totalWeight(of: targets))
        let parts =
            try custom(logits.narrowed(0, to: 0..<1), targets.selecting(0..<1)).item()
            + custom(logits.narrowed(0, to: 1..<3), targets.selecting(1..<3)).item()
        #expect(try abs(custom(logits, targets).item() - parts) < 1e-6)
        let mean = CustomLoss { (logits, _, _) throws(TorchError) in try logits.mean() }
        #expect { try mean(logits, targets) } throws: { "\($0)".contains("return one loss per example") }
    }

    @Test func `targets are selected in the requested order`() {
        let sets = Targets.labelSets([[0], [], [1, 2]])
        #expect(sets.selecting([2, 0]) == .labelSets([[1, 2], [0]]) && sets.count == 3)
        #expect(Targets.numbers([1, 2, 3]).selecting(1...2) == .numbers([2, 3]))
    }
}
