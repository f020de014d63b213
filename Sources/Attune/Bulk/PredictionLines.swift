public import Classification
import Datasets
import JSON
public import Models

/// Predictions as JSON objects, one per line.
///
/// The label names are encoded only once.
public struct PredictionLines {
    /// Label names in JSON, with quotes and colon.
    private let keys: [[UInt8]]
    private let problemType: ProblemType
    private let layout: PredictionLayout
    private let columns: [PredictionColumn]
    /// The line for a text that is left out.
    public let noAnswer: [UInt8]

    /// Creates a format.
    ///
    /// - Parameters:
    ///   - labels: The label names by id.
    ///   - problemType: The model's problem type.
    ///   - layout: The columns.
    public init(labels: [String], problemType: ProblemType, layout: PredictionLayout) {
        keys = labels.map { Array((JSONValue.string($0).oneLine + ": ").utf8) }
        self.problemType = problemType
        self.layout = layout
        columns = layout.columns(for: problemType, isTable: false)
        let name = problemType == .regression ? "score" : PredictionColumn.label.name(for: problemType)
        noAnswer = Array("{\"\(name)\": null}\n".utf8)
    }

    /// The line for a prediction.
    ///
    /// - Parameter prediction: The prediction to write.
    /// - Returns: The line in UTF-8, with its line feed.
    public func line(_ prediction: Prediction) -> [UInt8] {
        var line: [UInt8] = [UInt8(ascii: "{")]
        for column in columns { append(column, prediction, to: &line) }
        line += Array("}\n".utf8)
        return line
    }

    private func appendName(_ column: PredictionColumn, to line: inout [UInt8]) {
        if line.last != UInt8(ascii: "{") { line += Array(", ".utf8) }
        line += Array("\"\(column.name(for: problemType))\": ".utf8)
    }

    /// Appends a member that follows from the prediction alone.
    private func append(_ column: PredictionColumn, _ prediction: Prediction, to line: inout [UInt8]) {
        func add(_ text: String) { line += text.utf8 }
        func number(_ value: Double) { add(JSONValue.double(value).oneLine) }
        appendName(column, to: &line)
        switch column {
        case .label where problemType == .singleLabel:
            add(layout.label(of: prediction).map { JSONValue.string($0).oneLine } ?? "null")
        case .label where problemType == .multiLabel:
            add(JSONValue.array(layout.labels(of: prediction).map(JSONValue.string)).oneLine)
        case .score: number(prediction.score)
        case .scores:
            line.reserveCapacity(keys.count * 40)
            add("{")
            for (place, id) in layout.shownIDs(of: prediction).enumerated() {
                if place > 0 { add(", ") }
                line += keys[id]
                number(prediction.scores[id])
            }
            add("}")
        case .logits:
            add("[")
            for (id, logit) in prediction.logits.enumerated() { add(id > 0 ? ", \(logit)" : "\(logit)") }
            add("]")
        case .set: add(prediction.set.map { JSONValue.array($0.map(JSONValue.string)).oneLine } ?? "null")
        case .threshold: add(prediction.threshold.map { JSONValue.double($0).oneLine } ?? "null")
        case .id, .text, .label, .truncated, .tokens, .error: add("null")
        }
    }

    /// The lines of a window.
    ///
    /// - Parameter window: The answers, with the columns of their rows.
    /// - Returns: The lines in UTF-8, and their number.
    /// - Throws: `DatasetError` for an unknown column.
    func lines(_ window: PredictedWindow) throws(DatasetError) -> (bytes: [UInt8], count: Int) {
        var bytes: [UInt8] = []
        var count = 0
        var cells = try CarriedCells(window, layout, names: columns.map { $0.name(for: problemType) })
        for index in window.answers.indices {
            let place = cells.next(hasRow: window.source.failures[index] == nil)
            if case .failed = window.answers[index], layout.errors == .skip { continue }
            var line: [UInt8] = [UInt8(ascii: "{")]
            cells.append(place, to: &line)
            append(index, of: window, place, cells, to: &line)
            bytes += line
            bytes += Array("}\n".utf8)
            count += 1
        }
        return (bytes, count)
    }

    private func append(
        _ index: Int,
        of window: PredictedWindow,
        _ place: CarriedCells.Place?,
        _ cells: CarriedCells,
        to line: inout [UInt8]
    ) {
        let prediction = window.prediction(index)
        var failure: String?
        if case .failed(let reason) = window.answers[index] { failure = reason }
        func member(_ column: PredictionColumn, _ value: JSONValue) {
            appendName(column, to: &line)
            line += value.oneLineInOrder.utf8
        }
        for column in columns {
            switch column {
            case .id: member(.id, layout.idColumn == nil ? .int(window.firstRow + index) : cells.id(place))
            case .text: member(.text, place.map { .string(window.text($0.text)) } ?? .null)
            case .error: member(.error, failure.map(JSONValue.string) ?? .null)
            case .tokens: member(.tokens, window.tokens(index).map(JSONValue.int) ?? .null)
            case .truncated: member(.truncated, window.isTruncated(index).map(JSONValue.bool) ?? .null)
            case .label, .score, .scores, .logits, .set, .threshold:
                if let prediction {
                    append(column, prediction, to: &line)
                } else if layout.columns != nil {
                    member(column, .null)
                }
            }
        }
        guard prediction == nil, layout.columns == nil else { return }
        member(problemType == .regression ? .score : .label, .null)
        if let failure { member(.error, .string(failure)) }
    }
}
