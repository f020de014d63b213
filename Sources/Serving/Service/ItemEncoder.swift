import Classification
import Foundation
import Tokenization

/// The tokens of one item.
struct EncodedItem: Sendable {
    /// One text, in one or several windows.
    var encodings: PackedEncodings
    var tokens: Int { encodings.ids.count }
    var isTruncated: Bool { encodings.isTruncated.first ?? false }
    var windows: Int { encodings.count }
}

extension ServedModel {
    /// A token covers at most about as many characters, so a text of more cannot fit.
    ///
    /// Source: `MAX_CHAR_MULTIPLIER` of text-embeddings-inference 1.9.3 (core/src/tokenization.rs:10).
    static let charactersPerToken = 250

    /// Tokenizes items, those that are read as in training together and on all cores.
    ///
    /// - Parameter items: The items.
    /// - Returns: A result for each item, in order.
    func encode(_ items: [ServedItem]) -> [Result<EncodedItem, ItemFault>] {
        guard items.count > 1 else { return items.map(encode) }
        var results = [Result<EncodedItem, ItemFault>?](repeating: nil, count: items.count)
        var together: [Int] = []
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            if case .text(let text) = item.input, item.isPlain, !(text.isEmpty && item.refusesEmpty) {
                together.append(index)
                texts.append(text)
            } else {
                results[index] = encode(item)
            }
        }
        let packed = TextInputs.texts(texts).encoded(by: tokenizer, maxLength: maxTokens, longText: longText)
        for (place, index) in together.enumerated() {
            results[index] = .success(EncodedItem(encodings: packed.selecting(CollectionOfOne(place))))
        }
        return results.map { $0 ?? .failure(.failed("the text could not be tokenized")) }
    }

    private func encode(_ item: ServedItem) -> Result<EncodedItem, ItemFault> {
        if item.refusesEmpty, item.input.isEmpty { return .failure(.empty) }
        let limit = max(1, min(item.maxTokens ?? maxTokens, maxTokens))
        switch item.input {
        case .ids(let ids): return encode(ids, item, limit)
        case .text(let text):
            if let fault = refusal(of: text, item, limit) { return .failure(fault) }
            return encode(item, limit) { maxLength, longText in
                tokenizer.encodeBatch(
                    [text],
                    addSpecialTokens: item.addsSpecialTokens,
                    maxLength: maxLength,
                    longText: longText
                )
            } cut: { truncation in
                try tokenizer.encode(text, truncation: truncation, addSpecialTokens: item.addsSpecialTokens)
            }
        case .pair(let first, let second):
            for text in [first, second] {
                if let fault = refusal(of: text, item, limit) { return .failure(fault) }
            }
            return encode(item, limit) { maxLength, _ in
                tokenizer.encodeBatch(
                    pairs: [(first, second)],
                    addSpecialTokens: item.addsSpecialTokens,
                    maxLength: maxLength
                )
            } cut: { truncation in
                try tokenizer.encode(
                    first,
                    pair: second,
                    truncation: truncation,
                    addSpecialTokens: item.addsSpecialTokens
                )
            }
        }
    }

    /// Refuses a text by its characters, before the work of tokenizing it.
    private func refusal(of text: String, _ item: ServedItem, _ limit: Int) -> ItemFault? {
        let (most, overflows) = limit.multipliedReportingOverflow(by: Self.charactersPerToken)
        guard !item.truncates, !overflows, text.utf8.count > most, text.unicodeScalars.count > most else {
            return nil
        }
        return .tooManyCharacters(limit: most)
    }

    private func encode(
        _ item: ServedItem,
        _ limit: Int,
        whole: (_ maxLength: Int?, _ longText: LongText?) -> PackedEncodings,
        cut: (Truncation) throws -> Encoding
    ) -> Result<EncodedItem, ItemFault> {
        var packed: PackedEncodings
        if let side = item.side, item.truncates {
            do {
                let cut = try cut(Truncation(maxLength: limit, side: side))
                packed = PackedEncodings(
                    ids: cut.ids,
                    cuSeqlens: [0, Int32(cut.count)],
                    isTruncated: [!cut.overflowing.isEmpty]
                )
                if cut.typeIDs.contains(where: { $0 != 0 }) { packed.typeIDs = cut.typeIDs }
            } catch {
                return .failure(.failed("\(error)"))
            }
        } else {
            packed = whole(item.truncates ? limit : nil, item.longText ?? longText)
            if !item.truncates, packed.ids.count > limit {
                return .failure(.tooLong(tokens: packed.ids.count, limit: limit))
            }
        }
        if !tokenizer.givesTokenTypes { packed.typeIDs = [] }
        return .success(EncodedItem(encodings: packed))
    }

    private func encode(
        _ ids: [Int32],
        _ item: ServedItem,
        _ limit: Int
    ) -> Result<EncodedItem, ItemFault> {
        if let unknown = ids.first(where: { !(0..<embeddingRows).contains(Int($0)) }) {
            return .failure(.unknownToken(unknown))
        }
        guard ids.count > limit else {
            return .success(
                EncodedItem(encodings: PackedEncodings(ids: ids, cuSeqlens: [0, Int32(ids.count)]))
            )
        }
        guard item.truncates else { return .failure(.tooLong(tokens: ids.count, limit: limit)) }
        let kept = item.side == .left ? ids.suffix(limit) : ids.prefix(limit)
        return .success(
            EncodedItem(
                encodings: PackedEncodings(
                    ids: Array(kept),
                    cuSeqlens: [0, Int32(limit)],
                    isTruncated: [true]
                )
            )
        )
    }
}

extension PackedEncodings {
    /// Joins the texts of a batch; texts without type ids get 0.
    init(batch parts: [PackedEncodings]) {
        let hasTypes = parts.contains { !$0.typeIDs.isEmpty }
        self.init(
            joining: hasTypes
                ? parts.map { part in
                    var part = part
                    if part.typeIDs.isEmpty { part.typeIDs = Array(repeating: 0, count: part.ids.count) }
                    return part
                } : parts
        )
    }
}
