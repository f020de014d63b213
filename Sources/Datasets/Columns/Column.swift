/// Row indices that several columns share.
final class RowSelection: Sendable {
    let rows: [Int]

    init(_ rows: [Int]) { self.rows = rows }
}

/// A column: a sequence of pieces (in memory, memory-mapped, or in a file), and a selection of their rows.
struct Column: Sendable {
    /// Consecutive stored rows.
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
    /// The first stored row of every piece, followed by the number of all stored rows.
    let starts: [Int]
    /// The selected stored rows, in order; nil if all are selected.
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

    /// The number of rows in all pieces.
    var storedCount: Int { starts[starts.count - 1] }

    /// The number of selected rows.
    var count: Int { selection?.rows.count ?? storedCount }

    /// Whether all rows are in memory or memory-mapped.
    var isLoaded: Bool {
        pieces.allSatisfy { if case .batch = $0 { true } else { false } }
    }

    /// Returns a column of the same pieces with another selection.
    func selecting(_ selection: RowSelection?) -> Column {
        Column(feature: feature, type: type, pieces: pieces, selection: selection)
    }

    /// Returns the index of the piece that contains a stored row.
    func pieceIndex(of row: Int) -> Int {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= row { low = middle } else { high = middle }
        }
        return low
    }

    /// Reads the stored rows of a piece batch by batch.
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

/// Finds the batches of a loaded column's rows; fastest for consecutive rows.
struct ColumnCursor {
    private let column: Column
    private var range = 0..<0
    private var current: ArrowBatch?

    /// Creates a cursor over a loaded column.
    init(_ column: Column) { self.column = column }

    /// Returns the batch that contains a row, and the row's index in it; nil beyond the last row.
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
