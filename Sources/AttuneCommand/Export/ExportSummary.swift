import Attune
import Evaluation
import Export
import Files
import Foundation
import JSON

/// The result of `attune export`, for people and for programs.
struct ExportSummary {
    /// The loss of accuracy on labelled rows.
    enum Accuracy {
        case measured(ExportAccuracy)
        /// The weights are those of the model.
        case unchanged
        /// The reason that it cannot be measured here.
        case notMeasured(String)
    }

    let request: ExportRequest
    /// The folder or file that was written.
    let place: URL
    let report: ExportReport
    /// The bytes of the model's weights on disk; 0 if unknown.
    let storedBytes: Int
    /// The loss of accuracy; nil without rows.
    let accuracy: Accuracy?

    private var path: String { HubPath.path(place) }
    private var bytesBefore: Int { storedBytes > 0 ? storedBytes : report.weightBytesBefore }

    /// The form of the weights, as the flags name it.
    private var form: String {
        if let quantization = request.quantization { return quantization.rawValue }
        return (request.dtype ?? request.format.dtypes.first ?? .float32).rawValue
    }

    /// A file's path below the folder that was written.
    private func name(of file: URL) -> String {
        let (whole, start) = (file.standardizedFileURL.path, place.standardizedFileURL.path + "/")
        return whole.hasPrefix(start) ? String(whole.dropFirst(start.count)) : file.lastPathComponent
    }

    // MARK: For people

    /// The place and the form of the weights, in one line.
    private var title: String { "\(path): \(request.format.title), \(form)\n" }

    /// The result alone, for `--quiet`: the place, and the loss of accuracy if it was asked for.
    var result: String { title + accuracyText }

    /// The files, the notes and the loss of accuracy.
    var text: String {
        let rows = report.files.map { [name(of: $0.url), formattedSize($0.bytes)] }
        let total = report.files.reduce(0) { $0 + $1.bytes }
        let sums = [
            ["all files", formattedSize(total)], ["weights before", formattedSize(bytesBefore)],
        ]
        return title + "\n" + TextTable(numbers: [["file", "size"]] + rows + sums).text + notes + accuracyText
    }

    private var notes: String {
        report.notes.isEmpty ? "" : "\n" + report.notes.map { $0 + "\n" }.joined()
    }

    private var accuracyText: String {
        switch accuracy {
        case nil: return ""
        case .unchanged: return "\nloss of accuracy: none, because the weights are not rounded\n"
        case .notMeasured(let reason): return "\nloss of accuracy: not measured, because \(reason)\n"
        case .measured(let measured):
            let rows = zip(measured.before.headline, measured.after.headline).map { before, after in
                [before.name, Self.number(before.value), Self.number(after.value)]
            }
            let table = TextTable(numbers: [["on the given rows", "before", "after"]] + rows).text
            let changed = measured.changedRows.map { count in
                "labels that changed: \(grouped(count)) of \(grouped(measured.before.count))\n"
            }
            return "\n" + table + (changed ?? "")
        }
    }

    private static func number(_ value: Double) -> String { String(format: "%.4f", value) }

    /// The programs that open the result, and their code; its lines can be copied.
    var nextStep: String { "\n" + ExportNextStep(request: request, path: path, report: report).text }

    // MARK: For programs

    /// The result as JSON.
    var json: JSONValue {
        var object: JSONObject = [
            "format": .string(request.format.rawValue), "weights": .string(form), "output": .string(path),
            "files": .array(
                report.files.map { file in
                    .object(["name": .string(name(of: file.url)), "bytes": .int(file.bytes)])
                }
            ),
            "bytes": .int(report.files.reduce(0) { $0 + $1.bytes }),
            "weight_bytes_before": .int(bytesBefore),
            "notes": .array(report.notes.map(JSONValue.string)),
        ]
        switch accuracy {
        case nil, .unchanged: break
        case .notMeasured(let reason): object["accuracy"] = .object(["not_measured": .string(reason)])
        case .measured(let measured):
            object["accuracy"] = .object([
                "rows": .int(measured.before.count),
                "changed_rows": measured.changedRows.map(JSONValue.int) ?? .null,
                "before": Self.object(measured.before), "after": Self.object(measured.after),
            ])
        }
        if case .unchanged = accuracy { object["accuracy"] = .object(["unchanged": .bool(true)]) }
        return .object(object)
    }

    private static func object(_ metrics: EvaluationMetrics) -> JSONValue {
        .object(
            JSONObject(zip(metrics.headlineNames, metrics.headline).map { ($0, .double($1.value)) })
        )
    }
}

extension ExportFormat {
    /// The format's name for people.
    fileprivate var title: String {
        switch self {
        case .onnx: "ONNX"
        case .gguf: "GGUF"
        case .coreml: "Core ML"
        case .safetensors: "safetensors"
        case .attune: "a single file"
        }
    }
}
