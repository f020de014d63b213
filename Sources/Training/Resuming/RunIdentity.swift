import Checkpoints
import Classification
import Files
import JSON
import Models
import NN
import ProcessGroups
import Tokenization
import Torch

/// The identity of a run in its checkpoints, with which a resumed run is compared.
struct RunIdentity: Sendable, Equatable {
    /// A recorded value.
    struct Value: Sendable, Equatable {
        let name: String
        let value: JSONValue
        let rule: ResumeRule
    }

    /// The number of training examples.
    private let examples: Int
    /// A fingerprint of the training examples' ids and targets.
    private let data: String
    /// A fingerprint of the initial weights.
    private let weights: WeightsFingerprint
    /// The settings, in the order of comparison.
    private let values: [Value]
    /// Whether the loss is custom and cannot be compared.
    private let hasOwnLoss: Bool

    /// The settings that checkpoints of version 1 record, too.
    private static let ofEveryVersion: Set = ["batch_size", "order", "optim"]

    /// Records the identity of a run before its first step.
    ///
    /// - Parameters:
    ///   - trainer: The run.
    ///   - modelName: The name of the model to be trained.
    /// - Throws: `TorchError`.
    init(_ trainer: Trainer, modelName: String?) throws(TorchError) {
        let (classifier, arguments) = (trainer.classifier, trainer.arguments)
        examples = trainer.train.count
        data = trainer.train.fingerprint
        weights = try WeightsFingerprint(classifier.model.parameters.parameters)
        let loss = LossSettings(trainer.loss)
        hasOwnLoss = loss.isCustom
        let isNarrow = classifier.model.parameters.parameters.contains { $0.value.dtype == .bfloat16 }
        let own: [Value] = [
            Value(name: "labels", value: .array(classifier.labels.map(JSONValue.string)), rule: .refused),
            Value(name: "loss", value: loss.json["kind"], rule: .refused),
            Value(
                name: "adapter",
                value: classifier.adapter.map { .string($0.summary) } ?? .null,
                rule: .refused
            ),
            Value(name: "class_weights", value: loss.recordedWeights, rule: .refused),
            Value(
                name: "teacher_logits",
                value: trainer.train.teacherFingerprint.map(JSONValue.string) ?? .null,
                rule: .refused
            ),
            Value(
                name: "eval_data",
                value: trainer.evaluation.map {
                    .string("\($0.count) examples, fingerprint \($0.fingerprint)")
                } ?? .null,
                rule: .refusedWithBest
            ),
            Value(name: "weights_dtype", value: .string(isNarrow ? "bf16" : "fp32"), rule: .reported),
            Value(name: "max_length", value: .optional(classifier.lengthLimit), rule: .reported),
            // The same weights may be in another place, so a new name is accepted.
            Value(name: "model", value: modelName.map(JSONValue.string) ?? .null, rule: .free),
        ]
        values =
            RecordedSetting.all.filter { $0.rule != .free }.map {
                Value(name: $0.name, value: $0.value(arguments), rule: $0.rule)
            } + own
    }

    /// The name of the model to be trained; nil if it has no name.
    var modelName: String? { self["model"].string }

    /// The data, labels and loss, which all processes of a run must have in common.
    var agreedValues: [AgreedValue] {
        let settings = Set(RecordedSetting.all.map(\.name))
        return [
            AgreedValue(name: "the number of training examples", value: "\(examples)"),
            AgreedValue(name: "the fingerprint of the training data", value: data),
        ]
            + values.filter { $0.rule != .free && !settings.contains($0.name) }.map {
                AgreedValue(name: $0.name, value: $0.value.string ?? $0.value.compact)
            }
    }

    private subscript(name: String) -> JSONValue { values.first { $0.name == name }?.value ?? .null }

    /// The identity as JSON, for `trainer_state.json`.
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

