import Classification
import Datasets
public import Models
public import NN
public import Training

/// The rows, labels, tokens and steps of a job.
public struct DatasetSummary: Sendable {
    /// The label names by id.
    public let labels: [String]
    /// The problem type.
    public let problemType: ProblemType
    /// The targets of the training texts.
    public let targets: Targets
    /// The class weights by label id; nil if all are equal.
    public let classWeights: [Float]?
    /// The sizes of the training texts.
    public let training: TextSizes
    /// The sizes of the evaluation texts; nil without evaluation.
    public let evaluation: TextSizes?
    /// The maximum number of tokens of a text; nil if unlimited.
    public let lengthLimit: Int?
    /// The number of steps per epoch.
    public let stepsPerEpoch: Int
    /// The number of steps of the run.
    public let totalSteps: Int
    /// The learning rate at every step.
    public let schedule: LearningRateSchedule

    /// The sizes of a set of texts.
    public struct TextSizes: Sendable, Equatable {
        /// The number of texts.
        public let count: Int
        /// The total number of tokens.
        public let tokens: Int
        /// The number of tokens of the longest text.
        public let longest: Int
        /// The number of truncated texts.
        public let truncated: Int
    }
}

extension TrainingJob {
    /// Reads and tokenizes a run's data and computes its sizes, without reading weights and without training.
    ///
    /// - Parameter emit: Receives notes on the data.
    /// - Returns: The summary.
    /// - Throws: The errors of ``run(into:observers:shouldStop:shouldSave:group:emit:)`` before its first step.
    package func plan(emit: (Event) throws -> Void = { _ in }) throws -> DatasetSummary {
        try validate()
        try emit(.progress(WorkProgress(.read, subject: dataset)))
        let (trainRows, evaluationRows) = try rows(emit)
        let labels = try labels(of: trainRows, evaluationRows, emit)
        if !recipe.resizesEmbeddings { try TextClassifier.requireFit(of: model) }
        let reading = try TextClassifier.tokenizerAndLimit(of: model, base: base, maxLength: recipe.maxLength)
        for note in reading.notes { try emit(.note(note)) }
        let targets = try trainRows.targets(among: labels)
        func sizes(_ rows: LabelledTexts, _ purpose: String) throws -> DatasetSummary.TextSizes {
            let (encodings, _) = try rows.inputs.encoded(
                by: reading.tokenizer,
                maxLength: reading.lengthLimit,
                longText: longText,
                cache: tokenCache,
                source: "\(purpose) texts of \(dataset)"
            ) { done in
                let count = rows.inputs.count
                let subject = "\(purpose) texts"
                try emit(.progress(WorkProgress(.tokenize, done: done, of: count, subject: subject)))
            }
            // Training counts windows. A text without tokens is encoded as one padding token.
            let lengths = (0..<encodings.count).map { max(encodings.range(of: $0).count, 1) }
            return DatasetSummary.TextSizes(
                count: purpose == "training" ? encodings.count : encodings.textCount,
                tokens: lengths.reduce(0, +),
                longest: lengths.max() ?? 0,
                truncated: encodings.truncatedCount
            )
        }
        let training = try sizes(trainRows, "training")
        let evaluation = try evaluationRows.map { try sizes($0, "evaluation") }
        let totalSteps = arguments.totalSteps(examples: training.count)
        return DatasetSummary(
            labels: labels,
            problemType: trainRows.problemType,
            targets: targets,
            classWeights: try recipe.loss.classWeights.values(labels: labels, targets: targets),
            training: training,
            evaluation: evaluation,
            lengthLimit: reading.lengthLimit,
            stepsPerEpoch: arguments.stepsPerEpoch(examples: training.count),
            totalSteps: totalSteps,
            schedule: LearningRateSchedule(arguments, totalSteps: totalSteps)
        )
    }
}
