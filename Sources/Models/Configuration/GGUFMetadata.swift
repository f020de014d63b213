import Checkpoints
import JSON
import Torch

/// A GGUF file's hyper-parameters, asked for by their names behind the architecture's.
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

    /// A whole number above zero.
    func count(_ name: String) throws(ModelError) -> Int {
        guard let value = self[name]?.int, value > 0 else { throw bad(name, "a whole number above zero") }
        return value
    }

    /// A number as JSON writes it; nil where there is none.
    ///
    /// Files store them in float32: the shortest text is the number meant, 1e-05 and not 9.99999974737875e-06.
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

    /// A table of positive numbers, one for each pair that is rotated; nil where there is no such tensor.
    func table(_ name: String, count: Int) throws(ModelError) -> [Float]? {
        guard let shape = file.info(name)?.shape else { return nil }
        let values: [Float]?
        do { values = try file.tensor(name).array() } catch { values = nil }
        guard let values, shape == [count], values.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw ModelError(
                .badConfiguration,
                "\(source): tensor \"\(name)\" of shape \(shape) is no table of \(count) positive numbers"
            )
        }
        return values
    }

    func bad(_ name: String, _ expected: String) -> ModelError {
        let found = self[name] == nil ? "is missing" : "is something else"
        return ModelError(
            .badConfiguration,
            "\(source): `\(architecture).\(name)` \(found); expected \(expected)"
        )
    }

    /// What would be computed otherwise than the file means is refused, not guessed.
    func unsupported(_ what: String) -> ModelError {
        ModelError(
            .unsupported,
            "\(source): \(what), which is not supported from a GGUF; use the model's folder with safetensors"
        )
    }
}
