import Files
import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Token {
    /// Stores a token as a login of huggingface_hub does: `token` for the active one, `stored_tokens` by name.
    ///
    /// Only their owner can access the two files and their folder.
    ///
    /// - Parameters:
    ///   - name: The token's name on the Hub.
    ///   - environment: The environment that names the files.
    /// - Throws: `FileError` if it cannot be written.
    ///
    /// Source: `_write_secret` in [`_auth.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_auth.py)
    public func store(named name: String, in environment: HubEnvironment) throws {
        var sections = TokenSections(contentsOf: environment.storedTokensFile)
        sections.set(name, to: secret)
        try writeSecretly(sections.text, to: environment.storedTokensFile)
        try writeSecretly(secret, to: environment.tokenFile)
    }

    /// Deletes all tokens that logins stored on this machine.
    ///
    /// - Parameter environment: The environment that names the files.
    /// - Returns: Whether there were any.
    /// - Throws: `FileError` if a file cannot be deleted.
    public static func forget(in environment: HubEnvironment) throws -> Bool {
        var found = false
        for file in [environment.tokenFile, environment.storedTokensFile] {
            let path = file.path(percentEncoded: false)
            if unlink(path) == 0 {
                found = true
            } else if errno != ENOENT {
                throw FileError(
                    .notAllowed,
                    "cannot delete \(path): \(String(cString: strerror(errno))); delete it yourself"
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

/// The file of tokens by name: sections in the format of Python's `configparser`.
///
/// Other sections stay unchanged.
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
