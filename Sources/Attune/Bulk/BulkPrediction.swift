public import Classification
import Datasets
import Files
import Models
import Tokenization
public import Torch

/// The treatment of rows that cannot be read, or that the model gives no finite number for.
public enum RowErrorPolicy: String, Sendable, CaseIterable {
    /// Stop with an error that names the row.
    case fail
    /// Write the row with no label and with the error.
    case null
    /// Leave the row out.
    case skip
}

/// The prediction of any number of texts in windows of some thousand rows, with memory for one window.
///
/// ```swift
/// var work = BulkPrediction(classifier)
/// try work.run(source) { window in … window.prediction(0)?.label … }
/// ```
public struct BulkPrediction {
    /// The number of rows of each kind.
    public struct Counts: Sendable, Equatable {
        /// All rows.
        public var rows = 0
        /// Rows without an answer because of an error.
        public var failed = 0
        /// The first error.
        public var firstFailure: String?
        /// Empty texts.
        public var empty = 0
        /// The number of the first row with an empty text.
        public var firstEmpty: Int?
        /// Texts that were cut.
        public var truncated = 0
        /// Texts that were computed; equal texts of a window count once.
        public var computed = 0

        /// Creates counts of nothing.
        public init() {}
    }

    /// The classifier.
    public let classifier: TextClassifier
    /// The windows of rows.
    public let windows: PredictionWindows
    /// The texts per batch; nil fills batches by tokens.
    public var batchSize: Int?
    /// The most tokens of a batch; nil takes 4,096.
    public var maxTokensPerBatch: Int?
    /// The type of matrix products.
    public var matmulDType = DType.float32
    /// The treatment of empty texts.
    public var emptyTexts = RowPolicy.keep
    /// The treatment of rows with an error.
    public var errors = RowErrorPolicy.fail
    /// Whether each row is answered before the next one is read.
    public var isRowByRow = false

    /// Creates the prediction with a classifier.
    ///
    /// - Parameter classifier: A trained classifier.
    public init(_ classifier: TextClassifier) {
        self.classifier = classifier
        windows = PredictionWindows(labels: classifier.labels.count)
    }

    /// Predicts the rows of a source.
    ///
    /// - Parameters:
    ///   - source: The rows.
    ///   - range: The rows to predict, from the start of a window; nil for all.
    ///   - betweenBatches: Called after each batch with the number of rows that are done, about.
    ///   - write: Receives the answers in the order of the rows.
    /// - Returns: The number of rows of each kind.
    /// - Throws: `DatasetError` naming the row, if rows with errors are refused; `TorchError`; the errors of the closures.
    public func run(
        _ source: any RowSource,
        range: Range<Int>? = nil,
        betweenBatches: (Int) throws -> Void = { _ in },
        write: (PredictedWindow) throws -> Void
    ) throws -> Counts {
        var counts = Counts()
        let end = range?.upperBound ?? source.count ?? .max
        var row = range?.lowerBound ?? 0
        while row < end {
            let window = isRowByRow ? row..<row + 1 : windows.window(at: row)
            let read = try source.read(window.clamped(to: row..<end))
            guard read.count > 0 else { break }
            try write(try predict(read, at: row, source.name, &counts, betweenBatches))
            counts.rows += read.count
            row += read.count
            if read.count < window.count { break }
        }
        return counts
    }

