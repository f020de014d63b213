import Attune
import JSON

/// The changes of an adapter, for `attune adapter show`.
struct AdapterDescription {
    private let classifier: TextClassifier
    private let rows: [(name: String, value: JSONValue)]

    init(_ classifier: TextClassifier) {
        self.classifier = classifier
        guard let adapter = classifier.adapter else {
            rows = []
            return
        }
        let layers = classifier.adapterLayers
        let ranks = Set(layers.map(\.rank)).sorted()
        let weights = classifier.adapterWeightCounts
        rows = [
            ("kind", .string(adapter.usesMagnitudes ? "DoRA" : "LoRA")),
            ("base", .string(adapter.baseModel ?? "")),
            ("rank", ranks.count == 1 ? .int(ranks[0]) : .array(ranks.map(JSONValue.int))),
            ("alpha", .double(adapter.alpha)),
            ("rslora", .bool(adapter.usesRankStabilization)),
            ("start", .string(adapter.initialization.rawValue)),
            ("layers", .int(layers.count)),
            ("targets", .array(ModulePath.lastNames(of: layers.map(\.path)).map(JSONValue.string))),
            ("modules_to_save", .array(adapter.modulesToSave.map(JSONValue.string))),
            ("trained_weights", .int(weights.trained)),
            ("all_weights", .int(weights.all)),
            ("labels", .array(classifier.labels.map(JSONValue.string))),
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
