public import Evaluation
import Files
import Foundation
import JSON
import Training

/// The results of a job repeated with several seeds.
public struct SeedResults: Sendable, Equatable {
    /// The results of one seed.
    public struct Row: Sendable, Equatable {
        /// The seed.
        public let seed: UInt64
        /// The metrics under transformers' names, sorted by name: `eval_accuracy` and so on; `train_loss` without evaluation.
        public let values: [NamedValue]
    }

    /// The finished seeds, in order.
    public internal(set) var rows: [Row] = []
    /// Whether the run was stopped before the last seed.
    public internal(set) var wasInterrupted = false

    /// The spread of each metric over all seeds that have it, sorted by name.
    public var spreads: [(name: String, spread: MetricSpread)] {
        (rows.first?.values ?? []).compactMap { metric in
            let values = rows.compactMap { row in row.values.first { $0.name == metric.name }?.value }
            return MetricSpread(values).map { (metric.name, $0) }
        }
    }

    /// A text table with the mean, standard deviation, minimum, maximum and each seed's value of every metric.
    public var table: String {
        func shown(_ number: Double) -> String { String(format: "%.4f", number) }
        var lines = [["", "mean", "std", "min", "max"] + rows.map { "seed \($0.seed)" }]
        for (name, spread) in spreads {
            let values = rows.map { row in row.values.first { $0.name == name }.map { shown($0.value) } ?? "-"
            }
            let deviation = spread.standardDeviation.map(shown) ?? "-"
            lines.append(
                [String(name.trimmingPrefix("eval_")), shown(spread.mean), deviation, shown(spread.minimum)]
                    + [shown(spread.maximum)] + values
            )
        }
        return TextTable(numbers: lines).text
    }

    /// The contents of `seeds_results.json`: the seeds, the spread and values of every metric, and the job's settings.
    func json(settings: [String: String]) -> JSONValue {
        let metrics = spreads.map { name, spread in
            let values = rows.map { row in
                row.values.first { $0.name == name }.map { JSONValue.double($0.value) } ?? .null
            }
            return (
                name,
                JSONValue.object([
                    "mean": .double(spread.mean),
                    "std": spread.standardDeviation.map(JSONValue.double) ?? .null,
                    "min": .double(spread.minimum), "max": .double(spread.maximum), "values": .array(values),
                ])
            )
        }
        return .object([
            // A seed may be too large for an integer in JSON readers.
            "seeds": .array(rows.map { Int(exactly: $0.seed).map(JSONValue.int) ?? .string("\($0.seed)") }),
            "metrics": .object(JSONObject(metrics)),
            "settings": .object(
                JSONObject(settings.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
            ),
        ])
    }

    /// Reads the output of ``json(settings:)``.
    ///
    /// - Parameter json: The document.
    /// - Returns: The rows and the settings, without missing members.
    static func read(_ json: JSONValue) -> (results: SeedResults, settings: [String: String]) {
        let seeds = (json["seeds"].array ?? []).compactMap { seed in
            seed.int.flatMap(UInt64.init(exactly:)) ?? seed.string.flatMap { UInt64($0) }
        }
        let metrics = json["metrics"].object?.members ?? []
        var results = SeedResults()
        results.rows = seeds.enumerated().map { index, seed in
            let values = metrics.compactMap { member in
                let column = member.value["values"].array ?? []
                return column.indices.contains(index)
                    ? column[index].double.map { NamedValue(name: member.name, value: $0) } : nil
            }
            return Row(seed: seed, values: values)
        }
        let settings = (json["settings"].object?.members ?? []).compactMap { member in
            member.value.string.map { (member.name, $0) }
        }
        return (results, Dictionary(settings) { _, last in last })
    }
}
