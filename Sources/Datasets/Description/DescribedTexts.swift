/// Reads the text columns for a description.
struct DescribedTexts {
    let options: DescriptionOptions
    let progress: @Sendable (DescriptionProgress) -> Void

    /// The columns that hold texts.
    private var columns: [String] { [options.textColumn, options.textPairColumn].compactMap { $0 } }

    /// The number of texts per call of the token counter.
    private static let countedAtOnce = 1 << 12

    /// Scans the texts, or pairs, of a dataset.
    func scan(_ dataset: Dataset) throws(DatasetError) -> TextScan {
        var pairs: TextScan?
        for column in columns {
            let scan = try TextScan(dataset, column: column) {
                progress(DescriptionProgress(phase: .readingTexts, rows: $0))
            }
            pairs = pairs?.paired(with: scan) ?? scan
        }
        return pairs ?? TextScan(capacity: 0)
    }

    /// Describes the texts, except for examples and the overlap with evaluation data.
    func describe(
        _ dataset: Dataset,
        labels: RowLabels?
    ) throws -> (texts: DatasetDescription.Texts, scan: TextScan) {
        let scan = try scan(dataset)
        let missing = scan.rows(in: .missing, most: options.exampleCount)
        let blank = scan.rows(in: .blank, most: options.exampleCount)
        var texts = DatasetDescription.Texts(
            missing: missing.count,
            missingRows: missing.first,
            blank: blank.count,
            blankRows: blank.first,
            characters: TextLengths(scan.lengths),
            repeated: try RepeatedTexts(scan, labels: labels, exampleCount: options.exampleCount)
        )
        if let counter = options.tokenCounter {
            let counts = try tokenCounts(dataset, counter, rows: scan.hashes.count)
            texts.tokens = TextLengths(counts)
            texts.truncation = [options.maxLength, options.lengthLimit].compactMap { $0 }.min().map {
                TruncatedTexts(lengths: counts, maxLength: $0, limit: options.lengthLimit, labels: labels)
            }
        }
        return (texts, scan)
    }

    /// Counts the tokens of every row, including special tokens.
    private func tokenCounts(
        _ dataset: Dataset,
        _ counter: DescriptionOptions.TokenCounter,
        rows: Int
    ) throws -> [Int32] {
        var counts = [Int32](repeating: Int32(clamping: counter.specialCount), count: rows)
        for column in columns {
            var row = 0
            var waiting: [String] = []
            func flush() throws {
                for count in try counter.counts(waiting) {
                    counts[row] = Int32(clamping: Int(counts[row]) + count)
                    row += 1
                }
                progress(DescriptionProgress(phase: .countingTokens, rows: waiting.count))
                waiting.removeAll(keepingCapacity: true)
            }
            // The stream can only throw DatasetError, so the counter's error is passed around it.
            var failure: (any Error)?
            try dataset.stream(column) { (batch) throws(DatasetError) in
                let texts = try batch.asText()
                for place in 0..<texts.count where failure == nil {
                    waiting.append(texts.isMissing(place) ? "" : texts.values.string(place))
                    guard waiting.count == Self.countedAtOnce else { continue }
                    do { try flush() } catch { failure = error }
                }
            }
            if let failure { throw failure }
            try flush()
        }
        return counts
    }

    /// Adds the beginnings of texts to the examples.
    func addingExamples(
        to texts: DatasetDescription.Texts,
        _ dataset: Dataset
    ) throws(DatasetError) -> DatasetDescription.Texts {
        guard let column = options.textColumn else { return texts }
        var texts = texts
        let groups = texts.repeated.examples + texts.repeated.conflictExamples
        let rows = groups.map { $0.rows[0] } + (texts.overlap?.examples.map(\.trainRow) ?? [])
        let beginnings = try dataset.beginnings(ofRows: rows, column: column, length: options.exampleLength)
        for index in texts.repeated.examples.indices {
            texts.repeated.examples[index].text = beginnings[texts.repeated.examples[index].rows[0]] ?? ""
        }
        for index in texts.repeated.conflictExamples.indices {
            let row = texts.repeated.conflictExamples[index].rows[0]
            texts.repeated.conflictExamples[index].text = beginnings[row] ?? ""
        }
        for index in texts.overlap?.examples.indices ?? 0..<0 {
            guard let row = texts.overlap?.examples[index].trainRow else { continue }
            texts.overlap?.examples[index].text = beginnings[row] ?? ""
        }
        return texts
    }
}
