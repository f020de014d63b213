import CArrow
import Files
import Foundation

/// Throws an error if the last CArrow call on this thread failed.
///
/// - Parameters:
///   - status: The status that the call returned.
///   - message: Makes the error's message from Arrow's reason.
/// - Throws: `.badFile` with that message.
func checkArrow(_ status: Int32, _ message: (String) -> String) throws(DatasetError) {
    guard status != Int32(CA_OK.rawValue) else { return }
    throw DatasetError(.badFile, message(String(cString: ca_last_error())))
}

/// A Parquet file, or an Arrow IPC file or stream, whose columns are read when they are needed.
///
/// `@unchecked Sendable`: CArrow's sources are immutable once open, and each reader has its own state.
final class ArrowSource: @unchecked Sendable {
    /// The format of a file.
    enum Format { case parquet, ipc }

    /// A column of the file, or a part of a nested one (``NestedColumn``).
    struct Field {
        /// The index of the column, for ``ArrowSource/read(column:piece:type:_:)``.
        var column: Int
        var name: String
        /// Nil if it holds nested values.
        var type: ColumnType?
        /// The number of enclosing objects: 0 for a column of the file, 1 for a member of its objects.
        var depth: Int
        /// The kind of nested values.
        var kind: NestedColumn.Kind
    }

    // A small file may contain one long text a million times.
    private static let leastLimit = 1 << 30
    private static let mostExpansion = 200

    let path: String
    private var source = ca_source()
    /// The maximum size of one column's values, in bytes.
    let byteLimit: Int

    /// Opens a file.
    ///
    /// - Throws: `.badFile`.
    init(path: String, format: Format) throws(DatasetError) {
        self.path = path
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        byteLimit = max(Self.leastLimit, Self.mostExpansion * (size ?? 0))
        switch format {
        case .parquet: try check(ca_source_open_parquet(&source, path))
        case .ipc: try check(ca_source_open_ipc(&source, path))
        }
    }

    deinit { ca_source_free(source) }

    /// The file's columns in order; a nested column is followed by its parts.
    var fields: [Field] {
        (0..<ca_source_column_count(source)).map {
            Field(
                column: Int($0),
                name: String(cString: ca_source_column_name(source, $0)),
                type: ColumnType(ca_source_column_type(source, $0)),
                depth: Int(ca_source_column_depth(source, $0)),
                kind: NestedColumn.Kind(ca_source_column_nesting(source, $0))
            )
        }
    }

    /// The value of a key in the schema's metadata.
    func metadata(_ key: String) -> String? { ca_source_metadata(source, key).map { String(cString: $0) } }

    /// The number of rows in each piece; pieces can be read concurrently.
    var pieceCounts: [Int] {
        (0..<ca_source_piece_count(source)).map { Int(ca_source_piece_rows(source, $0)) }
    }

    /// Reads a piece of a column, batch by batch.
    ///
    /// - Parameters:
    ///   - column: The zero-based index of the column.
    ///   - piece: The zero-based index of the piece.
    ///   - type: The column's type.
    ///   - body: Receives every batch.
    /// - Throws: `.badFile`.
    func read(
        column: Int,
        piece: Int,
        type: ColumnType,
        _ body: (ArrowBatch) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        var room = byteLimit
        try read(column: column, piece: piece, form: CA_VALUES) { (array) throws(DatasetError) in
            let batch = ArrowBatch(array, type: type)
            room -= batch.byteCount
            guard room >= 0 else { throw isTooLarge }
            try body(batch)
        }
    }

    /// The error for a file whose values take more than ``byteLimit``.
    var isTooLarge: DatasetError {
        DatasetError(
            .badFile,
            "\(path) cannot be read: its texts take more than \(Self.mostExpansion) times the file's size; "
                + "write it again without repeated texts"
        )
    }

    /// Reads a piece of a column as distinct texts and codes, batch by batch.
    ///
    /// - Throws: `.badFile`.
    func readClasses(
        column: Int,
        piece: Int,
        _ body: (ClassBatch) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        try read(column: column, piece: piece, form: CA_CLASSES) { (array) throws(DatasetError) in
            try body(ClassBatch(array))
        }
    }

    private func read(
        column: Int,
        piece: Int,
        form: ca_form,
        _ body: (ArrowArray) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        var reader = ca_reader()
        try check(ca_reader_open(&reader, source, Int32(piece), Int32(column), form), column: column)
        defer { ca_reader_free(reader) }
        let told = Int(ca_source_piece_rows(source, Int32(piece)))
        var rows = 0
        while true {
            var array = ArrowArray()
            var isDone = false
            try check(ca_reader_next(&array, &isDone, reader), column: column)
            if isDone { break }
            rows += Int(array.length)
            try body(array)
        }
        guard rows == told else {
            throw DatasetError(
                .badFile,
                "\(path) cannot be read: it holds \(counted(rows, "row")), but declares \(told); "
                    + "write it again, or download it again"
            )
        }
    }

    /// Throws Arrow's error, with the file and column in the message.
    private func check(_ status: Int32, column: Int? = nil) throws(DatasetError) {
        try checkArrow(status) { reason in
            let column = column.map { String(cString: ca_source_column_name(source, Int32($0))) }
            let reason = column.map { "column \"\($0)\": \(reason)" } ?? reason
            if status == Int32(CA_OUT_OF_MEMORY.rawValue) {
                return "\(path) cannot be read: it needs more memory than reading may use (\(reason)); "
                    + "write it again as several files"
            }
            return "\(path) cannot be read: \(reason); write it again, or download it again"
        }
    }
}

/// A batch of class names: the distinct texts, and a code for each row.
///
/// `@unchecked Sendable` for the same reason as ``ArrowBatch``.
final class ClassBatch: @unchecked Sendable {
    /// For each row, the index of its text.
    let codes: ArrowValues
    /// The distinct texts.
    let names: ArrowValues
    private var array: ArrowArray

    init(_ array: ArrowArray) {
        self.array = array
        codes = ArrowValues(array)
        names = ArrowValues(array.dictionary.pointee)
    }

    deinit { array.release?(&array) }
}

extension NestedColumn.Kind {
    /// Converts CArrow's kind.
    fileprivate init(_ nesting: ca_nesting) {
        switch nesting {
        case CA_OBJECT: self = .object
        case CA_OBJECTS: self = .objects
        case CA_LISTS: self = .lists
        default: self = .other
        }
    }
}
