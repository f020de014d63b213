// Measures how often the 95 % intervals contain the true value. `Scripts/interval-coverage` compiles it with Sources/Evaluation.
//
// Predictions are drawn from a model whose true metrics are known from a very large sample. A fraction of 0.95 of the intervals
// should contain them, even for few examples, rare classes and classifiers that are nearly always right.

import Foundation

struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
    mutating func normal() -> Double {
        let (u, v) = (Double.random(in: 1e-300..<1, using: &self), Double.random(in: 0..<1, using: &self))
        return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    }
}

typealias Measured = (values: [(name: String, value: Double)], intervals: [String: ClosedRange<Double>])

/// Draws from a single-label classifier: logits are normal, the true class's higher by `signal`.
func single(
    _ n: Int,
    _ shares: [Double],
    _ signal: Double,
    _ random: inout Generator,
    _ withIntervals: Bool
) -> Measured {
    var labels: [Int] = []
    var rows: [[Double]] = []
    for _ in 0..<n {
        var draw = Double.random(in: 0..<1, using: &random)
        var label = 0
        while label < shares.count - 1, draw >= shares[label] {
            draw -= shares[label]
            label += 1
        }
        let logits = shares.indices.map {
            random.normal() + ($0 == label ? signal : 0) + log(shares[$0]) / max(signal, 1)
        }
        let total = logits.reduce(0) { $0 + exp($1 * signal) }
        rows.append(logits.map { exp($0 * signal) / total })
        labels.append(label)
    }
    let metrics = ClassificationMetrics(
        predictions: rows.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 },
        labels: labels,
        probabilities: rows,
        classCount: shares.count,
        withIntervals: withIntervals
    )
    return (metrics.values, metrics.intervals)
}

/// Draws from a multi-label classifier; `common` is the correlation of the labels.
func several(
    _ n: Int,
    _ shares: [Double],
    _ signal: Double,
    _ common: Double,
    _ random: inout Generator,
    _ withIntervals: Bool
)
    -> Measured
{
    var labels: [[Int]] = []
    var rows: [[Double]] = []
    for _ in 0..<n {
        let shared = random.normal()
        let own = shares.map { _ in common.squareRoot() * shared + (1 - common).squareRoot() * random.normal()
        }
        // The label's share of the normal distribution is above this quantile.
        let limits = shares.map { quantiles[$0] ?? 0 }
        labels.append(shares.indices.filter { own[$0] > limits[$0] })
        let noise = random.normal()
        rows.append(
            shares.indices.map {
                let score =
                    (own[$0] - limits[$0]) * signal + common * noise + (1 - common)
                    * random.normal()
                return 1 / (1 + exp(-score))
            }
        )
    }
    let metrics = MultiLabelMetrics(
        predictions: rows.map { row in row.indices.filter { row[$0] > 0.5 } },
        labels: labels,
        probabilities: rows,
        labelCount: shares.count,
        withIntervals: withIntervals
    )
    return (metrics.values, metrics.intervals)
}

/// The normal distribution's quantiles by the share above them, found by bisection.
let quantiles: [Double: Double] = Dictionary(
    uniqueKeysWithValues: [0.02, 0.05, 0.1, 0.2, 0.3, 0.5].map { share in
        var (low, high) = (-8.0, 8.0)
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if erfc(middle / 2.0.squareRoot()) / 2 > share { low = middle } else { high = middle }
        }
        return (share, low)
    }
)

/// Draws from a regression with normal errors, whose deviation grows with the number if `isUneven`.
func numbers(
    _ n: Int,
    _ noise: Double,
    _ isUneven: Bool,
    _ random: inout Generator,
    _ withIntervals: Bool
) -> Measured {
    let truth = (0..<n).map { _ in random.normal() }
    let answers = truth.map { $0 + noise * random.normal() * (isUneven ? abs($0) + 0.2 : 1) }
    let metrics = RegressionMetrics(predictions: answers, labels: truth, withIntervals: withIntervals)
    return (metrics.values, metrics.intervals)
}

let scenarios: [(String, (Int, inout Generator, Bool) -> Measured, [Int])] = [
    ("2 classes, even, MCC .5", { single($0, [0.5, 0.5], 1.2, &$1, $2) }, [30, 60, 200, 1000]),
    ("2 classes, even, nearly right", { single($0, [0.5, 0.5], 3, &$1, $2) }, [30, 60, 200, 1000]),
    ("2 classes, 5 % and 95 %", { single($0, [0.95, 0.05], 2, &$1, $2) }, [60, 200, 1000]),
    ("4 classes, 60 25 10 5 %", { single($0, [0.6, 0.25, 0.1, 0.05], 2, &$1, $2) }, [60, 200, 1000]),
    ("20 classes, even", { single($0, Array(repeating: 0.05, count: 20), 2, &$1, $2) }, [100, 400]),
    ("5 labels, apart", { several($0, [0.5, 0.3, 0.2, 0.1, 0.05], 2, 0, &$1, $2) }, [60, 200, 1000]),
    ("5 labels, together", { several($0, [0.3, 0.2, 0.2, 0.1, 0.05], 2, 0.7, &$1, $2) }, [60, 200, 1000]),
    ("numbers, even errors", { numbers($0, 0.5, false, &$1, $2) }, [20, 60, 400]),
    ("numbers, uneven errors", { numbers($0, 0.5, true, &$1, $2) }, [20, 60, 400]),
]

let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1000
var random = Generator(state: 7)
for (name, draw, sizes) in scenarios {
    let truth = Dictionary(
        uniqueKeysWithValues: draw(
            name.contains("labels") || name.contains("20") ? 200_000 : 400_000,
            &random,
            false
        ).values.map { ($0.name, $0.value) }
    )
    for n in sizes {
        var held: [String: (covered: Int, below: Int, count: Int, width: Double)] = [:]
        var broken = 0
        var order: [String] = []
        for _ in 0..<rounds {
            let (values, intervals) = draw(n, &random, true)
            if order.count < values.count { order = values.map(\.name) }
            for (name, value) in values {
                guard let interval = intervals[name], let wanted = truth[name] else { continue }
                if !interval.contains(value) { broken += 1 }
                var sums = held[name] ?? (0, 0, 0, 0)
                sums.count += 1
                sums.covered += interval.contains(wanted) ? 1 : 0
                sums.below += interval.upperBound < wanted ? 1 : 0
                sums.width += interval.upperBound - interval.lowerBound
                held[name] = sums
            }
        }
        print("\n\(name), n = \(n)" + (broken > 0 ? ": \(broken) INTERVALS DO NOT CONTAIN THE ESTIMATE" : ""))
        for metric in order {
            guard let sums = held[metric] else { continue }
            let count = Double(sums.count)
            print(
                metric.padding(toLength: 22, withPad: " ", startingAt: 0),
                String(
                    format: "true %7.4f  covered %.3f  too low %.3f  width %.3f",
                    truth[metric] ?? 0,
                    Double(sums.covered) / count,
                    Double(sums.below) / count,
                    sums.width / count
                ),
                sums.count < rounds ? "in \(sums.count)" : ""
            )
        }
    }
}
