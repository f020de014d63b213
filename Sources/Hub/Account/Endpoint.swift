import Foundation

/// A server that speaks the Hub's protocol: only it may ever see the token.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host, port and path, without a slash at its end.
    public let description: String
    let origin: Origin

    /// Reads an address.
    ///
    /// - Parameter text: Such as `https://huggingface.co`.
    /// - Throws: `.badName` where it is no http or https address, or holds a name, a password or a query.
    public init(_ text: String) throws(HubError) {
        var trimmed = text[...]
        while trimmed.last == "/" { trimmed.removeLast() }
        guard let components = URLComponents(string: String(trimmed)), let origin = Origin(components),
            components.user == nil, components.password == nil, components.query == nil,
            components.fragment == nil
        else {
            throw HubError(
                .badName,
                "HF_ENDPOINT is not the address of a server; give one such as https://huggingface.co, "
                    + "without a user's name, a password or a query"
            )
        }
        description = String(trimmed)
        self.origin = origin
    }

    /// The address of a path.
    func address(_ path: String) -> String { "\(description)/\(path)" }
}

/// Who is spoken to: scheme, host and port.
struct Origin: Sendable, Hashable {
    let scheme: String
    let host: String
    let port: Int

    init?(_ components: URLComponents) {
        guard let scheme = components.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = components.host?.lowercased(), !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host
        port = components.port ?? (scheme == "https" ? 443 : 80)
    }

    init?(address: String) {
        guard let components = URLComponents(string: address) else { return nil }
        self.init(components)
    }
}

/// A path's characters as an address may hold them; slashes stay.
func percentEncoded(_ path: String, keepingSlashes: Bool = true) -> String {
    var allowed = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )
    if keepingSlashes { allowed.insert("/") }
    return path.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
}
