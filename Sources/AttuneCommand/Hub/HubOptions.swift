import ArgumentParser
import Foundation
import Hub

/// The token for the Hub, and the Hub's address.
struct HubOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A token for the Hub. Better: `attune hub login`, HF_TOKEN or a .env file, which other users cannot see.",
            valueName: "token"
        )
    )
    var token: String?

    /// The Hub as this process's variables describe it.
    static var environment: HubEnvironment { .process }

    /// Opens a client for as long as a closure runs.
    func withClient<Result: Sendable>(
        _ body: @escaping @Sendable (HubClient) async throws -> Result
    ) throws -> Result {
        try waiting { [token] in
            let environment = Self.environment
            let found = try await Token.find(given: token, in: environment)
            return try await HubClient.with(.init(environment: environment, token: found), body)
        }
    }
}

/// Runs an asynchronous closure and waits for it.
///
/// The commands are synchronous because of the engine's threads.
func waiting<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    let done = DispatchSemaphore(value: 0)
    let box = ResultBox<Result>()
    Task.detached {
        do { box.result = .success(try await body()) } catch { box.result = .failure(error) }
        done.signal()
    }
    done.wait()
    guard let result = box.result else { throw CancellationError() }
    return try result.get()
}

/// `@unchecked Sendable`: written before the semaphore is signalled, read after waiting for it.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    var result: Result<Value, any Error>?
}
