/// The data kept for every text of a streamed column: 13 bytes, however long the text is.
struct TextScan: Sendable {
    /// Whether a row has a text.
    enum State: UInt8 { case text, blank, missing }

    /// A hash of each text's bytes.
    ///
    /// 64 bits of Swift's `Hasher`, which is keyed differently in every process, so that collisions cannot be constructed.
    /// Among n different texts, the probability of any collision is n²/2⁶⁵: one in seven million for 2.3 million texts, one
    /// in 3,700 for a hundred million.
    private(set) var hashes: [UInt64] = []
    /// The length of each text in characters (Unicode scalars).
    private(set) var lengths: [Int32] = []
    /// The state of each row: a text, only white space, or missing.
    private(set) var states: [UInt8] = []

    /// Limits the reserved memory, because the row count that a file declares may be wrong until its rows are read.
    private static let mostReserved = 1 << 20

    /// Creates a scan without rows.
    ///
    /// - Parameter capacity: The expected number of rows.
    init(capacity: Int) {
        let capacity = min(capacity, Self.mostReserved)
        hashes.reserveCapacity(capacity)
        lengths.reserveCapacity(capacity)
        states.reserveCapacity(capacity)
    }

    /// Scans a column.
    ///
    /// - Parameters:
    ///   - dataset: The rows.
    ///   - column: The column of the texts.
    ///   - progress: Receives the number of rows done since its last call, on any thread.
    /// - Throws: `.missingColumn`, `.badFile`; `.badData` for a column of lists or classes.
    init(
        _ dataset: Dataset,
        column: String,
        progress: @Sendable (Int) -> Void = { _ in }
    ) throws(DatasetError) {
        try dataset.checkHoldsTexts(column)
        let parts = try dataset.gather(column, start: { TextScan(capacity: $0) }) {
            (scan, batch) throws(DatasetError) in
            scan.append(try batch.asText())
            progress(batch.count)
        }
        self.init(capacity: 0)
        for part in parts {
            hashes += part.hashes
            lengths += part.lengths
            states += part.states
        }
    }

    private mutating func append(_ batch: ArrowBatch) {
        for row in 0..<batch.count {
            guard !batch.isMissing(row) else {
                hashes.append(0)
                lengths.append(0)
                states.append(State.missing.rawValue)
                continue
            }
            let text = batch.values.utf8(row)
            var hasher = Hasher()
            hasher.combine(bytes: UnsafeRawBufferPointer(text))
            hashes.append(UInt64(bitPattern: Int64(hasher.finalize())))
            lengths.append(Int32(clamping: scalarCount(text)))
            states.append((isBlank(text) ? State.blank : .text).rawValue)
        }
    }

    /// Combines two scans into one of pairs.
    ///
    /// Pairs are equal if both texts are, and missing if both texts are.
    ///
    /// - Parameter other: The scan of the second texts, with the same number of rows.
    /// - Returns: A scan of pairs, with the total lengths of both texts.
    func paired(with other: TextScan) -> TextScan {
        var pairs = self
        for row in hashes.indices {
            var hasher = Hasher()
            hasher.combine(hashes[row])
            hasher.combine(other.hashes[row])
            pairs.hashes[row] = UInt64(bitPattern: Int64(hasher.finalize()))
            pairs.lengths[row] = Int32(clamping: Int(lengths[row]) + Int(other.lengths[row]))
            pairs.states[row] = min(states[row], other.states[row])
        }
        return pairs
    }

    /// Whether a row has a text to compare.
    @inline(__always)
    func hasText(_ row: Int) -> Bool { states[row] == State.text.rawValue }

    /// Finds the rows in a state.
    ///
    /// - Parameters:
    ///   - state: The state.
    ///   - most: The maximum number of rows to return.
    /// - Returns: The number of rows, and the indices of the first ones.
    func rows(in state: State, most: Int) -> (count: Int, first: [Int]) {
        var count = 0
        var first: [Int] = []
        for row in states.indices where states[row] == state.rawValue {
            count += 1
            if first.count < most { first.append(row) }
        }
        return (count, first)
    }
}

extension Dataset {
    /// Rejects a column that does not hold one text per row.
    ///
    /// - Throws: `.missingColumn`; `.badData` for lists and classes.
    func checkHoldsTexts(_ column: String) throws(DatasetError) {
        let feature = try feature(of: column)
        if case .value = feature { return }
        throw DatasetError(
            .badData,
            "column \"\(column)\" holds \(feature), but one text per row is needed; choose another --text-column"
        )
    }
}

/// The number of Unicode scalars in UTF-8: all bytes except continuation bytes.
private func scalarCount(_ utf8: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    for byte in utf8 where Int8(bitPattern: byte) > -65 { count += 1 }
    return count
}

/// Whether a text is only white space.
private func isBlank(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = utf8.first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else { return true }
    guard first >= 0x80 else { return false }
    return String(decoding: utf8, as: UTF8.self).allSatisfy(\.isWhitespace)
}
