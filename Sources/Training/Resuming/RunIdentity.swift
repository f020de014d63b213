import Classification
import JSON
import Models
import NN
import Tokenization
import Torch

/// What a checkpoint records of its run, so that a run that resumes from it is the same one, or says what it does otherwise.
struct RunIdentity: Sendable, Equatable {
    /// A recorded value.
    struct Value: Sendable, Equatable {
        let name: String
        let value: JSONValue
        let rule: ResumeRule
    }

    /// The number of training examples.
    private let examples: Int
    /// Tells their ids and targets from others.
    private let data: String
    /// Tells the weights that training began with from others.
    private let weights: WeightsFingerprint
    /// The settings, in the order in which they are compared.
    private let values: [Value]
    /// Whether the loss is code, which cannot be compared.
    private let hasOwnLoss: Bool

    /// The names that the checkpoints of version 1 have beside their settings.
    private static let ofEveryVersion: Set = ["batch_size", "order", "optim"]

    /// Records a run before its first step.
    ///
    /// - Parameters:
    ///   - trainer: The run.
    ///   - modelName: Names the model whose weights it trains.
    /// - Throws: `TorchError`.
    init(_ trainer: Trainer, modelName: String?) throws(TorchError) {
        let (classifier, arguments) = (trainer.classifier, trainer.arguments)
        examples = trainer.train.count
        data = trainer.train.fingerprint
        weights = try WeightsFingerprint(classifier.model.parameters.parameters)
        let loss = LossSettings(trainer.loss)
        hasOwnLoss = loss == .custom
        let isNarrow = classifier.model.parameters.parameters.contains { $0.value.dtype == .bfloat16 }
        let own: [Value] = [
            Value(name: "labels", value: .array(classifier.labels.map(JSONValue.string)), rule: .refused),
            Value(name: "loss", value: loss.json["kind"], rule: .refused),
            Value(name: "class_weights", value: loss.recordedWeights, rule: .refused),
            Value(
                name: "eval_data",
                value: trainer.evaluation.map {
                    .string("\($0.count) examples, fingerprint \($0.fingerprint)")
                } ?? .null,
                rule: .refusedWithBest
            ),
            Value(name: "weights_dtype", value: .string(isNarrow ? "bf16" : "fp32"), rule: .reported),
            Value(name: "max_length", value: .optional(classifier.lengthLimit), rule: .reported),
            // The same weights may lie elsewhere, and the new name is as true as the old one.
            Value(name: "model", value: modelName.map(JSONValue.string) ?? .null, rule: .free),
        ]
        values =
            RecordedSetting.all.filter { $0.rule != .free }.map {
                Value(name: $0.name, value: $0.value(arguments), rule: $0.rule)
            } + own
    }

    /// The model whose weights are trained; nil if it has no name.
    var modelName: String? { self["model"].string }

    private subscript(name: String) -> JSONValue { values.first { $0.name == name }?.value ?? .null }

    /// For `trainer_state.json`.
    var json: JSONValue {
        let (old, new) = (
            values.filter { Self.ofEveryVersion.contains($0.name) },
            values.filter { !Self.ofEveryVersion.contains($0.name) }
        )
        var settings = JSONObject(new.map { ($0.name, $0.value) })
        settings["model_weights"] = weights.json
        return .object(
            JSONObject(
                [("data", .string(data)), ("examples", .int(examples)), ("settings", .object(settings))]
                    + old.map { ($0.name, $0.value) }
            )
        )
    }

    /// How this run differs from a checkpoint's.
    ///
    /// - Parameters:
    ///   - saved: As ``json`` wrote it, in this version or the one before.
    ///   - hasBest: Whether the checkpoint has a best evaluation.
    /// - Returns: Why it is refused, if it is; what is otherwise; what the checkpoint does not tell.
    func comparison(with saved: JSONValue, hasBest: Bool) -> ResumeComparison {
        var result = ResumeComparison()
        let settings = saved["settings"].object
        let before = settings?["model"].string
        let others = settings.map {
            !weights.isSame(as: $0["model_weights"], sameType: $0["weights_dtype"] == self["weights_dtype"])
        }
        // A model of another name is the reason for all else that differs. With the same name it may be that the seed of a
        // fresh head is another, and the settings tell.
        result.refusal =
            others == true && before != modelName ? otherModel(before) : difference(from: saved)
        for value in values where value.rule != .free && result.refusal == nil {
            let before: JSONValue
            if Self.ofEveryVersion.contains(value.name) {
                before = saved[value.name]
                if before == .null { continue }
            } else if let settings, settings.contains(value.name) {
                before = settings[value.name]
            } else {
                continue
            }
            guard before != value.value else { continue }
            if value.rule == .refused || value.rule == .refusedWithBest && hasBest {
                result.refusal = Self.sentence(value.name, before, value.value)
            } else {
                result.changes.append((value.name, before.shown, value.value.shown))
            }
        }
        if others == true, result.refusal == nil { result.refusal = otherModel(before) }
        if settings == nil {
            result.unchecked = ["model", "class_weights", "max_length", "weights_dtype", "eval_data"]
            result.unchecked += RecordedSetting.all.filter {
                $0.rule != .free && !Self.ofEveryVersion.contains($0.name)
            }.map(\.name)
        } else if hasOwnLoss {
            result.unchecked = ["the loss of your own"]
        }
        return result
    }

