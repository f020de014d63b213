import CArrow

extension ArrowBatch {
    /// Creates a batch of lists from their concatenated numbers.
    ///
    /// - Throws: `.badFile` if memory runs out.
    convenience init(packed values: [Int32], listOffsets: [Int32], type: ColumnType) throws(DatasetError) {
        var array = ArrowArray()
        let status = ca_array_make(
            &array,
            type.arrow,
            Int64(listOffsets.count - 1),
            nil,
            listOffsets,
            Int64(values.count),
            nil,
            nil,
            values
        )
        try checkArrow(status) { "rows cannot be held in memory: \($0)" }
        self.init(array, type: type)
    }
}

/// Collects the values of a column for one Arrow array.
struct ColumnBuilder {
    let type: ColumnType
    /// The number of rows collected.
    private(set) var count = 0
    /// The size of the collected values, in bytes.
    var byteCount: Int { data.count }
    private var validity: [UInt8] = []
    private var hasMissing = false
    /// The indices of list elements without a value.
    private var missingElements: [Int] = []
    private var listOffsets: [Int32]
    private var offsets: [Int32]
    private var data: [UInt8] = []
    private var elementCount = 0

    init(type: ColumnType) {
        self.type = type
        listOffsets = type.isList ? [0] : []
        offsets = type.value == .string ? [0] : []
    }

    /// Whether there are enough rows for a batch.
    var isFull: Bool {
        count >= Self.batchRows || data.count >= Self.batchBytes || elementCount >= Self.batchElements
    }

    private static let batchRows = 1 << 16
    private static let batchElements = 1 << 21
    private static let batchBytes = 1 << 24

    /// Adds a row without a value.
    mutating func appendMissing() {
        if !type.isList { appendElement(.missing) }
        endRow(isMissing: true)
    }

    /// Adds rows without a value, at most as many as fill a batch.
    ///
    /// - Returns: The number of rows added.
    mutating func appendMissing(upTo rows: Int) -> Int {
        let rows = min(rows, max(Self.batchRows - count, 1))
        count += rows
        hasMissing = true
        validity += [UInt8](repeating: 0, count: rows)
        if type.isList {
            listOffsets += [Int32](repeating: Int32(truncatingIfNeeded: elementCount), count: rows)
        } else {
            data += [UInt8](repeating: 0, count: rows * Self.width(of: type.value))
            elementCount += rows
            if type.value == .string {
                offsets += [Int32](repeating: Int32(truncatingIfNeeded: data.count), count: rows)
            }
        }
        return rows
    }

    /// Adds a row of text.
    mutating func append(utf8: some Collection<UInt8>) {
        data.append(contentsOf: utf8)
        endElement()
        endRow()
    }

    /// Adds a row with a fixed-size value of exactly the column's type.
    mutating func append(number: some BitwiseCopyable) {
        appendBytes(of: number)
        endElement()
        endRow()
    }

    /// Adds a row with any value; a value of another type becomes missing.
    mutating func append(_ value: CellValue) {
        switch value {
        case .missing: appendMissing()
        case .list(let values) where type.isList:
            for value in values { appendElement(value) }
            endRow()
        case _ where !type.isList && value.type.flatMap { type.holding($0, isFixed: true) } != nil:
            appendElement(value)
            endRow()
        default: appendMissing()
        }
    }

    /// Adds a row from a batch of the same type.
    mutating func append(_ batch: ArrowBatch, row: Int) {
        guard !batch.isMissing(row) else { return appendMissing() }
        for element in batch.elements(of: row) {
            switch type.value {
            case _ where batch.values.isMissing(element): appendElement(.missing)
            case .string:
                data.append(contentsOf: batch.values.utf8(element))
                endElement()
            case .bool: appendElement(.bool(batch.values.bool(element)))
            case .int32, .int64: appendElement(.int(batch.values.int(element, as: type.value)))
            case .float64: appendElement(.double(batch.values.double(element)))
            }
        }
        endRow()
    }

    /// Adds a value, or an element of a list, without ending the row.
    ///
    /// A value of another type becomes missing.
    private mutating func appendElement(_ value: CellValue) {
        switch (type.value, value) {
        case (.string, .string(var text)): text.withUTF8 { data.append(contentsOf: $0) }
        case (.bool, .bool(let truth)): appendBytes(of: truth ? 1 as UInt8 : 0)
        case (.int32, .int(let number)): appendBytes(of: Int32(clamping: number))
        case (.int64, .int(let number)): appendBytes(of: Int64(number))
        case (.float64, .double(let number)): appendBytes(of: number)
        case (.float64, .int(let number)): appendBytes(of: Double(number))
        default:
            data.append(contentsOf: repeatElement(0, count: Self.width(of: type.value)))
            return endElement(isMissing: true)
        }
        endElement()
    }

    private mutating func appendBytes(of number: some BitwiseCopyable) {
        withUnsafeBytes(of: number) { data.append(contentsOf: $0) }
    }

    private mutating func endElement(isMissing: Bool = false) {
        if type.isList, isMissing { missingElements.append(elementCount) }
        elementCount += 1
        if type.value == .string { offsets.append(Int32(truncatingIfNeeded: data.count)) }
    }

    private mutating func endRow(isMissing: Bool = false) {
        count += 1
        if isMissing { hasMissing = true }
        validity.append(isMissing ? 0 : 1)
        if type.isList { listOffsets.append(Int32(truncatingIfNeeded: elementCount)) }
    }

    /// The size of a value in bytes; 0 for texts, whose size varies.
    private static func width(of type: ValueType) -> Int {
        switch type {
        case .string: 0
        case .bool: 1
        case .int32: 4
        case .int64, .float64: 8
        }
    }

    /// Returns the values as an Arrow array and empties the builder.
    mutating func finish() throws(DatasetError) -> ArrowBatch {
        guard data.count <= Int32.max, elementCount < Int32.max else {
            throw DatasetError(
                .badFile,
                "a batch of texts takes more than 2 GB; a text of that length cannot be read"
            )
        }
        var elementValidity: [UInt8] = []
        if !missingElements.isEmpty {
            elementValidity = [UInt8](repeating: 1, count: elementCount)
            for element in missingElements { elementValidity[element] = 0 }
        }
        var array = ArrowArray()
        let status = validity.withUnsafeBufferPointer { validity in
            ca_array_make(
                &array,
                type.arrow,
                Int64(count),
                hasMissing ? validity.baseAddress : nil,
                type.isList ? listOffsets : nil,
                Int64(elementCount),
                elementValidity.isEmpty ? nil : elementValidity,
                type.value == .string ? offsets : nil,
                data
            )
        }
        try checkArrow(status) { "rows cannot be held in memory: \($0)" }
        self = ColumnBuilder(type: type)
        return ArrowBatch(array, type: type)
    }
}
