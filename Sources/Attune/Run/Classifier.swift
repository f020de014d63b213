public import Classification
public import Export
public import Foundation
public import Hub
public import Models
public import Torch

/// A trained classifier that any number of tasks may use at the same time.
///
/// ```swift
/// let classifier = try await Classifier.load(.folder("runs/tweets"))
/// for prediction in try await classifier.classify(["Thank you, Ohio!"]) { print(prediction.label, prediction.score) }
/// ```
///
/// It computes the texts of one call together, and calls one after another, on a dedicated thread.
public actor Classifier {
    /// The label names by id; for regression, the name of the predicted number.
    public nonisolated let labels: [String]
    /// Whether a text has one label, several labels or a number.
    public nonisolated let problemType: ProblemType
    /// The maximum number of tokens of a text; longer texts are truncated; nil without a limit.
    public nonisolated let maxLength: Int?
    /// Notes about the model and its settings, a sentence each.
    public nonisolated let notes: [String]
    /// The decisions about scores and labels that predictions apply, from `decisions.json`; nil for the model's own scores.
    public nonisolated let decisions: Decisions?

    private let classifier: TextClassifier
    private let thread: ComputeThread

    /// The executor of the classifier's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ trained: sending TextClassifier, on thread: ComputeThread) {
        labels = trained.labels
        problemType = trained.problemType
        maxLength = trained.lengthLimit
        notes = trained.notes
        decisions = trained.decisions
        classifier = trained
        self.thread = thread
    }

    /// Loads a trained classifier.
    ///
    /// - Parameters:
    ///   - source: A folder in the Hub's layout, a `.gguf` or `.attune` file, or an id of the Hub.
    ///   - device: The device to compute on; nil uses a GPU if there is one.
    ///   - quantization: Integers in which a CPU multiplies linear layers, faster and in less memory; nil for float32. Such a
    ///     classifier can be neither saved nor exported.
    ///   - hub: The Hub and its cache.
    /// - Returns: A classifier with a trained head.
    /// - Throws: `ModelError` with code `.unsupported` for a base model, which has no trained head; the errors of loading.
    public static func load(
        _ source: ModelSource,
        device: Device? = nil,
        quantization: ProductQuantization? = nil,
        hub: HubEnvironment = .process
    ) async throws -> Classifier {
        let path = try await source.path(in: hub)
        let base = try await ModelSource.basePath(ofModelAt: path, in: hub)
        let thread = ComputeThread(name: "attune.classifier")
        return try await ClassifierLoader(thread)
            .load(path, base: base, named: source.name, device, quantization)
    }

    /// Classifies texts.
    ///
    /// - Parameter texts: Any texts.
    /// - Returns: A prediction for each text, in order.
    /// - Throws: `TorchError`; `CancellationError` between two batches if the task is cancelled.
    public func classify(_ texts: [String]) throws -> [Prediction] { try classify(.texts(texts)) }

    /// Classifies texts or pairs of texts.
    ///
    /// - Parameter inputs: Any texts.
    /// - Returns: A prediction for each text, in order.
    /// - Throws: `TorchError`; `CancellationError` between two batches if the task is cancelled.
    public func classify(_ inputs: TextInputs) throws -> [Prediction] {
        let rows = try classifier.logits(classifier.encode(inputs)) { _ in !Task.isCancelled }
        guard rows.count == inputs.count else { throw CancellationError() }
        return classifier.predictions(of: rows)
    }

    /// Saves the classifier in the Hub's layout.
    ///
    /// - Parameter folder: Created if necessary.
    /// - Throws: `CheckpointError` or `FileError` if it cannot be written.
    public func save(to folder: URL) throws { try classifier.save(to: folder) }

    /// Writes the classifier in a format for other programs, or in a smaller form.
    ///
    /// An adapter is merged into this classifier, and quantized matrices are dequantized: it needs more memory from then on.
    ///
    /// - Parameters:
    ///   - request: The format and its settings.
    ///   - place: The folder or file to write.
    /// - Returns: The written files and notes.
    /// - Throws: `ExportError` for settings or a model that the format does not support; `FileError` with code `.exists` if files
    ///   would be overwritten; the errors of writing.
    public func export(_ request: ExportRequest, to place: URL) throws -> ExportReport {
        try request.write(classifier, to: place)
    }
}

/// Loads a classifier on the thread that will compute with it.
private actor ClassifierLoader {
    private let thread: ComputeThread

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(_ thread: ComputeThread) { self.thread = thread }

    func load(
        _ path: String,
        base: String?,
        named name: String,
        _ device: Device?,
        _ quantization: ProductQuantization?
    ) throws -> Classifier {
        var options = SequenceClassifier.LoadOptions()
        // Integers are multiplied on the CPU only.
        options.device = try device ?? (quantization == nil ? Device.preferred() : .cpu)
        options.mapsWeights = true
        options.productQuantization = quantization
        let (classifier, report) = try TextClassifier.load(path, base: base, options: options)
        guard report.fresh.isEmpty else { throw ModelError.untrained(name, report) }
        return Classifier(classifier, on: thread)
    }
}
