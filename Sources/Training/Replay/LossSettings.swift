import JSON
import NN

/// A loss that a file can hold.
enum LossSettings: Sendable, Equatable {
    case crossEntropy(CrossEntropy)
    case binaryCrossEntropy(BinaryCrossEntropy)
    case squaredError
    /// A closure, which no file can hold.
    case custom

    init(_ loss: any ClassificationLoss) {
        self =
            switch loss {
            case let loss as CrossEntropy: .crossEntropy(loss)
            case let loss as BinaryCrossEntropy: .binaryCrossEntropy(loss)
            case is SquaredError: .squaredError
            default: .custom
            }
    }

    /// The loss; nil where it was a closure.
    var loss: (any ClassificationLoss)? {
        switch self {
        case .crossEntropy(let loss): loss
        case .binaryCrossEntropy(let loss): loss
        case .squaredError: SquaredError()
        case .custom: nil
        }
    }

    var json: JSONValue {
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
        case .custom: return .object(["kind": .string("custom")])
        }
    }

    /// Reads what ``json`` wrote; nil where it is something else or its weights are not as many as the labels.
    init?(_ json: JSONValue, labelCount: Int) {
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
        case "custom": self = .custom
        default: return nil
        }
    }
}
