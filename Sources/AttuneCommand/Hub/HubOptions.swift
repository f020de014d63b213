import ArgumentParser
import Foundation
import Hub

/// As whom the Hub is asked, and where it is.
struct HubOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A token of the Hub. Better: `attune hub login`, HF_TOKEN or a .env file, which other users of this machine do not see.",
            valueName: "token"
        )
    )
    var token: String?

    /// The process's variables; only the executable reads them.
    static var environment: HubEnvironment {
        HubEnvironment(
            variables: ProcessInfo.processInfo.environment,
            home: FileManager.default.homeDirectoryForCurrentUser,
            workingFolder: URL(
                filePath: FileManager.default.currentDirectoryPath,
                directoryHint: .isDirectory
            )
        )
    }

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

/// Runs what is asynchronous and waits for it: the commands are synchronous, for the sake of the engine's threads.
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

/// `@unchecked Sendable`: it is written before the semaphore is signalled and read after it was waited for.
private final class ResultBox<Value: Sendable>: @unchecked Sendable {
    var result: Result<Value, any Error>?
}
