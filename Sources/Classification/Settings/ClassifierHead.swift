import Checkpoints
import Foundation
import JSON
public import Models

/// The head of a saved classifier, as its configuration describes it.
public struct ClassifierHead: Sendable, Equatable {
    /// The label names by id.
    public let labels: [String]
    /// Whether a text has one label, several, or a number.
    public let problemType: ProblemType
    /// Whether the configuration says so; otherwise it is transformers' guess.
    public let isProblemTypeStated: Bool

    /// Reads the head's description, without any weight; nil for a base model, and if there is no model.
    ///
    /// - Parameters:
    ///   - path: A model's folder or a `.gguf` file.
    ///   - labelNames: Names for its labels, by id; nil keeps those of the configuration.
    /// - Throws: `ModelError` for a configuration that cannot be read, and for names that do not fit.
    public init?(model path: String, labelNames: [String]? = nil) throws {
        let url = URL(filePath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        let configuration: ModelConfiguration
        if isFolder.boolValue {
            configuration = try ModelConfiguration(folder: url).naming(labelNames)
        } else {
            guard url.pathExtension.lowercased() == "gguf" else { return nil }
            configuration = try ModelConfiguration(gguf: GGUFFile(contentsOf: url), source: path)
                .naming(labelNames)
        }
        guard configuration.isClassifier else { return nil }
        labels = configuration.labels
        problemType = configuration.problemType
        isProblemTypeStated = configuration["problem_type"].string != nil
    }
}
