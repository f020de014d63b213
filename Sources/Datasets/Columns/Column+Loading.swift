import CArrow

/// The stored rows that a selection needs, sorted and unique, and the selection expressed in terms of them.
struct Compaction: Sendable {
    let kept: [Int]
    let selection: RowSelection

    /// Nil if more than a quarter of the rows are needed, because then it is better to keep all.
    init?(_ selection: RowSelection, storedCount: Int) {
        guard selection.rows.count * 4 < storedCount else { return nil }
        var kept: [Int] = []
        for row in selection.rows.sorted() where row != kept.last { kept.append(row) }
        let rank = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        self.kept = kept
        self.selection = RowSelection(selection.rows.map { rank[$0] ?? 0 })
    }
}

extension Column {
    /// Reads the column into memory, or into a memory-mapped file if it is large.
    ///
    /// - Parameters:
    ///   - compaction: The stored rows to keep; nil keeps all.
    ///   - options: The memory limit.
    /// - Returns: A loaded column of the same rows.
    /// - Throws: `.badFile`.
    func loaded(_ compaction: Compaction?, _ options: StorageOptions) throws(DatasetError) -> Column {
        if isLoaded { return self }
        var store = BatchStore(names: ["column"], types: [type], options: options)
        var room = byteLimit
        func keep(_ batch: ArrowBatch) throws(DatasetError) {
            room -= batch.byteCount
            if room < 0, case .file(let source, _, _, _) = pieces[0] { throw source.isTooLarge }
            try store.append([batch])
        }
        let windowBytes = min(Self.windowBytes, options.memoryLimit)
        let parts = parts(rows: compaction?.kept)
        var start = 0
        while start < parts.count {
            let window = Array(parts[start..<min(start + concurrentWindow, parts.count)])
            start += window.count
            let read = try concurrentMap(window) { (part) throws(DatasetError) in
                try self.batches(part, of: compaction?.kept, upTo: windowBytes / window.count)
            }
            for (part, batches) in zip(window, read) {
                if let batches {
                    for batch in batches { try keep(batch) }
                } else {
                    try self.read(part, of: compaction?.kept, keep)
                }
            }
        }
        var column = try store.finish()[0].selecting(compaction?.selection ?? selection)
        column.feature = feature
        return column
    }

    /// A piece, and the range of its chosen rows.
    private struct Part: Sendable {
        var piece: Int
        var chosen: Range<Int>
    }

    private func parts(rows: [Int]?) -> [Part] {
        guard let rows else { return pieces.indices.map { Part(piece: $0, chosen: 0..<0) } }
        var parts: [Part] = []
        var next = 0
        for piece in pieces.indices {
            let first = next
            while next < rows.count, rows[next] < starts[piece + 1] { next += 1 }
            if next > first { parts.append(Part(piece: piece, chosen: first..<next)) }
        }
        return parts
    }

    /// The maximum total size of concurrently read pieces, in bytes; larger pieces are read batch by batch.
    private static let windowBytes = 512 << 20

    /// The maximum size of the values in bytes, according to the files that hold them.
    private var byteLimit: Int {
        var sources: [ObjectIdentifier: Int] = [:]
        for case .file(let source, _, _, _) in pieces { sources[ObjectIdentifier(source)] = source.byteLimit }
        return sources.values.reduce(into: 0) { sum, limit in
            let (more, overflow) = sum.addingReportingOverflow(limit)
            sum = overflow ? .max : more
        }
    }

    /// Reads the batches of a part; nil if they exceed a size limit in bytes.
    private func batches(
        _ part: Part,
        of rows: [Int]?,
        upTo limit: Int
    ) throws(DatasetError) -> [ArrowBatch]? {
        /// A placeholder error that stops the reading early.
        let enough = DatasetError(.badData, "")
        var batches: [ArrowBatch] = []
        var room = limit
        do throws(DatasetError) {
            try read(part, of: rows) { (batch) throws(DatasetError) in
                room -= batch.byteCount
                guard room >= 0 else { throw enough }
                batches.append(batch)
            }
        } catch  where error == enough {
            return nil
        }
        return batches
    }

    /// Passes the batches of a part to a closure, with only the chosen rows if there is a choice.
    private func read(
        _ part: Part,
        of rows: [Int]?,
        _ body: (ArrowBatch) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        guard let rows else { return try read(piece: part.piece, body) }
        var start = starts[part.piece]
        var next = part.chosen.lowerBound
        try read(piece: part.piece) { (batch) throws(DatasetError) in
            let end = start + batch.count
            var chosen: [Int64] = []
            while next < part.chosen.upperBound, rows[next] < end {
                chosen.append(Int64(rows[next] - start))
                next += 1
            }
            start = end
            if !chosen.isEmpty { try body(try batch.taking(chosen)) }
        }
    }
}

extension ArrowBatch {
    /// Returns the rows at these indices, in that order.
    ///
    /// - Throws: `.badFile` if memory runs out.
    func taking(_ rows: [Int64]) throws(DatasetError) -> ArrowBatch {
        var taken = ArrowArray()
        let status = withArray { ca_array_take(&taken, $0, type.arrow, rows, Int64(rows.count)) }
        try checkArrow(status) { "rows cannot be held in memory: \($0)" }
        return ArrowBatch(taken, type: type)
    }

    /// Returns the values as texts, as Python's `str` writes them.
    ///
    /// - Throws: `.badFile` if memory runs out.
    func asText() throws(DatasetError) -> ArrowBatch {
        if type.value == .string { return self }
        var text = ArrowArray()
        let status = withArray { ca_array_to_text(&text, $0, type.arrow) }
        try checkArrow(status) { "rows cannot be written as texts: \($0)" }
        return ArrowBatch(text, type: ColumnType(.string, isList: type.isList))
    }

    /// Returns the values, or the elements of lists, as distinct texts and codes.
    ///
    /// - Throws: `.badFile` if memory runs out.
    func asClasses() throws(DatasetError) -> ClassBatch {
        var classes = ArrowArray()
        let status = withArray { ca_array_to_classes(&classes, $0, type.arrow) }
        try checkArrow(status) { "rows cannot be encoded: \($0)" }
        return ClassBatch(classes)
    }
}
