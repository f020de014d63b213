/// Divides a stretch of text into the pieces that the model sees, completely and in order.
protocol PreTokenizer: Sendable {
    /// Calls `body` for each piece of `range`.
    func split(_ text: ScalarView, _ range: Range<Int>, _ body: (Range<Int>) -> Void)
}

/// Cuts by a pattern.
struct PatternPreTokenizer: PreTokenizer {
    let pattern: SplitPattern

    func split(_ text: ScalarView, _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = pattern.end(of: text, from: start, to: range.upperBound)
            body(start..<end)
            start = end
        }
    }
}

/// Makes every digit a piece of its own.
struct DigitsPreTokenizer: PreTokenizer {
    func split(_ text: ScalarView, _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        var start = range.lowerBound
        var index = start
        while index < range.upperBound {
            let (kind, next) = text.characterClass(at: index)
            if kind == .number {
                if start < index { body(start..<index) }
                body(index..<next)
                start = next
            }
            index = next
        }
        if start < index { body(start..<index) }
    }
}

/// One after another, each over the pieces of the one before.
struct SequencePreTokenizer: PreTokenizer {
    let stages: [any PreTokenizer]

    func split(_ text: ScalarView, _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        split(text, range, stages[...], body)
    }

    private func split(
        _ text: ScalarView,
        _ range: Range<Int>,
        _ rest: ArraySlice<any PreTokenizer>,
        _ body: (Range<Int>) -> Void
    ) {
        guard let first = rest.first else { return body(range) }
        first.split(text, range) { split(text, $0, rest.dropFirst(), body) }
    }
}
