import Foundation
import JSON
import Synchronization

/// A Hub on this machine that speaks the real protocol, as far as downloading goes, and fails as it is told.
///
/// Two servers: the endpoint, and another host that large files' contents come from. The other must never see a token.
public final class FakeHub: Sendable {
    /// What may be made of an answer: the request's number, the request, the good answer.
    public typealias Spoiler = @Sendable (Int, FakeRequest, FakeAnswer) -> FakeAnswer

    private struct State {
        var repositories: [String: FakeRepository]
        var requests: [FakeRequest] = []
        var contentRequests: [FakeRequest] = []
    }

    /// The token that opens what is private.
    public static let token = "hf_testTokenThatNobodyElseMaySee"

    private let state: Mutex<State>
    private let pageSize: Int
    private let spoiler: Spoiler
    private let servers: Mutex<[FakeServer]>

    /// Makes a Hub that does not run yet.
    ///
    /// - Parameters:
    ///   - repositories: By path: `org/name`, `datasets/org/name`.
    ///   - pageSize: Files of a page of a list.
    ///   - spoiler: What goes wrong.
    public init(
        _ repositories: [String: FakeRepository],
        pageSize: Int = 1000,
        spoiler: @escaping Spoiler = { _, _, answer in answer }
    ) {
        state = Mutex(State(repositories: repositories))
        self.pageSize = pageSize
        self.spoiler = spoiler
        servers = Mutex([])
    }

    /// Starts both servers.
    ///
    /// - Parameter port: The endpoint's; zero for any that is free.
    /// - Returns: The endpoint's address.
    /// - Throws: Where no port is free.
    public func start(port: Int = 0) async throws -> String {
        let contents = try await FakeServer { [self] request in
            let number = state.withLock {
                $0.contentRequests.append(request)
                return $0.contentRequests.count + $0.requests.count
            }
            return spoiler(number, request, content(request))
        }
        let contentPort = contents.port
        let endpoint = try await FakeServer(port: port) { [self] request in
            let number = state.withLock {
                $0.requests.append(request)
                return $0.contentRequests.count + $0.requests.count
            }
            return spoiler(number, request, answer(request, contentPort: contentPort))
        }
        servers.withLock { $0 = [contents, endpoint] }
        return "http://127.0.0.1:\(endpoint.port)"
    }

    /// Stops both.
    public func stop() async {
        for server in servers.withLock({ $0 }) { await server.stop() }
    }

    /// What the endpoint was asked.
    public var requests: [FakeRequest] { state.withLock { $0.requests } }
    /// What the other host was asked.
    public var contentRequests: [FakeRequest] { state.withLock { $0.contentRequests } }

    /// Replaces a repository: its branch moves on.
    public func replace(_ path: String, with repository: FakeRepository) {
        state.withLock { $0.repositories[path] = repository }
    }

    private func answer(_ request: FakeRequest, contentPort: Int) -> FakeAnswer {
        let repositories = state.withLock { $0.repositories }
        let isKnown = request.headers["authorization"] == "Bearer \(Self.token)"
        if request.path == "/api/whoami-v2" {
            guard isKnown else { return failure(401, nil, "Invalid credentials in Authorization header") }
            return json(
                .object([
                    "name": .string("ada"), "type": .string("user"),
                    "orgs": .array([.object(["name": .string("engine")])]),
                    "auth": .object([
                        "accessToken": .object(["displayName": .string("laptop"), "role": .string("read")])
                    ]),
                ])
            )
        }
        let parts = request.path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        for (path, repository) in repositories {
            let own = path.split(separator: "/").map(String.init)
            let api = ["api"] + (own.first == "datasets" ? own : ["models"] + own)
            let isAPI = parts.starts(with: api)
            guard isAPI || parts.starts(with: own) else { continue }
            if repository.isPrivate, !isKnown { return failure(401, "RepoNotFound", "Repository not found") }
            let rest = Array(parts.dropFirst(isAPI ? api.count : own.count))
            if repository.isGated, rest.first == "resolve" {
                return failure(403, "GatedRepo", "Access is restricted")
            }
            return isAPI
                ? answerAPI(rest, path, repository, request) : resolve(rest, repository, request, contentPort)
        }
        return failure(401, "RepoNotFound", "Repository not found")
    }

