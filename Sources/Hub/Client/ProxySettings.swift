import AsyncHTTPClient
import Foundation

/// The proxy settings of the environment.
struct ProxySettings: Sendable {
    private let variables: [String: String]

    init(_ environment: HubEnvironment) { variables = environment.variables }

    private func value(_ name: String) -> String? {
        for key in [name.lowercased(), name.uppercased()] {
            if let value = variables[key], !value.isEmpty { return value }
        }
        return nil
    }

    /// Returns the proxy for a server: `HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` names the server.
    ///
    /// - Parameter origin: The server.
    /// - Returns: The proxy; nil for a direct connection.
    /// - Throws: `.badName` if the variable is not a valid address.
    func proxy(for origin: Origin) throws(HubError) -> HTTPClient.Configuration.Proxy? {
        let name = "\(origin.scheme)_proxy"
        guard let text = value(name) ?? value("all_proxy"), !isExempt(origin) else { return nil }
        let address = text.contains("://") ? text : "http://\(text)"
        guard let components = URLComponents(string: address), let host = components.host, !host.isEmpty,
            let scheme = components.scheme?.lowercased(), ["http", "socks5", "socks5h"].contains(scheme)
        else {
            // The variable may hold a password, so it is not shown.
            throw HubError(
                .badName,
                "\(name.uppercased()) is not the address of a proxy; give one such as http://proxy.example.org:3128"
            )
        }
        guard scheme == "http" else { return .socksServer(host: host, port: components.port ?? 1080) }
        let authorization = components.user.map {
            HTTPClient.Authorization.basic(username: $0, password: components.password ?? "")
        }
        return .server(host: host, port: components.port ?? 80, authorization: authorization)
    }

    private func isExempt(_ origin: Origin) -> Bool {
        (value("no_proxy") ?? "").split(separator: ",").contains { entry in
            var name = entry.trimmingCharacters(in: .whitespaces).lowercased()
            if name == "*" { return true }
            if name.hasSuffix(":\(origin.port)") { name.removeLast("\(origin.port)".count + 1) }
            while name.first == "." || name.first == "*" { name.removeFirst() }
            return !name.isEmpty && (origin.host == name || origin.host.hasSuffix("." + name))
        }
    }
}
