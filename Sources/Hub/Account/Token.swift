import Configuration
import Files
import Foundation
import SystemPackage

/// A secret that opens the Hub; nothing that prints it shows it.
public struct Token: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Where a token was found.
    public enum Source: Sendable, Equatable, CustomStringConvertible {
        /// The flag `--token`, or an argument in a program.
        case given
        /// Typed, or standard input.
        case typed
        /// A variable of the environment.
        case variable(String)
        /// A variable in a `.env` file.
        case environmentFile(String)
        /// A file that a login left.
        case file(String)

        /// For a person: `HF_TOKEN in .env`.
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

    /// Where it was found.
    public let source: Source
    /// The secret itself, for the header alone.
    let secret: String

    /// Takes a token.
    ///
    /// - Parameters:
    ///   - text: The secret; spaces and line ends around it do not count.
    ///   - source: Where it was found.
    /// - Throws: `.notAllowed` where it is empty or holds what no token holds.
    public init(_ text: String, source: Source = .given) throws(HubError) {
        secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        self.source = source
        guard !secret.isEmpty, secret.utf8.count <= 4096,
            secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw HubError(
                .notAllowed,
                "the token from \(source) is empty or holds characters that no token has; "
                    + "copy it again from https://huggingface.co/settings/tokens"
            )
        }
    }

    /// That it is a token, and where it was found.
    public var description: String { "a token from \(source)" }
    /// The same.
    public var debugDescription: String { description }
    /// Without the secret: what dumps values sees only where it was found.
    public var customMirror: Mirror { Mirror(self, children: ["source": source]) }

    /// Looks for a token: the one given, `HF_TOKEN`, a `.env` in the working folder, the file of a login.
    ///
    /// - Parameters:
    ///   - given: From `--token`.
    ///   - environment: Where to look.
    /// - Returns: The first there is; nil for none.
    /// - Throws: `.notAllowed` where the one found can be none; `FileError` where a file that is there cannot be read.
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

    /// The token that a login left.
    ///
    /// - Parameter environment: Where to look.
    /// - Returns: The token; nil for none.
    /// - Throws: `.notAllowed` where it can be none; `FileError` where it cannot be read.
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
            throw FileError(.inputOutput, "cannot read \(path); write one NAME=value a line, or take it away")
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
                "\(path) names a token in a way that is not read; write the line HF_TOKEN=hf_..., "
                    + "without export and with plain line ends"
            )
        }
        return nil
    }

    /// A value without the quotes that a shell would take away.
    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, let first = text.first, first == text.last, "\"'".contains(first) else {
            return text
        }
        return String(text.dropFirst().dropLast())
    }
}
