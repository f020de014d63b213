import Checkpoints
import Classification
import Models
import Torch

/// Loads models on another thread than the one that computes, so that loading does not hold up requests.
actor ModelLoader {
    private let thread = ComputeThread(name: "attune.loading")

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Loads a trained classifier.
    ///
    /// - Parameters:
    ///   - path: The folder, `.gguf` or `.attune` file.
    ///   - name: The model, as it was given.
    ///   - settings: The settings of the service.
    /// - Returns: The classifier.
    /// - Throws: `ModelError` for a base model; the errors of loading.
    func load(
        _ path: String,
        named name: String,
        _ settings: ServiceSettings
    ) throws -> sending TextClassifier {
        let (classifier, report) = try TextClassifier.load(
            path,
            options: settings.options,
            settings: settings.classifier
        )
        guard report.fresh.isEmpty else { throw ModelError.untrained(name, report) }
        return classifier
    }
}
