import AsyncHTTPClient
import Files
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix

extension HubClient {
    /// Whether a failure may be gone with the next try: everything of the connection, nothing of ours.
    func isTransient(_ error: any Error) -> Bool {
        switch error {
        case is HubError, is FileError, is CancellationError: false
        case let error as HTTPClientError: error != .cancelled && error != .alreadyShutdown
        default: true
        }
    }

    /// Whether there was no connection at all.
    func isWithoutConnection(_ error: any Error) -> Bool {
        if error as? HTTPClientError == .connectTimeout || error is NIOConnectionError { return true }
        return (error as? IOError)?.errnoCode == ECONNREFUSED
    }

    /// A failed connection in words.
    func plain(_ error: any Error) -> String {
        if let error = error as? HTTPClientError {
            if error == .connectTimeout { return "could not be reached in time" }
            if error == .readTimeout { return "fell silent" }
            if error == .remoteConnectionClosed { return "closed the connection" }
            if error == .proxyAuthenticationRequired {
                return "lies behind a proxy that wants a name and a password"
            }
            return "failed (\(error.shortDescription))"
        }
        if let error = error as? IOError {
            return error.errnoCode == ECONNREFUSED ? "refused the connection" : "broke the connection"
        }
        if error is NIOConnectionError { return "could not be reached" }
        // By name alone: an error's own text may hold an address with a key in it.
        return "failed (\(type(of: error)))"
    }

    /// Makes sure that an answer is what was asked for.
    ///
    /// - Parameters:
    ///   - answer: Of any status.
    ///   - id: The repository, for the message.
    ///   - file: The file, where one was asked for.
    /// - Throws: What is wrong and what to do, by the Hub's error codes.
    ///
    /// Source: `hf_raise_for_status` in [`_http.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_http.py)
    func check(_ answer: Answer, of id: RepositoryID, file: String? = nil) throws(HubError) {
        guard !(200..<300).contains(answer.status), !(answer.status / 100 == 3 && file != nil) else { return }
        let page = settings.endpoint.address(id.pagePath)
        let kind = id.kind.rawValue
        let code = answer.headers.first(name: "X-Error-Code") ?? ""
        let said = answer.headers.first(name: "X-Error-Message") ?? ""
        switch (answer.status, code) {
        case (_, "RevisionNotFound"):
            throw HubError(
                .notFound,
                "the \(kind) \(id.name) has no revision \(id.revision); see \(page)/tree for those it has"
            )
        case (_, "EntryNotFound"):
            throw HubError(
                .notFound,
                "the \(kind) \(id) has no file \(shown(file ?? "of that name")); see \(page)/tree/\(id.revision) for those it has"
            )
        case (_, "GatedRepo"):
            let remedy =
                settings.token == nil
                ? "log in with `attune hub login` after asking for access on \(page)"
                : "ask for access on \(page), and use a token that may read gated repositories"
            throw HubError(
                .notAllowed,
                "the \(kind) \(id.name) is only for those whom its authors let in; \(remedy)"
            )
        case (_, _) where said == "Access to this resource is disabled.":
            throw HubError(.notAllowed, "the Hub has disabled the \(kind) \(id.name); see \(page)")
        case (401, _) where said.hasPrefix("Invalid credentials"),
            (401, _) where said.hasPrefix("Invalid username"):
            throw badToken()
        case (_, "RepoNotFound"), (401, _), (404, _):
            let seen =
                settings.token.map { "to \($0)" }
                ?? "without a token; if it is private, log in with `attune hub login`"
            throw HubError(
                .notFound,
                "\(settings.endpoint) shows no \(kind) \(id.name) \(seen); check the name"
            )
        case (403, _):
            let why = said.isEmpty ? "" : " (\(shown(said)))"
            throw HubError(
                .notAllowed,
                "\(settings.endpoint) does not allow this for the \(kind) \(id.name)\(why); use a token that may"
            )
        default: throw unexpected(answer, subject: "the \(kind) \(id)")
        }
    }

    /// What is said of a token that the Hub does not know.
    func badToken() -> HubError {
        HubError(
            .notAllowed,
            "\(settings.endpoint) does not accept \(settings.token?.description ?? "the token"); "
                + "make a new one at \(settings.endpoint)/settings/tokens and log in with `attune hub login`"
        )
    }

    /// What is said of an answer that the protocol does not have.
    func unexpected(_ answer: Answer, subject: String) -> HubError {
        if answer.status == 407 {
            return HubError(
                .unreachable,
                "the proxy wants a name and a password; put them into HTTPS_PROXY, as http://name:password@host:port"
            )
        }
        return HubError(
            .badAnswer,
            "\(settings.endpoint) answered \(answer.status) when asked for \(subject), which is not what the Hub answers; "
                + "log in to this network if it asks for that, and check HF_ENDPOINT and HTTPS_PROXY"
        )
    }

    /// The answer as JSON.
    func json(_ answer: Answer, subject: String) throws(HubError) -> JSONValue {
        guard let value = try? JSONValue.parse(answer.body) else {
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) answered with something that is not the Hub's when asked for \(subject); "
                    + "log in to this network if it asks for that, and check HF_ENDPOINT and HTTPS_PROXY"
            )
        }
        return value
    }
}
