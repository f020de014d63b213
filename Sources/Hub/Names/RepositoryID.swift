import Foundation

/// A model's or a dataset's place on the Hub: `org/name`, `org/name@revision`.
public struct RepositoryID: Sendable, Hashable, CustomStringConvertible {
    /// What a repository holds.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case model
        case dataset
    }

    /// What it holds.
    public let kind: Kind
    /// `org/name`, or `name` alone as the oldest models have it.
    public let name: String
    /// A branch, a tag or a commit.
    public let revision: String

    /// Reads an id.
    ///
    /// - Parameters:
    ///   - text: `org/name`, `name`, either with `@revision`.
    ///   - kind: What the repository holds.
    ///   - revision: The revision where the text names none.
    /// - Throws: `.badName` with what is wrong; a name that would lead out of the cache's folder is one.
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

    /// `org/name`, with `@revision` unless that is `main`.
    public var description: String { revision == "main" ? name : "\(name)@\(revision)" }

    /// Whether a text is written as an id: what tells `org/name` from a path that is not there.
    ///
    /// - Parameter text: Any text.
    /// - Returns: True for `org/name` and `org/name@revision`; a name alone is none here.
    public static func looksLikeID(_ text: String) -> Bool {
        guard let id = try? RepositoryID(text, kind: .model) else { return false }
        return id.name.contains("/")
    }

    /// Whether the revision is a whole commit, which never changes.
    var commit: String? { isCommit(revision) ? revision : nil }

    /// Its folder's name in the cache.
    package var folderName: String {
        "\(kind.rawValue)s--" + name.replacing("/", with: "--")
    }

    /// Its path on the Hub's own pages, without a slash before it.
    var pagePath: String { kind == .dataset ? "datasets/\(name)" : name }

    /// Its path in the Hub's API, without a slash before it.
    var apiPath: String { "api/\(kind.rawValue)s/\(name)" }

    private static func check(name: String) throws(HubError) {
        let advice = "give the id as the Hub writes it, such as org/name or org/name@revision"
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count) else {
            throw HubError(.badName, "\(quoted(name)) is no repository's id; \(advice)")
        }
        for part in parts {
            guard (1...96).contains(part.utf8.count), part.utf8.allSatisfy(isNameByte),
                let first = part.utf8.first, let last = part.utf8.last, isWordByte(first), isWordByte(last)
            else {
                throw HubError(
                    .badName,
                    "\(quoted(name)) is no repository's id: \"\(shown(String(part)))\" must have 1 to 96 letters, digits, '-', '_' or '.', "
                        + "and neither begin nor end with '-' or '.'; \(advice)"
                )
            }
        }
        guard !name.contains("--"), !name.contains(".."), !name.hasSuffix(".git") else {
            throw HubError(
                .badName,
                "\(quoted(name)) is no repository's id: it may hold neither \"--\" nor \"..\", nor end with .git; \(advice)"
            )
        }
    }

    private static func check(revision: String) throws(HubError) {
        guard revision.utf8.count <= 255, isRelativePath(revision), !revision.contains("@{"),
            !revision.utf8.contains(where: { " ~^:?*[\\".utf8.contains($0) })
        else {
            throw HubError(
                .badName,
                "\(quoted(revision)) is no revision; give a branch, a tag or a commit after the '@'"
            )
        }
    }

    private static func quoted(_ text: String) -> String { "\"\(shown(text))\"" }
}

/// A text for a message: control characters, which could rewrite the terminal, are left out.
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
