import Attune
import Foundation

/// The report of a replayed step as text.
struct ReplayText {
    let replay: StepReplay
    let report: ReplayReport
    let precision: Precision

    /// The step, its last micro-batch layer by layer, its gradients, and the origin of the first non-finite value.
    var text: String {
        var text =
            "step \(replay.step) of \(replay.totalSteps), learning rate \(replay.learningRate), \(precision.rawValue), seed "
            + "\(replay.seed); the run reported: \(replay.fault)\n"
        if replay.hasMoved {
            text +=
                "the weights closer to the loss had already been updated, so this is not exactly the same step\n"
        }
        text += weights
        for (index, batch) in report.microBatches.enumerated() {
            text +=
                "\nmicro-batch \(index + 1): \(counted(batch.examples.count, "example")), \(counted(batch.tokens, "token")), loss \(batch.loss)\n"
        }
        guard let last = report.microBatches.last else { return text }
        text += "\n" + layers(last)
        if !last.gradients.isEmpty { text += "\n" + gradients(last) }
        return text + "\n" + conclusion + "\n"
    }

    private var weights: String {
        guard !report.weightsLost.isEmpty else { return "all weights are finite\n" }
        return "non-finite weights\n"
            + table(report.weightsLost.map { [$0.name] + Self.cells($0.statistics) }, first: "weight")
    }

    private func layers(_ batch: ReplayReport.MicroBatch) -> String {
        let first = batch.layers.firstIndex { $0.input.nonFiniteCount + $0.output.nonFiniteCount > 0 }
        let rows = batch.layers.enumerated().map { index, layer in
            [layer.name] + Self.cells(layer.output)
                + [
                    layer.input.nonFiniteCount > 0 ? "non-finite" : Self.short(layer.input.largest),
                    index == first ? "<- first" : "",
                ]
        }
        return "outputs of the layers\n" + table(rows, first: "layer", ["max |input|", ""])
    }

    private func gradients(_ batch: ReplayReport.MicroBatch) -> String {
        let first = batch.gradients.firstIndex { $0.statistics.nonFiniteCount > 0 }
        let rows = batch.gradients.enumerated().map { index, gradient in
            [gradient.name] + Self.cells(gradient.statistics) + [index == first ? "<- first" : ""]
        }
        return "gradients, in the order of the backward pass\n" + table(rows, first: "gradient of", [""])
    }

    private var conclusion: String {
        guard let origin = report.origin else { return "The replay produced no NaN or infinity." }
        var text = report.explanation.prefix(1).uppercased() + report.explanation.dropFirst() + "."
        if case .layer(let layer) = origin { text += piece(layer.firstLost) }
        if case .before(let layer) = origin { text += piece(layer.firstLost) }
        let examples = report.examples
        let shown = examples.prefix(20).map(String.init).joined(separator: ", ")
        return text + " Caused by "
            + (examples.count == 1 ? "example " : "examples ") + shown
            + (examples.count > 20 ? " and \(examples.count - 20) more" : "")
            + ", counted from 0 in the training data."
    }

    private func piece(_ place: ReplayReport.Place?) -> String {
        guard let place, let piece = replay.piece(at: place) else { return "" }
        return " The token is \"\(piece)\"."
    }

    private func table(_ rows: [[String]], first: String, _ more: [String] = []) -> String {
        let header = [first, "type", "min", "max", "mean |x|", "non-finite"] + more
        return TextTable(rows: [header] + rows, indent: 2, rightAligned: [2, 3, 4, 5, 6]).text
    }

    private static func cells(_ statistics: TensorStatistics) -> [String] {
        let hasFinite = statistics.nonFiniteCount < statistics.shape.reduce(1, *)
        let values = [statistics.minimum, statistics.maximum, statistics.meanMagnitude]
        return [statistics.dtype.rawValue] + values.map { hasFinite ? short($0) : "-" } + [
            "\(statistics.nonFiniteCount)"
        ]
    }

    private static func short(_ number: Double) -> String { String(format: "%.3g", number) }
}
