/// Content that a failed download typically leaves in place of the real file.
package enum StandIn: Sendable, Equatable {
    /// A Git LFS pointer, with the size of the real file if the pointer states it.
    case gitLFSPointer(size: Int?)
    /// A web page: saved from a browser, or served because the file requires a login.
    case webPage
    /// A message with which the Hub refuses a download.
    case hubMessage(String)
    /// An empty file.
    case empty

    /// Recognises a stand-in by its first bytes; nil if they match none.
    ///
    /// - Parameter bytes: The first bytes of the file.
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

    /// The beginnings of the Hub's refusals.
    ///
    /// A download that ignores the status saves them as the file.
    private static let hubMessages = [
        "Entry not found", "Repository not found", "Revision not found", "Invalid username or password",
        "Invalid credentials", "Access to model ",
    ]

    /// Describes what is wrong with the file, and how to fix it.
    ///
    /// - Parameter path: The file's path.
    /// - Returns: A sentence for an error message.
    package func message(at path: String) -> String {
        switch self {
        case .gitLFSPointer(let size):
            let whole = size.map { " of \(formattedSize($0))" } ?? ""
            return
                "\(path) is a Git LFS pointer, not the file\(whole) itself; fetch it with `git lfs pull` in its folder, "
                + "or download the model with `attune hub download`"
        case .webPage:
            return "\(path) is a web page (HTML), not the file itself; download it again, "
                + "with `attune hub download` or with the page's download link"
        case .hubMessage(let text):
            return
                "\(path) contains a message from the Hub, not the file itself: \"\(text)\"; download it again, "
                + "with a token if the model asks for one (`attune hub login`)"
        case .empty:
            return "\(path) is empty; download it again"
        }
    }
}
