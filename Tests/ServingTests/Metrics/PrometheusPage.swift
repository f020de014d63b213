/// A page of metrics, read as strictly as Prometheus' own checker reads it.
struct PrometheusPage {
    /// One line with a value.
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    /// A rule that the page breaks.
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    /// The type of each metric.
    private(set) var types: [String: String] = [:]
    /// All lines with values, in order.
    private(set) var samples: [Sample] = []

    /// Reads a page.
    ///
    /// - Parameter text: The page.
    /// - Throws: ``Fault``.
    init(parsing text: String) throws {
        guard text.hasSuffix("\n") else { throw Fault(description: "the last line has no end") }
        var helped: Set<String> = []
        var current = ""
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, helped.insert(words[2]).inserted else {
                    throw Fault(description: "a repeated or empty HELP: \(line)")
                }
                current = words[2]
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, words[2] == current, types[current] == nil,
                    ["counter", "gauge", "histogram"].contains(words[3])
                else { throw Fault(description: "a misplaced or unknown TYPE: \(line)") }
                types[current] = words[3]
            } else {
                let sample = try Self.sample(line)
                let suffixes = types[current] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { sample.name == current + $0 }) else {
                    throw Fault(description: "a sample outside its metric: \(line)")
                }
                guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels })
                else {
                    throw Fault(description: "a repeated sample: \(line)")
                }
                samples.append(sample)
            }
        }
        try checkHistograms()
    }

    /// The value of a sample.
    ///
    /// - Parameters:
    ///   - name: The name, with the suffix of a histogram's part.
    ///   - labels: All labels.
    subscript(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    /// Reads `name{label="value",…} number`.
    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line[...]
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        guard name.first?.isNumber == false, name.allSatisfy(\.isASCII) else {
            throw Fault(description: "not a name: \(line)")
        }
        rest.removeFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest.removeFirst()
                let label = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest.removeFirst(label.count)
                guard !label.isEmpty, rest.hasPrefix("=\""), labels[String(label)] == nil else {
                    throw Fault(description: "not a label: \(line)")
                }
                rest.removeFirst(2)
                labels[String(label)] = try quoted(&rest)
            } while rest.first == ","
            guard rest.first == "}" else { throw Fault(description: "labels without an end: \(line)") }
            rest.removeFirst()
        }
        guard rest.first == " " else { throw Fault(description: "no space before the value: \(line)") }
        let number = rest.dropFirst()
        guard let value = number == "+Inf" ? Double.infinity : Double(number) else {
            throw Fault(description: "not a number: \(line)")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }

    /// Reads a label's value and the quote after it, by Unicode scalar.
    private static func quoted(_ rest: inout Substring) throws -> String {
        var value = ""
        var scalars = rest.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\"":
                rest = Substring(scalars)
                return value
            case "\\":
                switch scalars.popFirst() {
                case "n": value += "\n"
                case "\\": value += "\\"
                case "\"": value += "\""
                default: throw Fault(description: "an unknown escape in \(rest)")
                }
            default: value.unicodeScalars.append(scalar)
            }
        }
        throw Fault(description: "a label value without an end")
    }

    /// Checks that buckets ascend, and that the last one has all values.
    private func checkHistograms() throws {
        for (name, type) in types where type == "histogram" {
            var series: [[String: String]: [(bound: Double, count: Double)]] = [:]
            for sample in samples where sample.name == name + "_bucket" {
                var labels = sample.labels
                guard
                    let bound = labels.removeValue(forKey: "le").flatMap({
                        $0 == "+Inf" ? Double.infinity : Double($0)
                    })
                else { throw Fault(description: "a bucket of \(name) without a bound") }
                series[labels, default: []].append((bound, sample.value))
            }
            for (labels, buckets) in series {
                for (lower, upper) in zip(buckets, buckets.dropFirst())
                where lower.bound >= upper.bound || lower.count > upper.count {
                    throw Fault(description: "the buckets of \(name) do not ascend")
                }
                guard buckets.last?.bound == .infinity, buckets.last?.count == self[name + "_count", labels],
                    self[name + "_sum", labels] != nil
                else { throw Fault(description: "\(name) has no complete last bucket, count or sum") }
            }
        }
    }
}
