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
    /// Missing values before all others; they may be many, so they are counted only.
    private var leadingMissing = 0
    /// Rows after these and before the first that tells the type: empty lists and missing values.
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
        if builder == nil, leading.isEmpty, !isNested {
            leadingMissing += rows - count
            count = rows
        }
        if builder == nil {
            while count < rows { _ = try append(.missing) }
        } else {
            try appendMissing(rows - count)
            count = max(count, rows)
        }
    }

    /// A row of text.
    ///
    /// - Returns: False where the column holds something else.
    mutating func append(text: [UInt8]) throws(DatasetError) -> Bool {
        if isNested { return try endRow() }
        guard try prepare(for: ColumnType(.string)) else { return false }
        builder?.append(utf8: text)
        return try endRow()
    }

    /// A row of another value.
    ///
    /// - Returns: False where the column holds something else.
    mutating func append(_ value: Value) throws(DatasetError) -> Bool {
        // Of a column that is left out all values are.
        if isNested { return try endRow() }
        if value == .missing, builder == nil, leading.isEmpty {
            leadingMissing += 1
            return try endRow()
        }
        if value == .missing || value.isUntypedList && type?.isList ?? true {
            if builder == nil { leading.append(value) } else { builder?.append(value) }
            return try endRow()
        }
        guard let found = value.type, try prepare(for: found) else { return false }
        builder?.append(value)
        return try endRow()
    }

    /// A row of a nested value, which is not kept.
    ///
    /// - Returns: False where the column holds something else.
    mutating func appendNested() throws(DatasetError) -> Bool {
        guard type == nil else { return false }
        isNested = true
        leading = []
        return try endRow()
    }

    /// What the column holds so far, for messages.
    var description: String { isNested ? "objects" : type.map { "\(Feature($0))" } ?? "nothing" }

    private mutating func prepare(for found: ColumnType) throws(DatasetError) -> Bool {
        if let type {
            guard let common = type.holding(found, isFixed: false) else { return false }
            if common == type { return true }
            try closePart()
            start(common)
            return true
        }
        guard leading.allSatisfy({ $0 == .missing }) || found.isList else { return false }
        try startAfterLeading(found)
        return true
    }

    private mutating func start(_ type: ColumnType) {
        self.type = type
        builder = ColumnBuilder(type: type)
        store = BatchStore(names: ["column"], types: [type], options: storage)
    }

    private mutating func appendMissing(_ rows: Int) throws(DatasetError) {
        var left = rows
        while left > 0, builder != nil {
            left -= builder?.appendMissing(upTo: left) ?? left
            if builder?.isFull ?? false { try flush() }
        }
    }

    private mutating func startAfterLeading(_ type: ColumnType) throws(DatasetError) {
        start(type)
        try appendMissing(leadingMissing)
        for value in leading { builder?.append(value) }
        leading = []
    }

    private mutating func endRow() throws(DatasetError) -> Bool {
        count += 1
        if builder?.isFull ?? false { try flush() }
        return true
    }

    /// Makes Arrow memory of the rows on their way.
    mutating func flush() throws(DatasetError) {
        if let builder, builder.count > 0, let batch = try self.builder?.finish() {
            try store?.append([batch])
        }
    }

    private mutating func closePart() throws(DatasetError) {
        try flush()
        if let column = try store?.finish() { parts += column }
        store = nil
    }

    /// The column; one without any value holds texts.
    mutating func finish() throws(DatasetError) -> Column {
        if builder == nil {
            let hasLists = leading.contains { $0 != .missing }
            try startAfterLeading(ColumnType(.string, isList: hasLists))
        }
        try closePart()
        return try Column(widening: parts, name: String(decoding: name, as: UTF8.self))
    }
}
