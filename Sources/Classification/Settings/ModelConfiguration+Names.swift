import JSON
import Models

extension ModelConfiguration {
    /// The same configuration with other label names.
    ///
    /// - Parameter names: The names by id; nil keeps the current ones.
    /// - Returns: The configuration with those names.
    /// - Throws: `ModelError` if the model has no labels or another number of them, or if a name is repeated.
    func naming(_ names: [String]?) throws(ModelError) -> ModelConfiguration {
        guard let names else { return self }
        guard isClassifier else {
            throw ModelError(
                .mismatchedLabels,
                "--label-names names a classifier's labels, but \(source) is of a base model, which has none; "
                    + "leave the option out"
            )
        }
        guard names.count == labels.count else {
            throw ModelError(
                .mismatchedLabels,
                "--label-names gives \(names.count == 1 ? "1 name" : "\(names.count) names") (\(listed(names))), but the model has "
                    + (labels.count == 1 ? "1 label" : "\(labels.count) labels") + ": \(listed(labels)); "
                    + "name each of them, in this order"
            )
        }
        var known: Set<[UInt8]> = []
        for name in names where !known.insert(Array(name.utf8)).inserted {
            throw ModelError(
                .mismatchedLabels,
                "--label-names gives the name \"\(name)\" twice; labels need different names"
            )
        }
        var fields = fields
        fields["id2label"] = .object(JSONObject(names.enumerated().map { (String($0), .string($1)) }))
        fields["label2id"] = .object(JSONObject(names.enumerated().map { ($1, .int($0)) }))
        return ModelConfiguration(fields: fields, source: source)
    }
}

extension ClassifierSettings {
    /// Notes about saved settings.
    ///
    /// - Parameter configuration: The configuration of the model in the same folder.
    /// - Returns: The notes, one sentence each.
    func notes(comparedWith configuration: ModelConfiguration) -> [String] {
        var notes: [String] = []
        if !unknownFields.isEmpty {
            let names =
                unknownFields.prefix(8).joined(separator: ", ") + (unknownFields.count > 8 ? ", …" : "")
            notes.append(
                "\(Self.fileName): fields of another version of Attune have no effect here: \(names)"
            )
        }
        if let labelNames, configuration.isClassifier, labelNames != configuration.labels {
            notes.append(
                "\(Self.fileName) was written for the labels \(listed(labelNames)), but config.json has "
                    + "\(listed(configuration.labels)): config.json's are used, and the other settings may belong to an earlier model"
            )
        }
        return notes
    }
}

private func listed(_ names: [String]) -> String {
    names.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
}