    private func predict(
        _ read: SourceRows,
        at firstRow: Int,
        _ name: String,
        _ counts: inout Counts,
        _ betweenBatches: (Int) throws -> Void
    ) throws -> PredictedWindow {
        func place(_ row: Int) -> String {
            name == "text" ? "text \(row + 1)" : "\(name): row \(row + 1)"
        }
        func fail(_ message: String) throws {
            guard errors != .fail else { throw DatasetError(.badData, message) }
            counts.failed += 1
            counts.firstFailure = counts.firstFailure ?? message
        }
        var answers = read.failures.map { $0.map(RowAnswer.failed) ?? .leftOut }
        for failure in read.failures { if let failure { try fail(failure) } }
        // The rows whose texts are computed, and their indices among the texts.
        let readable = read.failures.indices.filter { read.failures[$0] == nil }
        var isEmpty = [Bool](repeating: false, count: readable.count)
        for index in read.inputs.emptyExamples {
            isEmpty[index] = true
            let row = firstRow + readable[index]
            guard emptyTexts != .refuse else {
                throw DatasetError(
                    .badData,
                    "\(place(row)) is empty; fill it in, or use --empty-texts drop to skip empty texts"
                )
            }
            counts.empty += 1
            counts.firstEmpty = counts.firstEmpty ?? row
        }
        let chosen = readable.indices.filter { emptyTexts != .drop || !isEmpty[$0] }
        let inputs = read.inputs.selecting(chosen)
        let examples = classifier.encode(inputs)
        counts.truncated += examples.encodings.truncatedCount
        let isTruncated = examples.encodings.isTruncated
        let distinct = DistinctTexts(examples)
        let logits = try self.logits(of: distinct, in: examples) { part in
            try betweenBatches(counts.rows + read.count * part / max(distinct.texts.count, 1))
        }
        counts.computed += distinct.texts.count
        let width = classifier.labels.count
        for (text, index) in chosen.enumerated() {
            let row = readable[index]
            let known = distinct.places[text]
            guard logits[known * width..<(known + 1) * width].allSatisfy(\.isFinite) else {
                let message = "\(place(firstRow + row)): the model's logits are NaN or infinite"
                try fail(message)
                answers[row] = .failed(message)
                continue
            }
            answers[row] = .logits(
                known,
                tokens: examples.length(of: text),
                isTruncated: isTruncated.isEmpty ? false : isTruncated[text]
            )
        }
        return PredictedWindow(
            firstRow: firstRow,
            answers: answers,
            source: read,
            logits: logits,
            of: classifier
        )
    }

    /// The logits of distinct texts, computed in batches of texts of similar length.
    private func logits(
        of distinct: DistinctTexts,
        in examples: EncodedExamples,
        _ progress: (Int) throws -> Void
    ) throws -> [Float] {
        let width = classifier.labels.count
        let order = distinct.texts.indices.sorted {
            let lengths = (examples.length(of: distinct.texts[$0]), examples.length(of: distinct.texts[$1]))
            return lengths.0 == lengths.1 ? $0 < $1 : lengths.0 < lengths.1
        }
        let sorted = examples.selecting(order.map { distinct.texts[$0] })
        var logits = [Float](repeating: 0, count: width * order.count)
        try classifier.forEachBatch(
            of: sorted,
            batchSize: batchSize,
            maxTokensPerBatch: maxTokensPerBatch,
            matmulDType: matmulDType
        ) { texts, values in
            for (index, text) in texts.enumerated() {
                let start = order[text] * width
                logits.replaceSubrange(
                    start..<start + width,
                    with: values[index * width..<(index + 1) * width]
                )
            }
            try progress(texts.upperBound)
            return true
        }
        return logits
    }
}

/// The distinct texts among examples: those with other token ids.
struct DistinctTexts {
    /// The index of the first example of each distinct text.
    private(set) var texts: [Int] = []
    /// For each example, the index of its text in ``texts``.
    private(set) var places: [Int] = []

    private struct Key: Hashable {
        var ids: ArraySlice<Int32>
        var typeIDs: ArraySlice<Int32>
        /// The ends of a text's windows in its ids.
        var windowEnds: [Int]

        static func == (first: Key, second: Key) -> Bool {
            first.ids.elementsEqual(second.ids) && first.typeIDs.elementsEqual(second.typeIDs)
                && first.windowEnds == second.windowEnds
        }

        func hash(into hasher: inout Hasher) { ids.withUnsafeBytes { hasher.combine(bytes: $0) } }
    }

    /// Finds the distinct texts.
    ///
    /// - Parameter examples: The encoded texts.
    init(_ examples: EncodedExamples) {
        var known: [Key: Int] = [:]
        let encodings = examples.encodings
        places.reserveCapacity(examples.count)
        for index in 0..<examples.count {
            let sequences = encodings.sequences(of: index)
            let start = Int(encodings.cuSeqlens[sequences.lowerBound])
            let range = start..<Int(encodings.cuSeqlens[sequences.upperBound])
            let key = Key(
                ids: encodings.ids[range],
                typeIDs: encodings.typeIDs.isEmpty ? [] : encodings.typeIDs[range],
                windowEnds: sequences.count == 1
                    ? [] : sequences.map { encodings.range(of: $0).upperBound - start }
            )
            if let place = known[key] {
                places.append(place)
            } else {
                known[key] = texts.count
                places.append(texts.count)
                texts.append(index)
            }
        }
    }
}
