import Foundation
import JSON
import NN
import TestSupport
import Testing
import Torch

struct LossTests {
    // What `torch.nn.functional` computed: Scripts/fixtures/make_loss_fixtures.py. 1e-6: a few float32 operations.
    @Test func `losses and gradients are torch's`() throws {
        for fixture in try Fixture.cases("losses/losses.json") {
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
            switch kind {
            case "cross_entropy":
                loss = CrossEntropy(classWeights: weights)
                wanted = .classes(targets.compactMap(\.int))
            case "binary_cross_entropy_with_logits":
                loss = BinaryCrossEntropy(labelCount: logits.shape[1], positiveWeights: weights)
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
            for (ours, theirs) in zip(gradient, floats(fixture["gradient"])) {
                #expect(abs(ours - theirs) < 1e-6 * max(1, abs(theirs)), "\(fixture.oneLine)")
            }
        }
    }

    @Test func `targets that do not go with a loss are refused, not guessed`() throws {
        let logits = try Tensor.zeros([2, 3])
        #expect {
            try BinaryCrossEntropy(labelCount: 3)(logits, .classes([0, 1]))
        } throws: {
            "\($0)" == "BinaryCrossEntropy: logits of shape [2, 3] do not go with class ids of 2 examples"
        }
        #expect { try BinaryCrossEntropy(labelCount: 3)(logits, .labelSets([[0], [3]])) } throws: {
            ($0 as? TorchError)?.code == .indexOutOfRange
        }
        #expect(throws: TorchError.self) { try SquaredError()(logits, .numbers([1, 2])) }
        #expect(throws: TorchError.self) { try CrossEntropy()(logits, .classes([0])) }
        #expect(throws: TorchError.self) { try CrossEntropy()(logits, .classes([0, 3])) }
    }

    @Test func `targets are picked in the order asked for`() {
        let sets = Targets.labelSets([[0], [], [1, 2]])
        #expect(sets.picking([2, 0]) == .labelSets([[1, 2], [0]]) && sets.count == 3)
        #expect(Targets.numbers([1, 2, 3]).picking(1...2) == .numbers([2, 3]))
    }
}
