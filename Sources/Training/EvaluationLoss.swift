import Classification
import Models
import NN
import Torch

/// The training loss over a whole set of examples, Σ w·l / Σ w, independent of the batch size.
///
/// Built-in losses are computed in float64. A custom loss gets float32 logits on the model's device, as in training.
struct EvaluationLoss {
    private let loss: any ClassificationLoss
    private let settings: LossSettings
    private let device: Device
    /// Logits whose loss is not computed yet; fewer than those of one part.
    private var pending: [Float] = []
    private var done = 0
    private var sum = 0.0

    /// The number of logits of a part, whose loss is computed together.
    private static let logitsOfPart = 1 << 20

    /// - Parameters:
    ///   - loss: The loss; nil takes the plain loss of the classifier's problem type.
    ///   - classifier: The classifier, for its problem type, labels and device.
    init(_ loss: (any ClassificationLoss)?, for classifier: TextClassifier) {
        self.loss = loss ?? Self.plain(classifier.problemType, labelCount: classifier.labels.count)
        settings = LossSettings(self.loss)
        device = classifier.model.device
    }

    private static func plain(_ problemType: ProblemType, labelCount: Int) -> any ClassificationLoss {
        switch problemType {
        case .singleLabel: CrossEntropy()
        case .multiLabel: BinaryCrossEntropy(labelCount: labelCount)
        case .regression: SquaredError()
        }
    }

    /// A note on the difference from the plain loss, to show; nil if it is the plain loss.
    var note: String? { settings.note }

    /// Adds the loss of the next examples.
    ///
    /// - Parameters:
    ///   - logits: `[B · K]`, finite, example by example.
    ///   - width: K, the number of labels.
    ///   - targets: The targets of all examples. The added B examples follow those added before.
    /// - Throws: `TorchError`; the errors of a custom loss.
    mutating func add(_ logits: [Float], width: Int, of targets: Targets) throws(TorchError) {
        guard width > 0 else { return }
        pending += logits
        let size = max(1, Self.logitsOfPart / width)
        // Parts do not depend on the batches, so the sum is the same to the bit.
        var start = 0
        while done < targets.count {
            let count = min(size, targets.count - done)
            guard pending.count - start >= count * width else { break }
            try addPart(Array(pending[start..<start + count * width]), [count, width], targets)
            start += count * width
        }
        pending.removeFirst(start)
    }

    private mutating func addPart(
        _ logits: [Float],
        _ shape: [Int],
        _ targets: Targets
    ) throws(TorchError) {
        let part = targets.selecting(done..<done + shape[0])
        sum += try withNoGradient { () throws(TorchError) in
            let tensor =
                settings.isCustom
                ? try Tensor(logits, shape: shape).to(device: device)
                : try Tensor(logits.map(Double.init), shape: shape)
            return try loss(tensor, part).item()
        }
        done += shape[0]
    }

    /// The weighted mean, after all examples have been added.
    ///
    /// - Parameters:
    ///   - targets: The targets of all examples.
    ///   - step: The step, for messages.
    /// - Returns: Σ w·l / Σ w.
    /// - Throws: ``TrainingError`` with code `.badData` if all weights are 0, `.notFinite` for a NaN or infinite loss.
    func mean(of targets: Targets, step: Int) throws(TrainingError) -> Double {
        guard targets.count > 0 else { return 0 }
        let weight = loss.totalWeight(of: targets)
        try Self.requireWeight(weight)
        guard sum.isFinite else {
            throw TrainingError(
                .notFinite,
                "evaluation after step \(step): the loss is \(sum.isNaN ? .nan : sum), although all logits are finite"
                    + (settings.isCustom ? "; check your custom loss" : "")
            )
        }
        return sum / weight
    }

    /// Refuses examples without a positive total weight, before the first step.
    func requireWeight(of targets: Targets) throws(TrainingError) {
        if targets.count > 0 { try Self.requireWeight(loss.totalWeight(of: targets)) }
    }

    private static func requireWeight(_ weight: Double) throws(TrainingError) {
        guard weight > 0, weight.isFinite else {
            throw TrainingError(
                .badData,
                "the weights of all evaluation examples add up to \(weight), so their mean loss is undefined; give their "
                    + "classes positive --class-weights, or evaluate on other examples"
            )
        }
    }
}
