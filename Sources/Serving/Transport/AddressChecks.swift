import HTTPTypes
public import Hummingbird

/// Refuses requests for other hosts, so that a page cannot reach the server by a name that it redirects to this machine (DNS
/// rebinding).
///
/// Probes ask by address, so health routes are not checked.
public struct HostCheck<Context: RequestContext>: RouterMiddleware {
    private let hosts: [String]

    /// Creates the check.
    ///
    /// - Parameter hosts: The allowed hosts, such as `models.example.com`, `*.example.com` or `localhost:3000`; one without a
    ///   port allows every port. An empty list allows all hosts.
    public init(_ hosts: [String]) { self.hosts = hosts.map { $0.lowercased() } }

    /// Passes the request on, or answers 400 without a host and 421 for another one.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Its context.
    ///   - next: The next handler.
    /// - Returns: The response.
    /// - Throws: The errors of the next handler.
    @concurrent
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        if hosts.isEmpty || HealthRoutes.paths.contains(request.uri.path) {
            return try await next(request, context)
        }
        guard let host = request.head.authority, !host.isEmpty else {
            return ErrorReply.response(.badRequest, "the request names no host", kind: "Validation")
        }
        guard allows(host) else {
            return ErrorReply.response(
                .misdirectedRequest,
                "this server does not answer for the requested host; allow it in the server's list of hosts",
                kind: "Validation"
            )
        }
        return try await next(request, context)
    }

    /// Whether a host is in the list.
    ///
    /// - Parameter authority: The host, perhaps with a port.
    /// - Returns: True if it is.
    func allows(_ authority: String) -> Bool {
        let authority = authority.lowercased()
        let name = Self.withoutPort(authority)
        return hosts.contains { host in
            guard !host.hasPrefix("*.") else { return name.hasSuffix(String(host.dropFirst())) }
            return host == name || host == authority
        }
    }

    /// The host without its port; an IPv6 address keeps its brackets.
    private static func withoutPort(_ authority: String) -> String {
        guard let colon = authority.lastIndex(of: ":"),
            authority[colon...].dropFirst().allSatisfy(\.isNumber),
            !authority[..<colon].contains(":") || authority[..<colon].hasSuffix("]")
        else { return authority }
        return String(authority[..<colon])
    }
}

/// Refuses paths whose parts could be read in two ways: backslashes, control characters, `.` and `..`, and escapes that are not
/// valid.
///
/// An encoded slash is allowed: names of models contain slashes, and clients encode them. A name is only compared with those of
/// the loaded models, and no path reaches the file system.
public struct PathCheck<Context: RequestContext>: RouterMiddleware {
    /// Creates the check.
    public init() {}

    /// Passes the request on, or answers 400.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Its context.
    ///   - next: The next handler.
    /// - Returns: The response.
    /// - Throws: The errors of the next handler.
    @concurrent
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard isPlainPath(request.uri.path) else {
            return ErrorReply.response(
                .badRequest,
                "the path contains a backslash, a control character, `.` or `..` as a part, or an invalid escape",
                kind: "Validation"
            )
        }
        return try await next(request, context)
    }
}

/// Whether a path can be read in only one way.
///
/// - Parameter path: The path as it was sent, with its escapes.
/// - Returns: False for backslashes, control characters, `.` and `..` as parts, and invalid escapes; an encoded slash separates
///   parts, too.
func isPlainPath(_ path: String) -> Bool {
    var decoded: [UInt8] = []
    var bytes = path.utf8.makeIterator()
    while let byte = bytes.next() {
        guard byte == UInt8(ascii: "%") else {
            decoded.append(byte)
            continue
        }
        guard let high = bytes.next().flatMap(hexadecimalValue),
            let low = bytes.next().flatMap(hexadecimalValue)
        else { return false }
        decoded.append(high << 4 | low)
    }
    guard decoded.allSatisfy({ $0 > 0x1F && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else { return false }
    return !decoded.split(separator: UInt8(ascii: "/")).contains { part in
        part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8)
    }
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
