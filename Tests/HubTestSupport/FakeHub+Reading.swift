import Foundation
import JSON

/// Requests that read repositories and files.
extension FakeHub {
    func answerAPI(
        _ rest: [String],
        _ path: String,
        _ repository: FakeRepository,
        _ request: FakeRequest
    ) -> FakeAnswer {
        let revision = rest.count > 1 ? rest[1] : "main"
        guard let repository = repository.standing(at: revision) else {
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

    func resolve(
        _ rest: [String],
        _ repository: FakeRepository,
        _ request: FakeRequest,
        _ contentPort: Int
    ) -> FakeAnswer {
        guard rest.count > 2, rest[0] == "resolve" else { return failure(404, nil, "Not found") }
        guard let repository = repository.standing(at: rest[1]) else {
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
            // Another name of this machine, which a client takes for another host.
            ("Location", "http://localhost:\(contentPort)/contents/\(hash)?signature=secret"),
        ]
        return FakeAnswer(302, headers)
    }

    func content(_ request: FakeRequest) -> FakeAnswer {
        if request.method == "PUT" { return take(request) }
        let hash = request.path.split(separator: "/").last.map(String.init) ?? ""
        guard let data = contents(hash) else { return failure(404, nil, "no such contents") }
        return ranged(data, request, [("ETag", "\"\(hash.prefix(32))\"")])
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
}
