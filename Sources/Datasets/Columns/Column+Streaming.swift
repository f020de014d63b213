extension Dataset {
    /// Streams a column batch by batch without keeping its rows, so that a file may be larger than memory.
    ///
    /// Ranges of rows are read concurrently; within a range, batches come in order.
    ///
    /// - Parameters:
    ///   - name: The column.
    ///   - start: Makes the initial result of a range, given its number of rows.
    ///   - body: Adds a batch to the result of its range.
    /// - Returns: The results of all ranges, in row order.
    /// - Throws: `.missingColumn`, `.badFile`, and errors of `body`.
    func gather<Part: Sendable>(
        _ name: String,
        start: @Sendable (Int) -> Part,
        _ body: @Sendable (inout Part, ArrowBatch) throws(DatasetError) -> Void
    ) throws(DatasetError) -> [Part] {
        let stretches = try stretches(of: name)
        // A window limits how many ranges are in memory together.
        var parts: [Part] = []
        var first = 0
        while first < stretches.count {
            let window = Array(stretches[first..<min(first + concurrentWindow, stretches.count)])
            first += window.count
            parts += try concurrentMap(window) { (stretch) throws(DatasetError) in
                var part = start(stretch.count)
                try stretch.read { (batch) throws(DatasetError) in try body(&part, batch) }
                return part
            }
        }
        return parts
    }

    /// Streams a column batch by batch, in order and one at a time.
    ///
    /// - Parameters:
    ///   - name: The column.
    ///   - body: Receives every batch.
    /// - Throws: `.missingColumn`, `.badFile`, and errors of `body`.
    func stream(
        _ name: String,
        _ body: (ArrowBatch) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        for stretch in try stretches(of: name) { try stretch.read(body) }
    }

    /// The ranges to read.
    ///
    /// Selected rows are loaded first, because they may be anywhere in the file.
    private func stretches(of name: String) throws(DatasetError) -> [Stretch] {
        let column = columns[try index(of: name)]
        guard column.selection != nil else {
            return column.pieces.indices.map { Stretch(column: column, place: .piece($0)) }
        }
        let loaded = try self.loaded(columns: [name]).columns[0]
        return stride(from: 0, to: count, by: Stretch.rows).map {
            Stretch(column: loaded, place: .rows($0..<min($0 + Stretch.rows, count)))
        }
    }
}

/// Consecutive rows of a column.
private struct Stretch: Sendable {
    enum Place { case piece(Int), rows(Range<Int>) }

    static let rows = 1 << 14

    var column: Column
    var place: Place

    var count: Int {
        switch place {
        case .piece(let index): column.pieces[index].count
        case .rows(let range): range.count
        }
    }

    func read(_ body: (ArrowBatch) throws(DatasetError) -> Void) throws(DatasetError) {
        switch place {
        case .piece(let index): try column.read(piece: index, body)
        case .rows(let range): try body(column.batch(range))
        }
    }
}
