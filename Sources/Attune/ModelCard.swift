import Classification
import Evaluation
import Files
import Foundation
import JSON
import Models
import NN
import Training

/// The `README.md` of a saved classifier: its purpose, evaluation, training and use.
///
/// Source: https://huggingface.co/docs/hub/model-cards
struct ModelCard {
    let job: TrainingJob
    /// The recipe that repeats the run, as YAML.
    let recipe: String?
    let classifier: TextClassifier
    let train: EncodedExamples
    let evaluation: EvaluationRecord?
    let baseline: BaselineComparison?
    let changes: [SettingChange]

    var details: ModelCardDetails { job.card }

    /// The whole model card, with front matter for the Hub.
    var text: String {
        """
        ---
        \(frontMatter)
        ---

        # \(Markdown.escaped(title))

        \(model) fine-tuned on \(counted(train.count, "text")) from \(data) (column \(Markdown.code(job.recipe.text))) \(purpose)
        \(labelTable)\(teacher)
        ## Intended use

        \(intendedUse)

        ## Evaluation

        \(measured)
        ## Training

        \(settings)
        \(recipeSection)
        ## Use

        \(usage)
        """
    }

    /// The title: the repository's name, if there is one.
    var title: String {
        details.repository?.split(separator: "/").last.map(String.init) ?? "A text classifier"
    }

    // MARK: Description

    private var model: String { reference(details.baseModel, page: "", job.model) }

    private var data: String { reference(details.dataset, page: "datasets/", job.dataset) }

    private func reference(_ id: String?, page: String, _ path: String) -> String {
        id.map { "[\($0)](https://huggingface.co/\(page)\($0))" }
            ?? Markdown.code(URL(filePath: path).lastPathComponent)
    }

    private var purpose: String {
        let column = job.recipe.labels.isEmpty ? "a label" : Markdown.code(job.labelColumn)
        return switch classifier.problemType {
        case .singleLabel:
            "to predict \(column). It gives every text one of these \(counted(classifier.labels.count, "label")):"
        case .multiLabel:
            "to predict the labels of \(column). It gives a text each of these \(counted(classifier.labels.count, "label")) "
                + "with a score above 0.5, which may be several or none:"
        case .regression: "to predict the number \(column)."
        }
    }

    /// A sentence on the teacher; empty without one.
    private var teacher: String {
        guard let teacher = job.recipe.teacher else { return "" }
        let share = String(format: "%.0f", teacher.alpha * 100)
        return
            "\nIt learned the scores of \(reference(teacher.model.hubID, page: "", teacher.model.name)) at temperature "
            + "\(teacher.temperature), which are \(share) % of its loss"
            + (job.recipe.labels.isEmpty
                ? "; no text had a label.\n" : "; the rest is that of the labels, where a text has one.\n")
    }

    /// The maximum number of labels for a table with all labels.
    private static let mostLabels = 200
    /// The number of rows if there are more labels.
    private static let someLabels = 50

