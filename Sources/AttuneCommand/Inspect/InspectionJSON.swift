import Attune
import JSON

/// An inspected model as JSON; sizes in bytes.
struct InspectionJSON {
    let inspection: ModelInspection
    let listsTensors: Bool

    /// The whole inspection, in the order of the text.
    var object: JSONObject {
        let configuration = inspection.configuration
        var object: JSONObject = [
            "model": .string(inspection.path),
            "architecture": optional(inspection.architecture),
            "model_type": optional(configuration?.modelType),
            "is_known_family": .bool(inspection.isKnownFamily),
            "parameters": .int(inspection.parameterCount),
            "blocks": .array(inspection.blocks.map { .object(block($0)) }),
            "stored": .array(
                inspection.storages.map {
                    .object([
                        "type": .string($0.name), "tensors": .int($0.tensors),
                        "parameters": .int($0.parameters),
                    ])
                }
            ),
            "tokenizer": tokenizer,
            "memory": .object(memory),
            "files": .array(
                inspection.files.map { .object(["name": .string($0.name), "size": .int($0.size)]) }
            ),
        ]
        if let length = inspection.contextLength { object["context_length"] = .int(length) }
        if !inspection.notes.isEmpty {
            object["notes"] = .array(inspection.notes.map(JSONValue.string))
        }
        if let fault = inspection.configurationFault { object["configuration_fault"] = .string(fault) }
        if let fault = inspection.unsupported { object["unsupported"] = .string(fault) }
        if inspection.isKnownFamily {
            object["unread_fields"] = .array(inspection.unreadFields.map(JSONValue.string))
        }
        if let fault = inspection.tokenizerFault { object["tokenizer_fault"] = .string(fault) }
        if let fault = inspection.settingsFault { object["settings_fault"] = .string(fault) }
        if let settings = inspection.settings, let json = try? JSONValue.parse(settings.formatted.utf8) {
            object["settings"] = json
        }
        if let fault = inspection.fit?.fault { object["tokenizer_misfit"] = .string(fault) }
        if let notes = inspection.fit?.notes, !notes.isEmpty {
            object["tokenizer_notes"] = .array(notes.map(JSONValue.string))
        }
        if let configuration, configuration.isClassifier {
            if let fault = configuration.labelFault { object["label_fault"] = .string(fault) }
            if let note = configuration.labelNote { object["label_note"] = .string(note) }
            object["problem_type"] = .string(configuration.problemType.rawValue)
            object["labels"] = .array(configuration.labels.map(JSONValue.string))
        }
        if listsTensors {
            object["tensors"] = .array(
                inspection.tensors.map {
                    .object([
                        "name": .string($0.name), "shape": .array($0.shape.map(JSONValue.int)),
                        "type": .string($0.storage),
                    ])
                }
            )
        }
        return object
    }

    private func block(_ block: ParameterBlock) -> JSONObject {
        var object: JSONObject = [
            "role": .string(block.role.rawValue), "place": .string(block.place),
            "parameters": .int(block.parameters),
        ]
        guard block.role == .layers else { return object }
        object["count"] = .int(block.count)
        object["parts"] = .object(JSONObject(block.parts.map { ($0.name, .int($0.parameters)) }))
        return object
    }

    private var tokenizer: JSONValue {
        guard let tokenizer = inspection.tokenizer else { return .null }
        let special = JSONObject(tokenizer.specialTokens.map { ($0.name, .string($0.token)) })
        return .object([
            "kind": .string(tokenizer.kind), "vocabulary_size": .int(tokenizer.vocabularySize),
            "special_tokens": .object(special),
            "max_length": tokenizer.modelMaxLength.map(JSONValue.int) ?? .null,
            "gives_token_types": .bool(tokenizer.givesTokenTypes),
        ])
    }

    private var memory: JSONObject {
        let memory = inspection.memory
        var object: JSONObject = [
            "parameters": .int(memory.parameters),
            "weights_float32": .int(memory.weightsInFloat32),
            "weights_bfloat16": .int(memory.weightsInBFloat16),
            "training_float32": .int(memory.training),
        ]
        guard let bytes = memory.prediction, let length = memory.length else { return object }
        object["prediction"] = .object([
            "batch_size": .int(memory.batchSize), "length": .int(length), "bytes": .int(bytes),
        ])
        return object
    }

    private func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
}
