import Crypto
public import Foundation

/// A repository of the test Hub: one branch, `main`, at one commit.
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

    /// Makes a repository.
    ///
    /// - Parameters:
    ///   - files: Contents by name.
    ///   - large: The names of those kept outside.
    public init(files: [String: Data], large: Set<String> = []) {
        self.files = files
        self.large = large
        var hash = Insecure.SHA1()
        for (name, data) in files.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Data(name.utf8))
            hash.update(data: data)
        }
        commit = hexadecimal(hash.finalize())
    }

    /// Git's hash of contents.
    static func gitHash(_ data: Data) -> String {
        var hash = Insecure.SHA1()
        hash.update(data: Data("blob \(data.count)\0".utf8))
        hash.update(data: data)
        return hexadecimal(hash.finalize())
    }

    /// What Git holds in place of a large file.
    static func pointer(to data: Data) -> Data {
        Data(
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(sha256(data))\nsize \(data.count)\n"
                .utf8
        )
    }

    static func sha256(_ data: Data) -> String { hexadecimal(SHA256.hash(data: data)) }

    /// What a file's contents are called in the cache.
    public func entityTag(of name: String) -> String {
        let data = files[name] ?? Data()
        return large.contains(name) ? Self.sha256(data) : Self.gitHash(data)
    }
}

private func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { String(format: "%02x", $0) }.joined()
}
