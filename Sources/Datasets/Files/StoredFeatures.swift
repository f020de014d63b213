import JSON

/// The features that datasets stores in a file's schema, above all class names.
///
/// Source: `Features.arrow_schema` of datasets 5.2 (features/features.py): the key `huggingface` holds
/// `{"info": {"features": {"label": {"names": ["a", "b"], "_type": "ClassLabel"}}}}`.
struct StoredFeatures {
    private let features: JSONValue

    /// Reads the features from a schema's metadata; empty if the metadata is missing or invalid.
    init(metadata: String?) {
        let json = metadata.flatMap { try? JSONValue.parse($0.utf8) }
        features = json?["info"]["features"] ?? .null
    }

    /// The feature of a column: the stored one if it fits the type, otherwise derived from the type.
    func feature(of name: String, type: ColumnType) -> Feature {
        let stored = features[name]
        let isList = Self.isList(stored)
        let isPart = stored == .null && name.contains(".")
        let label = isPart ? part(name) : isList ? stored["feature"] : stored
        guard isPart || isList == type.isList, type.value == .int64 || type.value == .int32,
            label["_type"].string == "ClassLabel",
            let names = label["names"].array?.map(\.string), !names.contains(nil)
        else { return Feature(type) }
        let classes = Feature.classLabel(ClassLabel(names: names.compactMap { $0 }))
        return type.isList ? .list(classes) : classes
    }

    /// The stored feature of a part of a nested column, by its path.
    private func part(_ path: String) -> JSONValue {
        var found = features
        for name in path.split(separator: ".", omittingEmptySubsequences: false) {
            found = Self.element(found)[String(name)]
        }
        return Self.element(found)
    }

    /// The element feature of a list of any depth; the feature itself if it is not a list.
    private static func element(_ feature: JSONValue) -> JSONValue {
        var feature = feature
        while true {
            if let inner = feature.array?.first {
                feature = inner
            } else if isList(feature) {
                feature = feature["feature"]
            } else {
                return feature
            }
        }
    }

    private static func isList(_ feature: JSONValue) -> Bool {
        ["List", "Sequence", "LargeList"].contains(feature["_type"].string)
    }

    /// The metadata value for these columns.
    static func metadata(for features: [(name: String, feature: Feature)]) -> String {
        let members = features.map { ($0.name, json($0.feature)) }
        return JSONValue.object(["info": .object(["features": .object(JSONObject(members))])]).oneLineInOrder
    }

    private static func json(_ feature: Feature) -> JSONValue {
        switch feature {
        case .value(let type): .object(["dtype": .string(type.rawValue), "_type": .string("Value")])
        case .classLabel(let label):
            .object(["names": .array(label.names.map(JSONValue.string)), "_type": .string("ClassLabel")])
        case .list(let element): .object(["feature": json(element), "_type": .string("List")])
        }
    }
}
