import Files
public import Foundation

/// A repository of the test Hub: `main` at one commit, and its other branches.
public struct FakeRepository: Sendable {
    /// Its files' contents by name.
    public var files: [String: Data]
    /// The names of files with contents stored outside Git, as large files are.
    public var large: Set<String>
    /// The commit of `main`.
    public var commit: String
    /// Whether a token is needed to see it.
    public var isPrivate = false
    /// Whether its authors must grant access.
    public var isGated = false
    /// Its other branches and pull requests by name: `refs/convert/parquet`, `refs/pr/1`.
    public var branches: [String: FakeRepository] = [:]
    /// Hashes of large contents by name, cached because they are slow to compute.
    ///
    /// Valid while nothing else changes the files.
    var sha256s: [String: String] = [:]

    /// Creates a repository.
    ///
    /// - Parameters:
    ///   - files: The contents by name.
    ///   - large: The names of the files stored outside Git.
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

    /// The pointer that Git stores in place of a large file.
    static func pointer(to data: Data) -> Data {
        Data(
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(sha256(data))\nsize \(data.count)\n"
                .utf8
        )
    }

    /// The branch with this name, or the branch at this commit.
    func standing(at revision: String) -> FakeRepository? {
        if revision == "main" || revision == commit { return self }
        return branches[revision] ?? branches.values.first { $0.commit == revision }
    }

    /// The SHA-256 of a large file's contents.
    func sha256(of name: String) -> String? { sha256s[name] ?? files[name].map(Self.sha256) }

    static func sha256(_ data: Data) -> String { SHA256.hexadecimalDigest(of: data) }

    /// The name of a file's contents in the cache.
    public func entityTag(of name: String) -> String {
        let data = files[name] ?? Data()
        return large.contains(name) ? Self.sha256(data) : Self.gitHash(data)
    }
}

private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { String(format: "%02x", $0) }.joined()
}
