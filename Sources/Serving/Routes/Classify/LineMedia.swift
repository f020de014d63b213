/// The media types of newline-delimited JSON.
enum LineMedia {
    /// The type of answers.
    static let type = "application/x-ndjson"
    /// The accepted types.
    private static let all = [type, "application/ndjson", "application/jsonl", "application/x-jsonlines"]

    /// Whether a body is newline-delimited.
    ///
    /// - Parameter contentType: The `Content-Type` header.
    /// - Returns: Whether it names one of the types first.
    static func isLines(_ contentType: String?) -> Bool {
        guard let contentType, let first = names(contentType).first else { return false }
        return all.contains(first)
    }

    /// Whether an answer shall be newline-delimited.
    ///
    /// - Parameter accept: The `Accept` header.
    /// - Returns: Whether it names one of the types.
    static func accepts(_ accept: String?) -> Bool {
        guard let accept else { return false }
        return names(accept).contains { all.contains($0) }
    }

    /// The media types of a header in lower case, without parameters.
    private static func names(_ header: String) -> [String] {
        header.split(separator: ",").map { part in
            let name = part.prefix { $0 != ";" }
            return String(name.drop { $0 == " " }.prefix { $0 != " " }).lowercased()
        }
    }
}
