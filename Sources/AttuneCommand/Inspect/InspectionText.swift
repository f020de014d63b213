import Attune
import Foundation

/// An inspected model as text for a terminal.
struct InspectionText {
    let inspection: ModelInspection

    /// The sections, each with its name in the margin.
    var text: String {
        let sections = [
            ("model", model), ("parameters", parameters), ("stored", stored), ("context", context),
            ("tokenizer", tokenizer), ("labels", labels), ("trained", trained), ("memory", memory),
            ("files", files), ("notes", inspection.notes),
        ]
        return sections.filter { !$0.1.isEmpty }.map { name, lines in
            lines.enumerated().map { index, line in
                let margin = index == 0 ? name : ""
                return line.isEmpty ? "" : margin + String(repeating: " ", count: 12 - margin.count) + line
            }.joined(separator: "\n") + "\n"
        }.joined()
    }

    /// One line per tensor.
    var tensors: String {
        let rows = inspection.tensors.map { tensor in
            [tensor.name, tensor.shape.map(String.init).joined(separator: " × "), tensor.storage]
        }
        return TextTable(rows: rows).text
    }

    private var model: [String] {
        var line = inspection.architecture ?? "of unknown class"
        if let type = inspection.configuration?.modelType, !type.isEmpty { line += ", family \(type)" }
        var lines = [inspection.path, line]
        if let fault = inspection.configurationFault {
            lines.append("not understood: \(fault)")
        } else if !inspection.isKnownFamily {
            lines.append(
                "not a family that attune can train: the lines below are inferred from the tensors' names"
            )
        } else if let fault = inspection.unsupported {
            lines.append("cannot be trained: \(fault)")
        }
        if !inspection.unreadFields.isEmpty {
            lines.append(
                "fields of config.json that attune does not read: \(inspection.unreadFields.joined(separator: ", "))"
            )
        }
        return lines
    }

    private var parameters: [String] {
        let total = inspection.parameterCount
        let tensors = inspection.storages.reduce(0) { $0 + $1.tensors }
        var rows = [["\(counted(tensors, "tensor"))", grouped(total), ""]]
        func row(_ name: String, _ count: Int) {
            rows.append([name, grouped(count), percentage(count, of: total)])
        }
        for block in inspection.blocks {
            switch block.role {
            case .layers:
                let each = block.count > 1 ? " of \(grouped(block.parameters / block.count))" : ""
                row(
                    "\(block.count) layer\(block.count == 1 ? "" : "s")\(each) (\(block.place))",
                    block.parameters
                )
                for part in block.parts { row("  \(part.name)", part.parameters) }
            case .languageModelHead: row("language-model head, dropped by a classifier", block.parameters)
            default: row(block.role.rawValue, block.parameters)
            }
        }
        return TextTable(rows: rows, rightAligned: [1, 2]).text.split(separator: "\n").map(String.init)
    }

    private var stored: [String] {
        let parts = inspection.storages.map { storage in
            "\(storage.name): \(grouped(storage.parameters)) in \(grouped(storage.tensors)) tensor\(storage.tensors == 1 ? "" : "s")"
        }
        return [parts.isEmpty ? "nothing" : parts.joined(separator: ", ")]
    }

    private var context: [String] {
        guard let tokens = inspection.contextLength else { return ["no stated limit"] }
        // A plain number in config.json explains itself.
        let explanation: String? =
            switch inspection.length.reason {
            case .positions(let limit) where limit.kind == .stated || limit.kind == .table: nil
            default: inspection.length.explanation
            }
        return ["\(counted(tokens, "token"))" + (explanation.map { ": \($0)" } ?? "")]
    }

    private var tokenizer: [String] {
        guard let tokenizer = inspection.tokenizer else {
            return ["not readable: \(inspection.tokenizerFault ?? "")"]
        }
        let special = tokenizer.specialTokens.map { "\($0.name.dropLast("_token".count)) \($0.token)" }
        let limit = tokenizer.modelMaxLength.map { ", texts of at most \(grouped($0))" } ?? ""
        let types = tokenizer.givesTokenTypes ? ["gives the model token types"] : []
        return ["\(tokenizer.kind), \(counted(tokenizer.vocabularySize, "token"))\(limit)"]
            + (special.isEmpty ? [] : [special.joined(separator: ", ")]) + types
            + [inspection.fit?.fault].compactMap { $0.map { "does not fit the model: \($0)" } }
            + (inspection.fit?.notes ?? [])
    }

    private var labels: [String] {
        guard let configuration = inspection.configuration, configuration.isClassifier else {
            return ["none: a base model; training adds a head"]
        }
        if let fault = configuration.labelFault { return ["not usable: \(fault)"] }
        let note = configuration.labelNote.map { [$0] } ?? []
        let names = configuration.labels
        let shown = names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
        switch configuration.problemType {
        case .singleLabel: return ["one of \(grouped(names.count)): \(shown)"] + note
        case .multiLabel: return ["any of \(grouped(names.count)): \(shown)"] + note
        case .regression: return ["a number: \(shown)"] + note
        }
    }

    /// The saved settings of the training; empty if the model has none.
    private var trained: [String] {
        if let fault = inspection.settingsFault { return [fault] }
        guard let settings = inspection.settings else { return [] }
        var lines: [String] = []
        let texts = [settings.textColumn, settings.textPairColumn].compactMap { $0 }.map { "\"\($0)\"" }
        if !texts.isEmpty {
            lines.append(
                "texts from column\(texts.count == 1 ? "" : "s") \(texts.joined(separator: " and "))"
            )
        }
        if let length = settings.maxLength { lines.append("at most \(counted(length, "token")) per text") }
        if let columns = settings.labelColumns {
            let names = columns.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            let more = columns.count > 8 ? " and \(columns.count - 8) more" : ""
            lines.append("labels from column\(columns.count == 1 ? "" : "s") \(names)\(more)")
        }
        let policies = [
            settings.emptyTexts.map { "empty texts: \($0.rawValue)" },
            settings.missingLabels.map { "missing labels: \($0.rawValue)" },
        ].compactMap { $0 }
        if !policies.isEmpty { lines.append(policies.joined(separator: ", ")) }
        if let note = settings.loss?.note { lines.append("loss: \(note)") }
        if !settings.unknownFields.isEmpty {
            lines.append("settings of another version: \(settings.unknownFields.joined(separator: ", "))")
        }
        return lines
    }

    private var memory: [String] {
        let memory = inspection.memory
        var rows = [
            [
                "to load", formattedSize(memory.weightsInFloat32),
                "in float32, \(formattedSize(memory.weightsInBFloat16)) in bfloat16",
            ]
        ]
        if let bytes = memory.prediction, let length = memory.length {
            rows.append([
                "to predict", "+ \(formattedSize(bytes))",
                "for a batch of \(counted(memory.batchSize, "text")) of \(counted(length, "token"))",
            ])
        }
        rows.append([
            "to train", formattedSize(memory.training),
            "weights, gradients and AdamW's moments in float32, without activations",
        ])
        return TextTable(rows: rows, rightAligned: [1]).text.split(separator: "\n").map(String.init)
    }

    private var files: [String] {
        let rows = inspection.files.map { [$0.name, formattedSize($0.size)] }
        return TextTable(rows: rows, rightAligned: [1]).text.split(separator: "\n").map(String.init)
    }
}
