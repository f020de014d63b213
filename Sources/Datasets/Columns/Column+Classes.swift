/// A column's distinct texts, sorted by bytes, and a code for every value.
struct ClassCodes: Sendable {
    /// The distinct texts, sorted by bytes, which is the order of code points.
    var names: [String]
    /// For each value, the index of its name; -1 for a missing value.
    var codes: [Int32]
}

extension Column {
    /// The classes of the values.
    ///
    /// For a list column, which must be loaded: the classes of all elements, row by row.
    ///
    /// - Throws: `.badFile`.
    ///
    /// Source: `class_encode_column` of datasets 5.2 (arrow_dataset.py): `str` of every value, sorted unique.
    func classes() throws(DatasetError) -> ClassCodes {
        if type.isList, selection != nil {
            return try Column(type: type, batches: [batch(0..<count)]).classes()
        }
        let parts = try concurrentMap(Array(pieces.indices)) { (piece) throws(DatasetError) in
            try table(of: piece)
        }
        var all = ClassTable()
        let maps = parts.map { part in part.names.map { all.number(of: $0) } }
        var codes: [Int32] = []
        codes.reserveCapacity(storedCount)
        for (part, map) in zip(parts, maps) {
            codes.append(contentsOf: part.codes.lazy.map { $0 < 0 ? -1 : map[Int($0)] })
        }
        if let selection { codes = selection.rows.map { codes[$0] } }
        return all.sorted(codes)
    }

    private func table(of piece: Int) throws(DatasetError) -> ClassTable {
        var table = ClassTable()
        switch pieces[piece] {
        case .file(let source, let column, let piece, _) where !type.isList:
            try source.readClasses(column: column, piece: piece) { table.append($0, order: nil) }
        default:
            try read(piece: piece) { (batch) throws(DatasetError) in
                table.append(try batch.asClasses(), order: type.isList ? batch : nil)
            }
        }
        return table
    }
}

/// Texts numbered in order of appearance, and the codes of values.
private struct ClassTable: Sendable {
    private(set) var names: [[UInt8]] = []
    private(set) var codes: [Int32] = []
    private var numbers: [[UInt8]: Int32] = [:]

    mutating func number(of name: [UInt8]) -> Int32 {
        if let number = numbers[name] { return number }
        let number = Int32(names.count)
        numbers[name] = number
        names.append(name)
        return number
    }

    /// The previous dictionary: the batches of a Parquet column share one.
    private var last: (identity: SharedDictionary, map: [Int32])?

    /// Adds the values of a batch; for lists, the elements row by row.
    mutating func append(_ batch: ClassBatch, order lists: ArrowBatch?) {
        let identity = SharedDictionary(batch)
        // Only names used by a row are classes; a dictionary may contain more.
        var map = [Int32](repeating: Self.unseen, count: batch.names.count)
        if let last, last.identity == identity { map = last.map }
        codes.reserveCapacity(codes.count + batch.codes.count)
        func append(_ element: Int) {
            guard !batch.codes.isMissing(element) else { return codes.append(-1) }
            let code = Int(batch.codes.int32(element))
            if map[code] == Self.unseen {
                map[code] = batch.names.isMissing(code) ? -1 : number(of: Array(batch.names.utf8(code)))
            }
            codes.append(map[code])
        }
        if let lists {
            for row in 0..<lists.count where !lists.isMissing(row) { lists.elements(of: row).forEach(append) }
        } else {
            (0..<batch.codes.count).forEach(append)
        }
        last = (identity, map)
    }

    private static let unseen: Int32 = -2

    /// Sorts the used texts and renumbers the codes accordingly.
    func sorted(_ codes: [Int32]) -> ClassCodes {
        var isUsed = [Bool](repeating: false, count: names.count)
        for code in codes where code >= 0 { isUsed[Int(code)] = true }
        let order = names.indices.filter { isUsed[$0] }.sorted {
            names[$0].lexicographicallyPrecedes(names[$1])
        }
        var ranks = [Int32](repeating: -1, count: names.count)
        for (rank, number) in order.enumerated() { ranks[number] = Int32(rank) }
        return ClassCodes(
            names: order.map { String(decoding: names[$0], as: UTF8.self) },
            codes: codes.map { $0 < 0 ? -1 : ranks[Int($0)] }
        )
    }
}

/// Compares whether two batches share their texts.
///
/// It keeps the batch alive, so that its memory is not reused.
private struct SharedDictionary: Sendable, Equatable {
    private let batch: ClassBatch

    init(_ batch: ClassBatch) { self.batch = batch }

    static func == (a: Self, b: Self) -> Bool {
        a.batch.names.identity == b.batch.names.identity && a.batch.names.count == b.batch.names.count
            && !a.batch.names.identity.contains(nil)
    }
}
