import JSON
import Models

extension ModelConfiguration {
    /// The same classifier with other names for its labels.
    ///
    /// - Parameter names: By id; nil keeps the names.
    /// - Returns: The configuration with those names.
    /// - Throws: `ModelError` if the model has no labels to name, or another number of them, or if a name comes twice.
    func naming(_ names: [String]?) throws(ModelError) -> ModelConfiguration {
        guard let names else { return self }
        guard isClassifier else {
            throw ModelError(
                .mismatchedLabels,
                "--label-names gives names for a classifier's labels, and \(source) is of a base model, which has none; "
                    + "leave it out"
            )
        }
        guard names.count == labels.count else {
            throw ModelError(
                .mismatchedLabels,
                "--label-names gives \(names.count == 1 ? "1 name" : "\(names.count) names") (\(listed(names))), and the model has "
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
    /// Sentences for a person about saved settings.
    ///
    /// - Parameter configuration: That of the model beside them.
    /// - Returns: A sentence for each thing to know.
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
                "\(Self.fileName) was written for the labels \(listed(labelNames)), and config.json has "
                    + "\(listed(configuration.labels)): config.json's hold, and the other settings may be of an earlier model"
            )
        }
        return notes
    }
}

private func listed(_ names: [String]) -> String {
    names.prefix(12).map { "\"\($0)\"" }.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
}
