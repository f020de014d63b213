import Configuration
import Files
import Foundation
import SystemPackage

/// An access token for the Hub.
///
/// Printing it never shows the secret.
public struct Token: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The place where a token was found.
    public enum Source: Sendable, Equatable, CustomStringConvertible {
        /// The flag `--token`, or an argument in a program.
        case given
        /// Typed, or read from standard input.
        case typed
        /// An environment variable.
        case variable(String)
        /// A variable in a `.env` file.
        case environmentFile(String)
        /// A file that a login stored.
        case file(String)

        /// A description for people: `HF_TOKEN in .env`.
        public var description: String {
            switch self {
            case .given: "--token"
            case .typed: "standard input"
            case .variable(let name): "the variable \(name)"
            case .environmentFile(let name): "\(name) in .env"
            case .file(let path): path
            }
        }
    }

    /// The place where it was found.
    public let source: Source
    /// The secret itself, used only for the header.
    let secret: String

    /// Creates a token.
    ///
    /// - Parameters:
    ///   - text: The secret; surrounding whitespace is removed.
    ///   - source: The place where it was found.
    /// - Throws: `.notAllowed` if it is empty or contains characters that tokens never contain.
    public init(_ text: String, source: Source = .given) throws(HubError) {
        secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        self.source = source
        guard !secret.isEmpty, secret.utf8.count <= 4096,
            secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw HubError(
                .notAllowed,
                "the token from \(source) is empty or contains characters that a token never has; "
                    + "copy it again from https://huggingface.co/settings/tokens"
            )
        }
    }

    /// That it is a token, and its source.
    public var description: String { "a token from \(source)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// A mirror without the secret: dumping the value shows only its source.
    public var customMirror: Mirror { Mirror(self, children: ["source": source]) }

    /// Looks for a token: the given one, `HF_TOKEN`, a `.env` in the working folder, then the file of a login.
    ///
    /// - Parameters:
    ///   - given: The token from `--token`.
    ///   - environment: The environment to search.
    /// - Returns: The first token found, or nil.
    /// - Throws: `.notAllowed` if the token found is invalid; `FileError` if an existing file cannot be read.
    public static func find(given: String? = nil, in environment: HubEnvironment) async throws -> Token? {
        if let given { return try Token(given, source: .given) }
        if environment.sendsOnlyGivenToken { return nil }
        for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
            if let text = environment.value(name) { return try Token(text, source: .variable(name)) }
        }
        if let token = try await inEnvironmentFile(environment.workingFolder.appending(path: ".env")) {
            return token
        }
        return try stored(in: environment)
    }

    /// Reads the token that a login stored.
    ///
    /// - Parameter environment: The environment to search.
    /// - Returns: The token, or nil.
    /// - Throws: `.notAllowed` if it is invalid; `FileError` if it cannot be read.
    public static func stored(in environment: HubEnvironment) throws -> Token? {
        let path = environment.tokenFile.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let text = String(decoding: try readFile(environment.tokenFile, limit: 1 << 16), as: UTF8.self)
        guard text.contains(where: { !$0.isWhitespace }) else { return nil }
        return try Token(text, source: .file(path))
    }

    private static func inEnvironmentFile(_ file: URL) async throws -> Token? {
        let path = file.path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let provider: EnvironmentVariablesProvider
        do {
            provider = try await EnvironmentVariablesProvider(
                environmentFilePath: FilePath(path),
                allowMissing: true,
                secretsSpecifier: .all
            )
        } catch {
            // The reader's own error could show a line of the file.
            throw FileError(
                .inputOutput,
                "cannot read \(path); write one NAME=value per line, or remove the file"
            )
        }
        let reader = ConfigReader(provider: provider)
        for (key, name) in [("hf.token", "HF_TOKEN"), ("hf.hub.token", "HF_HUB_TOKEN")] {
            if let text = reader.string(forKey: ConfigKey(key), isSecret: true), !text.isEmpty {
                return try Token(unquoted(text), source: .environmentFile(name))
            }
        }
        let bytes = try readFile(file, limit: 1 << 20)
        let isMeant = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).contains {
            !$0.trimmingPrefix(while: \.isWhitespace).hasPrefix("#")
                && $0.contains(/\bHF_(HUB_)?TOKEN\s*=\s*\S/)
        }
        guard !isMeant else {
            throw FileError(
                .inputOutput,
                "\(path) sets a token in a format that is not supported; write the line HF_TOKEN=hf_..., "
                    + "without export and with Unix line endings"
            )
        }
        return nil
    }

    /// A value without the quotes that a shell would remove.
    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, let first = text.first, first == text.last, "\"'".contains(first) else {
            return text
        }
        return String(text.dropFirst().dropLast())
    }
}
