import Attune
import Foundation

/// The tutorial that Attune replaces, as a recipe: a language model learns whether a post's author judges (J) or perceives (P).
///
///     swift run -c release MBTI MODEL posts.parquet OUTPUT-FOLDER
///
/// `docs/from-transformers.md` compares it with the tutorial, and `PrepareData` shows the steps of its data one by one.
@main
struct MBTI {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 3 else {
            print("usage: MBTI MODEL posts.parquet OUTPUT-FOLDER")
            exit(64)
        }

        // Labels are names: class_encode_column, rename_column and remove_columns have no counterpart.
        var recipe = Recipe(
            model: ModelSource(arguments[0]),
            data: DataSource(arguments[1]),
            text: "body",
            label: "J-P"
        )
        // Keep 1 % of the posts and hold out a fifth of them. Both draws keep the share of each of the 16 types.
        recipe.sample = .init(.fraction(0.01), stratifyBy: "mbti", seed: 0)
        recipe.evaluation = .holdOut(.fraction(0.2), stratification: .column("mbti"), seed: 1)

        // The tutorial's TrainingArguments.
        recipe.optimizer = .adamW(learningRate: 2e-5, weightDecay: 0.01, moments: .eightBit)
        recipe.length = .epochs(1)
        recipe.batch = .init(size: 4, accumulation: 2)
        recipe.precision = .tf32
        recipe.logging.steps = 1000
        recipe.evaluates = .every(steps: 1000)
        recipe.evaluates.batchSize = 4
        recipe.saving.steps = 1000
        recipe.selection.loadsBestModel = true

        // Cross-entropy with a higher weight for the rarer class.
        recipe.loss.classWeights = .named(["J": 0.6, "P": 0.4])

        // Train, evaluate and save.
        let run = try await recipe.start(in: URL(filePath: arguments[2]))
        for try await event in run.events {
            switch event {
            case .note(let text): print(text)
            case .logged(let row): print("step \(row.step): loss \(row.loss)")
            case .evaluated(let record): print("step \(record.step): loss \(record.lossText) on the hold-out")
            case .loadedBest(let step, let metric, let value): print("best: step \(step), \(metric) \(value)")
            default: break
            }
        }
        let result = try await run.result
        if let metrics = result.evaluation?.metrics { print(metrics.table(labels: result.classifier.labels)) }

        // Predict.
        for prediction in try await result.classifier.classify(["I planned this evening weeks ago."]) {
            print(prediction.label, prediction.score)
        }
    }
}
