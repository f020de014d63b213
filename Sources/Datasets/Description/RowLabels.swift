/// The labels of every row, stored as distinct sets of classes.
///
/// A single class is a set of one.
package struct RowLabels: Sendable {
    /// The class names.
    package let names: [String]
    /// The distinct sets of classes that occur in rows.
    package let sets: [[Int32]]
    /// For each row, the index of its set; -1 for a missing label.
    package let codes: [Int32]
    /// Whether a row may have several classes, or none.
    package let isMultiLabel: Bool

    private init(names: [String], sets: [[Int32]]? = nil, codes: [Int32]) {
        self.names = names
        self.sets = sets ?? names.indices.map { [Int32($0)] }
        self.codes = codes
        isMultiLabel = sets != nil
    }

    /// Reads labels.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - columns: One column of classes, texts, numbers or booleans, or of lists of them; or several columns of 0 and 1,
    ///     whose names are the classes.
    /// - Throws: `.missingColumn`, `.badFile`; `.badData` naming the column and value if several columns hold values
    ///   other than 0 and 1.
    package init(_ dataset: Dataset, columns: [String]) throws(DatasetError) {
        guard columns.count == 1 else {
            self = try Self.indicators(dataset, columns)
            return
        }
        let feature = try dataset.feature(of: columns[0])
        if case .list = feature {
            self = try Self.lists(dataset, columns[0], feature.classLabel?.names)
        } else if let names = feature.classLabel?.names {
            var codes: [Int32] = []
            try dataset.stream(columns[0]) { batch in
                for row in 0..<batch.count {
                    let id = batch.isMissing(row) ? -1 : batch.values.int(row, as: batch.type.value)
                    codes.append(names.indices.contains(id) ? Int32(id) : -1)
                }
            }
            self.init(names: names, codes: codes)
        } else {
            let classes = try dataset.columns[try dataset.index(of: columns[0])].classes()
            self.init(names: classes.names, codes: classes.codes)
        }
    }

    /// Reads a column of lists.
    ///
    /// The labels of a row form a set: order and repetitions do not matter.
    private static func lists(
        _ dataset: Dataset,
        _ column: String,
        _ known: [String]?
    ) throws(DatasetError) -> RowLabels {
        let loaded = try dataset.loaded(columns: [column]).columns[0]
        let classes = try loaded.classes()
        // The texts of ids are digits; convert them back to ids of the known names.
        let names = known ?? classes.names
        let ids = known == nil ? classes.names.indices.map { $0 } : classes.names.map { Int($0) ?? -1 }
        var sets = LabelSets()
        var codes: [Int32] = []
        var next = 0
        var cursor = ColumnCursor(loaded)
        for row in 0..<loaded.count {
            guard let (batch, place) = cursor.locate(row), !batch.isMissing(place) else {
                codes.append(-1)
                continue
            }
            let elements = classes.codes[next..<next + batch.elements(of: place).count]
            next += elements.count
            let set = Set(elements.map { $0 < 0 ? -1 : Int32(ids[Int($0)]) })
            codes.append(sets.number(of: set.filter { names.indices.contains(Int($0)) }.sorted()))
        }
        return RowLabels(names: names, sets: sets.sets, codes: codes)
    }

    /// Reads several columns of 0 and 1.
    private static func indicators(_ dataset: Dataset, _ columns: [String]) throws(DatasetError) -> RowLabels
    {
        var sets: [[Int32]] = [[]]
        var codes: [Int32] = []
        for (id, name) in columns.enumerated() {
            let column = dataset.columns[try dataset.index(of: name)]
            guard !column.type.isList else {
                throw DatasetError(
                    .badData,
                    "column \"\(name)\" holds lists; name it alone, or name columns of 0 and 1"
                )
            }
            let classes = try column.classes()
            // Nil means "no label", written as a negative number in such a column (-1 in Jigsaw's test set).
            let truths = try classes.names.map { (value) throws(DatasetError) -> Bool? in
                switch value.lowercased() {
                case "0", "0.0", "false", "no": return false
                case "1", "1.0", "true", "yes": return true
                case "-1", "-1.0", "-100", "-100.0": return nil
                default:
                    throw DatasetError(
                        .badData,
                        "column \"\(name)\" holds \"\(shortened(value, to: 40))\"; several label columns must hold 0 or 1 each, "
                            + "so name only one column, or write the others as 0 and 1"
                    )
                }
            }
            if id == 0 { codes = [Int32](repeating: 0, count: classes.codes.count) }
            // Each set is split in two: rows without this class, and rows with it.
            var numbers = [Int32](repeating: -1, count: 2 * sets.count)
            var refined: [[Int32]] = []
            for row in codes.indices where codes[row] >= 0 {
                let value = classes.codes[row]
                guard value >= 0, let hasClass = truths[Int(value)] else {
                    codes[row] = -1
                    continue
                }
                let key = 2 * Int(codes[row]) + (hasClass ? 1 : 0)
                if numbers[key] < 0 {
                    numbers[key] = Int32(refined.count)
                    refined.append(sets[Int(codes[row])] + (hasClass ? [Int32(id)] : []))
                }
                codes[row] = numbers[key]
            }
            sets = refined
        }
        return RowLabels(names: dataset.classNames(of: columns), sets: sets, codes: codes)
    }

    /// Counts the rows of every class.
    ///
    /// - Parameter isCounted: Returns whether to count a row; nil counts all rows.
    /// - Returns: The counts by class; a row with several classes counts for each.
    func counts(where isCounted: ((Int) -> Bool)? = nil) -> [Int] {
        var bySet = [Int](repeating: 0, count: sets.count)
        for row in codes.indices where codes[row] >= 0 && isCounted?(row) ?? true {
            bySet[Int(codes[row])] += 1
        }
        var counts = [Int](repeating: 0, count: names.count)
        for (set, count) in zip(sets, bySet) { for id in set { counts[Int(id)] += count } }
        return counts
    }

    /// Finds rows without a label: no value, a negative id, or, if each row needs one label, an empty list.
    ///
    /// - Parameter needsOne: Whether each row needs exactly one label.
    /// - Returns: For each row, whether its label is missing.
    package func isMissing(needsOne: Bool) -> [Bool] {
        let isEmpty = sets.map { needsOne && $0.isEmpty }
        return codes.map { $0 < 0 || isEmpty[Int($0)] }
    }

    /// Whether every row that has a label has exactly one; false if no row has any.
    package var haveOneLabelEach: Bool {
        var isUsed = [Bool](repeating: false, count: sets.count)
        for code in codes where code >= 0 { isUsed[Int(code)] = true }
        return isUsed.contains(true) && zip(sets, isUsed).allSatisfy { !$1 || $0.count == 1 }
    }

    /// The rows whose number of labels satisfies a condition, without rows that have no value.
    package func rows(whereLabelCount isMeant: (Int) -> Bool) -> [Int] {
        let isMeant = sets.map { isMeant($0.count) }
        return codes.indices.filter { codes[$0] >= 0 && isMeant[Int(codes[$0])] }
    }

    /// A readable form of a row's label; nil for a missing label.
    func name(ofRow row: Int) -> String? { codes[row] < 0 ? nil : name(ofSet: codes[row]) }

    func name(ofSet set: Int32) -> String {
        let classes = sets[Int(set)]
        return classes.isEmpty ? "no label" : classes.map { names[Int($0)] }.joined(separator: " + ")
    }
}

/// Distinct sets of classes, numbered in order of appearance.
private struct LabelSets {
    private(set) var sets: [[Int32]] = []
    private var numbers: [[Int32]: Int32] = [:]

    mutating func number(of set: [Int32]) -> Int32 {
        if let number = numbers[set] { return number }
        let number = Int32(sets.count)
        numbers[set] = number
        sets.append(set)
        return number
    }
}
