// The test Hub and the client as programs, for Scripts/check-hub.
//
//   HubProbe serve FOLDER SEED FAULTS [PART]     serves FOLDER/<org>/<name>/... until standard input ends; FAULTS of a
//                                                thousand requests fail; large files are sent in parts of PART bytes.
//                                                Input lines: `faults N` sets FAULTS, `write FOLDER` writes all files.
//   HubProbe download ENDPOINT CACHE ID          downloads a snapshot; prints its folder
//   HubProbe again ENDPOINT CACHE ID             downloads it; prints the milliseconds of repeated calls, online and offline
//   HubProbe upload ENDPOINT CACHE FOLDER ID     uploads a folder to a repository, which it creates if missing; deletes stale
//                                                *.safetensors
import Foundation
import Hub
import HubTestSupport
import Synchronization

/// Returns a SplitMix64 hash, so that the same seed and request give the same faults.
func random(_ seed: UInt64, _ number: UInt64) -> UInt64 {
    var value = seed &* 0x9E37_79B9_7F4A_7C15 &+ number &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
}

/// Returns a fault for a request that is not processed.
func refused(_ dice: UInt64) -> FakeAnswer {
    var answer = FakeAnswer(500)
    switch (dice >> 20) % 4 {
    case 0: answer.cutAfter = -1
    case 1: answer = FakeAnswer(429, [("Retry-After", "0")])
    case 2: answer.delay = .milliseconds(700)
    default: break
    }
    return answer
}

/// Returns an answer with a fault.
func spoiled(_ good: FakeAnswer, _ request: FakeRequest, _ dice: UInt64) -> FakeAnswer {
    var answer = good
    let size = good.body.count
    switch (dice >> 20) % 10 {
    case 0: answer.cutAfter = -1
    case 1, 2: answer.cutAfter = size == 0 ? -1 : Int((dice >> 32) % UInt64(size))
    case 3: answer = FakeAnswer(429, [("Retry-After", "0")])
    case 4: answer = FakeAnswer(500)
    case 5: answer.delay = .milliseconds(700)
    case 6: answer.announcedLength = size + 10
    case 7: answer.announcedLength = max(0, size - 10)
    case 8 where request.path.contains("/resolve/") || request.path.contains("/contents/"):
        // Lists have no hash: only TLS protects them against changed bytes.
        if size > 0 { answer.body[answer.body.startIndex + Int((dice >> 32) % UInt64(size))] ^= 0x10 }
    default: answer = FakeAnswer(503, [("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")])
    }
    return answer
}

func repositories(in folder: URL) throws -> [String: FakeRepository] {
    var found: [String: FakeRepository] = [:]
    let root = folder.resolvingSymlinksInPath().path(percentEncoded: false)
    for case let file as String in FileManager.default.enumerator(atPath: root) ?? .init() {
        let parts = file.split(separator: "/").map(String.init)
        let depth = parts.first == "datasets" ? 3 : 2
        var isFolder: ObjCBool = false
        let url = URL(filePath: root).appending(path: file)
        guard FileManager.default.fileExists(atPath: url.path(percentEncoded: false), isDirectory: &isFolder),
            !isFolder.boolValue, parts.count > depth
        else { continue }
        let data = try Data(contentsOf: url)
        let name = parts[depth...].joined(separator: "/")
        let path = parts[..<depth].joined(separator: "/")
        var repository = found[path] ?? FakeRepository(files: [:])
        repository.files[name] = data
        if data.count > 10_000 { repository.large.insert(name) }
        found[path] = repository
    }
    return found.mapValues { FakeRepository(files: $0.files, large: $0.large) }
}

func write(_ repositories: [String: FakeRepository], to folder: URL) throws {
    for (path, repository) in repositories {
        for (name, data) in repository.files {
            let place = folder.appending(path: path).appending(path: name)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try data.write(to: place)
        }
    }
}

