import Evaluation

@testable import Reporting

/// Contents of reports with made-up numbers, the same on every machine.
enum SampleReports {
    /// A label that would leave its attribute or element if it were not escaped.
    ///
    /// The quote and the combining mark are one character, which differs from a quote.
    static let hostile = "a\"\u{301} onload='x' </script><script>alert(1)</script> & | \n\u{7}😀"

    /// A sequence of numbers from 0 to 1.
    struct Numbers {
        private var state: UInt64

        init(_ seed: UInt64) { state = seed }

        mutating func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
    }

    /// Rows with one class each, which the model often finds.
    ///
    /// - Parameters:
    ///   - count: The number of rows.
    ///   - labels: The class names.
    /// - Returns: The rows.
    static func classes(_ count: Int, _ labels: [String]) -> ScoredRows {
        var numbers = Numbers(7)
        let truth = (0..<count).map { _ in Int(numbers.next() * numbers.next() * Double(labels.count)) }
        let logits = truth.flatMap { label in
            labels.indices.map { Float(3 * numbers.next() + ($0 == label ? 1.5 : 0)) }
        }
        return rows(labels, logits, .classes(truth))
    }

    /// Rows with any number of labels.
    static func labelSets(_ count: Int, _ labels: [String]) -> ScoredRows {
        var numbers = Numbers(8)
        let truth = (0..<count).map { _ in labels.indices.filter { _ in numbers.next() < 0.3 } }
        let logits = truth.flatMap { set in
            labels.indices.map { Float(4 * numbers.next() - 3 + (set.contains($0) ? 2 : 0)) }
        }
        return rows(labels, logits, .labelSets(truth))
    }

    /// Rows with a number each.
    static func numbers(_ count: Int) -> ScoredRows {
        var numbers = Numbers(9)
        let truth = (0..<count).map { _ in 5 * numbers.next() }
        return rows(["stars"], truth.map { Float($0 + numbers.next() - 0.4) }, .numbers(truth))
    }

    private static func rows(_ labels: [String], _ logits: [Float], _ truth: ScoredRows.Truth) -> ScoredRows {
        ScoredRows(
            labels: labels,
            logits: logits,
            truth: truth,
            tokenCounts: (0..<truth.count).map { 5 + $0 * 7 % 60 },
            isTruncated: (0..<truth.count).map { 5 + $0 * 7 % 60 > 60 },
            textHashes: (0..<truth.count).map { "\($0)" }
        )
    }

    /// A report with a training log.
    ///
    /// - Parameters:
    ///   - rows: The evaluated rows.
    ///   - steps: The number of logged steps.
    /// - Returns: The content.
    static func content(_ rows: ScoredRows?, steps: Int = 40) -> ReportContent {
        var numbers = Numbers(10)
        var content = ReportContent(title: "tickets", subtitle: "a model fine-tuned on \(hostile)")
        for step in 1...steps {
            var row = ReportContent.LogRow(step: step * 10, epoch: Double(step) / 20)
            row.loss = 2 / Double(step) + numbers.next() / 10
            row.learningRate = 5e-5 * Double(steps - step) / Double(steps)
            row.gradientNorm = step == 3 ? .infinity : 1 + numbers.next()
            if step.isMultiple(of: 10) {
                row.metrics = ["loss": 0.5 + numbers.next(), "accuracy": numbers.next()]
            }
            content.log.append(row)
        }
        content.bestStep = 300
        content.rows = rows
        content.facts = [.init("Data", [.init("Training data", hostile)])]
        content.notes = [hostile]
        content.baselines = [.init("majority class", ["accuracy": 0.4])]
        content.recipe = "model: \(hostile)\n"
        return content
    }
}