    /// Compares this run with a checkpoint's.
    ///
    /// - Parameters:
    ///   - saved: The output of ``json``, from this version or the one before.
    ///   - hasBest: Whether the checkpoint has a best evaluation.
    /// - Returns: The reason for a refusal, if any; the changed settings; the settings that cannot be checked.
    func comparison(with saved: JSONValue, hasBest: Bool) -> ResumeComparison {
        var result = ResumeComparison()
        let settings = saved["settings"].object
        let before = settings?["model"].string
        let others = settings.map {
            !weights.isSame(as: $0["model_weights"], sameType: $0["weights_dtype"] == self["weights_dtype"])
        }
        // If the model's name differs, report that first, because it explains all other differences. With the same name, the
        // seed of a fresh head may differ, and the settings show it.
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
            result.unchecked = ["the custom loss"]
        }
        return result
    }

    private func otherModel(_ before: String?) -> String {
        before == modelName
            ? "began with other weights than \(before ?? "this one") now has"
            : "trained the weights of \(before ?? "another model"), but \(modelName ?? "the given model") has others"
    }

    /// The difference in the data or the number of examples; nil if there is none.
    private func difference(from saved: JSONValue) -> String? {
        if let other = saved["examples"].int, other != examples {
            return "has \(other) training examples, but this one has \(examples)"
        }
        guard let other = saved["data"].string, other != data else { return nil }
        let limit = self["max_length"]
        if let settings = saved["settings"].object, settings["max_length"] != limit {
            return
                "cuts texts at \(settings["max_length"].shown) tokens, but this one at \(limit.shown) (--max-length)"
        }
        return "has other texts, labels or tokens than this one, although the number of examples is the same"
    }

    private static func sentence(_ name: String, _ before: JSONValue, _ now: JSONValue) -> String {
        switch name {
        case "batch_size":
            "has \(before.shown) examples per step, but this one has \(now.shown) "
                + "(--per-device-train-batch-size times --gradient-accumulation-steps times the number of processes)"
        case "order": "has another data order (\(before.shown)) than this one (\(now.shown))"
        case "labels": "has the labels \(before.shown), but this one has \(now.shown)"
        case "loss": "has the loss \(before.shown), but this one has \(now.shown)"
        case "distillation":
            "has the distillation \(before.shown), but this one has \(now.shown)"
        case "teacher_logits":
            "learned other logits of its teacher (\(before.shown)) than this one (\(now.shown)); keep the teacher, its texts and the "
                + "folder of its logits as they were"
        case "eval_data":
            "chose its best model on other evaluation texts (\(before.shown)) than this one has (\(now.shown))"
        default:
            "has --\(name.replacing("_", with: "-")) \(before.shown), but this one has \(now.shown)"
        }
    }
}

/// The differences between a resumed run and its checkpoint's run.
struct ResumeComparison {
    /// The reason for a refusal, for a sentence that begins with "its run".
    var refusal: String?
    /// The changed settings that are accepted.
    var changes: [(setting: String, before: String, now: String)] = []
    /// The settings that cannot be checked, because an older checkpoint, or any checkpoint, does not record them.
    var unchecked: [String] = []
}

/// A fingerprint of the initial weights: a hash of both ends of every tensor.
///
/// There is also a hash of the weights rounded to bfloat16, for a run that keeps them in another type.
struct WeightsFingerprint: Sendable, Equatable {
    private let exact: String
    private let rounded: String

    init(_ parameters: [Parameter]) throws(TorchError) {
        var (exact, rounded) = (Fingerprint(), Fingerprint())
        for parameter in parameters {
            for part in try parameter.sampledEnds() {
                exact.add(try part.to(dtype: .float32).array(of: Float.self).map(\.bitPattern))
                let narrow = try part.to(dtype: .bfloat16).to(dtype: .float32)
                rounded.add(try narrow.array(of: Float.self).map(\.bitPattern))
            }
        }
        (self.exact, self.rounded) = (exact.text, rounded.text)
    }

    var json: JSONValue { .object(["exact": .string(exact), "rounded": .string(rounded)]) }

    /// The hash of the weights in their own type.
    var text: String { exact }

    /// Whether a checkpoint's run started with these weights.
    ///
    /// - Parameters:
    ///   - saved: The output of ``json``.
    ///   - sameType: Whether that run kept its weights in the same type.
    /// - Returns: True if the weights are the same.
    func isSame(as saved: JSONValue, sameType: Bool) -> Bool {
        sameType ? saved["exact"].string == exact : saved["rounded"].string == rounded
    }
}

extension LossSettings {
    /// The class weights as given; null if all are equal.
    fileprivate var recordedWeights: JSONValue {
        let weights: [Float]? =
            switch ofLabels {
            case .crossEntropy(let loss): loss.classWeights
            case .binaryCrossEntropy(let loss): loss.positiveWeights
            case .squaredError, .custom, .distillation: nil
            }
        // Write the shortest float32 text: 0.6, not 0.60000002.
        return weights.map { .array($0.map { .number("\($0)") }) } ?? .null
    }
}
