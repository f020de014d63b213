import Files
import Foundation
import HubTestSupport
import Synchronization
import TestSupport
import Testing

@testable import Hub

/// The test repository: small files, a large one stored outside Git, folders, a name that needs encoding.
let tinyModel = FakeRepository(
    files: [
        "config.json": Data(#"{"model_type":"bert"}"#.utf8),
        "tokenizer.json": Data(repeating: 0x7B, count: 20_000),
        "model.safetensors": Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }),
        "pytorch_model.bin": Data(repeating: 1, count: 100_000),
        "onnx/my model.onnx": Data(repeating: 2, count: 5000),
        "empty.txt": Data(),
        "README.md": Data("# tiny".utf8),
    ],
    large: ["model.safetensors", "pytorch_model.bin", "onnx/my model.onnx"]
)

/// Runs a closure with a client of a test Hub that has its own cache.
func withHub<Result: Sendable>(
    _ hub: FakeHub,
    cache: URL,
    token: String? = nil,
    variables: [String: String] = [:],
    _ body: @Sendable (HubClient) async throws -> Result
) async throws -> Result {
    let endpoint = try await hub.start()
    return try await withHub(at: endpoint, cache: cache, token: token, variables: variables, body)
}

func withHub<Result: Sendable>(
    at endpoint: String,
    cache: URL,
    token: String? = nil,
    variables: [String: String] = [:],
    _ body: @Sendable (HubClient) async throws -> Result
) async throws -> Result {
    let environment = HubEnvironment(
        variables: variables.merging([
            "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": cache.path(percentEncoded: false),
        ]) { $1 },
        home: cache,
        workingFolder: cache
    )
    var settings = try HubClient.Settings(environment: environment, token: token.map { try Token($0) })
    settings.retries = RetryPolicy(attempts: 6, firstDelay: .milliseconds(2), longestDelay: .milliseconds(20))
    settings.readTimeout = .seconds(300)
    return try await HubClient.with(settings, body)
}

@Suite(.hangGuard)
struct DownloadTests {
    private let id: RepositoryID
    init() throws { id = try RepositoryID("org/tiny", kind: .model) }

