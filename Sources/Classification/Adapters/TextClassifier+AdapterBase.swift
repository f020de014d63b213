import Checkpoints
import Files
import Foundation

extension TextClassifier {
    /// Finds the base model of an adapter.
    ///
    /// - Parameters:
    ///   - path: A model's folder, `.gguf` or `.attune` file, or an adapter's folder.
    ///   - base: The base model; nil takes the one that the adapter names.
    /// - Returns: The base model's folder, `.gguf` or `.attune` file; nil for a whole model.
    /// - Throws: `ModelError` if nothing is there, or if the base model is not on this machine; the errors of reading.
    package static func adapterBase(ofModelAt path: String, base: String?) throws -> String? {
        guard case .adapter(let folder) = try ModelPlace(path) else { return nil }
        return try AdapterFolder(folder, base: base).base
    }

    /// Returns the bytes of a model's weights on disk.
    ///
    /// - Parameter path: A model's folder, `.gguf` or `.attune` file.
    /// - Returns: The size of its safetensors files or of the file; 0 if unknown.
    package static func weightBytes(ofModelAt path: String) -> Int {
        let folder = ModelFolder(URL(filePath: path))
        let files =
            folder.names.isEmpty
            ? [path]
            : folder.names.filter { $0.hasSuffix(".safetensors") }.map { "\(folder.path)/\($0)" }
        return files.reduce(0) { total, file in
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: URL(filePath: file).resolvingSymlinksInPath().path(percentEncoded: false)
            )
            return total + (attributes?[.size] as? Int ?? 0)
        }
    }
}
