/// The text format of metrics, version 0.0.4.
///
/// Source: [exposition formats](https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details)
enum PrometheusText {
    /// The content type of the format.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Writes metrics.
    ///
    /// - Parameter families: The metrics, in any order; they are sorted by name.
    /// - Returns: The text, which ends with a line end.
    static func text(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families.sorted(by: { $0.name < $1.name }) {
            text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
            text += "# TYPE \(family.name) \(family.kind.name)\n"
            for (labels, series) in family.sorted { write(family, labels, series, to: &text) }
        }
        return text
    }

    private static func write(
        _ family: MetricFamily,
        _ values: [String],
        _ series: MetricFamily.Series,
        to text: inout String
    ) {
        let labels = zip(family.labelNames, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
        guard case .histogram(let bounds) = family.kind else {
            text += "\(family.name)\(braced(labels)) \(number(series.value))\n"
            return
        }
        var count = 0
        for (bound, bucket) in zip(bounds + [.infinity], series.buckets) {
            count += bucket
            text += "\(family.name)_bucket\(braced(labels + ["le=\"\(number(bound))\""])) \(count)\n"
        }
        text += "\(family.name)_sum\(braced(labels)) \(number(series.value))\n"
        text += "\(family.name)_count\(braced(labels)) \(count)\n"
    }

    private static func braced(_ labels: [String]) -> String {
        labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    /// Writes a number, whole ones without a fraction.
    ///
    /// - Parameter value: The number.
    /// - Returns: The shortest text that gives the same number.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? "\(value)"
    }

    /// Escapes backslashes and line feeds, and quotes in label values.
    ///
    /// Works by Unicode scalar, because a quote with a combining mark is a different character.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
