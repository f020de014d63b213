public import Datasets
import Foundation
import JSON
public import Tokenization

/// Tokenized texts on disk, found again by the texts, the tokenizer and its settings.
///
/// The next run on the same data starts at once; several runs may share it.
public struct TokenCache: Sendable {
    /// Where the files are.
    public let datasets: DatasetCache
    /// Few texts are tokenized faster than a file is opened.
    private static let leastTexts = 1000

    /// A cache in a folder.
    ///
    /// - Parameter datasets: Keeps the files.
    public init(_ datasets: DatasetCache) { self.datasets = datasets }

    /// Tokenizes texts, or finds what was tokenized before.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - tokenizer: Makes their ids.
    ///   - maxLength: Tokens of a text at the most; nil cuts nothing.
    ///   - source: Where the texts come from, for the cache's list.
    /// - Returns: The ids, and whether they were found. A cache that cannot be written changes nothing else.
    public func encodeBatch(
        _ texts: [String],
        with tokenizer: Tokenizer,
        maxLength: Int?,
        source: String
    ) -> (encodings: PackedEncodings, wasFound: Bool) {
        guard texts.count >= Self.leastTexts else {
            return (tokenizer.encodeBatch(texts, maxLength: maxLength), false)
        }
        let key = CacheKey { key in
            // Another number where the same files give other ids.
            key.add("ids 1")
            for file in tokenizer.files {
                key.add(file.name)
                key.add(file.contents)
            }
            key.add(maxLength.map { "\($0)" } ?? "whole")
            for text in texts { key.add(text) }
        }
        if let (rows, description) = datasets.dataset(for: key),
            let packed = try? rows.packed(Self.column), packed.cuSeqlens.count == texts.count + 1,
            let truncated = try? JSONValue.parse(description.utf8)["truncated"].int
        {
            let encodings = PackedEncodings(
                ids: packed.values,
                cuSeqlens: packed.cuSeqlens,
                truncatedCount: truncated
            )
            return (encodings, true)
        }
        let encodings = tokenizer.encodeBatch(texts, maxLength: maxLength)
        let description = JSONValue.object([
            "source": .string(source), "texts": .int(texts.count), "tokens": .int(encodings.ids.count),
            "truncated": .int(encodings.truncatedCount),
        ])
        if let rows = try? Dataset([:]).addColumn(
            Self.column,
            values: encodings.ids,
            cuSeqlens: encodings.cuSeqlens
        ) {
            try? datasets.keep(rows, for: key, description: description.oneLineInOrder)
        }
        return (encodings, false)
    }

    private static let column = "input_ids"
}

extension Dataset {
    /// The same rows with the column `input_ids`: a column's texts as token ids.
    ///
    /// - Parameters:
    ///   - column: Holds the texts; a missing one is empty.
    ///   - tokenizer: Makes the ids, with the tokens that it puts around a text.
    ///   - maxLength: Tokens of a text at the most; nil cuts nothing.
    ///   - cache: Where tokenized texts are kept; nil keeps nothing.
    /// - Returns: A dataset with that column.
    /// - Throws: `DatasetError`.
    ///
    /// Source: `dataset.map(lambda rows: tokenizer(rows[column], truncation=True), batched=True)` of datasets 5.2.
    public func tokenize(
        _ column: String,
        with tokenizer: Tokenizer,
        maxLength: Int? = nil,
        cache: TokenCache? = nil
    ) throws(DatasetError) -> Dataset {
        let texts = try strings(column).map { $0 ?? "" }
        let encodings =
            cache?.encodeBatch(texts, with: tokenizer, maxLength: maxLength, source: column).encodings
            ?? tokenizer.encodeBatch(texts, maxLength: maxLength)
        return try addColumn("input_ids", values: encodings.ids, cuSeqlens: encodings.cuSeqlens)
    }
}
