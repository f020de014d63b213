import JSON

/// The parts of a nested JSON column that is being read: one column per path of names, such as `cats.POS`.
///
/// ``NestedColumn`` explains paths and how lists on them are gathered.
struct JSONParts {
    private struct Part {
        let path: [UInt8]
        var column: JSONColumn
        /// Whether there are lists on the path, so that each row holds a list.
        let isGathered: Bool
        /// Whether it is a direct member of the column's objects, rather than of objects inside them.
        let isMember: Bool
        /// Whether its values are of several types, so that no column can hold them.
        var isUnreadable = false
        /// The values of the current row.
        var values: [CellValue] = []
        var isTouched = false
    }

    /// The lists on the path to a value.
    private enum Lists {
        /// No list.
        case none
        /// Only the list that contains it.
        case own
        /// A list of objects that contain it.
        case ofObjects
    }

    private let name: [UInt8]
    private let storage: StorageOptions
    private var parts: [Part] = []
    private var places: [[UInt8]: Int] = [:]
    private var touched: [Int] = []
    /// The rows with a list at a path, if it is the first list on that path: parts below it are empty there, not missing.
    private var listRows: [[UInt8]: [Int]] = [:]
    private var path: [UInt8] = []
    private var key: [UInt8] = []
    private var row = 0
    private var holdsObjects = false
    private var holdsLists = false
    private var holdsListsOfLists = false
    /// Whether there were values other than objects and lists of them.
    var holdsOthers = false
    /// Whether there are too many different paths, as in objects whose keys are data.
    private(set) var isOverfull = false

    /// The maximum number of different paths of one column.
    private static let mostParts = 512
    /// The maximum number of values in one row of a part.
    private static let mostValues = 1 << 20

    init(name: [UInt8], _ storage: StorageOptions) {
        self.name = name
        self.storage = storage
    }

    /// The number of part columns.
    var count: Int { parts.count }

    /// The kind of the values.
    var kind: NestedColumn.Kind {
        switch (holdsObjects, holdsLists, holdsOthers) {
        case (true, false, false): .object
        case (false, true, false): holdsListsOfLists ? .lists : .objects
        default: .mixed
        }
    }

    /// Discards all parts and stops reading them.
    mutating func giveUp() {
        isOverfull = true
        parts = []
        places = [:]
        touched = []
        listRows = [:]
    }

    /// Notes that the list of an earlier row is empty.
    mutating func addEmptyList(row: Int) { listRows[name, default: []].append(row) }

    /// Reads the value of a row.
    ///
    /// - Parameters:
    ///   - scanner: A scanner positioned before the value.
    ///   - row: The zero-based index of the row; rows come in order.
    /// - Returns: False if the value is not JSON.
    /// - Throws: `.badFile` if memory runs out.
    mutating func append(_ scanner: inout JSONScanner, row: Int) throws(DatasetError) -> Bool {
        if scanner.peek() == UInt8(ascii: "{") { holdsObjects = true } else { holdsLists = true }
        guard !isOverfull else { return scanner.skipValue() }
        self.row = row
        path = name
        guard walk(&scanner, .none, depth: 0) else { return false }
        try endRow()
        if parts.count > Self.mostParts { giveUp() }
        return true
    }

    private mutating func walk(_ scanner: inout JSONScanner, _ lists: Lists, depth: Int) -> Bool {
        guard depth < JSONScanner.depthLimit else { return false }
        switch scanner.peek() {
        case UInt8(ascii: "{"):
            _ = scanner.take("{")
            if scanner.take("}") { return true }
            let length = path.count
            repeat {
                guard scanner.string(into: &key), scanner.take(":") else { return false }
                path.append(UInt8(ascii: "."))
                path += key
                guard walk(&scanner, lists == .own ? .ofObjects : lists, depth: depth + 1) else {
                    return false
                }
                path.removeLast(path.count - length)
            } while scanner.take(",")
            return scanner.take("}")
        case UInt8(ascii: "["):
            _ = scanner.take("[")
            if lists == .none { listRows[path, default: []].append(row) }
            if scanner.take("]") {
                touch(isGathered: true, depth) { _ in }
                return true
            }
            repeat {
                if scanner.peek() == UInt8(ascii: "[") {
                    if path == name { holdsListsOfLists = true }
                    touch(isGathered: true, depth) { $0.isUnreadable = true }
                    guard scanner.skipValue(depth: depth) else { return false }
                } else {
                    guard walk(&scanner, lists == .none ? .own : .ofObjects, depth: depth + 1) else {
                        return false
                    }
                }
            } while scanner.take(",")
            return scanner.take("]")
        case UInt8(ascii: "\""):
            var text: [UInt8] = []
            guard scanner.string(into: &text) else { return false }
            add(.string(String(decoding: text, as: UTF8.self)), lists, depth)
            return true
        default:
            guard let value = scanner.cell() else { return false }
            add(value, lists, depth)
            return true
        }
    }

