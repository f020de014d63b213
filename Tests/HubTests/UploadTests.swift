import Files
import Foundation
import HubTestSupport
import Synchronization
import TestSupport
import Testing

@testable import Hub

@Suite(.hangGuard)
struct UploadTests {
    private let id: RepositoryID
    init() throws { id = try RepositoryID("org/new", kind: .model) }

    /// The folder of a classifier: descriptions, files stored outside Git, an empty file and a nested one.
    private let contents: [String: Data] = [
        "config.json": Data(#"{"model_type":"bert"}"#.utf8),
        "README.md": Data("# new".utf8),
        "model.safetensors": Data((0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }),
        "empty.safetensors": Data(),
        "runs/a b/ü.txt": Data("deep".utf8),
    ]

    private func write(_ files: [String: Data], to folder: URL) throws {
        for (name, data) in files {
            let place = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try data.write(to: place)
        }
    }

    /// A folder of files and a client with write permission.
    private func withFolder<Result: Sendable>(
        _ hub: FakeHub,
        token: String? = FakeHub.token,
        _ body: @Sendable (HubClient, URL) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryFolder { top in
            let folder = top.appending(path: "folder")
            try write(contents, to: folder)
            try write(
                [".env": Data("HF_TOKEN=hf_x".utf8), "half.safetensors.tmp": Data(count: 9)],
                to: folder
            )
            let result = try await withHub(hub, cache: top, token: token) { try await body($0, folder) }
            await hub.stop()
            return result
        }
    }

    private func failure(
        _ hub: FakeHub,
        token: String? = FakeHub.token,
        id: RepositoryID? = nil
    ) async throws -> HubError? {
        let id = id ?? self.id
        return try await withFolder(hub, token: token) { client, folder in
            await #expect(throws: HubError.self) {
                let owned = try await client.prepareWriting(to: id)
                _ = try await client.upload(folder, to: owned)
            }
        }
    }

    private func count(_ hub: FakeHub, _ ending: String) -> Int {
        hub.requests.filter { $0.method == "POST" && $0.path.contains(ending) }.count
    }

    @Test
    func `a folder is uploaded to a new repository, with large files outside Git and without hidden files`()
        async throws
    {
        let hub = FakeHub([:])
        let (first, second) = try await withFolder(hub) { client, folder in
            let owned = try await client.prepareWriting(to: self.id, isPrivate: true)
            #expect(owned == self.id)
            return (try await client.upload(folder, to: owned), try await client.upload(folder, to: owned))
        }
        let repository = try #require(hub["org/new"])
        #expect(repository.isPrivate)
        #expect(repository.files.filter { $0.key != ".gitattributes" } == contents)
        #expect(repository.large == ["model.safetensors"])
        #expect(first.commit == repository.commit)
        #expect((first.changedFiles, first.unchangedFiles) == (5, 0))
        #expect(second.commit == first.commit, "unchanged files are not committed again")
        #expect((second.changedFiles, second.unchangedFiles) == (0, 5))
        #expect(count(hub, "/commit/") == 1)
        #expect(hub.contentRequests.count == 1)
        #expect(!"\(hub.contentRequests)".contains(FakeHub.token))
    }

    @Test func `a large file is sent in parts, the last one shorter`() async throws {
        let hub = FakeHub([:], largeFiles: .init(partByteCount: 15_000))
        try await withFolder(hub) { client, folder in
            let owned = try await client.prepareWriting(to: self.id)
            let moved = Mutex(0)
            _ = try await client.upload(folder, to: owned) { event in
                if case .transferred(let byteCount) = event { moved.withLock { $0 += byteCount } }
            }
            #expect(moved.withLock { $0 } == contents.values.reduce(0) { $0 + $1.count })
        }
        #expect(hub["org/new"]?.files["model.safetensors"] == contents["model.safetensors"])
        #expect(hub.contentRequests.map(\.body.count).sorted() == [5_000, 15_000, 15_000, 15_000])
    }

    @Test func `repeating an interrupted upload sends nothing twice`() async throws {
        // The commit fails, but the contents sent before it are kept.
        let isBroken = Mutex(true)
        let hub = FakeHub([:]) { _, request, answer in
            request.path.contains("/commit/") && isBroken.withLock { $0 } ? FakeAnswer(400) : answer
        }
        try await withFolder(hub) { client, folder in
            let owned = try await client.prepareWriting(to: self.id)
            await #expect(throws: HubError.self) { _ = try await client.upload(folder, to: owned) }
            isBroken.withLock { $0 = false }
            _ = try await client.upload(folder, to: owned)
        }
        #expect(hub.contentRequests.count == 1)
        #expect(hub["org/new"]?.files["model.safetensors"] == contents["model.safetensors"])
    }

