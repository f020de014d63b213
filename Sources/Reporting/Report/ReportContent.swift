public import Evaluation

/// Everything that a report of a run shows.
///
/// All strings are plain text; `HTMLReport` escapes them.
public struct ReportContent: Sendable {
    /// A group of facts, such as the versions.
    public struct FactGroup: Sendable, Equatable {
        /// The group's name.
        public let name: String
        /// The facts, in display order.
        public let facts: [Fact]

        /// Creates a group.
        ///
        /// - Parameters:
        ///   - name: The group's name.
        ///   - facts: The facts, in display order.
        public init(_ name: String, _ facts: [Fact]) { (self.name, self.facts) = (name, facts) }
    }

    /// A name with a value.
    public struct Fact: Sendable, Equatable {
        /// The name.
        public let name: String
        /// The value.
        public let value: String

        /// Creates a fact.
        ///
        /// - Parameters:
        ///   - name: The name.
        ///   - value: The value.
        public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    /// A row of the training log: a mean over training steps, an evaluation, or both.
    public struct LogRow: Sendable, Equatable {
        /// The optimizer step.
        public var step: Int
        /// The epoch, with its fraction.
        public var epoch: Double?
        /// The mean training loss since the row before.
        public var loss: Double?
        /// The learning rate.
        public var learningRate: Double?
        /// The norm of the gradient, before it was clipped.
        public var gradientNorm: Double?
        /// The evaluation's metrics by name, without a prefix: `loss`, `accuracy` and so on.
        public var metrics: [String: Double]

        /// Creates a row.
        ///
        /// - Parameters:
        ///   - step: The optimizer step.
        ///   - epoch: The epoch.
        ///   - loss: The training loss.
        ///   - learningRate: The learning rate.
        ///   - gradientNorm: The norm of the gradient.
        ///   - metrics: The evaluation's metrics by name.
        public init(
            step: Int,
            epoch: Double? = nil,
            loss: Double? = nil,
            learningRate: Double? = nil,
            gradientNorm: Double? = nil,
            metrics: [String: Double] = [:]
        ) {
            (self.step, self.epoch, self.loss) = (step, epoch, loss)
            (self.learningRate, self.gradientNorm, self.metrics) = (learningRate, gradientNorm, metrics)
        }
    }

    /// Another classifier's results on the same rows.
    public struct Baseline: Sendable, Equatable {
        /// The classifier's name, such as `TF-IDF, linear`.
        public let name: String
        /// Its metrics by the names of this library, such as `accuracy`.
        public let metrics: [String: Double]

        /// Creates a baseline.
        ///
        /// - Parameters:
        ///   - name: The classifier's name.
        ///   - metrics: Its metrics by name.
        public init(_ name: String, _ metrics: [String: Double]) {
            (self.name, self.metrics) = (name, metrics)
        }
    }

    /// A section of other parts of Attune, such as the calibration that was fitted.
    public struct ExtraSection: Sendable, Equatable {
        /// The section's heading.
        public let title: String
        /// Its paragraphs, before the tables.
        public let paragraphs: [String]
        /// Its tables.
        public let tables: [ReportTable]

        /// Creates a section.
        ///
        /// - Parameters:
        ///   - title: The heading.
        ///   - paragraphs: The paragraphs.
        ///   - tables: The tables.
        public init(_ title: String, paragraphs: [String], tables: [ReportTable] = []) {
            (self.title, self.paragraphs, self.tables) = (title, paragraphs, tables)
        }
    }

    /// The name of the run.
    public var title: String
    /// One line under the title: the model and the data.
    public var subtitle: String
    /// Facts about the run, in groups.
    public var facts: [FactGroup] = []
    /// The training log, by ascending step.
    public var log: [LogRow] = []
    /// The step of the saved weights, if the best of several was chosen.
    public var bestStep: Int?
    /// The metric by which it was chosen.
    public var bestMetric: String?
    /// The rows of the last evaluation; nil if there was none.
    public var rows: ScoredRows?
    /// The name of the evaluated data, such as `reuters-r8-test.tab`.
    public var evaluatedData: String?
    /// The texts of some rows, by index; usually empty, because a report may be shared.
    public var texts: [Int: String] = [:]
    /// Remarks, such as that texts were truncated.
    public var notes: [String] = []
    /// Results of simpler classifiers on the same rows.
    public var baselines: [Baseline] = []
    /// Sections of other parts of Attune, after those about calibration.
    public var extraSections: [ExtraSection] = []
    /// The recipe that repeats the run, as YAML.
    public var recipe: String?

    /// Creates a report's content.
    ///
    /// - Parameters:
    ///   - title: The name of the run.
    ///   - subtitle: The model and the data, in one line.
    public init(title: String, subtitle: String) { (self.title, self.subtitle) = (title, subtitle) }
}