    private mutating func add(_ value: CellValue, _ lists: Lists, _ depth: Int) {
        // Missing values are stored only as elements of a list.
        guard value != .missing || lists == .own else { return }
        if path == name, value != .missing { holdsOthers = true }
        touch(isGathered: lists != .none, depth) { part in
            // A duplicate name, or too many values.
            if !part.isGathered && part.isTouched || part.values.count == Self.mostValues {
                part.isUnreadable = true
            } else {
                part.values.append(value)
            }
        }
    }

    /// Changes the part at the current path, and creates it if it is new.
    private mutating func touch(isGathered: Bool, _ depth: Int, _ change: (inout Part) -> Void) {
        let place: Int
        if let known = places[path] {
            place = known
        } else {
            guard parts.count <= Self.mostParts else { return }
            place = parts.count
            places[path] = place
            let column = JSONColumn(name: path, storage)
            parts.append(Part(path: path, column: column, isGathered: isGathered, isMember: depth == 1))
        }
        guard !parts[place].isUnreadable else { return }
        if parts[place].isGathered != isGathered {
            parts[place].isUnreadable = true
        } else {
            change(&parts[place])
        }
        if !parts[place].isTouched { touched.append(place) }
        parts[place].isTouched = true
    }

    private mutating func endRow() throws(DatasetError) {
        for place in touched {
            if !parts[place].isUnreadable { try append(valuesOf: place) }
            parts[place].values.removeAll(keepingCapacity: true)
            parts[place].isTouched = false
            // Free the values of an unreadable part.
            if parts[place].isUnreadable {
                parts[place].column = JSONColumn(name: parts[place].path, storage)
            }
        }
        touched.removeAll(keepingCapacity: true)
    }

    private mutating func append(valuesOf place: Int) throws(DatasetError) {
        try pad(place, to: row)
        let values = parts[place].values
        let fits =
            parts[place].isGathered
            ? try parts[place].column.append(.list(values))
            : try parts[place].column.append(values.first ?? .missing)
        if !fits { parts[place].isUnreadable = true }
    }

    /// Pads a part up to a row, with empty lists for rows with a list on its path and missing values for others.
    private mutating func pad(_ place: Int, to end: Int) throws(DatasetError) {
        let start = parts[place].column.count
        guard start < end else { return }
        if parts[place].isGathered {
            let path = parts[place].path
            let above = listRows.filter { Self.leads($0.key, to: path) }.values
            for row in above.flatMap({ $0[$0.partitioningIndex(from: start)...] }).sorted() where row < end {
                guard row >= parts[place].column.count else { continue }
                try parts[place].column.pad(to: row)
                _ = try parts[place].column.append(.list([]))
            }
        }
        try parts[place].column.pad(to: end)
    }

    /// Whether one path is a prefix of another.
    private static func leads(_ start: [UInt8], to path: [UInt8]) -> Bool {
        path.count > start.count && path[start.count] == UInt8(ascii: ".") && path.starts(with: start)
    }

    /// Pads all parts and moves the collected rows into Arrow memory.
    mutating func flush(to rows: Int) throws(DatasetError) {
        for place in parts.indices where !parts[place].isUnreadable {
            try pad(place, to: rows)
            try parts[place].column.flush()
        }
    }

    /// The result: the nested column and the columns of its parts.
    struct Finished {
        /// The nested column, with its readable parts.
        var nested: NestedColumn
        /// The columns of the parts.
        var columns: [(name: String, column: Column)] = []
        /// The parts with values of several types.
        var unreadable: [NestedColumn] = []
    }

    /// Returns all parts.
    ///
    /// - Parameter rows: The number of rows in the file.
    /// - Returns: The nested column and the columns of its parts.
    /// - Throws: `.badFile` if memory runs out.
    mutating func finish(rows: Int) throws(DatasetError) -> Finished {
        var finished = Finished(
            nested: NestedColumn(name: String(decoding: name, as: UTF8.self), kind: kind, parts: [])
        )
        finished.nested.hasOnlyMembers = kind == .object && !isOverfull
        for place in parts.indices where parts[place].path != name {
            let part = parts[place]
            // A list that is empty everywhere may be a list of the objects at longer paths.
            if !part.column.tellsType, !part.isUnreadable,
                parts.contains(where: { Self.leads(part.path, to: $0.path) })
            {
                continue
            }
            let name = String(decoding: part.path, as: UTF8.self)
            if !part.isMember || part.isGathered || part.isUnreadable {
                finished.nested.hasOnlyMembers = false
            }
            if part.isUnreadable {
                finished.unreadable.append(NestedColumn(name: name, kind: .mixed, parts: []))
            } else {
                try pad(place, to: rows)
                finished.columns.append((name, try parts[place].column.finish()))
            }
        }
        finished.nested.parts = finished.columns.map(\.name)
        return finished
    }
}

extension [Int] {
    /// The index of the first element that is not less than a number, in a sorted array.
    fileprivate func partitioningIndex(from number: Int) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
