import Files
import Foundation
import JSON
import Synchronization

/// Requests that change repositories: create, upload modes, upload, commit.
extension FakeHub {
    private static let writers: Set<String> = ["ada", "engine", "org"]

    func create(_ request: FakeRequest, mayWrite: Bool) -> FakeAnswer {
        guard mayWrite else { return failure(403, nil, "You don't have the rights to create a repository") }
        let wanted = document(request)
        let owner = wanted["organization"].string ?? "ada"
        guard Self.writers.contains(owner) else {
            return failure(
                403,
                nil,
                "You don't have the rights to create a model under the namespace \(owner)"
            )
        }
        guard let name = wanted["name"].string else { return failure(400, nil, "name is missing") }
        let id = "\(owner)/\(name)"
        let path = wanted["type"].string == "dataset" ? "datasets/\(id)" : id
        return state.withLock { state in
            let address = json(.object(["url": .string("http://\(request.headers["host"] ?? "")/\(path)")]))
            guard state.repositories[path] == nil else {
                return FakeAnswer(
                    409,
                    address.headers,
                    Data(#"{"error":"You already created this repo"}"#.utf8)
                )
            }
            var repository = FakeRepository(files: [".gitattributes": Data("*.safetensors filter=lfs\n".utf8)]
            )
            repository.isPrivate = wanted["visibility"].string == "private" || wanted["private"].bool == true
            state.repositories[path] = repository
            return address
        }
    }

    func write(_ rest: [String], _ path: String, _ request: FakeRequest, _ contentPort: Int) -> FakeAnswer {
        switch (rest.first, rest.count) {
        case ("preupload", 2): uploadModes(path, rest[1], request)
        case ("commit", 2): commit(path, rest[1], request)
        case ("info", 4) where rest == ["info", "lfs", "objects", "batch"]: batch(path, request, contentPort)
        default: failure(404, nil, "Not found")
        }
    }

    private func document(_ request: FakeRequest) -> JSONValue {
        (try? JSONValue.parse(Array(request.body))) ?? .null
    }

    // MARK: Upload modes

    private func uploadModes(_ path: String, _ revision: String, _ request: FakeRequest) -> FakeAnswer {
        guard let repository = state.withLock({ $0.repositories[path]?.standing(at: revision) }) else {
            return failure(404, "RevisionNotFound", "Invalid rev id")
        }
        func lines(_ name: String) -> [Substring] {
            String(decoding: repository.files[name] ?? Data(), as: UTF8.self).split(separator: "\n")
        }
        let largeEndings = lines(".gitattributes").filter { $0.contains("filter=lfs") }
            .compactMap { $0.split(separator: " ").first?.drop { $0 == "*" } }
        let ignored = lines(".gitignore")
        let files = (document(request)["files"].array ?? []).map { file -> JSONValue in
            let name = file["path"].string ?? ""
            let isLarge =
                (file["size"].int ?? 0) > largeFiles.regularByteCount
                || largeEndings.contains { name.hasSuffix($0) }
            let there = repository.files[name].map { _ in JSONValue.string(repository.entityTag(of: name)) }
            return .object([
                "path": .string(name), "uploadMode": .string(isLarge ? "lfs" : "regular"),
                "shouldIgnore": .bool(ignored.contains { name == $0 }), "oid": there ?? .null,
            ])
        }
        return json(.object(["files": .array(files)]))
    }

    // MARK: Large files

    private func batch(_ path: String, _ request: FakeRequest, _ contentPort: Int) -> FakeAnswer {
        if largeFiles.isXetOnly { return json(.object(["transfer": .string("xet"), "objects": .array([])])) }
        let endpoint = "http://\(request.headers["host"] ?? "")"
        let isOffered = document(request)["transfers"].array?.contains(.string("multipart")) ?? false
        var transfer = "basic"
        let objects = (document(request)["objects"].array ?? []).map { object -> JSONValue in
            let (hash, size) = (object["oid"].string ?? "", object["size"].int ?? 0)
            let known: JSONObject = ["oid": .string(hash), "size": .int(size)]
            if contents(hash) != nil { return .object(known) }
            let store = "http://localhost:\(contentPort)/uploads/\(hash)"
            var upload: JSONObject = ["href": .string("\(store)?signature=secret")]
            if isOffered, let partByteCount = largeFiles.partByteCount, size > partByteCount {
                transfer = "multipart"
                var header: JSONObject = ["chunk_size": .string("\(partByteCount)")]
                for number in 1...(size + partByteCount - 1) / partByteCount {
                    header["\(number)"] = .string("\(store)/\(number)?signature=secret")
                }
                upload = ["href": .string("\(endpoint)/lfs/complete/\(hash)"), "header": .object(header)]
            }
            var answer = known
            answer["actions"] = .object([
                "upload": .object(upload), "verify": .object(["href": .string("\(endpoint)/lfs/verify")]),
            ])
            return .object(answer)
        }
        return json(.object(["transfer": .string(transfer), "objects": .array(objects)]))
    }

    /// Receives a large file, or a part of one.
    func take(_ request: FakeRequest) -> FakeAnswer {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count >= 2, parts[0] == "uploads", request.target.contains("signature=secret") else {
            return failure(403, nil, "no such place")
        }
        let tag = "\"\(SHA1.hexadecimalDigest(of: request.body))\""
        if parts.count == 2 {
            guard FakeRepository.sha256(request.body) == parts[1] else {
                return failure(400, nil, "other contents")
            }
            state.withLock { $0.contents[parts[1]] = request.body }
        } else {
            state.withLock { $0.parts["\(parts[1])/\(parts[2])/\(tag)"] = request.body }
        }
        return FakeAnswer(200, [("ETag", tag)])
    }

    /// Completes a file sent in parts, or verifies that a file is complete.
    func answerLFS(_ request: FakeRequest) -> FakeAnswer {
        let told = document(request)
        let hash = told["oid"].string ?? ""
        if request.path == "/lfs/verify" {
            return contents(hash)?.count == told["size"].int
                ? json(.object([:])) : failure(404, nil, "it is not here")
        }
        guard request.path == "/lfs/complete/\(hash)" else { return failure(404, nil, "Not found") }
        return state.withLock { state in
            var parts: [Data] = []
            for part in told["parts"].array ?? [] {
                let place = "\(hash)/\(part["partNumber"].int ?? 0)/\(part["etag"].string ?? "")"
                guard let bytes = state.parts[place] else { return failure(400, nil, "a part is missing") }
                parts.append(bytes)
            }
            let whole = Data.joined(parts)
            guard FakeRepository.sha256(whole) == hash else { return failure(400, nil, "other contents") }
            state.contents[hash] = whole
            state.parts = state.parts.filter { !$0.key.hasPrefix("\(hash)/") }
            return json(.object(["success": .bool(true)]))
        }
    }

    /// The contents of a large file, committed or not.
    func contents(_ hash: String) -> Data? { state.withLock { $0.contents(hash) } }

    // MARK: Commits

    private func commit(_ path: String, _ revision: String, _ request: FakeRequest) -> FakeAnswer {
        let lines = request.body.split(separator: UInt8(ascii: "\n")).compactMap {
            try? JSONValue.parse(Array($0))
        }
        return state.withLock { state in
            guard var repository = state.repositories[path], var standing = repository.standing(at: revision)
            else {
                return failure(404, "RevisionNotFound", "Invalid rev id")
            }
            guard let header = lines.first?["value"], let summary = header["summary"].string, !summary.isEmpty
            else {
                return failure(400, nil, "the commit has no summary")
            }
            if let parent = header["parentCommit"].string, parent != standing.commit {
                return failure(412, nil, "A commit has happened since. Please refresh and try again.")
            }
            let before = standing.commit
            for line in lines.dropFirst() {
                let value = line["value"]
                let name = value["path"].string ?? ""
                standing.files[name] = nil
                standing.large.remove(name)
                standing.sha256s[name] = nil
                switch line["key"].string {
                case "file":
                    standing.files[name] = value["content"].string.flatMap { Data(base64Encoded: $0) }
                case "lfsFile":
                    let hash = value["oid"].string ?? ""
                    guard let data = state.contents(hash) else {
                        return failure(400, nil, "\(name) was never sent")
                    }
                    standing.files[name] = data
                    standing.large.insert(name)
                    standing.sha256s[name] = hash
                case "deletedFile", "deletedFolder": break
                default: return failure(400, nil, "an operation that is not known")
                }
            }
            standing.commit = FakeRepository.gitHash(Data("\(before) ".utf8) + request.body)
            var answer: JSONObject = [
                "success": .bool(true), "commitOid": .string(standing.commit),
                "commitUrl": .string(
                    "http://\(request.headers["host"] ?? "")/\(path)/commit/\(standing.commit)"
                ),
            ]
            if request.target.contains("create_pr=1") {
                let number = repository.branches.keys.filter { $0.hasPrefix("refs/pr/") }.count + 1
                standing.branches = [:]
                repository.branches["refs/pr/\(number)"] = standing
                answer["pullRequestUrl"] = .string(
                    "http://\(request.headers["host"] ?? "")/\(path)/discussions/\(number)"
                )
            } else if repository.branches[revision] != nil {
                repository.branches[revision] = standing
            } else {
                repository = standing
            }
            state.repositories[path] = repository
            return json(.object(answer))
        }
    }
}

extension FakeHub.State {
    fileprivate func contents(_ hash: String) -> Data? {
        if let data = contents[hash] { return data }
        for repository in repositories.values {
            for standing in [repository] + repository.branches.values {
                for name in standing.large where standing.sha256(of: name) == hash {
                    return standing.files[name]
                }
            }
        }
        return nil
    }
}
