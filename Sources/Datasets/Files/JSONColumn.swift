/// A column of a JSON file on its way: its type shows as the rows come.
struct JSONColumn {
    /// The column's name, as bytes.
    let name: [UInt8]
    /// Rows so far.
    private(set) var count = 0
    /// Whether the values are objects, or lists of lists or objects.
    private(set) var isNested = false
    private let storage: StorageOptions
    private var type: ColumnType?
    /// Rows before the first that tells the type: missing values and empty lists.
    private var leading: [Value] = []
    private var builder: ColumnBuilder?
    private var store: BatchStore?
    private var parts: [Column] = []

    init(name: [UInt8], _ storage: StorageOptions) {
        self.name = name
        self.storage = storage
    }

    /// Fills up with missing values to a number of rows.
    mutating func pad(to rows: Int) throws(DatasetError) {
        while count < rows { _ = try append(.missing) }
    }

    /// A row of text.
    ///
    /// - Returns: False where the column holds something else.
    mutating func append(text: [UInt8]) throws(DatasetError) -> Bool {
        guard try prepare(for: ColumnType(.string)) else { return false }
        builder?.append(utf8: text)
        return try endRow()
    }

    /// A row of another value.
    ///
    /// - Returns: False where the column holds something else.
    mutating func append(_ value: Value) throws(DatasetError) -> Bool {
        if isNested { return value == .missing ? try endRow() : false }
        let isEmptyList = value.list?.allSatisfy { $0 == .missing } ?? false
        if value == .missing || isEmptyList && type?.isList ?? true {
            if builder == nil { leading.append(value) } else { builder?.append(value) }
            return try endRow()
        }
        guard let found = Self.type(of: value), try prepare(for: found) else { return false }
        builder?.append(value)
        return try endRow()
    }

    /// A row of a nested value, which is not kept.
    ///
    /// - Returns: False where the column holds something else.
    mutating func appendNested() throws(DatasetError) -> Bool {
        guard type == nil else { return false }
        isNested = true
        return try endRow()
    }

    /// The type of a value, nil for a mixed list; a list of whole and other numbers holds numbers.
    private static func type(of value: Value) -> ColumnType? {
        guard let values = value.list else { return value.type }
        var type: ColumnType?
        for value in values {
            guard let found = value.type else { continue }
            guard let known = type else {
                type = found
                continue
            }
            type = known.holding(found, isFixed: false)
            if type == nil { return nil }
        }
        return type.map { ColumnType($0.value, isList: true) }
    }

    /// What the column holds so far, for messages.
    var description: String { isNested ? "objects" : type.map { "\(Feature($0))" } ?? "nothing" }

    private mutating func prepare(for found: ColumnType) throws(DatasetError) -> Bool {
        if isNested { return false }
        if let type {
            guard let common = type.holding(found, isFixed: false) else { return false }
            if common == type { return true }
            try closePart()
            start(common)
            return true
        }
        guard leading.allSatisfy({ $0 == .missing }) || found.isList else { return false }
        start(found)
        for value in leading { builder?.append(value) }
        leading = []
        return true
    }

    private mutating func start(_ type: ColumnType) {
        self.type = type
        builder = ColumnBuilder(type: type)
        store = BatchStore(names: ["column"], types: [type], options: storage)
    }

    private mutating func endRow() throws(DatasetError) -> Bool {
        count += 1
        if builder?.isFull ?? false, let batch = try builder?.finish() { try store?.append([batch]) }
        return true
    }

    private mutating func closePart() throws(DatasetError) {
        if let batch = try builder?.finish() { try store?.append([batch]) }
        if let column = try store?.finish() { parts += column }
        store = nil
    }

    /// The column; one without any value holds texts.
    mutating func finish() throws(DatasetError) -> Column {
        if builder == nil {
            let hasLists = leading.contains { $0 != .missing }
            start(ColumnType(.string, isList: hasLists))
            for value in leading { builder?.append(value) }
        }
        try closePart()
        return try Column(widening: parts, name: String(decoding: name, as: UTF8.self))
    }
}
