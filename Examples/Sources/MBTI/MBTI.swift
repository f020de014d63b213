import Attune
import Foundation

/// The tutorial that Attune replaces, step by step: a language model learns whether a post's author judges (J) or perceives (P).
///
///     swift run -c release MBTI MODEL posts.parquet OUT
@main
struct MBTI {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 3 else {
            print("usage: MBTI MODEL posts.parquet OUT")
            exit(64)
        }
        let (model, file, folder) = (words[0], words[1], URL(filePath: words[2], directoryHint: .isDirectory))

        // Load the posts and encode their classes.
        var posts = try Dataset(file)
        for column in ["mbti", "E-I", "N-S", "F-T", "J-P"] { posts = try posts.classEncodeColumn(column) }

        // Keep 1 % and hold out a fifth of it; both keep every type's share.
        let sample = try posts.sample(.fraction(0.01), stratifyBy: "mbti", seed: 0)
        let (train, test) = try sample.loaded().trainTestSplit(
            testSize: .fraction(0.2),
            stratifyBy: "mbti",
            seed: 1
        )
        let (learned, held) = (
            try LabelledTexts(train, textColumn: "body", labelColumns: ["J-P"]),
            try LabelledTexts(test, textColumn: "body", labelColumns: ["J-P"])
        )

        // Load the model, with a fresh head for these labels, and its tokenizer.
        TensorHeap.adopt()
        var options = SequenceClassifier.LoadOptions()
        options.labels = learned.names
        let (classifier, _) = try TextClassifier.load(model, options: options)

        // The same arguments as the tutorial's TrainingArguments.
        var arguments = TrainingArguments()
        arguments.learningRate = 2e-5
        arguments.perDeviceTrainBatchSize = 4
        arguments.perDeviceEvalBatchSize = 4
        arguments.gradientAccumulationSteps = 2
        arguments.numTrainEpochs = 1
        arguments.weightDecay = 0.01
        arguments.optimizer = .adamW8
        arguments.precision = .tf32
        arguments.loggingSteps = 1000
        (arguments.evalStrategy, arguments.evalSteps) = (.steps, 1000)
        (arguments.saveStrategy, arguments.saveSteps) = (.steps, 1000)
        arguments.loadBestModelAtEnd = true

        // Cross-entropy with a higher weight for the rarer class.
        let targets = try learned.targets(among: classifier.labels)
        let evaluation = classifier.encode(held.inputs, targets: try held.targets(among: classifier.labels))
        let trainer = try Trainer(
            classifier,
            arguments: arguments,
            classWeights: ClassWeights.named(["J": 0.6, "P": 0.4]).values(
                labels: classifier.labels,
                targets: targets
            ),
            train: classifier.encode(learned.inputs, targets: targets),
            evaluation: evaluation,
            outputFolder: folder
        )
        _ = try trainer.run { event in
            if case .logged(let row) = event { print("step \(row.step): loss \(row.loss)") }
        }

        // Evaluate, save and predict.
        if let record = try evaluate(classifier, on: evaluation, withIntervals: true) {
            print(record.metrics.table(labels: classifier.labels))
        }
        try classifier.save(to: folder)
        for answer in try classifier.classify(["I planned this evening weeks ago."]) {
            print(answer.label, answer.score)
        }
    }
}
