import Foundation

/// The id of a model or a dataset on the Hub: `org/name` or `org/name@revision`.
public struct RepositoryID: Sendable, Hashable, CustomStringConvertible {
    /// The kind of a repository.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case model
        case dataset
    }

    /// The kind of the repository.
    public let kind: Kind
    /// `org/name`, or `name` alone for the oldest models.
    public let name: String
    /// A branch, a tag or a commit.
    public let revision: String

    /// Parses an id.
    ///
    /// - Parameters:
    ///   - text: `org/name` or `name`, optionally with `@revision`.
    ///   - kind: The kind of the repository.
    ///   - revision: The revision to use if the text has none.
    /// - Throws: `.badName` with the reason; for example, a name that would lead out of the cache folder.
    ///
    /// Source: [`_validators.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_validators.py)
    public init(_ text: String, kind: Kind, revision: String = "main") throws(HubError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        self.kind = kind
        name = parts[0]
        self.revision = parts.count > 1 ? parts[1] : revision
        try Self.check(name: name)
        try Self.check(revision: self.revision)
    }

    /// The same repository at another revision, which must have been checked.
    init(_ id: RepositoryID, checkedRevision: String) {
        kind = id.kind
        name = id.name
        revision = checkedRevision
    }

    /// `org/name`, with `@revision` unless the revision is `main`.
    public var description: String { revision == "main" ? name : "\(name)@\(revision)" }

    /// Whether a string looks like an id, to tell `org/name` from a path that does not exist.
    ///
    /// - Parameter text: Any string.
    /// - Returns: True for `org/name` and `org/name@revision`; false for a name without an owner.
    public static func looksLikeID(_ text: String) -> Bool {
        guard let id = try? RepositoryID(text, kind: .model) else { return false }
        return id.name.contains("/")
    }

    /// The revision if it is a full commit hash, which never changes.
    var commit: String? { isCommit(revision) ? revision : nil }

    /// The name of its folder in the cache.
    package var folderName: String {
        "\(kind.rawValue)s--" + name.replacing("/", with: "--")
    }

    /// Its path on the Hub's website, without a leading slash.
    var pagePath: String { kind == .dataset ? "datasets/\(name)" : name }

    /// Its path in the Hub's API, without a leading slash.
    var apiPath: String { "api/\(kind.rawValue)s/\(name)" }

    private static func check(name: String) throws(HubError) {
        let advice = "give the id as the Hub writes it, such as org/name or org/name@revision"
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else {
            throw HubError(.badName, "\(quoted(name)) is not a repository id; \(advice)")
        }
        for part in parts {
            guard (1...96).contains(part.utf8.count), part.utf8.allSatisfy(isNameByte),
                let first = part.utf8.first, let last = part.utf8.last, isWordByte(first), isWordByte(last)
            else {
                throw HubError(
                    .badName,
                    "\(quoted(name)) is not a repository id: \"\(shown(String(part)))\" must have 1 to 96 letters, digits, '-', '_' or '.', "
                        + "and must not begin or end with '-' or '.'; \(advice)"
                )
            }
        }
        guard !name.contains("--"), !name.contains(".."), !name.hasSuffix(".git") else {
            throw HubError(
                .badName,
                "\(quoted(name)) is not a repository id: it must not contain \"--\" or \"..\" or end with .git; \(advice)"
            )
        }
    }

    private static func check(revision: String) throws(HubError) {
        guard revision.utf8.count <= 255, isRelativePath(revision), !revision.contains("@{"),
            !revision.utf8.contains(where: { " ~^:?*[\\".utf8.contains($0) })
        else {
            throw HubError(
                .badName,
                "\(quoted(revision)) is not a revision; give a branch, a tag or a commit after the '@'"
            )
        }
    }

    private static func quoted(_ text: String) -> String { "\"\(shown(text))\"" }
}

/// A string for a message, without control characters, which could rewrite the terminal.
func shown(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.prefix(200).filter { $0.properties.generalCategory != .control }
        )
    )
}

private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
    default: false
    }
}

private func isNameByte(_ byte: UInt8) -> Bool {
    isWordByte(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
}
