import Attune
import Classification
import Evaluation
import Foundation
import Hub
import Serving
import Synchronization

/// Finds models on this machine and on the Hub.
struct ServedModelSources: Sendable {
    private let environment: HubEnvironment
    private let progress = HubProgress()

    /// Creates a finder with the Hub's settings of a plan.
    ///
    /// - Parameter plan: The plan, which may name a cache and a token.
    init(_ plan: ServePlan) {
        var environment = HubEnvironment.process
        environment.variables.merge(plan.hubVariables) { $1 }
        self.environment = environment
    }

    /// The path of a model, which is downloaded if necessary.
    ///
    /// - Parameter source: A folder, a `.gguf` or `.attune` file, or an id of the Hub.
    /// - Returns: A path on this machine.
    /// - Throws: `HubError`.
    func path(of source: String) async throws -> String {
        let progress = progress
        return try await ModelSource(source).path(in: environment) { progress.show($0) }
    }

    /// The paths of a model and its base model, which are downloaded if necessary.
    ///
    /// - Parameter request: The request to load it.
    /// - Returns: Paths on this machine; the base is nil for a whole model.
    /// - Throws: `HubError`.
    func place(of request: LoadRequest) async throws -> (path: String, base: String?) {
        let progress = progress
        let path = try await path(of: request.source)
        let named = request.base.map { ModelSource($0) }
        let base = try await ModelSource.basePath(ofModelAt: path, named: named, in: environment) {
            progress.show($0)
        }
        return (path, base)
    }

    /// Finds a model of the command line, so that loading only reads files.
    ///
    /// - Parameter choice: The model.
    /// - Returns: The request to load it.
    /// - Throws: `HubError`; `ModelError` for a path without a model, or an adapter that the model's folder does not hold.
    func request(_ choice: ServedModelChoice) async throws -> LoadRequest {
        var request = LoadRequest(name: choice.name, source: choice.source, base: choice.base)
        let path = try await place(of: request).path
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                .missingFile,
                "there is no model at \(path): give a folder that `attune train` saved, a .gguf or .attune file, or an id of the Hub"
            )
        }
        guard let adapter = choice.adapter else { return request }
        request.source = try AdapterPlace(adapter, in: path).path
        _ = try await place(of: request)
        return request
    }
}

extension TrainingReference {
    /// Reads the facts of a run's evaluation, with which live texts are compared.
    ///
    /// Nil if the folder has no rows of an evaluation, or if they are numbers.
    ///
    /// - Parameter run: The run's folder.
    init?(run: String) {
        guard let rows = try? ScoredRows(run: URL(filePath: run)), rows.count > 0 else { return nil }
        if case .numbers = rows.truth { return nil }
        let predictions = (0..<rows.count).map { row in
            Prediction(
                logits: Array(rows.logits(of: row)),
                labels: rows.labels,
                problemType: { if case .labelSets = rows.truth { .multiLabel } else { .singleLabel } }()
            )
        }
        let counts = predictions.reduce(into: [String: Int]()) { counts, prediction in
            for label in prediction.labels { counts[label, default: 0] += 1 }
        }
        let count = Double(rows.count)
        self.init(
            labelShares: rows.labels.map { Double(counts[$0] ?? 0) / count },
            meanConfidence: predictions.reduce(0) { $0 + $1.score } / count,
            meanTokens: Double(rows.tokenCounts.reduce(0, +)) / count
        )
    }
}

/// The address that a server has found, for the messages after loading.
final class ListeningAddress: Sendable {
    private let state = Mutex<ServerAddress?>(nil)

    /// The address; nil before the server listens.
    var value: ServerAddress? { state.withLock { $0 } }

    /// Keeps the address.
    func keep(_ address: ServerAddress) { state.withLock { $0 = address } }
}
