public import Classification
public import Datasets
import Foundation
import JSON
public import Tokenization

/// A cache of tokenized texts on disk, keyed by texts, tokenizer and settings.
///
/// The next run on the same data starts immediately. Several runs may share a cache.
public struct TokenCache: Sendable {
    /// The cache of datasets that stores the files.
    public let datasets: DatasetCache
    /// The minimum number of texts to cache; tokenizing fewer is faster than opening a file.
    private static let leastTexts = 1000

    /// Creates a cache.
    ///
    /// - Parameter datasets: The cache of datasets that stores the files.
    public init(_ datasets: DatasetCache) { self.datasets = datasets }

    /// Tokenizes texts, or reads them from the cache.
    ///
    /// - Parameters:
    ///   - inputs: The texts or pairs.
    ///   - tokenizer: The tokenizer.
    ///   - maxLength: The maximum number of tokens of a text; nil cuts nothing.
    ///   - longText: The part of a longer text to keep; nil cuts the side that the tokenizer cuts.
    ///   - source: The origin of the texts, shown in the list of cached files.
    /// - Returns: The ids, and whether they were in the cache. If the cache cannot be written, the ids are only returned.
    public func encodeBatch(
        _ inputs: TextInputs,
        with tokenizer: Tokenizer,
        maxLength: Int?,
        longText: LongText? = nil,
        source: String
    ) -> (encodings: PackedEncodings, wasFound: Bool) {
        encodeBatch(inputs, with: tokenizer, maxLength: maxLength, longText: longText, source: source) { _ in
        }
    }

    /// Tokenizes texts, or reads them from the cache, and reports the progress.
    ///
    /// - Parameters:
    ///   - inputs: The texts or pairs.
    ///   - tokenizer: The tokenizer.
    ///   - maxLength: The maximum number of tokens of a text; nil cuts nothing.
    ///   - longText: The part of a longer text to keep; nil cuts the side that the tokenizer cuts.
    ///   - source: The origin of the texts, shown in the list of cached files.
    ///   - progress: Called with the number of texts tokenized so far; not at all if they are in the cache.
    /// - Returns: The ids, and whether they were in the cache. If the cache cannot be written, the ids are only returned.
    /// - Throws: The errors of `progress`.
    public func encodeBatch(
        _ inputs: TextInputs,
        with tokenizer: Tokenizer,
        maxLength: Int?,
        longText: LongText? = nil,
        source: String,
        progress: (Int) throws -> Void
    ) rethrows -> (encodings: PackedEncodings, wasFound: Bool) {
        guard inputs.count >= Self.leastTexts else {
            let encodings = try inputs.encoded(
                by: tokenizer,
                maxLength: maxLength,
                longText: longText,
                progress: progress
            )
            return (encodings, false)
        }
        let key = CacheKey { key in
            // Change this number if the same files give other ids.
            key.add("ids 3")
            for file in tokenizer.files {
                key.add(file.name)
                key.add(file.contents)
            }
            // Token types may depend on the model's configuration, which is not one of the files.
            key.add(tokenizer.givesTokenTypes ? "token types" : "no token types")
            key.add(maxLength.map { "\($0)" } ?? "whole")
            key.add(longText?.description ?? "the tokenizer's side")
            switch inputs {
            case .texts(let texts):
                for text in texts { key.add(text) }
            case .pairs(let pairs):
                key.add("pairs")
                for pair in pairs {
                    key.add(pair.0)
                    key.add(pair.1)
                }
            }
        }
        if let (rows, _) = datasets.dataset(for: key),
            let encodings = try? rows.encodings(), encodings.textCount == inputs.count
        {
            return (encodings, true)
        }
        let encodings = try inputs.encoded(
            by: tokenizer,
            maxLength: maxLength,
            longText: longText,
            progress: progress
        )
        let description = JSONValue.object([
            "source": .string(source), "texts": .int(inputs.count), "tokens": .int(encodings.ids.count),
            "truncated": .int(encodings.truncatedCount),
        ])
        if let rows = try? Dataset(keeping: encodings) {
            try? datasets.keep(rows, for: key, description: description.oneLineInOrder)
        }
        return (encodings, false)
    }

    fileprivate static let column = "input_ids"
    fileprivate static let typeColumn = "token_type_ids"
    /// For each text, the lengths of its windows.
    fileprivate static let windowColumn = "windows"
    /// For each text, a list with 1 if it was truncated; empty lists if none was.
    fileprivate static let truncatedColumn = "is_truncated"
}

