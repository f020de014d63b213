import Foundation
import JSON
import NIOCore
import NIOHTTP1

extension HubClient {
    /// Makes sure that a repository is there to write to, before hours of work depend on it.
    ///
    /// It is created where it is missing; then the Hub is asked how a file would be sent, which it tells writers alone.
    ///
    /// - Parameters:
    ///   - id: The repository; a name alone is the token's owner's.
    ///   - isPrivate: Whether a new one is shown to its owner only; nil for what the owner's settings say.
    /// - Returns: The id with its owner.
    /// - Throws: `.notAllowed` where the token may not write there, with what to do; what a request can throw.
    ///
    /// Source: `init_hf_repo` in [`trainer.py`](https://github.com/huggingface/transformers/blob/main/src/transformers/trainer.py)
    public func prepareWriting(to id: RepositoryID, isPrivate: Bool? = nil) async throws -> RepositoryID {
        let account = try await account()
        let owned = try id.owned(by: account.name)
        if account.role == "read" {
            throw HubError(
                .notAllowed,
                "\(settings.token?.description ?? "the token") may only read; make one that may write at "
                    + "\(settings.endpoint.address("settings/tokens")), then `attune hub login`"
            )
        }
        try await createRepository(owned, isPrivate: isPrivate)
        let probe = LocalProbe(path: "README.md", sample: Array("#".utf8), byteCount: 1)
        _ = try await uploadModes(of: [probe], to: owned, asPullRequest: false)
        return owned
    }

    /// Creates a repository unless it is there.
    ///
    /// - Parameters:
    ///   - id: Its id, with its owner.
    ///   - isPrivate: Whether it is shown to its owner only; nil for what the owner's settings say.
    /// - Throws: `.notAllowed` where the token may not; what a request can throw.
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
            // A token that may write to this one repository may not create any.
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

    /// Makes sure that a request to write was granted.
    func checkWriting(_ answer: Answer, _ id: RepositoryID) throws(HubError) {
        switch answer.status {
        case 200..<300: return
        case 401, 403: throw writingRefused(answer, id)
        case 413:
            throw HubError(
                .notAllowed,
                "\(settings.endpoint) takes no more into \(id): \(said(answer, "too large"))"
            )
        case 402:
            throw HubError(
                .notAllowed,
                "\(settings.endpoint) takes no more into \(id): \(said(answer, "no room is left"))"
            )
        case 400, 422:
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) refuses what was sent to \(id): \(said(answer, "no reason given"))"
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
                + "(\(said(answer, "answered \(answer.status)"))); check the name's owner, or give the token the right to write at "
                + settings.endpoint.address("settings/tokens")
        )
    }

    /// What the server said in words.
    private func said(_ answer: Answer, _ otherwise: String) -> String {
        if let said = answer.headers.first(name: "X-Error-Message"), !said.isEmpty { return shown(said) }
        return (try? JSONValue.parse(answer.body))?["error"].string.map(shown) ?? otherwise
    }
}

extension RepositoryID {
    /// The same repository with an owner: a name alone is the token's owner's.
    ///
    /// - Parameter owner: The account.
    /// - Returns: `owner/name`.
    /// - Throws: `.badName` where that is no id.
    public func owned(by owner: String) throws(HubError) -> RepositoryID {
        name.contains("/") ? self : try RepositoryID("\(owner)/\(name)", kind: kind, revision: revision)
    }
}
