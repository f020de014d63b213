import Attune
import Foundation
import JSON

/// The exchange of several processes in the output of `attune plan`.
struct ExchangeText {
    let exchange: ExchangeForecast
    let bandwidths: [Bandwidth]

    /// The text, with a line feed at the end of each line.
    var text: String {
        "\nexchange of \(exchange.worldSize) processes, one per host\n"
            + TextTable(rows: [["each step", sent]] + rows, indent: 2).text
            + TextTable(rows: [Self.titles] + bandwidths.map(row), indent: 2, rightAligned: [0, 1, 2, 3, 4])
            .text
            + "  a process sends at most \(formattedSize(Int(ExchangeForecast.fastestSending))) per second; "
            + "`attune doctor --distributed` measures the real network\n"
    }

    /// The bytes that a process sends in a step.
    private var sent: String {
        let weights = exchange.weightBytes
        return "each process sends \(formattedSize(exchange.gradientBytes)) of gradients"
            + (weights > 0 ? " and \(formattedSize(weights)) of weights" : "")
    }

    /// The rows of the token embedding whose gradients are sent, unless these are all rows.
    private var rows: [[String]] {
        guard let all = exchange.embeddingRows, let used = exchange.usedEmbeddingRows, Int(used) < all else {
            return []
        }
        return [
            [
                "",
                "of the token embedding only the rows that a step uses: about \(grouped(Int(used.rounded()))) of "
                    + grouped(all),
            ]
        ]
    }

    private static let titles = ["bandwidth", "exchange", "step", "efficiency", "without overlap"]

    private func row(_ bandwidth: Bandwidth) -> [String] {
        let speed = bandwidth.bitsPerSecond
        func seconds(_ seconds: Double) -> String {
            String(format: seconds < 1 ? "%.3f s" : "%.1f s", seconds)
        }
        func share(_ overlapping: Bool) -> String {
            let efficiency = exchange.efficiency(bitsPerSecond: speed, overlapping: overlapping)
            return String(format: "%.0f %%", 100 * efficiency)
        }
        return [
            bandwidth.typed, seconds(exchange.seconds(bitsPerSecond: speed)),
            seconds(exchange.wholeSeconds(bitsPerSecond: speed, overlapping: true)), share(true),
            share(false),
        ]
    }

    /// The exchange for programs: bytes, and for each bandwidth seconds and efficiencies.
    var json: JSONValue {
        .object([
            "world_size": .int(exchange.worldSize), "trained_weights": .int(exchange.trainedWeights),
            "embedding_rows": exchange.embeddingRows.map(JSONValue.int) ?? .null,
            "embedding_rows_per_step": exchange.usedEmbeddingRows.map(JSONValue.double) ?? .null,
            "gradient_bytes_per_step": .int(exchange.gradientBytes),
            "weight_bytes_per_step": .int(exchange.weightBytes),
            "networks": .array(
                bandwidths.map { bandwidth -> JSONValue in
                    let speed = bandwidth.bitsPerSecond
                    return .object([
                        "bandwidth": .string(bandwidth.typed), "bits_per_second": .double(speed),
                        "exchange_seconds": .double(exchange.seconds(bitsPerSecond: speed)),
                        "seconds_per_step": .double(
                            exchange.wholeSeconds(bitsPerSecond: speed, overlapping: true)
                        ),
                        "efficiency": .double(exchange.efficiency(bitsPerSecond: speed, overlapping: true)),
                        "efficiency_without_overlap": .double(
                            exchange.efficiency(bitsPerSecond: speed, overlapping: false)
                        ),
                    ])
                }
            ),
        ])
    }
}
