import Files
import JSON

/// The label names in `config.json` for the rows of the head.
///
/// Source: `PreTrainedConfig.__post_init__` of transformers 5.23 (configuration_utils.py): without `id2label` the names are
/// `LABEL_0` to `LABEL_<num_labels - 1>`, and without `num_labels` there are two labels. Ids are parsed like Python's `int`; of
/// equal ids the last counts.
extension ModelConfiguration {
    /// Label names by id; a row without a name is called `LABEL_2`, for example.
    ///
    /// Numbers and Booleans are converted to their text in Python, as in transformers' outputs.
    public var labels: [String] {
        guard let map = labelMap else { return (0..<(labelCount ?? 2)).map { "LABEL_\($0)" } }
        let names = map.compactMap { entry in entry.id.map { ($0, Self.name(entry.value)) } }
        let byID = Dictionary(names) { _, last in last }
        return map.indices.map { (byID[$0] ?? nil) ?? "LABEL_\($0)" }
    }

    /// The reason why the labels do not name each row of a head exactly once, with the map; nil if they do.
    public var labelFault: String? {
        if self["num_labels"] != .null, labelCount == nil {
            return
                "\(source): `num_labels` is \(self["num_labels"].kind); expected a whole number of at least 1"
        }
        guard self["id2label"] == .null || self["id2label"].object != nil else {
            return "\(source): `id2label` is \(self["id2label"].kind); expected an object of ids and names"
        }
        guard let map = labelMap else { return nil }
        func fault(_ reason: String) -> String {
            "\(source): `id2label` \(reason); it is \(shown(self["id2label"])). Give each row of the head, starting at 0, "
                + "a unique name, or name all rows with --label-names"
        }
        if map.isEmpty { return fault("names no label") }
        if let entry = map.first(where: { $0.id == nil }) { return fault("has the id \"\(entry.key)\"") }
        if let entry = map.first(where: { Self.name($0.value) == nil }) {
            return fault("gives \(entry.key) \(entry.value.kind) instead of a name")
        }
        let ids = map.compactMap(\.id).sorted()
        if ids != Array(0..<map.count) {
            let listed =
                ids.prefix(12).map(String.init).joined(separator: ", ") + (ids.count > 12 ? ", …" : "")
            return fault(
                "names the rows \(listed), but \(map.count) labels need the rows 0 to \(map.count - 1)"
            )
        }
        var first: [[UInt8]: String] = [:]
        for entry in map {
            guard let name = Self.name(entry.value) else { continue }
            if let other = first.updateValue(entry.key, forKey: Array(name.utf8)) {
                return fault("gives \(other) and \(entry.key) the same name, \"\(name)\"")
            }
        }
        if let labelCount, labelCount != map.count {
            return fault("has \(counted(map.count, "name")), but `num_labels` is \(labelCount)")
        }
        return nil
    }

    /// A harmless contradiction in the labels; nil if there is none.
    ///
    /// transformers only reads `id2label`, so a `label2id` with other ids has no effect.
    public var labelNote: String? {
        guard let members = self["label2id"].object?.members else { return nil }
        let ids = Dictionary(labels.enumerated().map { (Array($1.utf8), $0) }) { first, _ in first }
        for member in members {
            guard let id = ids[Array(member.name.utf8)], member.value.int != id else { continue }
            return
                "config.json's label2id gives \"\(member.name)\" the id \(member.value.compact), but id2label gives \(id); "
                + "id2label is used"
        }
        return nil
    }

    private struct LabelEntry {
        var key: String
        var id: Int?
        var value: JSONValue
    }

    /// The entries of `id2label`, of equal ids the last; nil if missing, or if empty and there is `num_labels`.
    private var labelMap: [LabelEntry]? {
        guard let members = self["id2label"].object?.members else { return nil }
        if members.isEmpty, labelCount != nil { return nil }
        var entries: [LabelEntry] = []
        var places: [Int: Int] = [:]
        for member in members {
            let trimmed = member.name.drop(while: \.isWhitespace)
            let id = Int(String(trimmed.reversed().drop(while: \.isWhitespace).reversed()))
            let entry = LabelEntry(key: member.name, id: id, value: member.value)
            if let id, let place = places[id] {
                entries[place] = entry
            } else {
                if let id { places[id] = entries.count }
                entries.append(entry)
            }
        }
        return entries
    }

    private var labelCount: Int? {
        self["num_labels"].int.flatMap { (1...1_000_000).contains($0) ? $0 : nil }
    }

    private static func name(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number(let text): Int(text).map(String.init) ?? Double(text).map { "\($0)" }
        case .bool(let truth): truth ? "True" : "False"
        case .null, .array, .object: nil
        }
    }

    private func shown(_ value: JSONValue) -> String {
        let text = value.compact
        return text.count > 400 ? text.prefix(400) + "…" : text
    }
}
