import AsyncHTTPClient
import Files
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix

extension HubClient {
    /// Whether a retry may succeed: true for connection errors, false for this module's errors.
    func isTransient(_ error: any Error) -> Bool {
        switch error {
        case is HubError, is FileError, is CancellationError: false
        case let error as HTTPClientError: error != .cancelled && error != .alreadyShutdown
        default: true
        }
    }

    /// Whether no connection could be established.
    func isWithoutConnection(_ error: any Error) -> Bool {
        if error as? HTTPClientError == .connectTimeout || error is NIOConnectionError { return true }
        return (error as? IOError)?.errnoCode == ECONNREFUSED
    }

    /// Describes a connection error in words.
    func plain(_ error: any Error) -> String {
        if let error = error as? HTTPClientError {
            if error == .connectTimeout { return "could not be reached in time" }
            if error == .readTimeout { return "stopped answering" }
            if error == .remoteConnectionClosed { return "closed the connection" }
            if error == .proxyAuthenticationRequired {
                return "is behind a proxy that requires a user name and a password"
            }
            return "failed (\(error.shortDescription))"
        }
        if let error = error as? IOError {
            return error.errnoCode == ECONNREFUSED ? "refused the connection" : "broke the connection"
        }
        if error is NIOConnectionError { return "could not be reached" }
        // Only the type's name: an error's own text may contain an address with a key in it.
        return "failed (\(type(of: error)))"
    }

    /// Throws unless an answer has the expected status.
    ///
    /// - Parameters:
    ///   - answer: The answer, of any status.
    ///   - id: The repository, for the message.
    ///   - file: The file, if one was requested.
    /// - Throws: An error for the Hub's error code, with a remedy.
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
                "the \(kind) \(id.name) has no revision \(id.revision); see \(page)/tree for its revisions"
            )
        case (_, "EntryNotFound"):
            throw HubError(
                .notFound,
                "the \(kind) \(id) has no file \(shown(file ?? "of that name")); see \(page)/tree/\(id.revision) for its files"
            )
        case (_, "GatedRepo"):
            let remedy =
                settings.token == nil
                ? "request access on \(page), then log in with `attune hub login`"
                : "request access on \(page), and use a token that may read gated repositories"
            throw HubError(
                .notAllowed,
                "the \(kind) \(id.name) is gated, and its authors must grant access; \(remedy)"
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
                "\(settings.endpoint) has no \(kind) \(id.name) that is visible \(seen); check the name"
            )
        case (403, _):
            let why = said.isEmpty ? "" : " (\(shown(said)))"
            throw HubError(
                .notAllowed,
                "\(settings.endpoint) does not allow this for the \(kind) \(id.name)\(why); use a token with this permission"
            )
        default: throw unexpected(answer, subject: "the \(kind) \(id)")
        }
    }

    /// The error for a token that the Hub does not know.
    func badToken() -> HubError {
        HubError(
            .notAllowed,
            "\(settings.endpoint) does not accept \(settings.token?.description ?? "the token"); "
                + "create a new one at \(settings.endpoint)/settings/tokens and log in with `attune hub login`"
        )
    }

    /// The error for an answer that the protocol does not define.
    func unexpected(_ answer: Answer, subject: String) -> HubError {
        if answer.status == 407 {
            return HubError(
                .unreachable,
                "the proxy requires a user name and a password; put them into HTTPS_PROXY as http://name:password@host:port"
            )
        }
        return HubError(
            .badAnswer,
            "\(settings.endpoint) answered \(answer.status) when asked for \(subject), which is not an answer of the Hub; "
                + "log in to this network if it requires a login, and check HF_ENDPOINT and HTTPS_PROXY"
        )
    }

    /// Parses the answer as JSON.
    func json(_ answer: Answer, subject: String) throws(HubError) -> JSONValue {
        guard let value = try? JSONValue.parse(answer.body) else {
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) did not answer with JSON when asked for \(subject), so it may not be the Hub; "
                    + "log in to this network if it requires a login, and check HF_ENDPOINT and HTTPS_PROXY"
            )
        }
        return value
    }
}
