import Classification
import Datasets
public import Models
public import NN
public import Training

/// What a job would do: its rows, labels, tokens and steps.
public struct DatasetSummary: Sendable {
    /// The label names by id.
    public let labels: [String]
    /// Whether a text has one label, several or a number.
    public let problemType: ProblemType
    /// What the texts to train on have.
    public let targets: Targets
    /// A weight per label id; nil where all count alike.
    public let classWeights: [Float]?
    /// The texts to train on.
    public let training: TextSizes
    /// The texts to measure on; nil where nothing is measured.
    public let held: TextSizes?
    /// Tokens of a text at the most; nil where nothing limits it.
    public let lengthLimit: Int?
    /// Optimizer steps of one pass over the data.
    public let stepsPerEpoch: Int
    /// Optimizer steps of the run.
    public let totalSteps: Int
    /// The learning rate of every step.
    public let schedule: LearningRateSchedule

    /// How much there is to read.
    public struct TextSizes: Sendable, Equatable {
        /// Texts.
        public let count: Int
        /// Their tokens.
        public let tokens: Int
        /// Tokens of the longest.
        public let longest: Int
        /// Texts that were cut.
        public let truncated: Int
    }
}

extension FineTuning {
    /// Reads and tokenizes what a run would, and computes its sizes; no weight is read and nothing is trained.
    ///
    /// - Parameter emit: Told what was read.
    /// - Returns: The plan.
    /// - Throws: As ``run(into:observers:shouldStop:shouldSave:emit:)`` before its first step.
    public func plan(emit: (Event) throws -> Void = { _ in }) throws -> DatasetSummary {
        try validate()
        let (trainRows, heldRows) = try rows(emit)
        let labels = try labels(of: trainRows, heldRows, emit)
        if !resizesEmbeddings { try TextClassifier.requireFit(of: model) }
        let reading = try TextClassifier.tokenizerAndLimit(of: model, maxLength: maxLength)
        for note in reading.notes { try emit(.note(note)) }
        let targets = try trainRows.targets(among: labels)
        func sizes(_ rows: LabelledTexts, _ purpose: String) -> DatasetSummary.TextSizes {
            let found = tokenCache?.encodeBatch(
                rows.inputs,
                with: reading.tokenizer,
                maxLength: reading.lengthLimit,
                source: "\(purpose) texts of \(dataset)"
            )
            let encodings =
                found?.encodings
                ?? rows.inputs.encoded(by: reading.tokenizer, maxLength: reading.lengthLimit)
            // A text without tokens becomes one padding token.
            let lengths = (0..<encodings.count).map { max(encodings.range(of: $0).count, 1) }
            return DatasetSummary.TextSizes(
                count: encodings.count,
                tokens: lengths.reduce(0, +),
                longest: lengths.max() ?? 0,
                truncated: encodings.truncatedCount
            )
        }
        let training = sizes(trainRows, "training")
        let held = heldRows.map { sizes($0, "evaluation") }
        let totalSteps = arguments.totalSteps(examples: training.count)
        return DatasetSummary(
            labels: labels,
            problemType: trainRows.problemType,
            targets: targets,
            classWeights: try classWeights.values(labels: labels, targets: targets),
            training: training,
            held: held,
            lengthLimit: reading.lengthLimit,
            stepsPerEpoch: arguments.stepsPerEpoch(examples: training.count),
            totalSteps: totalSteps,
            schedule: LearningRateSchedule(arguments, totalSteps: totalSteps)
        )
    }
}