    private func answerAPI(
        _ rest: [String],
        _ path: String,
        _ repository: FakeRepository,
        _ request: FakeRequest
    ) -> FakeAnswer {
        let revision = rest.count > 1 ? rest[1] : "main"
        guard revision == "main" || revision == repository.commit else {
            return failure(404, "RevisionNotFound", "Invalid rev id")
        }
        guard rest.first == "tree" else {
            let id = path.replacing("datasets/", with: "")
            let siblings = repository.files.keys.sorted().map { JSONValue.object(["rfilename": .string($0)]) }
            return json(
                .object([
                    "id": .string(id), "sha": .string(repository.commit), "private": .bool(false),
                    "siblings": .array(siblings), "tags": .array([]), "downloads": .int(0), "likes": .int(0),
                ])
            )
        }
        let query = URLComponents(string: request.target)?.queryItems ?? []
        let start = query.first { $0.name == "cursor" }?.value.flatMap(Int.init) ?? 0
        let names = repository.files.keys.sorted()
        let page = names.dropFirst(start).prefix(pageSize)
        var headers: [(String, String)] = []
        if start + page.count < names.count {
            let next = "\(request.path)?recursive=true&expand=false&cursor=\(start + page.count)"
            headers.append(("Link", "<http://\(request.headers["host"] ?? "")\(next)>; rel=\"next\""))
        }
        return json(.array(page.map { entry($0, repository) }), headers)
    }

    private func entry(_ name: String, _ repository: FakeRepository) -> JSONValue {
        let data = repository.files[name] ?? Data()
        var entry: JSONObject = ["type": .string("file"), "path": .string(name), "size": .int(data.count)]
        if repository.large.contains(name) {
            let pointer = FakeRepository.pointer(to: data)
            entry["oid"] = .string(FakeRepository.gitHash(pointer))
            entry["lfs"] = .object([
                "oid": .string(FakeRepository.sha256(data)), "size": .int(data.count),
                "pointerSize": .int(pointer.count),
            ])
        } else {
            entry["oid"] = .string(FakeRepository.gitHash(data))
        }
        return .object(entry)
    }

    private func resolve(
        _ rest: [String],
        _ repository: FakeRepository,
        _ request: FakeRequest,
        _ contentPort: Int
    ) -> FakeAnswer {
        guard rest.count > 2, rest[0] == "resolve" else { return failure(404, nil, "Not found") }
        guard rest[1] == "main" || rest[1] == repository.commit else {
            return failure(404, "RevisionNotFound", "Invalid rev id")
        }
        let name = rest[2...].joined(separator: "/")
        guard let data = repository.files[name] else {
            var answer = failure(404, "EntryNotFound", "Entry not found")
            answer.headers.append(("X-Repo-Commit", repository.commit))
            return answer
        }
        var headers = [("X-Repo-Commit", repository.commit)]
        guard repository.large.contains(name) else {
            headers.append(("ETag", "\"\(FakeRepository.gitHash(data))\""))
            return ranged(data, request, headers)
        }
        let hash = FakeRepository.sha256(data)
        headers += [
            ("ETag", "\"\(FakeRepository.gitHash(FakeRepository.pointer(to: data)))\""),
            ("X-Linked-Etag", "\"\(hash)\""), ("X-Linked-Size", "\(data.count)"),
            // Another name for this machine: to a client it is another host.
            ("Location", "http://localhost:\(contentPort)/contents/\(hash)?signature=secret"),
        ]
        return FakeAnswer(302, headers)
    }

    private func content(_ request: FakeRequest) -> FakeAnswer {
        let hash = request.path.split(separator: "/").last.map(String.init) ?? ""
        let repositories = state.withLock { $0.repositories }
        for repository in repositories.values {
            for name in repository.large {
                if let data = repository.files[name], FakeRepository.sha256(data) == hash {
                    return ranged(data, request, [("ETag", "\"\(hash.prefix(32))\"")])
                }
            }
        }
        return failure(404, nil, "no such contents")
    }

    private func ranged(_ data: Data, _ request: FakeRequest, _ headers: [(String, String)]) -> FakeAnswer {
        guard let range = request.headers["range"], let match = range.wholeMatch(of: /bytes=(\d+)-(\d*)/),
            let start = Int(match.1)
        else { return FakeAnswer(200, headers + [("Accept-Ranges", "bytes")], data) }
        guard start < data.count else { return FakeAnswer(416, [("Content-Range", "bytes */\(data.count)")]) }
        let end = min(Int(match.2) ?? data.count - 1, data.count - 1)
        let part = Data(data[data.startIndex + start...data.startIndex + end])
        return FakeAnswer(206, headers + [("Content-Range", "bytes \(start)-\(end)/\(data.count)")], part)
    }

    private func json(_ value: JSONValue, _ headers: [(String, String)] = []) -> FakeAnswer {
        FakeAnswer(200, [("Content-Type", "application/json")] + headers, Data(value.oneLineInOrder.utf8))
    }

    private func failure(_ status: Int, _ code: String?, _ message: String) -> FakeAnswer {
        var headers = [("X-Error-Message", message)]
        if let code { headers.append(("X-Error-Code", code)) }
        return FakeAnswer(status, headers, Data("{\"error\":\"\(message)\"}".utf8))
    }
}
