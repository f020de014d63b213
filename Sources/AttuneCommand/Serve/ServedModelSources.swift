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

    /// The path of a model, which is downloaded if necessary.
    ///
    /// - Parameter source: A folder, a `.gguf` file, or an id of the Hub.
    /// - Returns: A path on this machine.
    /// - Throws: `HubError`.
    func path(of source: String) async throws -> String {
        let progress = progress
        return try await ModelSource(source).path(in: environment) { progress.show($0) }
    }

    /// Finds a model of the command line, so that loading only reads files.
    ///
    /// - Parameter choice: The model.
    /// - Returns: The request to load it.
    /// - Throws: `HubError`; `ModelError` for an adapter that the model's folder does not hold.
    func request(_ choice: ServedModelChoice) async throws -> LoadRequest {
        let progress = progress
        let path = try await path(of: choice.source)
        let named = choice.base.map { ModelSource($0) }
        guard let adapter = choice.adapter else {
            let base = try await ModelSource.basePath(ofModelAt: path, named: named, in: environment) {
                progress.show($0)
            }
            return LoadRequest(name: choice.name, source: choice.source, base: base)
        }
        let place = try AdapterPlace(adapter, in: path)
        let base = try await ModelSource.basePath(ofModelAt: place.path, named: named, in: environment) {
            progress.show($0)
        }
        return LoadRequest(name: choice.name, source: place.path, base: base)
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
