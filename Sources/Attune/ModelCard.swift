import Classification
import Evaluation
import Foundation
import JSON
import Models
import Training

/// The `README.md` of a saved classifier: what it is, what it was measured to do, how to use it.
///
/// Source: https://huggingface.co/docs/hub/model-cards
struct ModelCard {
    let job: FineTuning
    let classifier: TextClassifier
    let examples: Int
    let evaluation: EvaluationRecord?

    /// Front matter that the Hub understands, then the page.
    var text: String {
        let model = URL(filePath: job.model).lastPathComponent
        let data = URL(filePath: job.dataset).lastPathComponent
        return """
            ---
            pipeline_tag: text-classification
            library_name: transformers
            tags:
            - text-classification
            - attune
            metrics:
            \(metricNames.map { "- \($0)" }.joined(separator: "\n"))
            ---

            # A classifier of texts

            `\(model)` fine-tuned on \(examples) texts of `\(data)` (column `\(job.textColumn)`) \(purpose)
            ## Measured

            \(measured)
            ## Trained

            \(settings)

            ## Use

            ```sh
            attune predict --model . --text "…"
            ```

            ```python
            from transformers import pipeline
            pipeline("text-classification", model=".")("…")
            ```

            """
    }

    private var metricNames: [String] {
        switch classifier.problemType {
        case .singleLabel: ["accuracy", "f1", "matthews_correlation"]
        case .multiLabel: ["f1", "accuracy"]
        case .regression: ["mse", "mae", "pearsonr", "spearmanr"]
        }
    }

    /// What it was trained for and how it answers.
    private var purpose: String {
        switch classifier.problemType {
        case .singleLabel:
            """
            to tell
            `\(job.labelColumn)` apart. It knows these \(classifier.labels.count) labels and answers every text with one of
            them, also a text that has nothing to do with any:

            \(labels)
            """
        case .multiLabel:
            """
            to find
            the labels of `\(job.labelColumn)`. It knows these \(classifier.labels.count) and gives a text those it thinks
            likelier than not, which may be several or none:

            \(labels)
            """
        case .regression:
            """
            to
            predict the number `\(job.labelColumn)`. It answers every text with a number, also a text that has nothing to
            do with it.

            """
        }
    }

    private var labels: String {
        classifier.labels.enumerated().map { "- \($0): `\($1)`\n" }.joined()
    }

    private var measured: String {
        guard let evaluation else { return "No texts were held out, so nothing was measured.\n" }
        let own = evaluation.customMetrics.map { "\($0.name) \(String(format: "%.4f", $0.value))\n" }.joined()
        let origin =
            if case .file(let path, _) = job.held { URL(filePath: path).lastPathComponent } else {
                "the same data"
            }
        return """
            On \(evaluation.metrics.count) texts of \(origin) that it had not seen, with a loss of \
            \(String(format: "%.4f", evaluation.loss)):

            ```
            \(evaluation.metrics.table(labels: classifier.labels))\(own)```

            """
    }

    private var settings: String {
        let arguments = job.arguments
        let batch = arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps
        let length = arguments.maxSteps.map { "\($0) steps" } ?? "\(arguments.numTrainEpochs) epochs"
        return """
            \(arguments.optimizer.rawValue), learning rate \(arguments.learningRate) (\(arguments.scheduler.rawValue)), weight decay \
            \(arguments.weightDecay), \(batch) texts a step, \(length), texts of at most \(classifier.maxLength) tokens, \
            \(arguments.precision.rawValue), seed \(arguments.seed).
            """
    }
}
