import Foundation
import JSON
import NN
import TestSupport
import Testing
import Torch

struct DistillationLossTests {
    private func floats(_ value: JSONValue) -> [Float] {
        (value.array ?? []).flatMap { $0.array ?? [$0] }.compactMap { $0.double.map(Float.init) }
    }

    /// The loss and the targets of a case; null stands for no label.
    private func loss(_ fixture: JSONValue) throws -> (loss: DistillationLoss, targets: Targets) {
        let targets = try #require(fixture["targets"].array)
        let teacher = floats(fixture["teacher"])
        let width = teacher.count / targets.count
        let weights = fixture["weights"] == .null ? nil : floats(fixture["weights"])
        let (ordinary, labels): (any ClassificationLoss, Targets) =
            switch try #require(fixture["loss"].string) {
            case "cross_entropy":
                (CrossEntropy(classWeights: weights), .classes(targets.map { $0.int ?? 0 }))
            case "binary_cross_entropy_with_logits":
                (
                    BinaryCrossEntropy(labelCount: width),
                    .labelSets(targets.map { ($0.array ?? []).compactMap(\.int) })
                )
            default: (SquaredError(), .numbers(targets.map { $0.double ?? 0 }))
            }
        let taught = TaughtTargets(
            logits: teacher,
            width: width,
            labels: labels,
            isLabelled: targets.map { $0 != .null }
        )
        let loss = DistillationLoss(
            temperature: try #require(fixture["temperature"].double),
            alpha: try #require(fixture["alpha"].double),
            labelLoss: ordinary
        )
        return (loss, .taught(taught))
    }

    // Computed with `torch.nn.functional` by Scripts/fixtures/make_loss_fixtures.py. 2e-6: some more float32 operations than the
    // loss of labels, and differences of nearly equal logarithms.
    @Test func `losses and gradients equal torch's, with labels, without, and with some`() throws {
        let cases = try Fixture.cases("losses/distillation.json")
        #expect(cases.count == 9)
        for fixture in cases {
            let (loss, targets) = try loss(fixture)
            let values = floats(fixture["logits"])
            let logits = try Tensor(values, shape: [targets.count, values.count / targets.count])
            try logits.setRequiresGradient(true)
            let mean = try loss(logits, targets) * (1 / loss.totalWeight(of: targets))
            try mean.backward()
            let expected = try #require(fixture["mean"].double)
            #expect(try abs(mean.item() - expected) < 2e-6 * max(1, abs(expected)), "\(fixture.oneLine)")
            let gradient = try #require(try logits.gradient()).array(of: Float.self)
            let wanted = floats(fixture["gradient"])
            try #require(gradient.count == values.count && wanted.count == values.count)
            for (ours, theirs) in zip(gradient, wanted) {
                #expect(abs(ours - theirs) < 2e-6 * max(1, abs(theirs)), "\(fixture.oneLine)")
            }
        }
    }

    // 1e-6 relative: the same float32 operations, added in another order.
    @Test func `the losses of micro-batches add up to that of the step, whichever rows have a label`() throws
    {
        for fixture in try Fixture.cases("losses/distillation.json") {
            let (loss, targets) = try loss(fixture)
            let values = floats(fixture["logits"])
            let (count, width) = (targets.count, values.count / targets.count)
            let logits = try Tensor(values, shape: [count, width])
            let whole = try loss(logits, targets).item()
            let parts = try (0..<count).map {
                try loss(logits.narrowed(0, to: $0..<$0 + 1), targets.selecting([$0])).item()
            }
            #expect(abs(parts.reduce(0, +) - whole) < 1e-6 * max(1, abs(whole)), "\(fixture.oneLine)")
            let weights = (0..<count).map { loss.totalWeight(of: targets.selecting([$0])) }
            #expect(weights.reduce(0, +) == loss.totalWeight(of: targets))
        }
    }

    @Test func `labels without a teacher have their ordinary loss`() throws {
        let ordinary = CrossEntropy(classWeights: [0.6, 0.4])
        let loss = DistillationLoss(temperature: 4, alpha: 0.9, labelLoss: ordinary)
        let logits = try Tensor([1, 2, 0.5, -1] as [Float], shape: [2, 2])
        let targets = Targets.classes([0, 1])
        #expect(try loss(logits, targets).item() == ordinary(logits, targets).item())
        #expect(loss.totalWeight(of: targets) == ordinary.totalWeight(of: targets))
    }

    @Test func `a teacher with other labels than the student is refused`() throws {
        let taught = TaughtTargets(
            logits: [1, 2, 3],
            width: 3,
            labels: .classes([0]),
            isLabelled: [true]
        )
        let loss = DistillationLoss(temperature: 2, alpha: 0.5, labelLoss: CrossEntropy())
        #expect(throws: TorchError.self) { try loss(Tensor.zeros([1, 2]), .taught(taught)) }
    }

    @Test func `targets are selected with their logits and labels`() {
        let taught = TaughtTargets(
            logits: [1, 2, 3, 4, 5, 6],
            width: 2,
            labels: .classes([0, 1, 0]),
            isLabelled: [true, false, true]
        )
        #expect(
            Targets.taught(taught).selecting([2, 1])
                == .taught(
                    TaughtTargets(
                        logits: [5, 6, 3, 4],
                        width: 2,
                        labels: .classes([0, 1]),
                        isLabelled: [true, false]
                    )
                )
        )
        #expect(taught.labelled == [0, 2])
    }
}
