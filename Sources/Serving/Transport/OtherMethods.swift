import HTTPTypes
public import Hummingbird

extension Router {
    /// Answers 405 with `Allow` for other methods of all routes added so far, and 204 with `Allow` for `OPTIONS`.
    ///
    /// Call it after all routes have been added. Without it, Hummingbird answers 404.
    ///
    /// - Parameter resources: The allowed methods, as a list for `Allow`, of a path that stands for several resources with different
    ///   methods, by the path's description.
    public func refuseOtherMethods(resources: [String: @Sendable (Parameters) -> String] = [:]) {
        var allowed: [String: (path: RouterPath, methods: Set<String>)] = [:]
        for route in routes {
            allowed[route.path.description, default: (route.path, [])].methods.insert(route.method.rawValue)
        }
        for (path, methods) in allowed.values {
            var answered = methods
            // Hummingbird answers HEAD as GET.
            if methods.contains("GET") { answered.insert("HEAD") }
            answered.insert("OPTIONS")
            let all = answered.sorted().joined(separator: ", ")
            let resource = resources[path.description]
            let allowed: @Sendable (Parameters) -> String = { resource?($0) ?? all }
            for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"]
            where !answered.contains(name) {
                guard let method = HTTPRequest.Method(rawValue: name) else { continue }
                on(path, method: method) { _, context in
                    let list = allowed(context.parameters)
                    return ErrorReply.response(
                        .methodNotAllowed,
                        "this route allows only \(list)",
                        kind: "MethodNotAllowed",
                        headers: [.allow: list]
                    )
                }
            }
            guard !methods.contains("OPTIONS") else { continue }
            on(path, method: .options) { _, context in
                Response(status: .noContent, headers: [.allow: allowed(context.parameters)])
            }
        }
    }
}