    private func expect(_ snapshot: HubClient.Snapshot, is repository: FakeRepository) throws {
        for name in snapshot.files {
            #expect(
                try Data(contentsOf: snapshot.folder.appending(path: name)) == repository.files[name],
                "\(name)"
            )
        }
    }

    @Test func `a snapshot is complete across pages, and a second call downloads nothing`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel], pageSize: 3)
            let id = id
            let events = Mutex<[TransferEvent]>([])
            try await withHub(hub, cache: folder) { client in
                let snapshot = try await client.snapshot(of: id) { event in
                    events.withLock { $0.append(event) }
                }
                #expect(snapshot.commit == tinyModel.commit)
                #expect(snapshot.files.sorted() == tinyModel.files.keys.sorted())
                try expect(snapshot, is: tinyModel)
                let received = events.withLock {
                    $0.reduce(0) { if case .transferred(let count) = $1 { $0 + count } else { $0 } }
                }
                let total = tinyModel.files.values.reduce(0) { $0 + $1.count }
                #expect(received == total)
                #expect(events.withLock { $0.first } == .planned(files: 7, byteCount: total))
                let before = hub.requests.count
                _ = try await client.snapshot(of: id)
                #expect(hub.requests.count == before + 1)
                _ = try await client.snapshot(of: RepositoryID("org/tiny@\(tinyModel.commit)", kind: .model))
                #expect(hub.requests.count == before + 1)
            }
            await hub.stop()
            let left =
                FileManager.default.enumerator(atPath: folder.path(percentEncoded: false))?.compactMap {
                    $0 as? String
                } ?? []
            #expect(!left.contains { $0.hasSuffix(".incomplete") })
        }
    }

    @Test func `a model selects its configuration, its tokenizer and its weights in one format`() async throws
    {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel])
            let id = id
            let files = try await withHub(hub, cache: folder) { try await $0.snapshot(of: id, .model).files }
            #expect(files.sorted() == ["config.json", "model.safetensors", "tokenizer.json"])
            #expect(!hub.requests.contains { $0.path.contains("pytorch") })
            await hub.stop()
        }
    }

    @Test func `the token is sent to the endpoint and to no other host`() async throws {
        try await withTemporaryFolder { folder in
            var secret = tinyModel
            secret.isPrivate = true
            let hub = FakeHub(["org/tiny": secret])
            let id = id
            try await withHub(hub, cache: folder, token: FakeHub.token) { _ = try await $0.snapshot(of: id) }
            #expect(hub.contentRequests.count == 3)
            for request in hub.contentRequests {
                #expect(
                    !request.headers.values.contains { $0.contains(FakeHub.token) }
                        && !request.target.contains(FakeHub.token)
                )
            }
            #expect(hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer \(FakeHub.token)" })
            await hub.stop()
        }
    }

    @Test func `an interrupted download resumes where it stopped`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel]) { number, request, answer in
                var answer = answer
                if request.path.hasPrefix("/contents"), answer.body.count > 100_000 {
                    answer.cutAfter = 70_000
                }
                return answer
            }
            let id = id
            let place = try await withHub(hub, cache: folder) {
                try await $0.file("model.safetensors", of: id)
            }
            #expect(try Data(contentsOf: place) == tinyModel.files["model.safetensors"])
            let starts = hub.contentRequests.map { request in
                request.headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0
            }
            // Bytes in transit are lost when the connection breaks, so the exact positions vary.
            #expect(starts.count >= 4)
            #expect(zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 })
            await hub.stop()
        }
    }

    @Test
    func `a partial file of a killed process is resumed, and a corrupt one is discarded`()
        async throws
    {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel])
            let id = id
            let data = tinyModel.files["model.safetensors"] ?? Data()
            let blob = HubCache(folder: folder).repository(id).blob(
                tinyModel.entityTag(of: "model.safetensors")
            )
            let left = blob.deletingLastPathComponent().appending(
                path: blob.lastPathComponent + ".0badcafe.incomplete"
            )
            for isSpoiled in [false, true] {
                try? FileManager.default.removeItem(at: folder.appending(path: id.folderName))
                try writeAtomically(
                    isSpoiled ? Data(repeating: 9, count: 1000) : data.prefix(200_000),
                    to: left
                )
                let before = hub.contentRequests.count
                let place =
                    isSpoiled
                    ? try await withHub(at: "http://127.0.0.1:\(port(hub))", cache: folder) {
                        try await $0.file("model.safetensors", of: id)
                    }
                    : try await withHub(hub, cache: folder) { try await $0.file("model.safetensors", of: id) }
                #expect(try Data(contentsOf: place) == data)
                let ranges = hub.contentRequests.dropFirst(before).map { $0.headers["range"] ?? "" }
                #expect(ranges == (isSpoiled ? ["bytes=1000-", ""] : ["bytes=200000-"]))
                #expect(!FileManager.default.fileExists(atPath: left.path(percentEncoded: false)))
            }
            await hub.stop()
        }
    }

    private func port(_ hub: FakeHub) -> String {
        hub.requests.last?.headers["host"]?.split(separator: ":").last.map(String.init) ?? ""
    }

    @Test func `two simultaneous downloads of a file transfer it once`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel]) { _, request, answer in
                var answer = answer
                if request.path.hasPrefix("/contents") { answer.delay = .milliseconds(50) }
                return answer
            }
            let id = id
            try await withHub(hub, cache: folder) { client in
                async let first = client.file("model.safetensors", of: id)
                async let second = client.file("model.safetensors", of: id)
                let places = try await (first, second)
                #expect(places.0 == places.1)
            }
            #expect(hub.contentRequests.count == 1)
            await hub.stop()
        }
    }

    @Test func `contents that stay wrong are never visible`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel]) { _, request, answer in
                var answer = answer
                if request.path.hasPrefix("/contents") || request.path.contains("/resolve/"),
                    !answer.body.isEmpty
                {
                    answer.body[answer.body.startIndex] ^= 1
                }
                return answer
            }
            let id = id
            try await withHub(hub, cache: folder) { client in
                for name in ["model.safetensors", "config.json"] {
                    let error = await #expect(throws: HubError.self) { try await client.file(name, of: id) }
                    #expect(error?.code == .badAnswer)
                    #expect(client.cache.repository(id).file(name, at: tinyModel.commit) == .unknown)
                }
                #expect(client.cache.repository(id).namesPresent(at: tinyModel.commit) == [])
            }
            await hub.stop()
        }
    }

    @Test func `without the network a revision resolves from the cache, and missing files are an error`()
        async throws
    {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel])
            let id = id
            let first = try await withHub(hub, cache: folder) { try await $0.snapshot(of: id, .model) }
            await hub.stop()
            for variables in [["HF_HUB_OFFLINE": "1"], [:]] {
                // Nothing listens on this port.
                try await withHub(at: "http://127.0.0.1:9", cache: folder, variables: variables) { client in
                    let again = try await client.snapshot(of: id, .model)
                    #expect(again == first)
                    let file = try await client.file("config.json", of: id)
                    #expect(file == first.folder.appending(path: "config.json"))
                    let error = await #expect(throws: HubError.self) {
                        try await client.snapshot(of: id, .all)
                    }
                    #expect(error?.code == (variables.isEmpty ? .unreachable : .offline))
                }
            }
        }
    }

    @Test func `a name that leads out of the folder is rejected before anything is written`() async throws {
        for name in ["../../escape", "/etc/x", "a/../../../../x", "a\\..\\x"] {
            try await withTemporaryFolder { folder in
                let hub = FakeHub([
                    "org/tiny": FakeRepository(files: ["config.json": Data("{}".utf8), name: Data("x".utf8)])
                ])
                let id = id
                try await withHub(hub, cache: folder.appending(path: "cache")) { client in
                    let error = await #expect(throws: HubError.self) { try await client.snapshot(of: id) }
                    #expect(error?.code == .badAnswer)
                    await #expect(throws: HubError.self) { try await client.file(name, of: id) }
                }
                await hub.stop()
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
                        == []
                )
            }
        }
    }

    @Test func `a cache that cannot be written still returns its files, with a warning`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel])
            let id = id
            let endpoint = try await hub.start()
            try await withHub(at: endpoint, cache: folder) { client in
                let snapshot = try await client.snapshot(of: id)
                // The commit is cached, but neither the branch nor the list of files. A file in place of their folders
                // keeps even root from writing them.
                let cached = client.cache.repository(id)
                for name in ["refs", "trees"] {
                    let place = cached.folder.appending(path: name)
                    try FileManager.default.removeItem(at: place)
                    try Data().write(to: place)
                }
                let warnings = Mutex<[String]>([])
                let again = try await client.snapshot(of: id) { event in
                    if case .notKept(let reason) = event { warnings.withLock { $0.append(reason) } }
                }
                #expect(again.folder == snapshot.folder && again.files.sorted() == snapshot.files.sorted())
                let said = warnings.withLock { $0 }
                #expect(said.count == 2)
                #expect(said.allSatisfy { $0.contains("is a file, not a folder") }, "\(said)")
                let config = try await client.file("config.json", of: id)
                #expect(try Data(contentsOf: config) == tinyModel.files["config.json"])
            }
            await hub.stop()
        }
    }

    @Test func `a full disk is an error before the first byte`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel]) { _, request, answer in
                guard request.path.contains("/tree/") else { return answer }
                let text = String(decoding: answer.body, as: UTF8.self).replacing(
                    /"size":\s*300000/,
                    with: #""size":4000000000000000"#
                )
                return FakeAnswer(200, [], Data(text.utf8))
            }
            let id = id
            try await withHub(hub, cache: folder) { client in
                let error = await #expect(throws: FileError.self) { try await client.snapshot(of: id) }
                #expect(error?.code == .diskFull)
            }
            #expect(hub.contentRequests.isEmpty)
            await hub.stop()
        }
    }
}
