import Classification
import Models
import NN
import Torch

/// The training loss's own definition over a whole set of examples: Σ w·l / Σ w, whatever the batch size.
struct EvaluationLoss {
    private let loss: any ClassificationLoss
    private let settings: LossSettings
    private let device: Device

    /// Logits of a part: their loss is computed together.
    private static let logitsOfPart = 1 << 20

    /// - Parameters:
    ///   - loss: Nil takes the plain one of the classifier's kind.
    ///   - classifier: Gives kind, labels and device.
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

    /// What distinguishes it from the plain loss, for a person; nil if nothing does.
    var note: String? { settings.note }

    /// The weighted mean.
    ///
    /// Our own losses are computed in float64. One's own gets float32 logits on the model's device, as in training.
    ///
    /// - Parameters:
    ///   - logits: `[N][K]`, finite.
    ///   - targets: Those of the N examples.
    ///   - step: For messages.
    /// - Returns: Σ w·l / Σ w.
    /// - Throws: ``TrainingError`` with code `.badData` if all weights are 0, `.notFinite` for a NaN or infinite loss; what
    ///   a loss of one's own throws.
    func mean(_ logits: [[Float]], _ targets: Targets, step: Int) throws -> Double {
        guard let width = logits.first?.count, width > 0 else { return 0 }
        let weight = loss.totalWeight(of: targets)
        try Self.requireWeight(weight)
        var sum = 0.0
        let size = max(1, Self.logitsOfPart / width)
        for start in stride(from: 0, to: logits.count, by: size) {
            let rows = start..<min(start + size, logits.count)
            let shape = [rows.count, width]
            let values = logits[rows].joined()
            sum += try withNoGradient {
                let tensor =
                    settings == .custom
                    ? try Tensor(Array(values), shape: shape).to(device: device)
                    : try Tensor(values.map(Double.init), shape: shape)
                return try loss(tensor, targets.picking(rows)).item()
            }
        }
        guard sum.isFinite else {
            throw TrainingError(
                .notFinite,
                "evaluation after step \(step): the loss is \(sum.isNaN ? .nan : sum), although all logits are finite"
                    + (settings == .custom ? "; look at your own loss" : "")
            )
        }
        return sum / weight
    }

    /// Refuses examples of which a loss makes nothing, before the first step.
    func requireWeight(of targets: Targets) throws(TrainingError) {
        if targets.count > 0 { try Self.requireWeight(loss.totalWeight(of: targets)) }
    }

    private static func requireWeight(_ weight: Double) throws(TrainingError) {
        guard weight > 0, weight.isFinite else {
            throw TrainingError(
                .badData,
                "the weights of all evaluation examples add up to \(weight), so their loss has no mean; give their classes "
                    + "a positive weight in --class-weights, or evaluate on others"
            )
        }
    }
}
