import Attune
import Foundation
import Hummingbird

/// Answers requests over HTTP with a classifier that `FineTune` or `attune train` saved.
///
///     swift run -c release Serve FOLDER [PORT, default 8080]
///     curl localhost:8080/labels
///     curl localhost:8080/classify -H 'Content-Type: application/json' -d '{"texts": ["Thank you, Ohio!"]}'
@main
struct Serve {
    /// The body of a request to `/classify`.
    struct Question: Decodable {
        var texts: [String]
    }

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1, let port = Int(arguments.count > 2 ? arguments[2] : "8080") else {
            print("usage: Serve FOLDER [PORT]")
            exit(64)
        }
        // All requests share the classifier, which computes them one after another on its own thread.
        let classifier = try await Classifier.load(.folder(arguments[1]))

        let router = Router()
        router.get("labels") { _, _ in classifier.labels }
        router.post("classify") { request, context in
            let question = try await request.decode(as: Question.self, context: context)
            return try await classifier.classify(question.texts)
        }
        let server = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port))
        )
        try await server.runService()
    }
}
