import Foundation
import Hub

/// A base model for a first run.
struct StarterModel: Sendable, Equatable {
    let id: String
    /// The weights that every token is multiplied with, which leaves out the embeddings.
    let weightsPerToken: Double
    let readsManyLanguages: Bool
    /// A few words about it.
    let about: String

    /// From the quickest to the best, for each kind of languages.
    static let all = [
        StarterModel(
            id: "sentence-transformers/all-MiniLM-L6-v2",
            weightsPerToken: 10.6e6,
            readsManyLanguages: false,
            about: "small and quick"
        ),
        StarterModel(
            id: "distilbert/distilbert-base-uncased",
            weightsPerToken: 42.5e6,
            readsManyLanguages: false,
            about: "of middle size"
        ),
        StarterModel(
            id: "answerdotai/ModernBERT-base",
            weightsPerToken: 110e6,
            readsManyLanguages: false,
            about: "larger and usually better"
        ),
        StarterModel(
            id: "intfloat/multilingual-e5-small",
            weightsPerToken: 21.3e6,
            readsManyLanguages: true,
            about: "small, for a hundred languages"
        ),
        StarterModel(
            id: "FacebookAI/xlm-roberta-base",
            weightsPerToken: 85e6,
            readsManyLanguages: true,
            about: "larger, for a hundred languages"
        ),
    ]

    /// The time that a first run may take.
    static let patience = 20.0 * 60

    /// The seconds that a run takes: 6 operations per weight and token, at half of the machine's fastest products.
    func seconds(tokens: Double, gigaflops: Double) -> Double {
        6 * weightsPerToken * tokens / (gigaflops * 1e9 / 2)
    }

    /// Chooses a model: the best that finishes in time, and one in the cache before one to download.
    ///
    /// - Parameters:
    ///   - tokens: The tokens of the run, with repetitions.
    ///   - manyLanguages: Whether the texts are not all in English.
    ///   - gigaflops: The machine's fastest products; nil on a GPU, which is fast enough for all models.
    ///   - isCached: Whether a model is in the Hub's cache.
    /// - Returns: The model, and the reason.
    static func choice(
        tokens: Double,
        manyLanguages: Bool,
        gigaflops: Double?,
        isCached: (StarterModel) -> Bool
    ) -> (model: StarterModel, reason: String) {
        let suitable = all.filter { $0.readsManyLanguages == manyLanguages }
        let quick = suitable.filter { model in
            gigaflops.map { model.seconds(tokens: tokens, gigaflops: $0) <= patience } ?? true
        }
        // The quickest, if none is quick enough.
        let inTime = quick.isEmpty ? Array(suitable.prefix(1)) : quick
        let cached = inTime.last(where: isCached)
        let model = cached ?? inTime[inTime.count - 1]
        let place = cached == nil ? "from the Hub" : "in the cache"
        return (model, "\(model.about), \(place)")
    }

    /// Whether the model's files are in a cache.
    func isCached(in cache: HubCache) -> Bool {
        guard let id = try? RepositoryID(id, kind: .model) else { return false }
        let repository = cache.repository(id)
        guard let commit = repository.commit(of: id.revision) else { return false }
        return ["config.json", "model.safetensors"].allSatisfy { name in
            if case .present = repository.file(name, at: commit) { true } else { false }
        }
    }
}
