public import Hummingbird

/// The context of a request that is measured and logged.
///
/// Routes write the request's items, tokens and failures into ``record``; the metrics and the access log read it after the
/// response's last byte.
public protocol ServingRequestContext: RequestContext {
    /// The facts about the request, shared by its middleware and its route.
    var record: RequestRecord { get }
}

/// The context of the server's own router.
///
/// An application with its own context conforms it to ``ServingRequestContext`` and mounts the routes there.
public struct ServingContext: ServingRequestContext {
    /// The values that Hummingbird needs.
    public var coreContext: CoreRequestContextStorage
    /// The facts about the request.
    public let record: RequestRecord

    /// Creates the context of a new request.
    ///
    /// - Parameter source: The connection and the logger.
    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        record = RequestRecord(channel: source.channel)
    }
}
