import Files
public import Foundation

/// A repository of the test Hub: `main` at one commit, and what other branches there are.
public struct FakeRepository: Sendable {
    /// Its files' contents by name.
    public var files: [String: Data]
    /// The names whose contents are kept outside, as large files are.
    public var large: Set<String>
    /// What `main` stands at.
    public var commit: String
    /// Whether it is shown only to those with a token.
    public var isPrivate = false
    /// Whether its authors must let one in.
    public var isGated = false
    /// Its other branches and pull requests by name: `refs/convert/parquet`, `refs/pr/1`.
    public var branches: [String: FakeRepository] = [:]
    /// The hashes of large contents, which take their time: by name, as long as nothing is changed from outside.
    var sha256s: [String: String] = [:]

    /// Makes a repository.
    ///
    /// - Parameters:
    ///   - files: Contents by name.
    ///   - large: The names of those kept outside.
    public init(files: [String: Data], large: Set<String> = []) {
        self.files = files
        self.large = large
        var hash = SHA1()
        for (name, data) in files.sorted(by: { $0.key < $1.key }) {
            hash.update(name.utf8)
            hash.update(data)
        }
        commit = hash.hexadecimalDigest()
    }

    /// Git's hash of contents.
    static func gitHash(_ data: Data) -> String {
        SHA1.hexadecimalDigest(of: Data("blob \(data.count)\0".utf8) + data)
    }

    /// What Git holds in place of a large file.
    static func pointer(to data: Data) -> Data {
        Data(
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(sha256(data))\nsize \(data.count)\n"
                .utf8
        )
    }

    /// The branch of a name, or where a commit is the one that a branch stands at.
    func standing(at revision: String) -> FakeRepository? {
        if revision == "main" || revision == commit { return self }
        return branches[revision] ?? branches.values.first { $0.commit == revision }
    }

    /// The SHA-256 of a large file's contents.
    func sha256(of name: String) -> String? { sha256s[name] ?? files[name].map(Self.sha256) }

    static func sha256(_ data: Data) -> String { SHA256.hexadecimalDigest(of: data) }

    /// What a file's contents are called in the cache.
    public func entityTag(of name: String) -> String {
        let data = files[name] ?? Data()
        return large.contains(name) ? Self.sha256(data) : Self.gitHash(data)
    }
}

private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { String(format: "%02x", $0) }.joined()
}