    private var labelTable: String {
        guard classifier.problemType != .regression else { return "" }
        let labels = classifier.labels
        let none = [Int](repeating: 0, count: labels.count)
        let counts = train.targets?.labelCounts(of: labels.count) ?? none
        // A table with a hundred thousand rows would be unreadable; config.json has all names.
        let isLong = labels.count > Self.mostLabels
        let shown =
            isLong
            ? labels.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }.prefix(Self.someLabels)
            : Array(labels.indices)[...]
        let rows = shown.map { "| \($0) | \(Markdown.escaped(labels[$0])) | \(counts[$0]) |\n" }
        let rest =
            isLong
            ? "\nThese \(Self.someLabels) have the most texts; all \(grouped(labels.count)) are in `config.json`.\n"
            : ""
        return "\n| id | label | training texts |\n|---:|---|---:|\n" + rows.joined() + rest
    }

    private var intendedUse: String {
        let scope =
            "Texts like its training texts: of the same kind, length and language"
            + (details.languages.isEmpty
                ? "" : " (\(details.languages.map(Markdown.escaped).joined(separator: ", ")))") + "."
        let limit =
            classifier.problemType == .multiLabel
            ? "It never gives a label that it was not trained on."
            : "It gives every text a label, even one unrelated to the task. A low score indicates that sometimes, but not always."
        return
            "\(scope) \(limit) It repeats errors and gaps of its training data. "
            + "Check the errors below before using it for decisions about people."
    }

    // MARK: Evaluation

    /// The name of the evaluation data, to show.
    var measuredData: String {
        func name(_ path: String) -> String {
            details.dataset?.split(separator: "/").last.map(String.init)
                ?? URL(filePath: path).deletingPathExtension().lastPathComponent
        }
        return if case .data(let source) = job.recipe.evaluation {
            URL(filePath: job.evaluationDataset ?? source.name).deletingPathExtension().lastPathComponent
        } else {
            name(job.dataset)
        }
    }

    private var measured: String {
        guard let evaluation else { return "No texts were held out, so the model was not evaluated.\n" }
        let own = evaluation.customMetrics.map { "\($0.name) \(String(format: "%.4f", $0.value))\n" }.joined()
        return """
            On \(counted(evaluation.metrics.count, "text")) from \(Markdown.code(measuredData)), not used in training: loss \
            \(evaluation.lossText). The brackets contain 95 % confidence intervals, which apply only to texts of the same \
            kind.

            \(Markdown.block("", evaluation.metrics.table(labels: classifier.labels) + own))\(confusions)\(compared)
            """
    }

    /// The metrics of simple methods on the same texts.
    private var compared: String {
        guard let evaluation, let baseline else { return "" }
        return """

            Simple methods, trained on the same texts and evaluated on the same texts: a linear classifier of words and \
            characters, and a constant answer. \(baseline.sampleNote)

            \(Markdown.block("", baseline.table(model: evaluation.metrics)))
            """
    }

    /// The most frequent confusions, if the full confusion matrix would be too wide.
    private var confusions: String {
        guard case .singleLabel(let metrics) = evaluation?.metrics, classifier.labels.count > 12 else {
            return ""
        }
        let worst = metrics.confusion.largestErrors(15)
        guard !worst.isEmpty else { return "" }
        let labels = classifier.labels
        let rows = worst.map {
            "| \(Markdown.escaped(labels[$0.label])) | \(Markdown.escaped(labels[$0.prediction])) | \($0.count) |\n"
        }
        return "\nMost often confused:\n\n| label | predicted as | texts |\n|---|---|---:|\n" + rows.joined()
    }

    // MARK: Training

    private var settings: String {
        let arguments = job.arguments
        let batch =
            arguments.perDeviceTrainBatchSize * arguments.gradientAccumulationSteps * arguments.worldSize
        let length =
            arguments.maxSteps.map { "\(counted($0, "step"))" } ?? "\(arguments.numTrainEpochs) epochs"
        return """
            \(arguments.optimizer.rawValue), learning rate \(arguments.learningRate) (\(arguments.scheduler.rawValue)), weight decay \
            \(arguments.weightDecay), \(counted(batch, "text")) per step, \(length), texts of at most \(counted(classifier.maxLength, "token")), \
            \(arguments.precision.rawValue), seed \(arguments.seed); trained with Attune.\(resumed)

            """
    }

    /// The former values of settings, if the run was resumed with other settings.
    private var resumed: String {
        guard !changes.isEmpty else { return "" }
        let shown = changes.map {
            "until step \($0.step), \(Markdown.code($0.setting)) was \(Markdown.code($0.before))"
        }
        return " Resumed with other settings: \(shown.joined(separator: ", "))."
    }

    private var recipeSection: String {
        guard let recipe else { return "" }
        return
            "<details><summary>The recipe: `attune train recipe.yaml` repeats the run</summary>\n\n\(Markdown.block("yaml", recipe))\n</details>\n"
    }

    // MARK: Use

    private var usage: String {
        let place = details.repository ?? "."
        let isPair = job.recipe.textPair != nil
        let (flag, swift, python) =
            isPair
            ? (
                " --text-pair \"…\"",
                "classifier.predictions(of: classifier.logits(classifier.encode(.pairs([(\"…\", \"…\")]))))",
                "{\"text\": \"…\", \"text_pair\": \"…\"}"
            )
            : ("", "classifier.classify([\"…\"])", "\"…\"")
        let answer =
            switch classifier.problemType {
            case .singleLabel: "its label, score and all scores"
            case .multiLabel: "its labels and all scores"
            case .regression: "its score, the number"
            }
        let folder =
            details.repository.map { "folder: `attune hub download \($0)` prints it" } ?? "this folder"
        return """
            ```sh
            attune predict --model \(place) --text "…"\(flag)
            ```

            ```swift
            import Attune

            let (classifier, _) = try TextClassifier.load("\(details.repository == nil ? "." : "…")")  // \(folder)
            let answers = try \(swift)  // each with \(answer)
            ```

            ```python
            \(pythonUsage(place, python))
            ```

            """
    }

    /// The Python lines that load the classifier.
    private func pythonUsage(_ place: String, _ input: String) -> String {
        guard let adapter = classifier.adapter else {
            return """
                from transformers import pipeline

                pipeline("text-classification", model="\(place)")(\(input))
                """
        }
        // peft's files have no place for the labels.
        let names = classifier.labels.enumerated().map { "\($0): \(JSONValue.string($1).compact)" }
        let ids = "{\(names.joined(separator: ", "))}"
        let base = JSONValue.string(adapter.baseModel ?? place).compact
        let padTokenID = classifier.model.configuration.padTokenID.map { "\($0)" } ?? "None"
        var imports = ["AutoModelForSequenceClassification", "AutoTokenizer", "pipeline"]
        var loading = "pad_token_id=\(padTokenID), dtype=\"float32\""
        if let settings = classifier.model.parameters.bitsAndBytes {
            imports.insert("BitsAndBytesConfig", at: 2)
            loading += ",\n    quantization_config=\(Self.python(settings))"
        }
        return """
            from peft import PeftModel
            from transformers import \(imports.joined(separator: ", "))

            base = AutoModelForSequenceClassification.from_pretrained(
                \(base), num_labels=\(classifier.labels.count), id2label=\(ids),
                \(loading))
            model = PeftModel.from_pretrained(base, "\(place)")
            pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained("\(place)"))(\(input))
            """
    }

    /// The call that makes transformers quantize the same matrices.
    private static func python(_ settings: BitsAndBytesConfiguration) -> String {
        let skipped = JSONValue.array((settings.skippedModules ?? []).map(JSONValue.string)).compact
        let type =
            switch settings.kind {
            case .int8: "load_in_8bit=True"
            case .nf4, .fp4:
                "load_in_4bit=True, bnb_4bit_quant_type=\"\(settings.kind.rawValue)\", "
                    + "bnb_4bit_use_double_quant=\(settings.isDoubleQuantized ? "True" : "False")"
            }
        return "BitsAndBytesConfig(\(type), llm_int8_skip_modules=\(skipped))"
    }
}
