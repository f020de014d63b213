import Checkpoints
import Foundation
import JSON
public import Models

/// The classification head of a saved model, as described by its configuration.
public struct ClassifierHead: Sendable, Equatable {
    /// The label names by id.
    public let labels: [String]
    /// Whether a text has one label, several labels or a number.
    public let problemType: ProblemType
    /// Whether the configuration states the problem type; otherwise it is inferred as in transformers.
    public let isProblemTypeStated: Bool

    /// Reads the description of the head, without any weight.
    ///
    /// Nil for a base model, and if there is no model.
    ///
    /// - Parameters:
    ///   - path: A model's folder or a `.gguf` or `.attune` file.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    ///   - labelNames: Names for its labels, by id; nil keeps those of the configuration.
    /// - Throws: `ModelError` for a folder in another layout, for a configuration that cannot be read or does not name
    ///     each label once, and for names that do not fit.
    public init?(model path: String, base: String? = nil, labelNames: [String]? = nil) throws {
        // A missing model is an error only when the model is opened.
        guard let place = try? ModelPlace(path) else { return nil }
        let configuration: ModelConfiguration
        switch place {
        case .adapter:
            var told = ClassifierSettings()
            told.labelNames = labelNames
            configuration = try ModelSource(path: path, base: base, settings: told).configuration
        case .folder(let folder):
            try folder.requireKnownLayout()
            configuration = try ModelConfiguration(folder: folder.url).naming(labelNames)
        case .single(let url):
            configuration = try EmbeddedFiles(AttuneFile(contentsOf: url)).configuration().naming(labelNames)
        case .gguf(let url):
            let file = try GGUFFile(contentsOf: url)
            try file.requireWhole()
            configuration = try ModelConfiguration(gguf: file, source: url.path(percentEncoded: false))
                .naming(labelNames)
        }
        guard configuration.isClassifier else { return nil }
        if let fault = configuration.labelFault { throw ModelError(.mismatchedLabels, fault) }
        labels = configuration.labels
        problemType = configuration.problemType
        isProblemTypeStated = configuration["problem_type"].string != nil
    }
}
