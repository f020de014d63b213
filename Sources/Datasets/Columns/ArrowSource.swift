import CArrow
import Files
import Foundation

/// Throws what the last call of this thread to CArrow failed for.
///
/// - Parameters:
///   - status: What the call returned.
///   - message: Makes a sentence of Arrow's reason.
/// - Throws: `.badFile` with that sentence.
func checkArrow(_ status: Int32, _ message: (String) -> String) throws(DatasetError) {
    guard status != Int32(CA_OK.rawValue) else { return }
    throw DatasetError(.badFile, message(String(cString: ca_last_error())))
}

/// A Parquet file, or an Arrow IPC file or stream: columns that are read when they are needed.
///
/// `@unchecked Sendable`: CArrow's sources are immutable once open, and each reader has a state of its own.
final class ArrowSource: @unchecked Sendable {
    /// What a file is.
    enum Format { case parquet, ipc }

    /// A column of the file, or a part of a nested one (``NestedColumn``).
    struct Field {
        /// Its number, for ``ArrowSource/read(column:piece:type:_:)``.
        var column: Int
        var name: String
        /// Nil if it holds nested values.
        var type: ColumnType?
        /// How many objects lead to it: 0 for a column of the file, 1 for a member of its objects.
        var depth: Int
        /// What nested values are.
        var kind: NestedColumn.Kind
    }

    /// A small file may hold one long text a million times.
    private static let leastLimit = 1 << 30
    private static let mostExpansion = 200

    let path: String
    private var source = ca_source()
    /// Bytes of values that one column may take.
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

    /// The file's columns, in its order; behind a nested one come its parts.
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

    /// What the schema says under a key.
    func metadata(_ key: String) -> String? { ca_source_metadata(source, key).map { String(cString: $0) } }

    /// Rows by piece: what can be read side by side.
    var pieceCounts: [Int] {
        (0..<ca_source_piece_count(source)).map { Int(ca_source_piece_rows(source, $0)) }
    }

    /// Reads a piece of a column, batch by batch.
    ///
    /// - Parameters:
    ///   - column: Which, from 0.
    ///   - piece: Which, from 0.
    ///   - type: The column's.
    ///   - body: Gets every batch.
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

    /// The fault of a file whose values take more than ``byteLimit``.
    var isTooLarge: DatasetError {
        DatasetError(
            .badFile,
            "\(path) cannot be read: its texts take more than \(Self.mostExpansion) times the file's size; "
                + "write it again without repeated texts"
        )
    }

    /// Reads a piece of a column as the distinct texts of every batch and their numbers.
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

    /// Throws what Arrow says is wrong with the file.
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

/// A batch of class names: distinct texts once, and for each row which one.
///
/// `@unchecked Sendable`: as ``ArrowBatch``.
final class ClassBatch: @unchecked Sendable {
    /// The number of each row's text.
    let codes: ArrowValues
    /// The texts.
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
    /// CArrow's name for it.
    fileprivate init(_ nesting: ca_nesting) {
        switch nesting {
        case CA_OBJECT: self = .object
        case CA_OBJECTS: self = .objects
        case CA_LISTS: self = .lists
        default: self = .other
        }
    }
}
