// swift-format-ignore-file
// Written by Scripts/doc-snippets from README.md.
import Attune
import Foundation

/// Compiles the snippets of README.md.
func readme() async throws {
    do {
        var recipe = Recipe(
            model: .hub("answerdotai/ModernBERT-base"),
            data: .file("tweets.csv"),
            text: "text",
            label: "author"
        )
        recipe.evaluation = .holdOut(0.2, stratified: true, seed: 1)
        recipe.optimizer = .adamW(learningRate: 5e-5, weightDecay: 0.01)

        let run = try await recipe.start(in: URL(filePath: "runs/tweets"), resuming: .latest)
        for try await event in run.events {  // cancelling the task saves a checkpoint
            if case .step(let step) = event { print("\(step.step)/\(step.totalSteps) \(step.loss)") }
        }
        let classifier = try await run.result.classifier  // Sendable: share it between requests
        print(try await classifier.classify(["Thank you, Ohio!"])[0].label)
    }
}