// The cached file has one row per text; the ids of its windows follow one another, and `windows` says how many there are.
extension Dataset {
    /// Keeps encodings for the cache.
    fileprivate init(keeping encodings: PackedEncodings) throws(DatasetError) {
        let lengths = (0..<encodings.count).map { Int32(encodings.range(of: $0).count) }
        let starts = [0] + (0..<encodings.textCount).map { Int32(encodings.sequences(of: $0).upperBound) }
        let textStarts = starts.map { encodings.cuSeqlens[Int($0)] }
        let cut = encodings.isTruncated.map { Int32($0 ? 1 : 0) }
        self = try Dataset([:])
            .addColumn(TokenCache.column, values: encodings.ids, cuSeqlens: textStarts)
            .addColumn(TokenCache.windowColumn, values: lengths, cuSeqlens: starts)
            .addColumn(
                TokenCache.truncatedColumn,
                values: cut,
                cuSeqlens: cut.isEmpty ? textStarts.map { _ in 0 } : textStarts.indices.map(Int32.init)
            )
        guard !encodings.typeIDs.isEmpty else { return }
        self = try addColumn(TokenCache.typeColumn, values: encodings.typeIDs, cuSeqlens: textStarts)
    }

    /// The encodings that ``init(keeping:)`` kept.
    fileprivate func encodings() throws(DatasetError) -> PackedEncodings {
        let ids = try packed(TokenCache.column).values
        let windows = try packed(TokenCache.windowColumn)
        var cuSeqlens: [Int32] = [0]
        for length in windows.values { cuSeqlens.append((cuSeqlens.last ?? 0) &+ length) }
        guard cuSeqlens.last == Int32(truncatingIfNeeded: ids.count) else {
            throw DatasetError(.badFile, "the cached tokens do not fit their lengths")
        }
        var encodings = PackedEncodings(
            ids: ids,
            cuSeqlens: cuSeqlens,
            isTruncated: try packed(TokenCache.truncatedColumn).values.map { $0 == 1 }
        )
        if windows.values.count != windows.cuSeqlens.count - 1 { encodings.windowStarts = windows.cuSeqlens }
        encodings.typeIDs = (try? packed(TokenCache.typeColumn))?.values ?? []
        return encodings
    }
}

extension Dataset {
    /// Adds the column `input_ids`, the token ids of a column's texts, and for pairs `token_type_ids`.
    ///
    /// - Parameters:
    ///   - column: The column of texts; a missing text is empty.
    ///   - pairColumn: The column of second texts; nil for single texts.
    ///   - tokenizer: The tokenizer, which also adds special tokens.
    ///   - maxLength: The maximum number of tokens of a text; nil cuts nothing.
    ///   - cache: The cache of tokenized texts; nil caches nothing.
    /// - Returns: A dataset with the added columns.
    /// - Throws: `DatasetError`.
    ///
    /// Source: `dataset.map(lambda rows: tokenizer(rows[column], truncation=True), batched=True)` of datasets 5.2.
    public func tokenize(
        _ column: String,
        pair pairColumn: String? = nil,
        with tokenizer: Tokenizer,
        maxLength: Int? = nil,
        cache: TokenCache? = nil
    ) throws(DatasetError) -> Dataset {
        let texts = try strings(column).map { $0 ?? "" }
        let pairedTexts = try pairColumn.map { name throws(DatasetError) in try strings(name).map { $0 ?? "" }
        }
        let inputs = TextInputs(texts, pairedTexts: pairedTexts)
        return try adding(
            inputs.encoded(by: tokenizer, maxLength: maxLength, cache: cache, source: column) { _ in }
                .encodings
        )
    }

    fileprivate func adding(_ encodings: PackedEncodings) throws(DatasetError) -> Dataset {
        let rows = try addColumn(TokenCache.column, values: encodings.ids, cuSeqlens: encodings.cuSeqlens)
        guard !encodings.typeIDs.isEmpty else { return rows }
        return try rows.addColumn(
            TokenCache.typeColumn,
            values: encodings.typeIDs,
            cuSeqlens: encodings.cuSeqlens
        )
    }
}

extension TextInputs {
    /// Tokenizes the texts, or reads their tokens from a cache.
    ///
    /// - Parameters:
    ///   - tokenizer: The tokenizer, which also adds special tokens.
    ///   - maxLength: The maximum number of tokens of a text; nil cuts nothing.
    ///   - longText: The part of a longer text to keep; nil cuts the side that the tokenizer cuts.
    ///   - cache: The cache of tokenized texts; nil caches nothing.
    ///   - source: The origin of the texts, shown in the list of cached files.
    ///   - progress: Called with the number of texts tokenized so far.
    /// - Returns: The tokens, and whether they were in the cache.
    /// - Throws: The errors of `progress`.
    func encoded(
        by tokenizer: Tokenizer,
        maxLength: Int?,
        longText: LongText? = nil,
        cache: TokenCache?,
        source: String,
        progress: (Int) throws -> Void
    ) rethrows -> (encodings: PackedEncodings, wasFound: Bool) {
        guard let cache else {
            let encodings = try encoded(
                by: tokenizer,
                maxLength: maxLength,
                longText: longText,
                progress: progress
            )
            return (encodings, false)
        }
        return try cache.encodeBatch(
            self,
            with: tokenizer,
            maxLength: maxLength,
            longText: longText,
            source: source,
            progress: progress
        )
    }
}