    private func otherModel(_ before: String?) -> String {
        before == modelName
            ? "began with other weights than \(before ?? "this one"), which has changed since"
            : "trained the weights of \(before ?? "another model"), and \(modelName ?? "the model given") has others"
    }

    /// What is other data, or another number of examples.
    private func difference(from saved: JSONValue) -> String? {
        if let other = saved["examples"].int, other != examples {
            return "has \(other) training examples, and this one has \(examples)"
        }
        guard let other = saved["data"].string, other != data else { return nil }
        let limit = self["max_length"]
        if let settings = saved["settings"].object, settings["max_length"] != limit {
            return
                "cuts texts at \(settings["max_length"].shown) tokens, and this one at \(limit.shown) (--max-length)"
        }
        return "has other texts, labels or tokens than this one, though as many"
    }

    private static func sentence(_ name: String, _ before: JSONValue, _ now: JSONValue) -> String {
        switch name {
        case "batch_size":
            "has \(before.shown) examples a step, and this one has \(now.shown) "
                + "(--per-device-train-batch-size times --gradient-accumulation-steps)"
        case "order": "has the data in another order (\(before.shown)), and this one has it \(now.shown)"
        case "labels": "has the labels \(before.shown), and this one has \(now.shown)"
        case "loss": "has the loss \(before.shown), and this one has \(now.shown)"
        case "eval_data":
            "chose its best model on other evaluation texts (\(before.shown)), and this one has \(now.shown)"
        default:
            "has --\(name.replacing("_", with: "-")) \(before.shown), and this one has \(now.shown)"
        }
    }
}

/// How a run that resumes differs from its checkpoint's.
struct ResumeComparison {
    /// Why it is refused, for a sentence that begins with "its run".
    var refusal: String?
    /// What is otherwise and is taken.
    var changes: [(setting: String, before: String, now: String)] = []
    /// What an older checkpoint does not tell, or no checkpoint can.
    var unchecked: [String] = []
}

/// Tells the weights that training began with from others: a hash of both ends of every tensor.
///
/// In bfloat16 a model is rounded, so that there is a hash of the rounded weights as well.
struct WeightsFingerprint: Sendable, Equatable {
    private let exact: String
    private let rounded: String

    /// Elements of each end of a tensor.
    private static let sample = 1024

    init(_ parameters: [Parameter]) throws(TorchError) {
        var (exact, rounded) = (Fingerprint(), Fingerprint())
        for parameter in parameters {
            let all = try parameter.value.detached().reshaped([parameter.value.count])
            let count = min(parameter.value.count, Self.sample)
            for range in [0..<count, parameter.value.count - count..<parameter.value.count] {
                let part = try all.narrowed(0, to: range).copy()
                exact.add(try part.to(dtype: .float32).array(of: Float.self).map(\.bitPattern))
                let narrow = try part.to(dtype: .bfloat16).to(dtype: .float32)
                rounded.add(try narrow.array(of: Float.self).map(\.bitPattern))
            }
        }
        (self.exact, self.rounded) = (exact.text, rounded.text)
    }

    var json: JSONValue { .object(["exact": .string(exact), "rounded": .string(rounded)]) }

    /// Whether a checkpoint's run began with these weights.
    ///
    /// - Parameters:
    ///   - saved: As ``json`` wrote it.
    ///   - sameType: Whether it kept them in the same type.
    /// - Returns: Whether it did.
    func isSame(as saved: JSONValue, sameType: Bool) -> Bool {
        sameType ? saved["exact"].string == exact : saved["rounded"].string == rounded
    }
}

extension LossSettings {
    /// The weights by class, as they are given; null if all count alike.
    fileprivate var recordedWeights: JSONValue {
        let weights: [Float]? =
            switch self {
            case .crossEntropy(let loss): loss.classWeights
            case .binaryCrossEntropy(let loss): loss.positiveWeights
            case .squaredError, .custom: nil
            }
        // As float32 is written: 0.6, not 0.60000002.
        return weights.map { .array($0.map { .number("\($0)") }) } ?? .null
    }
}
