import Attune
import Foundation

/// Fine-tunes a language model on labelled texts, evaluates and saves it, and classifies a text.
///
///     swift run -c release FineTune MODEL DATA TEXT-COLUMN LABEL-COLUMN OUTPUT-FOLDER
///
/// Model and data are paths or ids of the Hub. The same command resumes an interrupted run from its latest checkpoint.
@main
struct FineTune {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 5 else {
            print("usage: FineTune MODEL DATA TEXT-COLUMN LABEL-COLUMN OUTPUT-FOLDER")
            exit(64)
        }

        var recipe = Recipe(
            model: ModelSource(arguments[0]),
            data: DataSource(arguments[1]),
            text: arguments[2],
            label: arguments[3]
        )
        // Hold out a fifth of the rows, keeping each label's share.
        recipe.evaluation = .holdOut(0.2, stratified: true, seed: 1)
        recipe.optimizer = .adamW(learningRate: 5e-5, weightDecay: 0.01)
        recipe.schedule = .linear(warmup: .ratio(0.1))
        recipe.length = .epochs(1)

        let run = try await recipe.start(in: URL(filePath: arguments[4]), resuming: .latest)
        // If this task is cancelled, the run saves a checkpoint and ends.
        for try await event in run.events {
            switch event {
            case .note(let text): print(text)
            case .step(let step): print("step \(step.step)/\(step.totalSteps), loss \(step.loss)")
            case .evaluated(let evaluation): print("evaluation loss \(evaluation.lossText)")
            default: break
            }
        }
        let result = try await run.result
        if let metrics = result.evaluation?.metrics { print(metrics.table(labels: result.classifier.labels)) }

        // Any number of tasks may share the classifier. Classifier.load(.folder(path)) loads it again later.
        let text = "Thank you, Ohio!"
        for prediction in try await result.classifier.classify([text]) {
            print("\"\(text)\" is \(prediction.label), with a score of \(prediction.score)")
        }
    }
}
