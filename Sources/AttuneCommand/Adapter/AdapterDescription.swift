import Attune
import JSON

/// The facts about an adapter, for `attune adapter show`.
struct AdapterDescription {
    private let rows: [(name: String, value: JSONValue)]

    init(_ summary: AdapterSummary) {
        let adapter = summary.configuration
        let ranks = Set(summary.layers.map(\.rank)).sorted()
        rows = [
            ("kind", .string(adapter.usesMagnitudes ? "DoRA" : "LoRA")),
            ("base", .string(adapter.baseModel ?? "")),
            ("rank", ranks.count == 1 ? .int(ranks[0]) : .array(ranks.map(JSONValue.int))),
            ("alpha", .double(adapter.alpha)),
            ("rslora", .bool(adapter.usesRankStabilization)),
            ("start", .string(adapter.initialization.rawValue)),
            ("layers", .int(summary.layers.count)),
            ("targets", .array(ModulePath.lastNames(of: summary.layers.map(\.path)).map(JSONValue.string))),
            ("modules_to_save", .array(adapter.modulesToSave.map(JSONValue.string))),
            ("trained_weights", .int(summary.weightCount)),
            ("labels", .array(summary.labels.map(JSONValue.string))),
        ]
    }

    /// The description as JSON.
    var object: JSONObject { JSONObject(rows) }

    /// The description as lines.
    var text: String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { name, value in
            let shown: String =
                switch value {
                case .array(let items): items.map { $0.string ?? $0.compact }.joined(separator: ", ")
                case .bool(let isTrue): isTrue ? "yes" : "no"
                default: value.string ?? value.compact
                }
            let title = name.replacing("_", with: " ")
            return title + String(repeating: " ", count: width - title.count + 2) + shown + "\n"
        }.joined()
    }
}
