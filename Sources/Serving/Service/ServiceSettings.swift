public import Classification
public import Models
public import Torch

/// The settings of a ``ClassifierService``.
public struct ServiceSettings: Sendable {
    /// The limits.
    public var limits = ServingLimits()
    /// The device and the type of the weights.
    public var options: SequenceClassifier.LoadOptions
    /// The type of matrix products.
    public var matmulDType = DType.float32
    /// Settings that override those of training: the maximum length, the part of a long text that is read, label names.
    public var classifier = ClassifierSettings()
    /// Whether to ignore `decisions.json`: the models' own scores.
    public var ignoresDecisions = false
    /// The most bytes of memory that the process may use for a further model to be loaded; nil for no limit.
    public var maxMemory: Int?
    /// Finds a model and an adapter's base model on this machine, or downloads them; by default, their names are paths.
    public var resolve: @Sendable (LoadRequest) async throws -> (path: String, base: String?) = {
        ($0.source, $0.base)
    }
    /// Finds the facts of a model's evaluation, which live texts are compared with.
    public var training: @Sendable (_ folder: String) -> TrainingReference? = { _ in nil }
    /// Called on the computing thread before each batch, for example to adapt the number of threads.
    public var beforeBatch: @Sendable () -> Void = {}

    /// Creates the default settings, on the CPU.
    public init() {
        options = SequenceClassifier.LoadOptions()
        options.mapsWeights = true
    }
}

/// A model to load.
public struct LoadRequest: Sendable, Equatable {
    /// The name in requests; nil takes the source.
    public var name: String?
    /// A folder, a `.gguf` or `.attune` file or a Hub id; also an adapter's folder.
    public var source: String
    /// The base model of an adapter; nil takes the one that it names.
    public var base: String?

    /// Creates a request.
    ///
    /// - Parameters:
    ///   - name: The name in requests; nil takes the source.
    ///   - source: A folder, a `.gguf` or `.attune` file or a Hub id; also an adapter's folder.
    ///   - base: The base model of an adapter; nil takes the one that it names.
    public init(name: String? = nil, source: String, base: String? = nil) {
        (self.name, self.source, self.base) = (name, source, base)
    }
}

/// The state of a ``ClassifierService``.
public enum ServiceState: Sendable, Equatable {
    /// The first models are being loaded.
    case loading
    /// Requests are answered.
    case ready
    /// Requests are still answered, but the server is about to stop.
    case draining
    /// A model could not be loaded at the start.
    case failed(String)
}
