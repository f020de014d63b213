public import Hummingbird

/// The routes of a ``ClassifierService``, for a server or for one's own application.
///
/// ```swift
/// let router = Router(context: ServingContext.self)
/// ServingRouter.add(service, to: router.group("classifier"))
/// ```
public enum ServingRouter {
    /// A router with all routes and checks.
    ///
    /// - Parameters:
    ///   - service: The classifiers.
    ///   - settings: The callers of the routes, and their logs.
    /// - Returns: The router.
    public static func build(
        service: ClassifierService,
        settings: RouterSettings
    ) -> Router<ServingContext> {
        let router = Router(context: ServingContext.self, options: .autoGenerateHeadEndpoints)
        // Each one sees the answers of those after it.
        router.add(
            middleware: AccessLog(
                metrics: service.metrics,
                format: settings.logFormat,
                sink: settings.accessLog
            )
        )
        router.add(middleware: CrossOrigin(settings.crossOrigin))
        router.add(middleware: PathCheck())
        if let hosts = settings.allowedHosts { router.add(middleware: HostCheck(hosts)) }
        // The admin key is enough for the other routes as well.
        let adminKeys = settings.apiKeys.isEmpty ? [] : [settings.adminKey].compactMap(\.self)
        router.add(middleware: APIKeys(settings.apiKeys + adminKeys))
        add(service, to: router, settings: settings)
        router.refuseOtherMethods(
            resources: [OpenInferenceRoutes.models: OpenInferenceRoutes(service: service).allowed]
        )
        return router
    }

    /// Adds the routes to a router or to a group of one.
    ///
    /// - Parameters:
    ///   - service: The classifiers.
    ///   - router: The router or group.
    ///   - settings: The admin key, the activation of text-embeddings-inference's routes, and whether there is a page; other
    ///     settings are for the application's own middleware.
    public static func add<Context: ServingRequestContext>(
        _ service: ClassifierService,
        to router: some RouterMethods<Context>,
        settings: RouterSettings = RouterSettings()
    ) {
        HealthRoutes(service: service).add(to: router)
        MetricsRoutes(service: service).add(to: router)
        TEIRoutes(service: service, usesTEIActivation: settings.teiActivation).add(to: router)
        HuggingFaceRoutes(service: service).add(to: router)
        ClassifyRoutes(service: service).add(to: router)
        VLLMRoutes(service: service).add(to: router)
        OpenInferenceRoutes(service: service).add(to: router)
        ModerationRoutes(service: service).add(to: router)
        ModelRoutes(service: service, adminKey: settings.adminKey).add(to: router)
        OpenAPIRoutes(service: service).add(to: router)
        if settings.hasPage { PageRoutes(service: service).add(to: router) }
    }
}
