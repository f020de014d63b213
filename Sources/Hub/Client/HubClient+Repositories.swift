import Foundation
import JSON
import NIOHTTP1

extension HubClient {
    /// The account that a token belongs to.
    public struct Account: Sendable, Equatable {
        /// The user's or organization's name.
        public var name: String
        /// The name that the user gave the token.
        public var tokenName: String?
        /// The token's permission: `read`, `write` or `fineGrained`.
        public var role: String?
        /// The organizations that the user belongs to.
        public var organizations: [String]
    }

    /// Asks the Hub for the token's account.
    ///
    /// - Returns: The account.
    /// - Throws: `.notAllowed` without a token or if the Hub does not know it; the errors of a request.
    public func account() async throws -> Account {
        guard settings.token != nil else {
            throw HubError(
                .notAllowed,
                "you are not logged in; log in with `attune hub login`, or set HF_TOKEN"
            )
        }
        let subject = "the account"
        let answer = try await ask(.GET, "api/whoami-v2", subject: subject)
        if answer.status == 401 || answer.status == 403 { throw badToken() }
        guard answer.status == 200 else { throw unexpected(answer, subject: subject) }
        let document = try json(answer, subject: subject)
        guard let name = document["name"].string else { throw unexpected(answer, subject: subject) }
        let access = document["auth"]["accessToken"]
        return Account(
            name: shown(name),
            tokenName: access["displayName"].string.map(shown),
            role: access["role"].string.map(shown),
            organizations: (document["orgs"].array ?? []).compactMap { $0["name"].string.map(shown) }
        )
    }

    /// Asks for the commit that a revision points to.
    ///
    /// - Parameter id: The repository and its revision.
    /// - Returns: The commit.
    /// - Throws: `.notFound`, `.notAllowed`, or the errors of a request.
    func commit(of id: RepositoryID) async throws -> String {
        let path = "\(id.apiPath)/revision/\(percentEncoded(id.revision, keepingSlashes: false))"
        let subject = "the \(id.kind.rawValue) \(id)"
        let answer = try await ask(.GET, path, subject: subject)
        try check(answer, of: id)
        guard let commit = try json(answer, subject: subject)["sha"].string, isCommit(commit) else {
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) did not name the commit of \(subject); check HF_ENDPOINT"
            )
        }
        return commit
    }

    /// Asks for the list of a commit's files, page by page.
    ///
    /// - Parameters:
    ///   - id: The repository.
    ///   - commit: The commit.
    /// - Returns: All its files.
    /// - Throws: `.badAnswer` if a file name leads out of its folder; the errors of a request.
    func files(of id: RepositoryID, at commit: String) async throws -> [RemoteFile] {
        var next: String? = "\(id.apiPath)/tree/\(commit)?recursive=true&expand=false"
        let subject = "the files of the \(id.kind.rawValue) \(id)"
        var files: [RemoteFile] = []
        var pages = 0
        while let path = next {
            let answer = try await ask(.GET, path, subject: subject)
            try check(answer, of: id)
            guard let entries = try json(answer, subject: subject).array else {
                throw unexpected(answer, subject: subject)
            }
            for entry in entries {
                switch entry["type"].string {
                case "file": files.append(try file(entry, of: id))
                case "directory": break
                // Skipping an unknown type could silently omit a file.
                default: throw unexpected(answer, subject: subject)
                }
            }
            pages += 1
            next = try nextPage(answer, subject: subject)
            guard pages < 10_000 else {
                throw HubError(
                    .badAnswer,
                    "\(settings.endpoint) never finishes listing \(subject); check HF_ENDPOINT"
                )
            }
        }
        return files
    }

    private func file(_ entry: JSONValue, of id: RepositoryID) throws(HubError) -> RemoteFile {
        let lfs = entry["lfs"]
        guard
            let file = RemoteFile(
                name: entry["path"].string ?? "",
                byteCount: lfs["size"].int ?? entry["size"].int ?? -1,
                gitHash: entry["oid"].string ?? "",
                sha256: lfs["oid"].string,
                xetHash: entry["xetHash"].string
            )
        else {
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) lists a file of \(id) that cannot be stored safely: its name is \"\(shown(entry["path"].string ?? ""))\"; "
                    + "nothing was downloaded, and you should not trust this repository"
            )
        }
        return file
    }

    /// The address of the next page, from the `Link` header.
    ///
    /// Only addresses of the endpoint are accepted.
    private func nextPage(_ answer: Answer, subject: String) throws(HubError) -> String? {
        for header in answer.headers["Link"] {
            for link in header.split(separator: ",") where link.contains(/;\s*rel="?next"?/) {
                guard let match = link.firstMatch(of: /<([^>]+)>/),
                    let address = resolved(String(match.1), against: answer.address),
                    transport.isEndpoint(address)
                else {
                    throw HubError(
                        .badAnswer,
                        "\(settings.endpoint) continues the list of \(subject) on another server; check HF_ENDPOINT"
                    )
                }
                return address
            }
        }
        return nil
    }

    /// Asks about one file, without its contents.
    ///
    /// - Parameters:
    ///   - name: Its path in the repository.
    ///   - id: The repository and its revision.
    /// - Returns: The commit, the contents' name in the cache, and their size if the Hub states it.
    /// - Throws: `.notFound` if there is no such file, which the cache then remembers; the errors of a request.
    func head(
        of name: String,
        in id: RepositoryID
    ) async throws -> (commit: String, entityTag: String, byteCount: Int?) {
        let subject = "\(name) of the \(id.kind.rawValue) \(id)"
        let answer = try await ask(.HEAD, resolvePath(name, in: id), subject: subject)
        if answer.headers.first(name: "X-Error-Code") == "EntryNotFound",
            let commit = answer.headers.first(name: "X-Repo-Commit"), isCommit(commit)
        {
            let cached = cache.repository(id)
            try? cached.rememberAbsent(name, at: commit)
            try? cached.remember(id.revision, standsAt: commit)
        }
        try check(answer, of: id, file: name)
        let headers = answer.headers
        guard let commit = headers.first(name: "X-Repo-Commit"), isCommit(commit),
            let tag = (headers.first(name: "X-Linked-Etag") ?? headers.first(name: "ETag")).map(
                normalizedEntityTag
            ),
            isBlobName(tag)
        else {
            throw HubError(
                .badAnswer,
                "\(settings.endpoint) did not name the commit and hash of \(subject), so it may not be the Hub; check HF_ENDPOINT and HTTPS_PROXY"
            )
        }
        let isRedirect = answer.status / 100 == 3
        let size =
            headers.first(name: "X-Linked-Size") ?? (isRedirect ? nil : headers.first(name: "Content-Length"))
        return (commit, tag, size.flatMap(Int.init))
    }

    /// The path for requesting a file's contents.
    func resolvePath(_ name: String, in id: RepositoryID) -> String {
        "\(id.pagePath)/resolve/\(percentEncoded(id.revision, keepingSlashes: false))/\(percentEncoded(name))"
    }
}
