import CArrow

/// Rows that Arrow holds, maps or reads from a file: the only Swift that calls CArrow.
///
/// Immutable; freed with the last reference.
// The C++ object behind the handle is never changed after it is made, and may be read by several threads.
final class ArrowSource: @unchecked Sendable {
    private let handle: ca_source

    private init(_ handle: ca_source) { self.handle = handle }
    deinit { ca_source_free(handle) }

    /// Opens a Parquet file; its columns are read when they are asked for.
    static func parquet(path: String) throws(DatasetError) -> ArrowSource {
        try make(path: path) { ca_source_open_parquet($0, path) }
    }

    /// Maps an Arrow IPC file or stream.
    static func ipc(path: String) throws(DatasetError) -> ArrowSource {
        try make(path: path) { ca_source_open_ipc($0, path, false) }
    }

    /// The number of rows.
    var rowCount: Int { Int(ca_source_row_count(handle)) }

    /// The columns' names; a list's values are not one text, so lists are left out.
    var textColumns: [(index: Int32, name: String)] {
        (0..<ca_source_column_count(handle)).compactMap { column in
            switch ca_source_column_type(handle, column) {
            case CA_STRING, CA_INT64, CA_FLOAT64, CA_BOOL:
                (column, String(cString: ca_source_column_name(handle, column)))
            default: nil
            }
        }
    }

    /// A column as text, values other than text as Python's `str` names them; nil where one is missing.
    func strings(column: Int32, path: String) throws(DatasetError) -> [String?] {
        let text = try Self.make(path: path) { ca_source_as_text($0, handle, column) }
        var reader = ca_reader()
        try check(ca_reader_open(&reader, text.handle, [0], 1), path)
        defer { ca_reader_free(reader) }
        var values: [String?] = []
        values.reserveCapacity(text.rowCount)
        while true {
            var batch = ArrowArray()
            var isDone = false
            try check(ca_reader_next(&batch, &isDone, reader), path)
            if isDone { return values }
            defer { batch.release?(&batch) }
            if let child = batch.children?[0] { values += StringColumn(child.pointee) }
        }
    }

    private static func make(
        path: String,
        _ body: (UnsafeMutablePointer<ca_source>) -> Int32
    ) throws(DatasetError) -> ArrowSource {
        var handle = ca_source()
        try check(body(&handle), path)
        return ArrowSource(handle)
    }
}

/// Throws what Arrow says is wrong with a file.
private func check(_ status: Int32, _ path: String) throws(DatasetError) {
    guard status != Int32(CA_OK.rawValue) else { return }
    let reason = String(cString: ca_last_error())
    if status == Int32(CA_OUT_OF_MEMORY.rawValue) {
        throw DatasetError(
            .badFile,
            "\(path): a part of it needs more memory than reading may take (\(reason)); "
                + "write it again with smaller row groups"
        )
    }
    throw DatasetError(.badFile, "\(path) cannot be read: \(reason); write it again, or download it again")
}

/// The values of a string array of the Arrow C data interface: 32-bit offsets into UTF-8.
///
/// Source: https://arrow.apache.org/docs/format/Columnar.html
private struct StringColumn: Sequence, IteratorProtocol {
    private let array: ArrowArray
    private var row = 0

    init(_ array: ArrowArray) { self.array = array }

    var underestimatedCount: Int { Int(array.length) - row }

    mutating func next() -> String?? {
        guard row < array.length, let buffers = array.buffers else { return nil }
        let index = row + Int(array.offset)
        row += 1
        if let validity = buffers[0]?.assumingMemoryBound(to: UInt8.self),
            validity[index / 8] & (1 << (index % 8)) == 0
        {
            return .some(nil)
        }
        guard let offsets = buffers[1]?.assumingMemoryBound(to: Int32.self) else { return .some(nil) }
        let bytes = UnsafeRawBufferPointer(
            start: buffers[2].map { $0 + Int(offsets[index]) },
            count: Int(offsets[index + 1] - offsets[index])
        )
        return String(decoding: bytes, as: UTF8.self)
    }
}
