import Yams

extension DatasetCard {
    /// Returns the class names of columns from `dataset_info` in a README.md, since text files contain only ids.
    ///
    /// - Parameters:
    ///   - path: The path of the README.md.
    ///   - configuration: The configuration; nil takes `default`, or the only one.
    /// - Returns: The columns and their features; empty if there are none or the file cannot be read.
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

    /// Reads `class_label: {names: {'0': neg, '1': pos}}`, or the same with a list of names.
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
    /// Applies the class names from a README.md to columns whose file has no class names.
    ///
    /// A column with other values is not changed, and a warning says so.
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
                    "the class names in README.md for column \"\(column)\" are not used: \(error.message)"
                )
            }
        }
        return named
    }
}
