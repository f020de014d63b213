import Foundation

/// A server with the Hub's API.
///
/// The token is sent only to it.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host, port and path, without a trailing slash.
    public let description: String
    let origin: Origin

    /// Parses an address.
    ///
    /// - Parameter text: An address, for example `https://huggingface.co`.
    /// - Throws: `.badName` if it is not an http or https address, or contains a user name, a password or a query.
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
                    + "without a user name, a password or a query"
            )
        }
        description = String(trimmed)
        self.origin = origin
    }

    /// The address of a path.
    func address(_ path: String) -> String { "\(description)/\(path)" }
}

/// An origin: scheme, host and port.
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

/// Percent-encodes a path for an address, optionally keeping slashes.
func percentEncoded(_ path: String, keepingSlashes: Bool = true) -> String {
    var allowed = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    )
    if keepingSlashes { allowed.insert("/") }
    return path.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
}
