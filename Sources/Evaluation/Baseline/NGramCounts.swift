/// Counts of hashes, in the order of their first occurrence.
struct NGramCounts {
    /// The distinct hashes.
    private(set) var hashes: [UInt64] = []
    /// The number of occurrences of each hash.
    private(set) var counts: [UInt32] = []
    /// For each place the index of its hash, or -1.
    private var places: [Int32]

    /// Creates an empty table.
    ///
    /// - Parameter capacity: The number of hashes to expect.
    init(capacity: Int = 1 << 12) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        places = [Int32](repeating: -1, count: size)
    }

    /// Counts one occurrence.
    ///
    /// - Parameter hash: The hash.
    @inline(__always)
    mutating func add(_ hash: UInt64) {
        let place = place(of: hash)
        let index = places[place]
        if index >= 0 {
            counts[Int(index)] += 1
        } else {
            places[place] = Int32(hashes.count)
            hashes.append(hash)
            counts.append(1)
            if 2 * hashes.count > places.count { grow() }
        }
    }

    /// The index of a hash among ``hashes``.
    ///
    /// - Parameter hash: The hash.
    /// - Returns: The index; nil if it was never added.
    @inline(__always)
    func index(of hash: UInt64) -> Int? {
        let index = places[place(of: hash)]
        return index >= 0 ? Int(index) : nil
    }

    /// Removes all hashes and keeps the memory.
    mutating func removeAll() {
        for hash in hashes.reversed() { places[place(of: hash)] = -1 }
        hashes.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
    }

    /// The place that holds a hash, or the free place where it belongs.
    @inline(__always)
    private func place(of hash: UInt64) -> Int {
        let mask = places.count - 1
        // The low bits; partitions use the high ones.
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place] >= 0, hashes[Int(places[place])] != hash { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        places = [Int32](repeating: -1, count: 2 * places.count)
        for (index, hash) in hashes.enumerated() { places[place(of: hash)] = Int32(index) }
    }
}
