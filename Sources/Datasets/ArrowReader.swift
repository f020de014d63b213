import CArrow
import Foundation

/// Reads Parquet files and Arrow IPC files and streams: the only Swift that calls CArrow.
final class ArrowReader {
    /// What a file is.
    enum Format { case parquet, ipc }

    /// A small file may hold one long text a million times.
    private static let leastLimit = 1 << 30
    private static let mostExpansion = 200

    private let path: String
    private var source = ca_source()
    /// Bytes of text that may still be read.
    private var room = 0

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - format: What it is.
    /// - Throws: `.badFile`.
    init(path: String, format: Format) throws(DatasetError) {
        self.path = path
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        room = max(Self.leastLimit, Self.mostExpansion * (size ?? 0))
        switch format {
        case .parquet: try check(ca_source_open_parquet(&source, path))
        case .ipc: try check(ca_source_open_ipc(&source, path))
        }
    }

    deinit { ca_source_free(source) }

    /// All rows of the columns that can be read as text.
    ///
    /// - Returns: Numbers and booleans as the text that Python's `str` gives; the other columns' names are kept.
    /// - Throws: `.badFile`.
    func dataset() throws(DatasetError) -> Dataset {
        let names = (0..<ca_source_column_count(source)).map {
            String(cString: ca_source_column_name(source, $0))
        }
        if let twice = Dictionary(grouping: names, by: { $0 }).first(where: { $1.count > 1 })?.key {
            throw DatasetError(.badFile, "\(path): names the column \"\(twice)\" twice")
        }
        guard ca_source_row_count(source) > 0 else {
            throw DatasetError(.badFile, "\(path) has no rows")
        }
        var columns: [(name: String, values: [String?])] = []
        var leftOut: [String] = []
        for (index, name) in names.enumerated() {
            if ca_source_column_is_flat(source, Int32(index)) {
                columns.append((name, try strings(Int32(index))))
            } else {
                leftOut.append(name)
            }
        }
        guard !columns.isEmpty else {
            throw DatasetError(
                .badFile,
                "\(path) has no column of texts, numbers or booleans; write it again with the texts in a column of their own"
            )
        }
        return try Dataset(columns: columns, leftOutColumns: leftOut)
    }

    private func strings(_ column: Int32) throws(DatasetError) -> [String?] {
        var reader = ca_reader()
        try check(ca_reader_open(&reader, source, column))
        defer { ca_reader_free(reader) }
        // No room is reserved: a hostile file may tell of any number of rows.
        var values: [String?] = []
        while true {
            var array = ArrowArray()
            var isDone = false
            try check(ca_reader_next(&array, &isDone, reader))
            if isDone { break }
            defer { array.release?(&array) }
            let column = StringColumn(array)
            room -= column.byteCount
            guard room >= 0 else {
                throw DatasetError(
                    .badFile,
                    "\(path) cannot be read: its texts take more than \(Self.mostExpansion) times the file's size; "
                        + "write it again without the repeated ones"
                )
            }
            values += column
        }
        guard values.count == ca_source_row_count(source) else {
            throw DatasetError(
                .badFile,
                "\(path) cannot be read: it holds \(values.count) rows where it tells of \(ca_source_row_count(source)); "
                    + "write it again, or download it again"
            )
        }
        return values
    }

    /// Throws what Arrow says is wrong with the file.
    private func check(_ status: Int32) throws(DatasetError) {
        guard status != Int32(CA_OK.rawValue) else { return }
        let reason = String(cString: ca_last_error())
        if status == Int32(CA_OUT_OF_MEMORY.rawValue) {
            throw DatasetError(
                .badFile,
                "\(path) cannot be read: it takes more memory than reading may (\(reason)); "
                    + "write it again in several files"
            )
        }
        throw DatasetError(
            .badFile,
            "\(path) cannot be read: \(reason); write it again, or download it again"
        )
    }
}

/// The values of a string array of the Arrow C data interface: 32-bit offsets into UTF-8.
///
/// Source: https://arrow.apache.org/docs/format/Columnar.html
private struct StringColumn: Sequence, IteratorProtocol {
    private let array: ArrowArray
    private var row = 0

    init(_ array: ArrowArray) { self.array = array }

    /// Bytes of all texts.
    var byteCount: Int {
        guard array.length > 0, let offsets = array.buffers?[1]?.assumingMemoryBound(to: Int32.self) else {
            return 0
        }
        return Int(offsets[Int(array.offset + array.length)] - offsets[Int(array.offset)])
    }

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
