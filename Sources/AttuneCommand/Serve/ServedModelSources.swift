import Attune
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

    /// Finds a model and its adapter's base model; what is on the Hub is downloaded.
    ///
    /// - Parameter request: The request to load it.
    /// - Returns: Paths on this machine; no base for a whole model, or if the adapter's own name for it is a path.
    /// - Throws: `HubError`; the errors of reading an adapter's configuration.
    func places(_ request: LoadRequest) async throws -> (path: String, base: String?) {
        let progress = progress
        let path = try await ModelSource(request.source).path(in: environment) { progress.show($0) }
        let base = try await ModelSource.basePath(
            ofModelAt: path,
            named: request.base.map { ModelSource($0) },
            in: environment
        ) { progress.show($0) }
        return (path, base)
    }

    /// Finds a model of the command line, so that loading only reads files.
    ///
    /// - Parameter choice: The model.
    /// - Returns: The request to load it.
    /// - Throws: The errors of ``places(_:)``; `ModelError` for a path without a model, or an adapter that the model's folder does
    ///   not hold.
    func request(_ choice: ServedModelChoice) async throws -> LoadRequest {
        var request = LoadRequest(choice.source, name: choice.name, base: choice.base)
        let path = try await places(request).path
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(
                .missingFile,
                "there is no model at \(path): give a folder that `attune train` saved, a .gguf file, or an id of the Hub"
            )
        }
        guard let adapter = choice.adapter else { return request }
        request.source = try AdapterPlace(adapter, in: path).path
        _ = try await places(request)
        return request
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
