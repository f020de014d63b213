import Foundation
import JSON
import NIOCore
import NIOHTTP1

extension HubClient {
    /// Makes sure that a repository exists and can be written to, before hours of work depend on it.
    ///
    /// Creates it if it is missing, then asks the Hub how to send a file, which the Hub answers only for writers.
    ///
    /// - Parameters:
    ///   - id: The repository. A name without an owner belongs to the token's account.
    ///   - isPrivate: Whether a new repository is private; nil for the default of the owner's settings.
    /// - Returns: The id with its owner.
    /// - Throws: `.notAllowed` with a remedy if the token may not write there; the errors of a request.
    ///
    /// Source: `init_hf_repo` in [`trainer.py`](https://github.com/huggingface/transformers/blob/main/src/transformers/trainer.py)
    public func prepareWriting(to id: RepositoryID, isPrivate: Bool? = nil) async throws -> RepositoryID {
        let account = try await account()
        let owned = try id.owned(by: account.name)
        if account.role == "read" {
            throw HubError(
                .notAllowed,
                "\(settings.token?.description ?? "the token") may only read; create one with write permission at "
                    + "\(settings.endpoint.address("settings/tokens")), then run `attune hub login`"
            )
        }
        try await createRepository(owned, isPrivate: isPrivate)
        let probe = LocalProbe(path: "README.md", sample: Array("#".utf8), byteCount: 1)
        _ = try await uploadModes(of: [probe], to: owned, asPullRequest: false)
        return owned
    }

    /// Creates a repository unless it exists.
    ///
    /// - Parameters:
    ///   - id: The id, with its owner.
    ///   - isPrivate: Whether it is private; nil for the default of the owner's settings.
    /// - Throws: `.notAllowed` if the token lacks the permission; the errors of a request.
    ///
    /// Source: `create_repo` in [`hf_api.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/hf_api.py)
    public func createRepository(_ id: RepositoryID, isPrivate: Bool? = nil) async throws {
        let parts = id.name.split(separator: "/").map(String.init)
        var request: JSONObject = ["name": .string(parts.last ?? id.name), "type": .string(id.kind.rawValue)]
        if parts.count > 1 { request["organization"] = .string(parts[0]) }
        if let isPrivate { request["visibility"] = .string(isPrivate ? "private" : "public") }
        let subject = "a new \(id.kind.rawValue) \(id.name)"
        let answer = try await post("api/repos/create", .object(request), subject: subject)
        switch answer.status {
        case 200..<300, 409: return
        case 401, 402, 403:
            // A token with write permission for this one repository may not create any.
            if (try? await commit(of: RepositoryID(id, checkedRevision: "main"))) != nil { return }
            throw writingRefused(answer, id)
        default: throw unexpected(answer, subject: subject)
        }
    }

    /// Sends JSON.
    func post(
        _ path: String,
        _ document: JSONValue,
        subject: String,
        headers: [(String, String)] = []
    ) async throws -> Answer {
        try await ask(
            .POST,
            path,
            subject: subject,
            headers: [("Content-Type", "application/json")] + headers,
            body: ByteBuffer(string: document.oneLineInOrder)
        )
    }

    /// Throws unless a request to write was granted.
    func checkWriting(_ answer: Answer, _ id: RepositoryID) throws(HubError) {
        switch answer.status {
        case 200..<300: return
        case 401, 403: throw writingRefused(answer, id)
        case 413:
            throw HubError(
                .notAllowed,
                "\(settings.endpoint) accepts no more data for \(id): \(said(answer, "too large"))"
            )
        case 402:
            throw HubError(
                .notAllowed,
                "\(settings.endpoint) accepts no more data for \(id): \(said(answer, "no room is left"))"
            )
        case 400, 422:
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) rejected the data sent to \(id): \(said(answer, "no reason given"))"
            )
        default: try check(answer, of: id)
        }
    }

    private func writingRefused(_ answer: Answer, _ id: RepositoryID) -> HubError {
        guard settings.token != nil else {
            return HubError(
                .notAllowed,
                "writing to \(id.name) needs a token; log in with `attune hub login`, or set HF_TOKEN"
            )
        }
        return HubError(
            .notAllowed,
            "\(settings.token?.description ?? "the token") may not write to the \(id.kind.rawValue) \(id.name) "
                + "(\(said(answer, "answered \(answer.status)"))); check the owner in the name, or give the token write permission at "
                + settings.endpoint.address("settings/tokens")
        )
    }

    /// The server's error message.
    private func said(_ answer: Answer, _ otherwise: String) -> String {
        if let said = answer.headers.first(name: "X-Error-Message"), !said.isEmpty { return shown(said) }
        return (try? JSONValue.parse(answer.body))?["error"].string.map(shown) ?? otherwise
    }
}

extension RepositoryID {
    /// The same repository with an owner.
    ///
    /// A name without one belongs to the token's account.
    ///
    /// - Parameter owner: The account.
    /// - Returns: `owner/name`.
    /// - Throws: `.badName` if the result is not a valid id.
    public func owned(by owner: String) throws(HubError) -> RepositoryID {
        name.contains("/") ? self : try RepositoryID("\(owner)/\(name)", kind: kind, revision: revision)
    }
}
