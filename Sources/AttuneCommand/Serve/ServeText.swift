import Attune
import Evaluation
import Foundation
import Serving

/// The messages of `attune serve`.
struct ServeText: Sendable {
    private let plan: ServePlan
    private var isEncrypted: Bool { plan.server.tls != nil }

    /// Creates the messages of a plan.
    init(_ plan: ServePlan) { self.plan = plan }

    /// The values that are not defaults, with their origins; nil if there are none.
    var settings: String? {
        guard !plan.chosen.isEmpty else { return nil }
        return "settings:\n" + TextTable(rows: plan.table).text
    }

    /// A warning about texts that others can see, or send; nil if there is nothing to warn of.
    var warning: String? {
        guard plan.server.address.isPublic else { return nil }
        guard plan.routing.apiKeys.isEmpty else {
            return isEncrypted
                ? nil
                : "attune: note: keys and texts are sent unencrypted; use --tls-cert and --tls-key, or a proxy with TLS\n"
        }
        return """
            attune: note: every machine that reaches \(plan.server.address) may send requests; --host 127.0.0.1 keeps to this \
            machine, the variable API_KEY asks for a key

            """
    }

    /// The message at the first signal.
    var stopping: String {
        let drain = plan.server.drainSeconds
        return drain > 0
            ? "stopping: not ready any more, still answering for \(seconds(drain)); press Ctrl-C again to end at once"
            : "stopping: finishing open requests; press Ctrl-C again to end at once"
    }

    /// The message once the server accepts connections.
    func listening(at address: ServerAddress) -> String {
        let models = plan.models.map(\.name).joined(separator: ", ")
        return "listening on \(place(address)), loading \(models)"
    }

    /// The message about one loaded model.
    func loaded(_ model: ServedModel) -> String {
        let labels =
            model.problemType == .regression ? "a number" : counted(model.labels.count, "label")
        return
            "loaded \(model.name): \(model.architecture), \(labels), up to \(counted(model.maxTokens, "token")) of a text"
            + (plan.quantization.map { ", products in \($0.rawValue)" } ?? "")
    }

    /// The message once requests are answered: the page, and a command that works.
    ///
    /// - Parameters:
    ///   - address: The address that the server listens on.
    ///   - models: The loaded models.
    ///   - time: The time since the start.
    /// - Returns: One to three lines.
    func ready(at address: ServerAddress?, _ models: [ServedModel], after time: Duration) -> String {
        var lines = [
            "ready after \(seconds(Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18))"
        ]
        guard let address, let model = models.first else { return lines[0] }
        if plan.routing.hasPage, let url = address.url(isEncrypted: isEncrypted) {
            lines.append("page: \(url)/")
        }
        lines.append("next: \(request(to: model, at: address))")
        return lines.joined(separator: "\n")
    }

    /// A `curl` command for a model.
    private func request(to model: ServedModel, at address: ServerAddress) -> String {
        var words = ["curl"]
        if case .socket(let path) = address { words += ["--unix-socket", shellQuoted(path)] }
        words.append((address.url(isEncrypted: isEncrypted) ?? "http://localhost") + "/predict")
        if !plan.routing.apiKeys.isEmpty { words += ["-H", #""Authorization: Bearer $API_KEY""#] }
        words += ["-H", "'Content-Type: application/json'", "-d"]
        words.append(
            model.readsPairs
                ? #"'{"inputs": ["I was charged twice", "Where is my money?"]}'"#
                : #"'{"inputs": "I was charged twice"}'"#
        )
        return words.joined(separator: " ")
    }

    private func place(_ address: ServerAddress) -> String {
        if case .socket(let path) = address { return "the socket \(path)" }
        return "\(isEncrypted ? "https" : "http")://\(address)"
    }

    private func seconds(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number)) s" : String(format: "%.1f s", number)
    }
}
