public import Classification
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
    ///   - inputs: The texts or pairs.
    ///   - tokenizer: Makes their ids.
    ///   - maxLength: Tokens of a text at the most; nil cuts nothing.
    ///   - source: Where the texts come from, for the cache's list.
    /// - Returns: The ids, and whether they were found. A cache that cannot be written changes nothing else.
    public func encodeBatch(
        _ inputs: TextInputs,
        with tokenizer: Tokenizer,
        maxLength: Int?,
        source: String
    ) -> (encodings: PackedEncodings, wasFound: Bool) {
        guard inputs.count >= Self.leastTexts else {
            return (inputs.encoded(by: tokenizer, maxLength: maxLength), false)
        }
        let key = CacheKey { key in
            // Another number where the same files give other ids.
            key.add("ids 2")
            for file in tokenizer.files {
                key.add(file.name)
                key.add(file.contents)
            }
            // The model's configuration, which is not among the files, may decide about token types.
            key.add(tokenizer.givesTokenTypes ? "token types" : "no token types")
            key.add(maxLength.map { "\($0)" } ?? "whole")
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
        if let (rows, description) = datasets.dataset(for: key),
            let packed = try? rows.packed(Self.column), packed.cuSeqlens.count == inputs.count + 1,
            let truncated = try? JSONValue.parse(description.utf8)["truncated"].int
        {
            var encodings = PackedEncodings(
                ids: packed.values,
                cuSeqlens: packed.cuSeqlens,
                truncatedCount: truncated
            )
            encodings.typeIDs = (try? rows.packed(Self.typeColumn))?.values ?? []
            return (encodings, true)
        }
        let encodings = inputs.encoded(by: tokenizer, maxLength: maxLength)
        let description = JSONValue.object([
            "source": .string(source), "texts": .int(inputs.count), "tokens": .int(encodings.ids.count),
            "truncated": .int(encodings.truncatedCount),
        ])
        if let rows = try? Dataset([:]).adding(encodings) {
            try? datasets.keep(rows, for: key, description: description.oneLineInOrder)
        }
        return (encodings, false)
    }

    fileprivate static let column = "input_ids"
    fileprivate static let typeColumn = "token_type_ids"
}

extension Dataset {
    /// The same rows with the column `input_ids`, a column's texts as token ids, and for pairs `token_type_ids`.
    ///
    /// - Parameters:
    ///   - column: Holds the texts; a missing one is empty.
    ///   - pairColumn: Holds the texts that belong with them; nil for single texts.
    ///   - tokenizer: Makes the ids, with the tokens that it puts around a text.
    ///   - maxLength: Tokens of a text at the most; nil cuts nothing.
    ///   - cache: Where tokenized texts are kept; nil keeps nothing.
    /// - Returns: A dataset with that column.
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
        let seconds = try pairColumn.map { name throws(DatasetError) in try strings(name).map { $0 ?? "" } }
        let inputs = TextInputs(texts, seconds: seconds)
        return try adding(
            cache?.encodeBatch(inputs, with: tokenizer, maxLength: maxLength, source: column).encodings
                ?? inputs.encoded(by: tokenizer, maxLength: maxLength)
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
