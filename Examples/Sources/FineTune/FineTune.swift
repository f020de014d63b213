import Attune
import Foundation

/// Fine-tunes a language model on a file of labelled texts, evaluates and saves it, and predicts a label.
///
///     swift run -c release FineTune MODEL DATA.csv TEXT-COLUMN LABEL-COLUMN OUTPUT-FOLDER
@main
struct FineTune {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 5 else {
            print("usage: FineTune MODEL DATA.csv TEXT-COLUMN LABEL-COLUMN OUTPUT-FOLDER")
            exit(64)
        }
        let (textColumn, labelColumn) = (arguments[2], arguments[3])
        var job = FineTuning(
            model: arguments[0],
            dataset: arguments[1],
            textColumn: textColumn,
            labelColumn: labelColumn
        )

        // Each step reuses the memory of the previous one.
        TensorHeap.adopt()

        // Hold out a fifth of the rows, keeping each label's share.
        job.held = .held(.fraction(0.2), seed: 1)
        job.classWeights = .balanced
        job.arguments.learningRate = 5e-5
        job.arguments.numTrainEpochs = 1
        job.arguments.weightDecay = 0.01
        job.arguments.warmup = .ratio(0.1)
        job.arguments.saveStrategy = .no

        let folder = URL(filePath: arguments[4], directoryHint: .isDirectory)
        let result = try job.run(into: folder) { event in
            switch event {
            case .note(let text): print(text)
            case .run(.step(let step)) where step.step.isMultiple(of: 20):
                print("step \(step.step)/\(step.totalSteps), loss \(step.loss)")
            case .run, .resolved: break
            }
        }
        if let evaluation = result.evaluation {
            print(evaluation.metrics.table(labels: result.classifier.labels))
        }

        // The trained classifier can predict immediately; a saved one is loaded with TextClassifier.load(path).
        let text = "Together we will build a better future."
        for prediction in try result.classifier.classify([text]) {
            print("\"\(text)\" is \(prediction.label), by \(prediction.score)")
        }
    }
}
