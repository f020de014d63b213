import Datasets
import Foundation
import Hub

/// Names of models as people write them, without an owner.
enum PopularNames {
    /// Base models that people fine-tune into classifiers, of families that Attune knows.
    static let models =
        StarterModel.all.map(\.id) + [
            "google-bert/bert-base-uncased", "google-bert/bert-base-cased", "google-bert/bert-large-uncased",
            "google-bert/bert-base-multilingual-cased", "FacebookAI/roberta-base", "FacebookAI/roberta-large",
            "distilbert/distilroberta-base", "microsoft/deberta-v3-small", "microsoft/deberta-v3-base",
            "answerdotai/ModernBERT-large", "openai-community/gpt2", "google/electra-base-discriminator",
            "HuggingFaceTB/SmolLM2-135M", "HuggingFaceTB/SmolLM2-360M", "meta-llama/Llama-3.2-1B",
            "meta-llama/Llama-3.2-3B", "microsoft/Phi-3-mini-4k-instruct", "Qwen/Qwen3-0.6B",
            "google/gemma-3-1b-pt", "mistralai/Mistral-7B-v0.3",
        ]

    /// Extensions of files, which are no part of a model's name.
    private static let fileExtensions: Set = [
        "gguf", "attune", "safetensors", "bin", "pt", "onnx", "json", "yaml", "yml", "csv", "tsv", "tab",
        "jsonl",
        "ndjson",
        "txt", "parquet", "arrow", "feather", "gz", "zst", "bz2", "lz4", "zip",
    ]

    /// Whether a name that is no file can be an old id of the Hub: `bert-base-uncased`, which the Hub redirects.
    ///
    /// - Parameter name: Any text.
    /// - Returns: Whether it has no owner, and no file's extension.
    static func canBeID(withoutOwner name: String) -> Bool {
        guard (try? RepositoryID(name, kind: .model)) != nil, !name.contains("/") else { return false }
        let parts = name.lowercased().split(separator: ".")
        return !name.hasPrefix(".") && parts.allSatisfy { part in !fileExtensions.contains(String(part)) }
    }

    /// The full id of a popular model whose name is similar; nil if there is none, or if the name is that id.
    ///
    /// - Parameter name: With or without an owner and a revision.
    /// - Returns: `owner/name`.
    static func nearest(to name: String) -> String? {
        let id = name.split(separator: "@").first.map(String.init) ?? name
        let last = id.split(separator: "/").last.map(String.init) ?? id
        let ends = models.map { String($0.split(separator: "/")[1]) }
        guard let end = Datasets.nearest(to: last, among: ends), let index = ends.firstIndex(of: end),
            models[index] != id
        else { return nil }
        return models[index]
    }
}
