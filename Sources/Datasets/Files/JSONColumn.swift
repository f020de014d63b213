import JSON

/// A column of a JSON file that is being read; its type is inferred from the rows.
struct JSONColumn {
    /// The bytes of the column's name.
    let name: [UInt8]
    /// The number of rows read.
    private(set) var count = 0
    /// The parts of nested values (objects, and lists of lists or objects); nil if there are no nested values.
    private(set) var parts: JSONParts?
    /// Whether some values were Label Studio's choices, objects such as `{"choices": ["Good", "Cheap"]}`.
    private(set) var hasChoices = false
    /// The message about the first line that mixes nested and other values; nil if there is no such line.
    var conflict: String?
    private let storage: StorageOptions
    private var type: ColumnType?
    /// The number of missing values at the start.
    ///
    /// There may be many, so they are only counted.
    private var leadingMissing = 0
    /// The next rows, up to the first that determines the type: empty lists, infinite numbers and missing values.
    private var leading: [CellValue] = []
    private var builder: ColumnBuilder?
    private var store: BatchStore?
    private var stored: [Column] = []

    init(name: [UInt8], _ storage: StorageOptions) {
        self.name = name
        self.storage = storage
    }

    /// Whether a value has determined the type.
    var tellsType: Bool { type != nil }

    /// Whether there were nested values: objects, or lists of lists or objects.
    var isNested: Bool { parts != nil }

    /// Whether a value of this kind is the first that conflicts with earlier ones.
    func conflicts(withNested isNested: Bool) -> Bool {
        guard conflict == nil else { return false }
        return isNested ? parts == nil && type != nil : parts != nil
    }

    /// The number of fields per row; nested values have one per part.
    var fieldCount: Int { 1 + (parts?.count ?? 0) }

    /// Pads with missing values up to a number of rows.
    mutating func pad(to rows: Int) throws(DatasetError) {
        if parts != nil {
            count = max(count, rows)
        } else if builder == nil, leading.isEmpty {
            leadingMissing += rows - count
            count = rows
        } else if builder == nil {
            while count < rows { _ = try append(.missing) }
        } else {
            try appendMissing(rows - count)
            count = max(count, rows)
        }
    }

    /// Adds a row of text.
    ///
    /// - Returns: False if the column holds something else.
    mutating func append(text: [UInt8]) throws(DatasetError) -> Bool {
        if parts != nil { return try endRowOfAnother() }
        if hasChoices { return try append(.list([.string(String(decoding: text, as: UTF8.self))])) }
        guard try prepare(for: ColumnType(.string)) else { return false }
        builder?.append(utf8: text)
        return try endRow()
    }

    /// Adds a row with another value.
    ///
    /// - Returns: False if the column holds something else.
    mutating func append(_ value: CellValue) throws(DatasetError) -> Bool {
        if parts != nil { return value == .missing ? try endRow() : try endRowOfAnother() }
        if value == .missing, builder == nil, leading.isEmpty {
            leadingMissing += 1
            return try endRow()
        }
        if value == .missing || value.isUntypedList && type?.isList ?? true {
            if builder == nil { leading.append(value) } else { builder?.append(value) }
            return try endRow()
        }
        if value.isInfinite, type?.isNumber != true {
            // Among texts it counts as missing, like the NaN that Python writes for a missing text.
            if builder == nil { leading.append(value) } else { builder?.appendMissing() }
            return try endRow()
        }
        guard let found = value.type, try prepare(for: found) else { return false }
        builder?.append(value)
        return try endRow()
    }

    /// Adds a row of Label Studio's choices.
    ///
    /// In such a column, a plain text is one choice.
    ///
    /// Source: https://labelstud.io/guide/export (JSON_MIN and CSV).
    ///
    /// - Returns: False if the column holds something else, so that the object is an ordinary one.
    mutating func append(choices: [CellValue]) throws(DatasetError) -> Bool {
        guard parts == nil, hasChoices || type == nil || type == ColumnType(.string),
            leading.allSatisfy({ $0 == .missing })
        else { return false }
        if !hasChoices, type != nil {
            try closePart()
            start(ColumnType(.string, isList: true))
        }
        hasChoices = true
        return try append(.list(choices))
    }

