import Attune
import Files

/// The choice of `--fit` in words.
struct FitText {
    let fit: MemoryFit
    /// The value of `--fit`.
    let typed: String

    /// The chosen settings, what they give up, and the attempts before them.
    var choice: String {
        guard let chosen = fit.chosen else { return refusal + "\n" }
        let size = formattedSize(chosen.bytes)
        guard !chosen.values.isEmpty else { return "--fit \(typed): the run fits as it is, with \(size)\n" }
        var text = "--fit \(typed): \(chosen.flags) needs \(size)\n"
        if !chosen.prices.isEmpty { text += "  given up: \(chosen.prices.joined(separator: "; "))\n" }
        return text + "  tried before:\n" + Self.table(fit.attempts.dropLast())
    }

    /// An error for a run that does not fit.
    var refusal: String {
        let least = fit.attempts.min { $0.bytes < $1.bytes }
        var text = "--fit \(typed): no settings fit into \(formattedSize(fit.limit.bytes))"
        if let least {
            let flags = least.flags.isEmpty ? "" : " with \(least.flags)"
            text += ": the run needs \(Self.size(of: least))\(flags)"
        }
        if let adapter = fit.adapter {
            text +=
                "; instead of all weights, train an adapter: \(adapter.flags) fits with \(formattedSize(adapter.bytes))"
        } else {
            text +=
                "; take a smaller model, a smaller --per-device-train-batch-size or a shorter --max-length"
        }
        return text
    }

    private static func size(of attempt: MemoryFit.Attempt) -> String {
        (attempt.isMeasured ? "" : "more than ") + formattedSize(attempt.bytes)
    }

    private static func table(_ attempts: some Sequence<MemoryFit.Attempt>) -> String {
        TextTable(
            rows: attempts.map { [size(of: $0), $0.flags.isEmpty ? "as given" : $0.flags] },
            indent: 4,
            rightAligned: [0]
        ).text
    }
}