    @Test func `a commit that conflicts with a newer one is repeated on top of it and loses nothing`()
        async throws
    {
        // Somebody else changes the branch just before the Hub handles the first commit.
        let other = Mutex<FakeHub?>(nil)
        let hub = FakeHub(
            ["org/new": FakeRepository(files: ["old.txt": Data("old".utf8)])],
            doorman: .init { _, request in
                guard request.path.contains("/commit/"), let hub = other.withLock({ $0.take() }) else {
                    return nil
                }
                hub.replace("org/new", with: FakeRepository(files: ["old.txt": Data("newer".utf8)]))
                return nil
            }
        )
        other.withLock { $0 = hub }
        let made = try await withFolder(hub) { client, folder in try await client.upload(folder, to: self.id)
        }
        #expect(count(hub, "/commit/") == 2)
        #expect(hub["org/new"]?.commit == made.commit)
        #expect(hub["org/new"]?.files["old.txt"] == Data("newer".utf8))
        #expect(hub["org/new"]?.files["config.json"] == contents["config.json"])
    }

    @Test func `stale files are deleted in the same commit, and uploaded files stay`() async throws {
        let stale = [
            "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
        ]
        let files = Dictionary(uniqueKeysWithValues: (stale + ["notes.txt"]).map { ($0, Data($0.utf8)) })
        let hub = FakeHub(["org/new": FakeRepository(files: files)])
        let made = try await withFolder(hub) { client, folder in
            try await client.upload(
                folder,
                to: self.id,
                UploadOptions(deleting: ["model*.safetensors", "*.safetensors.index.json"])
            )
        }
        #expect(made.deletedFiles == 3)
        #expect(Set(hub["org/new"]?.files.keys ?? [:].keys) == Set(contents.keys).union(["notes.txt"]))
    }

    @Test func `a pull request leaves the branch unchanged`() async throws {
        let hub = FakeHub(["org/new": tinyModel])
        let made = try await withFolder(hub) { client, folder in
            try await client.upload(folder, to: self.id, UploadOptions(asPullRequest: true))
        }
        #expect(hub["org/new"]?.commit == tinyModel.commit)
        #expect(made.pullRequest?.hasSuffix("/org/new/discussions/1") == true)
        let branch = try #require(hub["org/new"]?.branches["refs/pr/1"])
        #expect(branch.files["README.md"] == contents["README.md"])
        #expect(branch.commit == made.commit)
    }

    @Test func `many files take several commits, each on top of the previous one`() async throws {
        let hub = FakeHub([:])
        try await withFolder(hub) { client, folder in
            try write(
                Dictionary(uniqueKeysWithValues: (0..<600).map { ("many/\($0)", Data("\($0)".utf8)) }),
                to: folder
            )
            let owned = try await client.prepareWriting(to: self.id)
            _ = try await client.upload(folder, to: owned)
        }
        #expect(count(hub, "/commit/") == 2)
        #expect(hub["org/new"]?.files.count == 600 + contents.count + 1)
    }

    @Test func `a single file is uploaded to the given path`() async throws {
        let hub = FakeHub(["org/new": tinyModel])
        try await withFolder(hub) { client, folder in
            _ = try await client.upload(
                folder.appending(path: "model.safetensors"),
                to: self.id,
                UploadOptions(pathInRepository: "last/weights.safetensors")
            )
        }
        #expect(hub["org/new"]?.files["last/weights.safetensors"] == contents["model.safetensors"])
    }

    @Test func `a name without an owner belongs to the token's account`() async throws {
        let hub = FakeHub([:])
        let owned = try await withFolder(hub) { client, _ in
            try await client.prepareWriting(to: RepositoryID("mine", kind: .model))
        }
        #expect(owned.name == "ada/mine")
        #expect(hub["ada/mine"] != nil)
    }

    @Test func `a token that may not write is an error before anything is sent`() async throws {
        let reading = try #require(try await failure(FakeHub([:]), token: FakeHub.readingToken))
        #expect(reading.code == .notAllowed)
        #expect(reading.message.contains("may only read"))
        let foreign = try #require(
            try await failure(FakeHub([:]), id: RepositoryID("stranger/new", kind: .model))
        )
        #expect(foreign.code == .notAllowed)
        #expect(foreign.message.contains("stranger/new"))
        let none = try #require(try await failure(FakeHub([:]), token: nil))
        #expect(none.message.contains("attune hub login"))
        for error in [reading, foreign, none] { #expect(!error.message.contains("hf_test")) }
    }

    @Test func `a Hub that accepts only Xet is an error that says so`() async throws {
        let error = try #require(try await failure(FakeHub([:], largeFiles: .init(isXetOnly: true))))
        #expect(error.code == .unsupported)
        #expect(error.message.contains("Xet"))
    }

    @Test func `after a store rejects a file, new links are requested, then the error names the store`()
        async throws
    {
        let hub = FakeHub(
            [:],
            doorman: .init { _, request in request.method == "PUT" ? FakeAnswer(403) : nil }
        )
        let error = try #require(try await failure(hub))
        #expect(error.message.contains("localhost"))
        #expect(error.message.contains("model.safetensors"))
        #expect(!error.message.contains("secret"))
        #expect(hub.contentRequests.count == 3)
        #expect(hub["org/new"]?.files["config.json"] == nil, "nothing of it is visible")
    }
}
