/// What a file holds in place of its contents: the usual remains of a download that did not work.
package enum StandIn: Sendable, Equatable {
    /// A pointer of Git LFS, with the size of the real file if the pointer states it.
    case gitLFSPointer(size: Int?)
    /// A web page: saved from a browser, or served in place of a file behind a log-in.
    case webPage
    /// A sentence with which the Hub refuses a download.
    case hubMessage(String)
    /// Nothing at all.
    case empty

    /// Recognises a stand-in by its first bytes; nil if they are no stand-in that is known.
    ///
    /// - Parameter bytes: The file's.
    ///
    /// Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md, "The Pointer".
    package init?(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty else {
            self = .empty
            return
        }
        let beginning = Array(bytes.prefix(512))
        let text = String(decoding: beginning, as: UTF8.self)
        if text.hasPrefix("version https://"), text.contains("\noid sha256:") {
            let size = text.split(separator: "\n").first { $0.hasPrefix("size ") }
            self = .gitLFSPointer(size: size.flatMap { Int($0.dropFirst("size ".count)) })
            return
        }
        let start = text.drop { $0 == "\u{FEFF}" || $0.isWhitespace }.prefix(15).lowercased()
        if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") || start.hasPrefix("<head") {
            self = .webPage
            return
        }
        let isSentence = beginning.count < 512 && beginning.allSatisfy { $0 >= 0x20 || $0 == 0x0A }
        if isSentence, Self.hubMessages.contains(where: text.hasPrefix) {
            self = .hubMessage(text.split(separator: "\n").first.map(String.init) ?? text)
            return
        }
        return nil
    }

    /// How the Hub's refusals begin, which a download without a check of the status saves as the file.
    private static let hubMessages = [
        "Entry not found", "Repository not found", "Revision not found", "Invalid username or password",
        "Invalid credentials", "Access to model ",
    ]

    /// What is wrong with the file, and what to do.
    ///
    /// - Parameter path: The file's.
    /// - Returns: A sentence for an error.
    package func message(at path: String) -> String {
        switch self {
        case .gitLFSPointer(let size):
            let whole = size.map { " of \(formattedSize($0))" } ?? ""
            return
                "\(path) is a Git LFS pointer, not the file\(whole) itself; fetch it with `git lfs pull` in its folder, "
                + "or download the model with `attune hub download`"
        case .webPage:
            return "\(path) is a web page (HTML), not the file itself; download it again, "
                + "with `attune hub download` or by the page's download link"
        case .hubMessage(let text):
            return "\(path) holds a message of the Hub, not the file itself: \"\(text)\"; download it again, "
                + "with a token if the model asks for one (`attune hub login`)"
        case .empty:
            return "\(path) is empty; download it again"
        }
    }
}
