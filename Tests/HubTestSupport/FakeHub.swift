import Foundation
import JSON
import Synchronization

/// A Hub on this machine with the real protocol for downloads and uploads, and with failures on demand.
///
/// It has two servers: the endpoint, and another host for the contents of large files, which must never see a token.
public final class FakeHub: Sendable {
    /// Alters an answer, given the request's number, the request and the correct answer.
    public typealias Spoiler = @Sendable (Int, FakeRequest, FakeAnswer) -> FakeAnswer

    /// Answers a request before the Hub handles it, given the request's number and the request; nil lets the Hub handle it.
    public struct Doorman: Sendable {
        let answer: @Sendable (Int, FakeRequest) -> FakeAnswer?

        /// Creates a doorman from a closure that answers in place of the Hub.
        public init(_ answer: @escaping @Sendable (Int, FakeRequest) -> FakeAnswer?) { self.answer = answer }
    }

    struct State {
        var repositories: [String: FakeRepository]
        var requests: [FakeRequest] = []
        var contentRequests: [FakeRequest] = []
        /// Contents sent before a commit names them, by SHA-256, and their parts by address.
        var contents: [String: Data] = [:]
        var parts: [String: Data] = [:]
    }

    /// How the Hub accepts large files.
    public struct LargeFiles: Sendable {
        /// Larger files are stored outside Git.
        public var regularByteCount = 10_000
        /// Larger files are sent in parts of this size; nil for a single request.
        public var partByteCount: Int?
        /// Whether it accepts large files only through Xet.
        public var isXetOnly = false

        /// Creates the settings, by default those of the usual protocols.
        public init(regularByteCount: Int = 10_000, partByteCount: Int? = nil, isXetOnly: Bool = false) {
            self.regularByteCount = regularByteCount
            self.partByteCount = partByteCount
            self.isXetOnly = isXetOnly
        }
    }

    /// A token that may read private repositories and write to those of `ada`, `engine` and `org`.
    public static let token = "hf_testTokenThatNobodyElseMaySee"
    /// A read-only token.
    public static let readingToken = "hf_testTokenThatMayOnlyReadThings"

    let state: Mutex<State>
    let pageSize: Int
    let largeFiles: LargeFiles
    private let doorman: Doorman?
    private let spoiler: Spoiler
    private let servers: Mutex<[FakeServer]>

    /// Creates a Hub without starting it.
    ///
    /// - Parameters:
    ///   - repositories: The repositories by path: `org/name`, `datasets/org/name`.
    ///   - pageSize: The number of files per page of a list.
    ///   - largeFiles: How the Hub accepts large files.
    ///   - doorman: Answers requests before the Hub handles them.
    ///   - spoiler: Alters the answers.
    public init(
        _ repositories: [String: FakeRepository],
        pageSize: Int = 1000,
        largeFiles: LargeFiles = LargeFiles(),
        doorman: Doorman? = nil,
        spoiler: @escaping Spoiler = { _, _, answer in answer }
    ) {
        state = Mutex(State(repositories: repositories))
        self.pageSize = pageSize
        self.largeFiles = largeFiles
        self.doorman = doorman
        self.spoiler = spoiler
        servers = Mutex([])
    }

    /// Starts both servers.
    ///
    /// - Parameter port: The endpoint's port; zero for any free one.
    /// - Returns: The endpoint's address.
    /// - Throws: An error if no port is free.
    public func start(port: Int = 0) async throws -> String {
        let contents = try await FakeServer { [self] request in
            let number = state.withLock {
                $0.contentRequests.append(request)
                return $0.contentRequests.count + $0.requests.count
            }
            return doorman?.answer(number, request) ?? spoiler(number, request, content(request))
        }
        let contentPort = contents.port
        let endpoint = try await FakeServer(port: port) { [self] request in
            let number = state.withLock {
                $0.requests.append(request)
                return $0.contentRequests.count + $0.requests.count
            }
            return doorman?.answer(number, request)
                ?? spoiler(number, request, answer(request, contentPort: contentPort))
        }
        servers.withLock { $0 = [contents, endpoint] }
        return "http://127.0.0.1:\(endpoint.port)"
    }

    /// Stops both servers.
    public func stop() async {
        for server in servers.withLock({ $0 }) { await server.stop() }
    }

    /// The requests to the endpoint.
    public var requests: [FakeRequest] { state.withLock { $0.requests } }
    /// The requests to the other host.
    public var contentRequests: [FakeRequest] { state.withLock { $0.contentRequests } }

    /// Replaces a repository, as a new commit on its branch.
    public func replace(_ path: String, with repository: FakeRepository) {
        state.withLock { $0.repositories[path] = repository }
    }

    /// All repositories by path.
    public var repositories: [String: FakeRepository] { state.withLock { $0.repositories } }

    /// The current state of a repository.
    public subscript(path: String) -> FakeRepository? { state.withLock { $0.repositories[path] } }

    private func answer(_ request: FakeRequest, contentPort: Int) -> FakeAnswer {
        let mayWrite = request.headers["authorization"] == "Bearer \(Self.token)"
        let isKnown = mayWrite || request.headers["authorization"] == "Bearer \(Self.readingToken)"
        if request.path == "/api/whoami-v2" {
            guard isKnown else { return failure(401, nil, "Invalid credentials in Authorization header") }
            return json(
                .object([
                    "name": .string("ada"), "type": .string("user"),
                    "orgs": .array([.object(["name": .string("engine")])]),
                    "auth": .object([
                        "accessToken": .object([
                            "displayName": .string("laptop"), "role": .string(mayWrite ? "write" : "read"),
                        ])
                    ]),
                ])
            )
        }
        if request.path.hasPrefix("/lfs/") { return answerLFS(request) }
        if request.path == "/api/validate-yaml" {
            return json(.object(["errors": .array([]), "warnings": .array([])]))
        }
        if request.path == "/api/repos/create" { return create(request, mayWrite: mayWrite) }
        let parts = request.path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        for (path, repository) in repositories {
            let own = path.split(separator: "/").map(String.init)
            let api = ["api"] + (own.first == "datasets" ? own : ["models"] + own)
            let isAPI = parts.starts(with: api)
            let lfs = Array(own.dropLast()) + ["\(own.last ?? "").git"]
            guard isAPI || parts.starts(with: own) || parts.starts(with: lfs) else { continue }
            if repository.isPrivate, !isKnown { return failure(401, "RepoNotFound", "Repository not found") }
            let rest = Array(parts.dropFirst(isAPI ? api.count : own.count))
            if request.method == "POST" {
                guard mayWrite else { return failure(isKnown ? 403 : 401, nil, "You may not write here") }
                return write(rest, path, request, contentPort)
            }
            if repository.isGated, rest.first == "resolve" {
                return failure(403, "GatedRepo", "Access is restricted")
            }
            return isAPI
                ? answerAPI(rest, path, repository, request) : resolve(rest, repository, request, contentPort)
        }
        return failure(401, "RepoNotFound", "Repository not found")
    }

    func json(_ value: JSONValue, _ headers: [(String, String)] = []) -> FakeAnswer {
        FakeAnswer(200, [("Content-Type", "application/json")] + headers, Data(value.oneLineInOrder.utf8))
    }

    func failure(_ status: Int, _ code: String?, _ message: String) -> FakeAnswer {
        var headers = [("X-Error-Message", message)]
        if let code { headers.append(("X-Error-Code", code)) }
        return FakeAnswer(status, headers, Data("{\"error\":\"\(message)\"}".utf8))
    }
}
