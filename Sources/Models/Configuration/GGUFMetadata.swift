import Checkpoints
import JSON
import Torch

/// A GGUF file's hyperparameters, by their names after the architecture's prefix.
struct GGUFMetadata {
    let file: GGUFFile
    /// The file's path, for messages.
    let source: String
    /// The file's `general.architecture`.
    let architecture: String

    init(_ file: GGUFFile, source: String) {
        self.file = file
        self.source = source
        architecture = file.metadata["general.architecture"]?.string ?? ""
    }

    subscript(name: String) -> GGUFValue? { file.metadata["\(architecture).\(name)"] }

    func tokenizer(_ name: String) -> GGUFValue? { file.metadata["tokenizer.ggml.\(name)"] }

    func has(_ tensor: String) -> Bool { file.info(tensor) != nil }

    /// A positive integer.
    func count(_ name: String) throws(ModelError) -> Int {
        guard let value = self[name]?.int, value > 0 else { throw bad(name, "a positive whole number") }
        return value
    }

    /// A number as JSON text; nil if missing.
    ///
    /// Files store float32, so the shortest text is the intended number: 1e-05 instead of 9.99999974737875e-06.
    func number(_ name: String) throws(ModelError) -> JSONValue? {
        guard let value = self[name] else { return nil }
        guard let number = value.double, Float(number).isFinite else { throw bad(name, "a number") }
        return .number("\(Float(number))")
    }

    /// The width of an attention head.
    func headWidth() throws(ModelError) -> Int {
        if let width = self["attention.key_length"]?.int, width > 0 { return width }
        return try count("embedding_length") / (try count("attention.head_count"))
    }

    /// A table of positive numbers, one per rotated pair; nil if there is no such tensor.
    func table(_ name: String, count: Int) throws(ModelError) -> [Float]? {
        guard let shape = file.info(name)?.shape else { return nil }
        let values: [Float]?
        do { values = try file.tensor(name).array() } catch { values = nil }
        guard let values, shape == [count], values.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw ModelError(
                .badConfiguration,
                "\(source): tensor \"\(name)\" of shape \(shape) is not a table of \(count) positive numbers"
            )
        }
        return values
    }

    func bad(_ name: String, _ expected: String) -> ModelError {
        let found = self[name] == nil ? "is missing" : "has another type"
        return ModelError(
            .badConfiguration,
            "\(source): `\(architecture).\(name)` \(found); expected \(expected)"
        )
    }

    /// The error for a model that would be computed differently than its file specifies.
    func unsupported(_ what: String) -> ModelError {
        ModelError(
            .unsupported,
            "\(source): \(what), which is not supported for GGUF files; use the model's folder with safetensors"
        )
    }
}
