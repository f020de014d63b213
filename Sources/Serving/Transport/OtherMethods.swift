import HTTPTypes
public import Hummingbird

extension Router {
    /// Answers 405 with `Allow` for other methods of all routes added so far, and 204 with `Allow` for `OPTIONS`.
    ///
    /// Call it after all routes have been added. Without it, Hummingbird answers 404.
    public func refuseOtherMethods() {
        var allowed: [String: (path: RouterPath, methods: Set<String>)] = [:]
        for route in routes {
            allowed[route.path.description, default: (route.path, [])].methods.insert(route.method.rawValue)
        }
        for (path, methods) in allowed.values {
            var answered = methods
            // Hummingbird answers HEAD as GET.
            if methods.contains("GET") { answered.insert("HEAD") }
            answered.insert("OPTIONS")
            let list = answered.sorted().joined(separator: ", ")
            for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"]
            where !answered.contains(name) {
                guard let method = HTTPRequest.Method(rawValue: name) else { continue }
                on(path, method: method) { _, _ in
                    ErrorReply.response(
                        .methodNotAllowed,
                        "this route allows only \(list)",
                        kind: "MethodNotAllowed",
                        headers: [.allow: list]
                    )
                }
            }
            guard !methods.contains("OPTIONS") else { continue }
            on(path, method: .options) { _, _ in Response(status: .noContent, headers: [.allow: list]) }
        }
    }
}
