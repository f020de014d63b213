import HTTPTypes

/// The headers of a successful answer: its size and duration.
///
/// Source: `ResponseMetadata` of text-embeddings-inference 1.9.3 (router/src/lib.rs:672).
struct TEIMetadata: Sendable, Equatable {
    /// The number of characters of all texts.
    var characters: Int
    /// The number of tokens of all texts.
    var tokens: Int
    /// The time from the end of the request's body to the answer.
    var total: Duration
    /// The mean time of an item's parts.
    var parts: ItemTiming

    /// Sums up the answers of a request.
    ///
    /// - Parameters:
    ///   - answers: The answers.
    ///   - characters: The number of characters of all texts.
    ///   - total: The time from the end of the request's body to the answer.
    init(_ answers: [ServedAnswer], characters: Int, total: Duration) {
        self.characters = characters
        self.total = total
        tokens = answers.reduce(0) { $0 + $1.tokens }
        let count = max(1, answers.count)
        func mean(_ part: KeyPath<ItemTiming, Duration>) -> Duration {
            answers.reduce(Duration.zero) { $0 + $1.timing[keyPath: part] } / count
        }
        parts = ItemTiming(
            tokenization: mean(\.tokenization),
            queue: mean(\.queue),
            inference: mean(\.inference)
        )
    }

    /// Names and values; times are whole milliseconds.
    var values: [(name: String, value: String)] {
        [
            // This text, whatever the device, is what clients get from text-embeddings-inference.
            ("x-compute-type", "gpu+optimized"),
            ("x-compute-time", milliseconds(total)),
            ("x-compute-characters", String(characters)),
            ("x-compute-tokens", String(tokens)),
            ("x-total-time", milliseconds(total)),
            ("x-tokenization-time", milliseconds(parts.tokenization)),
            ("x-queue-time", milliseconds(parts.queue)),
            ("x-inference-time", milliseconds(parts.inference)),
        ]
    }

    /// The header fields.
    var fields: HTTPFields {
        var fields = HTTPFields()
        for (name, value) in values { fields[named: name] = value }
        return fields
    }

    private func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return String(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
