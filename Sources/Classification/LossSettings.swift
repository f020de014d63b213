package import JSON
package import NN

/// A loss that can be stored in a file: a replay file, a checkpoint, or the settings of a saved model.
package enum LossSettings: Sendable, Equatable {
    case crossEntropy(CrossEntropy)
    case binaryCrossEntropy(BinaryCrossEntropy)
    case squaredError
    /// A teacher's share of a loss whose labels' part has the given settings.
    indirect case distillation(temperature: Double, alpha: Double, labels: LossSettings)
    /// A custom loss, which is code and cannot be stored.
    case custom

    /// Creates the settings of a loss; a type that is not built in is ``custom``.
    package init(_ loss: any ClassificationLoss) {
        self =
            switch loss {
            case let loss as CrossEntropy: .crossEntropy(loss)
            case let loss as BinaryCrossEntropy: .binaryCrossEntropy(loss)
            case is SquaredError: .squaredError
            case let loss as DistillationLoss:
                .distillation(
                    temperature: loss.temperature,
                    alpha: loss.alpha,
                    labels: LossSettings(loss.labelLoss)
                )
            default: .custom
            }
    }

    /// The loss; nil for ``custom``.
    package var loss: (any ClassificationLoss)? {
        switch self {
        case .crossEntropy(let loss): loss
        case .binaryCrossEntropy(let loss): loss
        case .squaredError: SquaredError()
        case .distillation(let temperature, let alpha, let labels):
            labels.loss.map { DistillationLoss(temperature: temperature, alpha: alpha, labelLoss: $0) }
        case .custom: nil
        }
    }

    /// The settings of the labels' part, without a teacher.
    package var ofLabels: LossSettings {
        if case .distillation(_, _, let labels) = self { labels } else { self }
    }

    /// Whether the loss is code that cannot be stored, at least in part.
    package var isCustom: Bool { ofLabels == .custom }

    /// The differences from the plain loss, `weighted, smoothing 0.1`; nil if there are none.
    package var note: String? {
        func text(_ parts: [String?]) -> String? {
            let given = parts.compactMap(\.self)
            return given.isEmpty ? nil : given.joined(separator: ", ")
        }
        func focal(_ gamma: Double) -> String? { gamma > 0 ? "focal with gamma \(gamma)" : nil }
        switch self {
        case .crossEntropy(let loss):
            return text([
                loss.classWeights == nil ? nil : "weighted",
                loss.labelSmoothing > 0 ? "smoothing \(loss.labelSmoothing)" : nil, focal(loss.focalGamma),
            ])
        case .binaryCrossEntropy(let loss):
            return text([loss.positiveWeights == nil ? nil : "weighted", focal(loss.focalGamma)])
        case .squaredError: return nil
        // Evaluations have no teacher.
        case .distillation: return ofLabels.note
        case .custom: return "a custom loss"
        }
    }

    /// The settings as JSON, for ``init(_:labelCount:)``.
    package var json: JSONValue {
        func numbers(_ weights: [Float]?) -> JSONValue {
            weights.map { .array($0.map { .double(Double($0)) }) } ?? .null
        }
        switch self {
        case .crossEntropy(let loss):
            return .object([
                "kind": .string("cross_entropy"), "class_weights": numbers(loss.classWeights),
                "label_smoothing": .double(loss.labelSmoothing), "focal_gamma": .double(loss.focalGamma),
            ])
        case .binaryCrossEntropy(let loss):
            return .object([
                "kind": .string("binary_cross_entropy"), "class_weights": numbers(loss.positiveWeights),
                "label_count": .int(loss.labelCount), "focal_gamma": .double(loss.focalGamma),
            ])
        case .squaredError: return .object(["kind": .string("squared_error")])
        case .distillation(let temperature, let alpha, let labels):
            return .object([
                "kind": .string("distillation"), "temperature": .double(temperature), "alpha": .double(alpha),
                "labels": labels.json,
            ])
        case .custom: return .object(["kind": .string("custom")])
        }
    }

    /// Reads the output of ``json``; nil if it is invalid, or if the number of weights differs from the number of labels.
    ///
    /// - Parameters:
    ///   - json: The settings as JSON.
    ///   - labelCount: The classifier's number of labels.
    package init?(_ json: JSONValue, labelCount: Int) {
        let weights = json["class_weights"].array?.compactMap { $0.double.map(Float.init) }
        guard weights.map({ $0.count == labelCount }) ?? true else { return nil }
        let gamma = json["focal_gamma"].double ?? 0
        switch json["kind"].string {
        case "cross_entropy":
            self = .crossEntropy(
                CrossEntropy(
                    classWeights: weights,
                    labelSmoothing: json["label_smoothing"].double ?? 0,
                    focalGamma: gamma
                )
            )
        case "binary_cross_entropy":
            guard json["label_count"].int == labelCount else { return nil }
            self = .binaryCrossEntropy(
                BinaryCrossEntropy(labelCount: labelCount, positiveWeights: weights, focalGamma: gamma)
            )
        case "squared_error": self = .squaredError
        case "distillation":
            guard let temperature = json["temperature"].double, temperature > 0, temperature.isFinite,
                let alpha = json["alpha"].double, (0...1).contains(alpha),
                json["labels"]["kind"].string != "distillation",
                let labels = LossSettings(json["labels"], labelCount: labelCount)
            else { return nil }
            self = .distillation(temperature: temperature, alpha: alpha, labels: labels)
        case "custom": self = .custom
        default: return nil
        }
    }
}
