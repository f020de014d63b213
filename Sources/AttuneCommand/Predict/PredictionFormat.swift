import Attune
import Foundation
import JSON

/// The JSON lines of `attune predict`.
///
/// The label names are encoded only once.
struct PredictionFormat {
    /// Label names in JSON, with quotes and colon.
    private let keys: [[UInt8]]
    private let problemType: ProblemType
    private let withLogits: Bool
    /// The line for a text that is left out.
    let noAnswer: [UInt8]

    /// Creates a format.
    ///
    /// - Parameters:
    ///   - labels: The label names by id.
    ///   - problemType: The model's problem type.
    ///   - withLogits: Whether to write the logits, too.
    init(labels: [String], problemType: ProblemType, withLogits: Bool) {
        keys = labels.map { Array((JSONValue.string($0).oneLine + ": ").utf8) }
        self.problemType = problemType
        self.withLogits = withLogits
        let name =
            switch problemType {
            case .singleLabel: "label"
            case .multiLabel: "labels"
            case .regression: "score"
            }
        noAnswer = Array("{\"\(name)\": null}\n".utf8)
    }

    /// The line for a prediction.
    ///
    /// - Parameter prediction: The prediction to write.
    /// - Returns: The line in UTF-8, with its line feed.
    func line(_ prediction: Prediction) -> [UInt8] {
        var line: [UInt8] = []
        func add(_ text: String) { line += text.utf8 }
        func number(_ value: Double) { add(JSONValue.double(value).oneLine) }
        switch problemType {
        case .singleLabel:
            add("{\"label\": \(JSONValue.string(prediction.label).oneLine), \"score\": ")
            number(prediction.score)
        case .multiLabel:
            add("{\"labels\": \(JSONValue.array(prediction.labels.map(JSONValue.string)).oneLine)")
        case .regression:
            add("{\"score\": ")
            number(prediction.score)
        }
        if problemType != .regression {
            line.reserveCapacity(keys.count * 40)
            add(", \"scores\": {")
            for (id, key) in keys.enumerated() {
                if id > 0 { add(", ") }
                line += key
                number(prediction.scores[id])
            }
            add("}")
        }
        if withLogits {
            add(", \"logits\": [")
            for (id, logit) in prediction.logits.enumerated() { add(id > 0 ? ", \(logit)" : "\(logit)") }
            add("]")
        }
        add("}\n")
        return line
    }
}

/// Writes lines to a file or to standard output, whenever more than 64 MB are buffered.
final class PredictionOutput {
    private static let most = 64 << 20
    private let path: OutputPath?
    private var pending: [UInt8] = []
    private var file: OpenFile?

    /// A partly written file, which gets its name when it is complete.
    private final class OpenFile {
        var file: AtomicFile

        init(_ path: OutputPath) throws { file = try AtomicFile(at: path.path) }
    }

    /// - Parameter path: The output file; nil for standard output.
    init(_ path: OutputPath?) { self.path = path }

    /// Adds a line.
    ///
    /// - Parameter line: The line in UTF-8, with its line feed.
    /// - Throws: `FileError`.
    func add(_ line: [UInt8]) throws {
        pending += line
        if pending.count > Self.most { try send() }
    }

    private func send() throws {
        if let path {
            if file == nil { file = try OpenFile(path) }
            try file?.file.write(pending)
        } else {
            try print(String(decoding: pending, as: UTF8.self), terminator: "")
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// Writes the remaining lines and gives the file its name.
    ///
    /// - Throws: `FileError`.
    func close() throws {
        try send()
        try file?.file.commit()
    }
}
