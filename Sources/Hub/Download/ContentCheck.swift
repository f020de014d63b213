import Files
import NIOCore

/// Checks contents, piece by piece, against the hash that they are named by.
struct ContentCheck: Sendable {
    private enum Hash: Sendable {
        case sha256(SHA256)
        case git(SHA1)
        case none
    }

    private var hash: Hash
    private let expected: String

    /// Starts a check.
    ///
    /// - Parameters:
    ///   - entityTag: A SHA-256, or Git's SHA-1 of a small file. Contents with any other name are not checked.
    ///   - byteCount: The number of bytes to come, which Git's hash begins with.
    ///
    /// Source: [Git objects](https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)
    init(entityTag: String, byteCount: Int?) {
        expected = entityTag
        if isSHA256(entityTag) {
            hash = .sha256(SHA256())
        } else if isCommit(entityTag), let byteCount {
            var git = SHA1()
            git.update("blob \(byteCount)\0".utf8)
            hash = .git(git)
        } else {
            hash = .none
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch hash {
        case .sha256(var value):
            // Without this the value would be copied for each piece.
            hash = .none
            value.update(bytes)
            hash = .sha256(value)
        case .git(var value):
            hash = .none
            value.update(bytes)
            hash = .git(value)
        case .none: break
        }
    }

    /// Returns the check after another piece.
    func updated(with piece: ByteBuffer) -> ContentCheck {
        var next = self
        piece.withUnsafeReadableBytes { next.update($0) }
        return next
    }

    /// Whether the contents match the announced hash.
    func agrees() -> Bool {
        switch hash {
        case .sha256(let value): value.hexadecimalDigest() == expected
        case .git(let value): value.hexadecimalDigest() == expected.lowercased()
        case .none: true
        }
    }
}
