/// The n-gram counts of some texts: for each text its words, then its characters.
struct CountedTexts: Sendable {
    /// The kinds of n-grams, each normalized separately.
    static let kinds = 2

    /// The hashes of the n-grams.
    var hashes: [UInt64] = []
    /// The number of occurrences of each n-gram in its text.
    var counts: [UInt32] = []
    /// The end of each text's words, and the end of its characters.
    var ends: [Int] = []

    /// The number of texts.
    var count: Int { ends.count / Self.kinds }

    /// Counts the n-grams of texts.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - withCharacters: Whether to count n-grams of characters, too.
    init(_ texts: ArraySlice<String>, withCharacters: Bool) {
        var reader = NGramReader()
        var table = NGramCounts()
        for text in texts {
            reader.countWords(in: text, &table)
            take(&table)
            if withCharacters { reader.countCharacters(&table) }
            take(&table)
        }
    }

    private mutating func take(_ table: inout NGramCounts) {
        hashes += table.hashes
        counts += table.counts
        ends.append(hashes.count)
        table.removeAll()
    }

    /// Counts the n-grams of texts on several threads.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - withCharacters: Whether to count n-grams of characters, too.
    ///   - workers: The threads.
    /// - Returns: The counts, in blocks of consecutive texts.
    static func blocks(_ texts: [String], withCharacters: Bool, _ workers: Workers) -> [CountedTexts] {
        let size = Self.textsOfBlock
        return workers.map((texts.count + size - 1) / size) { block in
            let own = texts[block * size..<min((block + 1) * size, texts.count)]
            return CountedTexts(own, withCharacters: withCharacters)
        }
    }

    private static let textsOfBlock = 64
}
