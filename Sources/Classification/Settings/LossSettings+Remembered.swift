import JSON
import Models
import NN

// Reading the loss of training from `attune.json`. The file may come from anywhere, so invalid losses are rejected.
extension LossSettings {
    /// Reads a loss from an untrusted file; nil unless it is a loss with valid numbers.
    ///
    /// - Parameter json: The loss as ``json`` writes it.
    init?(remembered json: JSONValue) {
        let weights = json["class_weights"]
        let count = weights.array?.count ?? json["label_count"].int ?? 1
        let smoothing = json["label_smoothing"].double ?? 0
        let gamma = json["focal_gamma"].double ?? 0
        // A saved model remembers only the loss of its labels.
        guard json["kind"].string != "distillation", (1...1_000_000).contains(count),
            (0..<1).contains(smoothing), (0...1000).contains(gamma),
            weights == .null || weights.array.map(Self.areSound) ?? false
        else { return nil }
        self.init(json, labelCount: count)
    }

    private static func areSound(_ weights: [JSONValue]) -> Bool {
        weights.allSatisfy { $0.double.map { Float($0).isFinite && $0 >= 0 } ?? false }
            && weights.contains { $0.double ?? 0 > 0 }
    }

    /// Whether the loss suits a classifier.
    ///
    /// - Parameters:
    ///   - problemType: The classifier's problem type.
    ///   - labelCount: The classifier's number of labels.
    /// - Returns: Whether the loss's kind and weights fit.
    func fits(_ problemType: ProblemType, labelCount: Int) -> Bool {
        switch self {
        case .crossEntropy(let loss):
            problemType == .singleLabel && loss.classWeights.map { $0.count == labelCount } ?? true
        case .binaryCrossEntropy(let loss): problemType == .multiLabel && loss.labelCount == labelCount
        case .squaredError: problemType == .regression
        case .distillation: ofLabels.fits(problemType, labelCount: labelCount)
        case .custom: true
        }
    }

    static let unfitNote =
        "\(ClassifierSettings.fileName) has a loss for other labels than the model's; the plain loss is used instead"
}
