import CArrow

/// Consecutive rows of a column: one Arrow array, on the heap or memory-mapped from a file.
///
/// `@unchecked Sendable`: immutable between `init` and `deinit`, and Arrow may release memory on any thread.
final class ArrowBatch: @unchecked Sendable {
    let type: ColumnType
    /// The number of rows.
    let count: Int
    /// The values; for a list column, the elements of all its lists.
    let values: ArrowValues
    private let lists: ArrowLists?
    private var array: ArrowArray

    /// Takes ownership of an array.
    init(_ array: ArrowArray, type: ColumnType) {
        self.array = array
        self.type = type
        count = Int(array.length)
        if type.isList, let child = array.children?[0]?.pointee {
            lists = ArrowLists(array)
            values = ArrowValues(child)
        } else {
            lists = nil
            values = ArrowValues(array)
        }
    }

    deinit { array.release?(&array) }

    /// Passes the array to CArrow for the duration of a call.
    func withArray<Result>(_ body: (UnsafePointer<ArrowArray>) -> Result) -> Result {
        withUnsafePointer(to: &array, body)
    }

    /// Whether a row has no value.
    func isMissing(_ row: Int) -> Bool { lists?.isMissing(row) ?? values.isMissing(row) }

    /// The range of a row's list in ``values``; a single value counts as a list of one.
    func elements(of row: Int) -> Range<Int> { lists?.elements(of: row) ?? row..<row + 1 }

    /// The value of a row.
    func value(_ row: Int) -> CellValue {
        guard !isMissing(row) else { return .missing }
        guard let lists else { return values.value(row, as: type.value) }
        return .list(lists.elements(of: row).map { values.value($0, as: type.value) })
    }

    /// The approximate memory size of the rows, in bytes.
    var byteCount: Int {
        guard let lists, count > 0 else { return count / 8 + values.byteCount(0..<count, as: type.value) }
        // Slices of an array share all of its elements.
        let elements = lists.elements(of: 0).lowerBound..<lists.elements(of: count - 1).upperBound
        return count / 8 + 4 * count + values.byteCount(elements, as: type.value)
    }
}

/// The flat values of an array of the Arrow C data interface.
///
/// Valid as long as the array's owner exists. Source: https://arrow.apache.org/docs/format/Columnar.html
struct ArrowValues {
    /// The number of values.
    let count: Int
    private let offset: Int
    private let validity: UnsafePointer<UInt8>?
    private let second: UnsafeRawPointer?
    private let third: UnsafeRawPointer?

    init(_ array: ArrowArray) {
        count = Int(array.length)
        offset = Int(array.offset)
        validity = array.buffers?[0]?.assumingMemoryBound(to: UInt8.self)
        second = array.n_buffers > 1 ? array.buffers?[1] : nil
        third = array.n_buffers > 2 ? array.buffers?[2] : nil
    }

    /// The addresses of the offsets and text bytes: equal for two arrays that share them.
    var identity: [UnsafeRawPointer?] { [second, third] }

    @inline(__always)
    func isMissing(_ row: Int) -> Bool {
        guard let validity else { return false }
        let index = row + offset
        return validity[index >> 3] & (1 << UInt8(index & 7)) == 0
    }

    /// The bytes of a text.
    @inline(__always)
    func utf8(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        guard let offsets = second?.assumingMemoryBound(to: Int32.self) else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        let (start, end) = (Int(offsets[row + offset]), Int(offsets[row + offset + 1]))
        let bytes = third?.assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: bytes.map { $0 + start }, count: bytes == nil ? 0 : end - start)
    }

    func string(_ row: Int) -> String { String(decoding: utf8(row), as: UTF8.self) }

    @inline(__always)
    func int32(_ row: Int) -> Int32 {
        second?.assumingMemoryBound(to: Int32.self)[row + offset] ?? 0
    }

    /// Several consecutive values.
    func int32s(_ rows: Range<Int>) -> UnsafeBufferPointer<Int32> {
        let start = second?.assumingMemoryBound(to: Int32.self)
        return UnsafeBufferPointer(
            start: start.map { $0 + offset + rows.lowerBound },
            count: start == nil ? 0 : rows.count
        )
    }

    @inline(__always)
    func int(_ row: Int, as type: ValueType) -> Int {
        type == .int32
            ? Int(int32(row)) : Int(second?.assumingMemoryBound(to: Int64.self)[row + offset] ?? 0)
    }

    func double(_ row: Int) -> Double { second?.assumingMemoryBound(to: Double.self)[row + offset] ?? 0 }

    func bool(_ row: Int) -> Bool {
        guard let bits = second?.assumingMemoryBound(to: UInt8.self) else { return false }
        let index = row + offset
        return bits[index >> 3] & (1 << UInt8(index & 7)) != 0
    }

    func value(_ row: Int, as type: ValueType) -> CellValue {
        guard !isMissing(row) else { return .missing }
        return switch type {
        case .string: .string(string(row))
        case .bool: .bool(bool(row))
        case .int32, .int64: .int(int(row, as: type))
        case .float64: .double(double(row))
        }
    }

    /// The approximate size of a range of values, in bytes.
    func byteCount(_ range: Range<Int>, as type: ValueType) -> Int {
        switch type {
        case .bool: return range.count / 8
        case .int32: return 4 * range.count
        case .int64, .float64: return 8 * range.count
        case .string:
            guard !range.isEmpty, let offsets = second?.assumingMemoryBound(to: Int32.self) else { return 0 }
            return 4 * range.count
                + Int(offsets[offset + range.upperBound] - offsets[offset + range.lowerBound])
        }
    }
}

/// The offsets of an array of lists.
private struct ArrowLists {
    private let offset: Int
    private let validity: UnsafePointer<UInt8>?
    private let offsets: UnsafePointer<Int32>?

    init(_ array: ArrowArray) {
        offset = Int(array.offset)
        validity = array.buffers?[0]?.assumingMemoryBound(to: UInt8.self)
        offsets = array.buffers?[1]?.assumingMemoryBound(to: Int32.self)
    }

    func isMissing(_ row: Int) -> Bool {
        guard let validity else { return false }
        let index = row + offset
        return validity[index >> 3] & (1 << UInt8(index & 7)) == 0
    }

    func elements(of row: Int) -> Range<Int> {
        guard let offsets else { return 0..<0 }
        return Int(offsets[row + offset])..<Int(offsets[row + offset + 1])
    }
}
