import Classification
import Foundation
import JSON
import Models
import Tokenization

/// The facts of a loaded classifier that requests need, without its weights.
struct ModelFacts: Sendable {
    let architecture: String
    let labels: [String]
    let problemType: ProblemType
    let decisions: Decisions?
    let tokenizer: Tokenizer
    let maxTokens: Int
    let longText: LongText?
    let readsPairs: Bool
    let embeddingRows: Int
    /// Warnings about the model, one sentence each.
    let notes: [String]

    init(_ classifier: TextClassifier) {
        let configuration = classifier.model.configuration
        architecture = configuration["architectures"].array?.first?.string ?? ""
        labels = classifier.labels
        problemType = classifier.problemType
        decisions = classifier.decisions
        tokenizer = classifier.tokenizer
        maxTokens = classifier.maxLength
        longText = classifier.settings.longText
        readsPairs = !(classifier.settings.textPairColumn ?? "").isEmpty
        embeddingRows = classifier.model.embeddingRows
        notes = classifier.notes
    }
}

extension ServedModel {
    /// Describes a loaded model.
    ///
    /// - Parameters:
    ///   - request: The request to load it.
    ///   - path: The folder that was found.
    ///   - base: The base model of an adapter.
    ///   - facts: The facts of the classifier.
    ///   - handle: Keeps the weights in memory.
    ///   - settings: The settings of the service.
    init(
        _ request: LoadRequest,
        path: String,
        base: String?,
        _ facts: ModelFacts,
        _ handle: ModelHandle,
        _ settings: ServiceSettings
    ) {
        name = request.name ?? request.source
        source = request.source
        revision = Self.revision(in: path)
        self.base = base
        architecture = facts.architecture
        dtype = settings.options.productQuantization?.rawValue ?? "\(settings.options.weightsDType)"
        labels = facts.labels
        problemType = facts.problemType
        decisions = facts.decisions
        tokenizer = facts.tokenizer
        maxTokens = facts.maxTokens
        longText = facts.longText
        readsPairs = facts.readsPairs
        training = settings.training(path)
        self.handle = handle
        embeddingRows = facts.embeddingRows
    }

    /// The commit of a folder in the Hub's cache: `…/snapshots/<commit>`.
    private static func revision(in path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let place = parts.lastIndex(of: "snapshots"), place + 1 < parts.count else { return nil }
        return String(parts[place + 1])
    }
}