func serve(_ folder: String, seed: UInt64, faults: UInt64, partByteCount: Int?) async throws {
    let faults = Mutex(faults)
    let hub = FakeHub(
        try repositories(in: URL(filePath: folder)),
        pageSize: 4,
        largeFiles: .init(partByteCount: partByteCount),
        doorman: .init { number, request in
            let dice = random(~seed, UInt64(number))
            guard request.method == "PUT" || request.method == "POST" else { return nil }
            return dice % 1000 < faults.withLock { $0 / 2 } ? refused(dice) : nil
        },
        spoiler: { number, request, answer in
            let dice = random(seed, UInt64(number))
            return dice % 1000 < faults.withLock { $0 } ? spoiled(answer, request, dice) : answer
        }
    )
    print(try await hub.start())
    fflush(nil)
    while let line = readLine() {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { continue }
        if words[0] == "faults" { faults.withLock { $0 = UInt64(words[1]) ?? 0 } }
        if words[0] == "write" { try write(hub.repositories, to: URL(filePath: words[1])) }
        print("done")
        fflush(nil)
    }
    let leaks = hub.contentRequests.filter { request in
        request.headers["authorization"] != nil || "\(request)".contains(FakeHub.token)
    }
    print("requests \(hub.requests.count) contents \(hub.contentRequests.count) leaks \(leaks.count)")
    exit(0)
}

func client(_ endpoint: String, _ cache: String, isOffline: Bool = false) throws -> HubClient.Settings {
    var variables = ProcessInfo.processInfo.environment
    if isOffline { variables["HF_HUB_OFFLINE"] = "1" }
    variables["HF_ENDPOINT"] = endpoint
    variables["HF_HUB_CACHE"] = cache
    let environment = HubEnvironment(
        variables: variables,
        home: URL(filePath: cache),
        workingFolder: URL(filePath: cache)
    )
    var settings = try HubClient.Settings(environment: environment, token: try Token(FakeHub.token))
    settings.retries = RetryPolicy(
        attempts: 6,
        firstDelay: .milliseconds(5),
        longestDelay: .milliseconds(100)
    )
    settings.readTimeout = .milliseconds(500)
    return settings
}

func repositoryID(_ text: String) throws -> RepositoryID {
    let isData = text.hasPrefix("datasets/")
    return try RepositoryID(isData ? String(text.dropFirst(9)) : text, kind: isData ? .dataset : .model)
}

let arguments = Array(CommandLine.arguments.dropFirst())
do {
    switch (arguments.first, arguments.count) {
    case ("serve", 4), ("serve", 5):
        try await serve(
            arguments[1],
            seed: UInt64(arguments[2]) ?? 0,
            faults: UInt64(arguments[3]) ?? 0,
            partByteCount: arguments.count > 4 ? Int(arguments[4]) : nil
        )
    case ("download", 4):
        let id = try repositoryID(arguments[3])
        let snapshot = try await HubClient.with(client(arguments[1], arguments[2])) {
            try await $0.snapshot(of: id)
        }
        print(snapshot.folder.path(percentEncoded: false))
    case ("again", 4):
        let id = try repositoryID(arguments[3])
        for isOffline in [false, true] {
            let settings = try client(arguments[1], arguments[2], isOffline: isOffline)
            let times = try await HubClient.with(settings) { client in
                _ = try await client.snapshot(of: id)
                var times: [Double] = []
                for _ in 0..<50 {
                    let start = ContinuousClock.now
                    _ = try await client.snapshot(of: id)
                    times.append((ContinuousClock.now - start) / .milliseconds(1))
                }
                return times.sorted()
            }
            print(isOffline ? "offline" : "endpoint", times[25], times[49])
        }
    case ("upload", 5):
        let id = try repositoryID(arguments[4])
        let made = try await HubClient.with(client(arguments[1], arguments[2])) { client in
            let owned = try await client.prepareWriting(to: id)
            return try await client.upload(
                URL(filePath: arguments[3]),
                to: owned,
                UploadOptions(deleting: ["*.safetensors"])
            )
        }
        print(made.commit)
    default: print("see the first lines of main.swift")
    }
} catch {
    FileHandle.standardError.write(Data("error: \(error)\n".utf8))
    exit(1)
}
