// swift-format-ignore-file
// Written by Scripts/doc-snippets from docs/adapters.md.
import Attune
import Foundation

/// Compiles the snippets of docs/adapters.md.
func adapters() async throws {
    do {
        var recipe = Recipe(model: .hub("sentence-transformers/all-MiniLM-L6-v2"), data: .file("tweets.csv"), text: "text", label: "author")
        recipe.adapter = .lora(rank: 16, alpha: 32, targets: .allLinear)
        recipe.optimizer = .adamW(learningRate: 2e-4)
        let result = try await recipe.start(in: URL(filePath: "runs/tweets-lora")).result
        print(result.classifier.labels)
        do {
            var adapters = NamedAdapters()
            try adapters.load("runs/tweets-lora", as: "author")
            try adapters.load("runs/topics-lora", as: "topic")
            print(try adapters.classifier("topic").classify(["Thank you, Ohio!"]))
        }
    }
}
