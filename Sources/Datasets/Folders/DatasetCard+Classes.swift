import Yams

extension DatasetCard {
    /// The classes that a README.md names for columns, as `dataset_info` has them: files of text hold ids alone.
    ///
    /// - Parameters:
    ///   - path: The README.md.
    ///   - configuration: The configuration; nil takes `default`, or the only one.
    /// - Returns: Columns and what they hold; none if nothing is said or it cannot be read.
    ///
    /// Source: `DatasetInfosDict.from_dataset_card_data` and `Features._from_yaml_list` of datasets 5.2.
    static func classes(path: String, configuration: String?) -> [(column: String, feature: Feature)] {
        guard let found = (try? frontMatter(path))?["dataset_info"] else { return [] }
        let listed = found.sequence.map { Array($0) } ?? [found]
        let chosen = listed.first {
            $0.mapping?["config_name"]?.string ?? "default" == configuration ?? "default"
        }
        guard let info = chosen ?? (listed.count == 1 && configuration == nil ? listed[0] : nil) else {
            return []
        }
        return (info.mapping?["features"]?.sequence.map { Array($0) } ?? []).compactMap { feature in
            guard let column = feature.mapping?["name"]?.string else { return nil }
            if let label = label(feature.mapping?["dtype"]) { return (column, .classLabel(label)) }
            let list = feature.mapping?["list"] ?? feature.mapping?["sequence"]
            return label(list).map { (column, .list(.classLabel($0))) }
        }
    }

    /// `class_label: {names: {'0': neg, '1': pos}}`, or with a list of names.
    private static func label(_ type: Node?) -> ClassLabel? {
        guard let names = type?.mapping?["class_label"]?.mapping?["names"] else { return nil }
        if let list = names.sequence {
            let names = list.map(\.string)
            return names.contains(nil) ? nil : ClassLabel(names: names.compactMap { $0 })
        }
        guard let mapping = names.mapping else { return nil }
        var byID: [Int: String] = [:]
        for (key, name) in mapping {
            guard let id = key.string.flatMap({ Int($0) }), let name = name.string else { return nil }
            byID[id] = name
        }
        let ordered = (0..<byID.count).map { byID[$0] }
        return ordered.isEmpty || ordered.contains(nil) ? nil : ClassLabel(names: ordered.compactMap { $0 })
    }
}

extension Dataset {
    /// The same rows with the classes that a README.md names, in columns whose file names none.
    ///
    /// A column that holds something else stays as it is, with a warning.
    func naming(_ classes: [(column: String, feature: Feature)]) throws(DatasetError) -> Dataset {
        var named = self
        for (column, feature) in classes {
            guard let place = named.place(of: column), named.columns[place].feature.classLabel == nil else {
                continue
            }
            do throws(DatasetError) {
                named = try named.castColumn(column, to: feature)
            } catch {
                guard error.code == .badData else { throw error }
                named = named.warning(
                    "the classes that README.md names for column \"\(column)\" are not used: \(error.message)"
                )
            }
        }
        return named
    }
}
