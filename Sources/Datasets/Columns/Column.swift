/// Row numbers that several columns share.
final class RowSelection: Sendable {
    let rows: [Int]

    init(_ rows: [Int]) { self.rows = rows }
}

/// A column: pieces one after another, each in memory, mapped, or still in its file, and which of their rows count.
struct Column: Sendable {
    /// A stretch of stored rows.
    enum Piece: Sendable {
        case batch(ArrowBatch)
        case file(ArrowSource, column: Int, piece: Int, count: Int)

        var count: Int {
            switch self {
            case .batch(let batch): batch.count
            case .file(_, _, _, let count): count
            }
        }
    }

    var feature: Feature
    let type: ColumnType
    let pieces: [Piece]
    /// The first stored row of every piece, and the number of all of them at the end.
    let starts: [Int]
    /// The stored rows that count, in their order; nil where all do.
    let selection: RowSelection?

    init(feature: Feature, type: ColumnType, pieces: [Piece], selection: RowSelection? = nil) {
        self.feature = feature
        self.type = type
        self.pieces = pieces.filter { $0.count > 0 }
        self.selection = selection
        starts = self.pieces.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    }

    init(feature: Feature? = nil, type: ColumnType, batches: [ArrowBatch], selection: RowSelection? = nil) {
        self.init(
            feature: feature ?? Feature(type),
            type: type,
            pieces: batches.map(Piece.batch),
            selection: selection
        )
    }

    /// Rows in the pieces.
    var storedCount: Int { starts[starts.count - 1] }

    /// Rows that count.
    var count: Int { selection?.rows.count ?? storedCount }

    /// Whether all rows are in memory or mapped.
    var isLoaded: Bool {
        pieces.allSatisfy { if case .batch = $0 { true } else { false } }
    }

    /// The same pieces with other rows of them.
    func selecting(_ selection: RowSelection?) -> Column {
        Column(feature: feature, type: type, pieces: pieces, selection: selection)
    }

    /// The piece that holds a stored row.
    func pieceIndex(of row: Int) -> Int {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= row { low = middle } else { high = middle }
        }
        return low
    }

    /// Hands a piece's stored rows on batch by batch.
    func read(
        piece index: Int,
        _ body: (ArrowBatch) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        switch pieces[index] {
        case .batch(let batch): try body(batch)
        case .file(let source, let column, let piece, _):
            try source.read(column: column, piece: piece, type: type, body)
        }
    }
}

/// Finds the batches of a loaded column's rows; fastest where one row follows another.
struct ColumnCursor {
    private let column: Column
    private var range = 0..<0
    private var current: ArrowBatch?

    /// A cursor over a column that is loaded.
    init(_ column: Column) { self.column = column }

    /// The batch that holds a row, and where in it; nil beyond the last.
    @inline(__always)
    mutating func locate(_ row: Int) -> (batch: ArrowBatch, row: Int)? {
        let stored = column.selection?.rows[row] ?? row
        if let current, range.contains(stored) { return (current, stored - range.lowerBound) }
        guard stored < column.storedCount else { return nil }
        let index = column.pieceIndex(of: stored)
        guard case .batch(let batch) = column.pieces[index] else { return nil }
        range = column.starts[index]..<column.starts[index + 1]
        current = batch
        return (batch, stored - range.lowerBound)
    }
}
