public import Classification
import Datasets
public import Models
public import Tokenization
public import Training

/// The description of a run: model, data, evaluation, optimizer, schedule, length and all other settings.
///
/// ```swift
/// var recipe = Recipe(model: .hub("answerdotai/ModernBERT-base"), data: .file("tweets.csv"), text: "text", label: "author")
/// recipe.evaluation = .holdOut(0.2, seed: 1)
/// recipe.optimizer = .adamW(learningRate: 5e-5, weightDecay: 0.01)
/// recipe.schedule = .linear(warmup: .ratio(0.1))
/// recipe.length = .epochs(1)
/// let run = try await recipe.start(in: URL(filePath: "runs/tweets"))
/// ```
///
/// A recipe can be stored as JSON or YAML. Its coded form uses the names of transformers' `TrainingArguments`, as the
/// command's flags and `recipe.yaml` do (``settings`` lists them). Defaults are those of transformers.
public struct Recipe: Sendable, Equatable {
    // MARK: Model and data

    /// The model to fine-tune.
    public var model: ModelSource
    /// The labelled texts.
    public var data: DataSource
    /// The column of texts.
    public var text: String
    /// The column of second texts, to classify pairs; nil for single texts.
    public var textPair: String?
    /// The label columns: one with names, lists of names or numbers, or several with 0 and 1, one for each label.
    public var labels: [String]
    /// Whether a text has one label, several labels or a number; nil decides by the data.
    public var problemType: ProblemType?
    /// Names for the labels of the model's head, by id; nil keeps its own names.
    public var labelNames: [String]?
    /// The maximum number of tokens of a text; longer texts are cut.
    ///
    /// Nil uses the model's limit.
    public var maxLength: Int?
    /// The part of a longer text that is read; nil cuts the side that the tokenizer cuts.
    public var longText: LongText?
    /// The treatment of rows without a label: refuse or drop.
    public var missingLabels = RowPolicy.refuse
    /// The treatment of rows with an empty text.
    public var emptyTexts = RowPolicy.keep
    /// The part of the rows to use; nil uses all.
    public var sample: Sample?

    // MARK: Evaluation

    /// The evaluation examples.
    public var evaluation = Evaluation.none
    /// The times of evaluations during training, besides the one at its end.
    public var evaluates = EvaluationTimes()
    /// The choice of the best evaluation, and its use.
    public var selection = Selection()
    /// Whether the last evaluation is compared with a linear baseline, which is trained on the same rows in seconds.
    public var comparesBaseline = true

    // MARK: Training

    /// The adapter to train on the frozen model; nil trains all weights.
    public var adapter: Adapter?
    /// The base model of an adapter given as ``model``; nil takes the one that the adapter names.
    public var adapterBase: ModelSource?
    /// The optimizer and its learning rate.
    public var optimizer = OptimizerChoice.adamW()
    /// The learning rate's course over the run.
    public var schedule = ScheduleChoice.linear()
    /// The length of training.
    public var length = Length.epochs(3)
    /// The examples of a step and their division into micro-batches.
    public var batch = Batch()
    /// The loss to minimize.
    public var loss = Loss()
    /// A classifier whose scores are learned together with the labels, or without any; nil learns from labels alone.
    public var teacher: Teacher?
    /// Gradients are scaled down to this L2 norm; 0 does not clip.
    public var maxGradNorm = 1.0
    /// The learning rate is multiplied by this factor for every block further from the head; 1 treats all blocks alike.
    public var layerwiseLearningRateDecay = 1.0
    /// The parameters that are not trained.
    public var frozen = Frozen()
    /// The type of matrix products.
    public var precision = Precision.fp32
    /// The type in which weights are kept in memory.
    public var weights = WeightsType.fp32
    /// Settings that trade time for memory.
    public var memory = Memory()
    /// The exchange of gradients if several processes train together.
    public var processes = Processes()
    /// Whether to start with a fresh head even if the model is a classifier.
    public var reinitializesHead = false
    /// Whether to train although nearly every row has a different label, as in a column of ids.
    public var allowsManyClasses = false
    /// Whether the token embedding gets rows for tokens that only the tokenizer has.
    public var resizesEmbeddings = false
    /// The seed of head and dropout, and of the order of the data unless ``dataSeed`` is set.
    public var seed: UInt64 = 42
    /// The seed of the order of the data; nil uses ``seed``.
    public var dataSeed: UInt64?
    /// The order of the examples.
    public var sampling = SamplingStrategy.random
    /// Whether the last examples of an epoch are left out if they do not fill a micro-batch.
    public var dropsLast = false

    // MARK: Files

    /// The times of log rows.
    public var logging = Logging()
    /// The times of checkpoints, and the number to keep.
    public var saving = Saving()
    /// Files that receive numbers during training.
    public var reports: [RunReport] = []
    /// Whether `report.html` shows texts of evaluated rows.
    public var reportsTexts = false
    /// The push of the model to the Hub; nil pushes nothing.
    public var push: Push?

    /// Creates a recipe with transformers' defaults.
    ///
    /// - Parameters:
    ///   - model: The model to fine-tune.
    ///   - data: The labelled texts.
    ///   - text: The column of texts.
    ///   - label: The column of labels.
    public init(model: ModelSource, data: DataSource, text: String, label: String) {
        self.init(model: model, data: data, text: text, labels: [label])
    }

    /// Creates a recipe with transformers' defaults, for labels in several columns of 0 and 1.
    ///
    /// - Parameters:
    ///   - model: The model to fine-tune.
    ///   - data: The labelled texts.
    ///   - text: The column of texts.
    ///   - labels: The columns of labels.
    public init(model: ModelSource, data: DataSource, text: String, labels: [String]) {
        (self.model, self.data, self.text, self.labels) = (model, data, text, labels)
    }

    /// A recipe with only defaults, from which the defaults of all settings are read.
    static let defaults = Recipe(model: .folder(""), data: .file(""), text: "", labels: [])
}
