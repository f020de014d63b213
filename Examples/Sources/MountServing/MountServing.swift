import Foundation
import Hummingbird
import Serving

/// An application with its own route next to all routes of `attune serve`.
///
///     swift run -c release MountServing FOLDER [PORT, default 8080]
///     curl localhost:8080/hello
///     curl localhost:8080/predict -H 'Content-Type: application/json' -d '{"inputs": "Thank you, Ohio!"}'
@main
struct MountServing {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1, let port = Int(arguments.count > 2 ? arguments[2] : "8080") else {
            print("usage: MountServing FOLDER [PORT]")
            exit(64)
        }
        var settings = ServiceSettings()
        settings.limits.maxBatchTokens = 8192
        let service = ClassifierService(settings)

        let router = ServingRouter.build(service: service, settings: RouterSettings())
        router.get("hello") { _, _ in "Hello from your own route.\n" }
        let server = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port))
        )

        // /health/live answers while the model loads, /health/ready afterwards.
        async let loaded: Void = service.start([LoadRequest(name: "mine", source: arguments[1])])
        try await server.runService()
        try await loaded
    }
}
