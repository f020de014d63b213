import Files
import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Token {
    /// Keeps a token as a login of the Python library does: `token` for the one in use, `stored_tokens` by name.
    ///
    /// Both files and their folder are open to their owner alone.
    ///
    /// - Parameters:
    ///   - name: What the Hub calls the token.
    ///   - environment: Where to.
    /// - Throws: `FileError` where it cannot be written.
    ///
    /// Source: `_write_secret` in [`_auth.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_auth.py)
    public func store(named name: String, in environment: HubEnvironment) throws {
        var sections = TokenSections(contentsOf: environment.storedTokensFile)
        sections.set(name, to: secret)
        try writeSecretly(sections.text, to: environment.storedTokensFile)
        try writeSecretly(secret, to: environment.tokenFile)
    }

    /// Forgets every token that logins left on this machine.
    ///
    /// - Parameter environment: Where from.
    /// - Returns: Whether there was any.
    /// - Throws: `FileError` where a file cannot be deleted.
    public static func forget(in environment: HubEnvironment) throws -> Bool {
        var found = false
        for file in [environment.tokenFile, environment.storedTokensFile] {
            let path = file.path(percentEncoded: false)
            if unlink(path) == 0 {
                found = true
            } else if errno != ENOENT {
                throw FileError(
                    .notAllowed,
                    "cannot delete \(path): \(String(cString: strerror(errno))); delete it by hand"
                )
            }
        }
        return found
    }

    private func writeSecretly(_ text: String, to file: URL) throws(FileError) {
        try writeAtomically(Data(text.utf8), to: file, permissions: 0o600)
        chmod(file.deletingLastPathComponent().path(percentEncoded: false), 0o700)
    }
}

/// The file of tokens by name: sections as Python's `configparser` writes them; those not touched stay as they are.
struct TokenSections {
    private var sections: [(name: String, lines: [Substring])] = []

    init(contentsOf file: URL) {
        guard let bytes = try? readFile(file, limit: 1 << 20) else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("["), let end = line.lastIndex(of: "]") {
                sections.append((String(line[line.index(after: line.startIndex)..<end]), []))
            } else if !sections.isEmpty {
                sections[sections.count - 1].lines.append(line)
            }
        }
    }

    mutating func set(_ name: String, to secret: String) {
        let clean = String(name.filter { !$0.isNewline && $0 != "[" && $0 != "]" })
        sections.removeAll { $0.name == clean }
        sections.append((clean, ["hf_token = \(secret)"]))
        sections.sort { $0.name < $1.name }
    }

    var text: String {
        sections.map { "[\($0.name)]\n" + $0.lines.map { $0 + "\n" }.joined() + "\n" }.joined()
    }
}
