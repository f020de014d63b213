import JSON
import ProcessGroups

// The trace in Chrome's format, which ui.perfetto.dev and chrome://tracing open.
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
extension RunTrace {
    /// The numbers of the rows.
    private enum Row {
        static let training = 1
        static let writer = 2
        /// The first row of the exchange; operations that run at the same time have further ones.
        static let exchange = 3
    }

    /// The trace as a JSON array, an event on each line: names of rows, then spans in the order of their starts.
    package var json: String {
        let (start, spans) = recorded
        guard let zero = start ?? spans.first?.time.lowerBound else { return "[]\n" }
        var exchangeRows: [ContinuousClock.Instant] = []
        let events = spans.map { span in
            event(span, row: Self.row(of: span, &exchangeRows), since: zero)
        }
        let lines = (names(exchangeRows.count) + events).map(\.compact)
        return "[\n" + lines.joined(separator: ",\n") + "\n]\n"
    }

    /// The row of a span; an operation of the exchange takes the first one that is free when it starts.
    private static func row(of span: Span, _ ends: inout [ContinuousClock.Instant]) -> Int {
        switch span.track {
        case .training: return Row.training
        case .writer: return Row.writer
        case .exchange:
            let free = ends.firstIndex { $0 <= span.time.lowerBound }
            if let free {
                ends[free] = span.time.upperBound
            } else {
                ends.append(span.time.upperBound)
            }
            return Row.exchange + (free ?? ends.count - 1)
        }
    }

    private func event(_ span: Span, row: Int, since zero: ContinuousClock.Instant) -> JSONValue {
        var details: JSONObject = ["step": .int(span.step)]
        if let collective = span.collective {
            details["operation"] = .int(collective.number)
            if !span.isWait {
                details["bytes"] = .int(collective.tensorBytes)
                details["bytes_sent"] = .int(collective.bytesSent)
                details["exact"] = .bool(collective.isExact)
            }
        }
        return .object([
            "name": .string(span.name), "cat": .string(Self.category(of: span)), "ph": .string("X"),
            "ts": .double((span.time.lowerBound - zero).microseconds),
            "dur": .double((span.time.upperBound - span.time.lowerBound).microseconds),
            "pid": .int(process), "tid": .int(row), "args": .object(details),
        ])
    }

    private static func category(of span: Span) -> String {
        if span.isWait { return "wait" }
        return span.track == .exchange ? "exchange" : "step"
    }

    /// The number of this process; not 0, which stands for an idle processor.
    private var process: Int { rank + 1 }

    /// The names of the process and its rows.
    private func names(_ exchangeRowCount: Int) -> [JSONValue] {
        func name(_ kind: String, _ row: Int, _ text: String) -> JSONValue {
            .object([
                "name": .string(kind), "ph": .string("M"), "pid": .int(process), "tid": .int(row),
                "args": .object(["name": .string(text)]),
            ])
        }
        let exchanges = (0..<exchangeRowCount).map { lane in
            name("thread_name", Row.exchange + lane, lane == 0 ? "exchange" : "exchange \(lane + 1)")
        }
        return [
            name("process_name", Row.training, rankCount == 1 ? "attune" : "rank \(rank) of \(rankCount)"),
            name("thread_name", Row.training, "training"),
            name("thread_name", Row.writer, "checkpoints"),
        ] + exchanges
    }
}

extension Duration {
    fileprivate var microseconds: Double { self / .microseconds(1) }
}
