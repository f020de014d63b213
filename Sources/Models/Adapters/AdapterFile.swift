package import Checkpoints
import Files
import NN

/// The tensors of an adapter's file, compared strictly with a model: peft would only warn of a missing tensor and run with
/// random values.
package struct AdapterFile {
    /// The file's name in an adapter's folder.
    package static let weightsName = "adapter_model.safetensors"

    private let file: any Checkpoint
    private let source: String

    package init(_ file: any Checkpoint, source: String) { (self.file, self.source) = (file, source) }

    /// The tensors' names by the parameters that they belong to.
    ///
    /// - Parameters:
    ///   - thin: The names of the adapter's own parameters.
    ///   - store: The parameters with their shapes.
    ///   - required: The names of the parameters that must be in the file as a whole.
    ///   - ignored: The names of parameters whose shape does not matter.
    /// - Returns: Names in the file by names of parameters.
    /// - Throws: `.mismatchedCheckpoint` that names the first missing, unknown and misshapen tensors.
    func places(
        thin: Set<String>,
        of store: ParameterStore,
        required: [String],
        ignored: Set<String> = []
    ) throws(ModelError) -> [String: String] {
        var places: [String: String] = [:]
        var unknown: [String] = []
        var misshapen: [String] = []
        for key in file.tensorNames {
            let name: String
            switch AdapterKey(key).content {
            case .part(let part, let path): name = "\(path).\(part.rawValue)"
            case .parameter(let parameter): name = parameter
            case .original: continue
            case nil:
                unknown.append(key)
                continue
            }
            let isThin = AdapterKey(key).isPart
            guard let parameter = store[name], isThin == thin.contains(name) else {
                unknown.append(key)
                continue
            }
            // With bias="all" peft writes the trained bias of the head twice.
            if let other = places[name], Self.isCopy(key) || Self.isCopy(other) {
                if Self.isCopy(key) { places[name] = key }
            } else if let other = places.updateValue(key, forKey: name) {
                throw fault("contains \"\(name)\" twice, as \"\(other)\" and as \"\(key)\"")
            }
            let shape = file.info(key)?.shape ?? []
            if shape != parameter.shape, !ignored.contains(name) {
                misshapen.append("\(key) is \(shape) instead of \(parameter.shape)")
            }
        }
        let needed = store.parameters.map(\.name).filter { thin.contains($0) } + required
        let missing = needed.filter { places[$0] == nil }
        let parts = [
            Self.listed(missing.map { AdapterKey.prefix + $0 }, "missing"), Self.listed(unknown, "unknown"),
            Self.listed(misshapen, "misshapen"),
        ].compactMap(\.self)
        guard parts.isEmpty else {
            throw fault(
                "does not fit its adapter_config.json and its base model: \(parts.joined(separator: "; "))"
            )
        }
        return places
    }

    private static func isCopy(_ key: String) -> Bool { key.contains(".modules_to_save.") }

    private func fault(_ message: String) -> ModelError {
        ModelError(.mismatchedCheckpoint, "\(source) \(message)")
    }

    private static func listed(_ names: [String], _ what: String) -> String? {
        guard !names.isEmpty else { return nil }
        let shown = names.prefix(4).map { String($0.prefix(160)) }.joined(separator: ", ")
        return "\(counted(names.count, "tensor")) \(what) (\(shown)\(names.count > 4 ? ", …" : ""))"
    }
}

extension AdapterKey {
    /// Whether it belongs to a layer's adapter.
    var isPart: Bool { if case .part = content { true } else { false } }
}
