import Foundation

/// The n-grams that are features, and their inverse document frequencies.
struct NGramVocabulary: Sendable, Equatable {
    /// The hash of each feature, the most frequent feature first.
    let hashes: [UInt64]
    /// The inverse document frequency of each feature: ln((1 + texts) / (1 + texts with the feature)) + 1.
    let weights: [Double]
    private let indices: Indices

    /// The index of a feature by its hash.
    private struct Indices: Sendable {
        let table: NGramCounts
    }

    static func == (a: NGramVocabulary, b: NGramVocabulary) -> Bool {
        a.hashes == b.hashes && a.weights == b.weights
    }

    /// Restores a vocabulary.
    ///
    /// - Parameters:
    ///   - hashes: The hash of each feature; no hash twice.
    ///   - weights: The inverse document frequency of each.
    init(hashes: [UInt64], weights: [Double]) {
        precondition(hashes.count == weights.count, "a weight for each feature")
        (self.hashes, self.weights) = (hashes, weights)
        var table = NGramCounts(capacity: hashes.count)
        for hash in hashes { table.add(hash) }
        indices = Indices(table: table)
    }

    /// Chooses the features of counted texts.
    ///
    /// - Parameters:
    ///   - blocks: The counted texts.
    ///   - minimumTexts: The number of texts that an n-gram must occur in.
    ///   - limit: The most features; those in most texts are kept.
    ///   - workers: The threads.
    init(_ blocks: [CountedTexts], minimumTexts: Int, limit: Int, _ workers: Workers) {
        let partitions = Self.partitions
        let tables = workers.map(partitions) { partition in
            var table = NGramCounts()
            for block in blocks {
                for hash in block.hashes where Int(hash >> 60) == partition { table.add(hash) }
            }
            return table
        }
        let textCount = blocks.reduce(0) { $0 + $1.count }
        var sizes = [Int](repeating: 0, count: textCount + 1)
        for table in tables { for count in table.counts { sizes[Int(count)] += 1 } }
        // The features of each document frequency follow those of the next higher one.
        var starts = [Int](repeating: 0, count: textCount + 1)
        var total = 0
        for frequency in stride(from: textCount, through: max(minimumTexts, 1), by: -1) {
            starts[frequency] = total
            total += sizes[frequency]
        }
        var hashes = [UInt64](repeating: 0, count: total)
        var frequencies = [UInt32](repeating: 0, count: total)
        for table in tables {
            for (hash, count) in zip(table.hashes, table.counts) where count >= minimumTexts {
                let place = starts[Int(count)]
                (hashes[place], frequencies[place]) = (hash, count)
                starts[Int(count)] += 1
            }
        }
        if total > limit {
            hashes.removeLast(total - limit)
            frequencies.removeLast(total - limit)
        }
        let texts = Double(textCount)
        self.init(hashes: hashes, weights: frequencies.map { log((1 + texts) / (1 + Double($0))) + 1 })
    }

    /// The high bits of a hash name its partition.
    private static let partitions = 16

    /// The weighted features of a text.
    ///
    /// Each kind of n-gram has the L2 norm 1, unless it has no feature.
    ///
    /// - Parameters:
    ///   - index: The text's index in its block.
    ///   - block: The counted texts.
    ///   - take: Receives each feature's index and its value: 1 + ln(occurrences), times the feature's weight, normalized.
    func read(_ index: Int, of block: CountedTexts, _ take: (Int, Double) -> Void) {
        for kind in 0..<CountedTexts.kinds {
            let place = index * CountedTexts.kinds + kind
            let own = (place == 0 ? 0 : block.ends[place - 1])..<block.ends[place]
            var features: [(index: Int, value: Double)] = []
            features.reserveCapacity(own.count)
            var squares = 0.0
            for item in own {
                guard let feature = indices.table.index(of: block.hashes[item]) else { continue }
                let count = block.counts[item]
                let value = (count == 1 ? 1 : 1 + log(Double(count))) * weights[feature]
                features.append((feature, value))
                squares += value * value
            }
            let norm = squares.squareRoot()
            for feature in features { take(feature.index, feature.value / norm) }
        }
    }
}