    /// Adds a row with a nested value.
    ///
    /// - Parameter scanner: A scanner positioned before the value.
    /// - Returns: False if it is not JSON.
    /// - Throws: `.badFile` if memory runs out.
    mutating func appendNested(_ scanner: inout JSONScanner) throws(DatasetError) -> Bool {
        if parts == nil { startNested() }
        guard try parts?.append(&scanner, row: count) ?? false else { return false }
        return try endRow()
    }

    /// Switches to nested values.
    ///
    /// Earlier values are dropped, because a column cannot hold both.
    private mutating func startNested() {
        var parts = JSONParts(name: name, storage)
        parts.holdsOthers = type != nil || leading.contains(where: \.isInfinite)
        for (index, value) in leading.enumerated() where value.list?.isEmpty ?? false {
            parts.addEmptyList(row: leadingMissing + index)
        }
        self.parts = parts
        (leading, type, builder, store, stored, hasChoices) = ([], nil, nil, nil, [], false)
    }

    /// Stops reading parts of nested values.
    mutating func giveUpParts() { parts?.giveUp() }

    private mutating func endRowOfAnother() throws(DatasetError) -> Bool {
        parts?.holdsOthers = true
        return try endRow()
    }

    /// The kind of values read so far, for messages.
    var description: String { parts?.kind.rawValue ?? type.map { "\(Feature($0))" } ?? "nothing" }

    private mutating func prepare(for found: ColumnType) throws(DatasetError) -> Bool {
        if let type {
            guard let common = type.holding(found, isFixed: false) else { return false }
            if common == type { return true }
            try closePart()
            start(common)
            return true
        }
        guard found.isList || leading.allSatisfy({ $0.list == nil }) else { return false }
        let hasInfinite = found.isNumber && leading.contains(where: \.isInfinite)
        try startAfterLeading(hasInfinite ? ColumnType(.float64) : found)
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
        // The builder treats an infinite number among values of another type as missing.
        for value in leading { builder?.append(value) }
        leading = []
    }

    private mutating func endRow() throws(DatasetError) -> Bool {
        count += 1
        if builder?.isFull ?? false { try flush() }
        return true
    }

    /// Moves the collected rows into Arrow memory.
    mutating func flush() throws(DatasetError) {
        try parts?.flush(to: count)
        if let builder, builder.count > 0, let batch = try self.builder?.finish() {
            try store?.append([batch])
        }
    }

    private mutating func closePart() throws(DatasetError) {
        try flush()
        if let column = try store?.finish() { stored += column }
        store = nil
    }

    /// Returns the column; a column without values holds texts.
    mutating func finish() throws(DatasetError) -> Column {
        if builder == nil {
            let hasLists = leading.contains { $0.list != nil }
            let isInfinite = leading.contains(where: \.isInfinite)
            try startAfterLeading(ColumnType(isInfinite ? .float64 : .string, isList: hasLists))
        }
        try closePart()
        if hasChoices { stored = try stored.map { (part) throws(DatasetError) in try part.asLists() } }
        return try Column(widening: stored, name: String(decoding: name, as: UTF8.self))
    }

    /// Returns the parts of nested values; nil if there are no nested values.
    mutating func finishParts() throws(DatasetError) -> JSONParts.Finished? {
        var finished = try parts?.finish(rows: count)
        finished?.nested.refusal = conflict
        return finished
    }
}

extension Column {
    /// Converts loaded texts to lists of one text; a column of lists is not changed.
    fileprivate func asLists() throws(DatasetError) -> Column {
        guard !type.isList else { return self }
        var builder = ColumnBuilder(type: ColumnType(type.value, isList: true))
        var batches: [ArrowBatch] = []
        for piece in pieces.indices {
            try read(piece: piece) { (batch) throws(DatasetError) in
                for row in 0..<batch.count {
                    let value = batch.value(row)
                    builder.append(value == .missing ? .missing : .list([value]))
                    if builder.isFull { batches.append(try builder.finish()) }
                }
            }
        }
        batches.append(try builder.finish())
        return Column(type: builder.type, batches: batches)
    }
}
