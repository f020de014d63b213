/// A model's use of token types.
public enum TokenTypes: Sendable, Equatable {
    /// None: the model has no such input.
    case ignored
    /// One row per type, with the number of types (`type_vocab_size`); without types the row of type 0 is used.
    case table(Int)
    /// The type is a token id whose row is added to the token's row, as in GPT-2; without types nothing is added.
    case tokens(Int)

    /// Returns the token types as the model expects them.
    ///
    /// - Parameters:
    ///   - typeIDs: The tokenizer's types, `[T]`; empty if all are 0.
    ///   - count: The number of tokens, T.
    ///   - areGiven: Whether the tokenizer passes types to the model at all.
    /// - Returns: `[T]`, with 0 for types beyond the model's last; empty if types have no effect.
    public func taken(_ typeIDs: [Int32], count: Int, areGiven: Bool) -> [Int32] {
        let known: Int
        switch self {
        case .ignored: return []
        case .table(let rows):
            guard areGiven, !typeIDs.isEmpty else { return [] }
            known = rows
        case .tokens(let rows):
            guard areGiven else { return [] }
            guard !typeIDs.isEmpty else { return [Int32](repeating: 0, count: count) }
            known = rows
        }
        return typeIDs.map { Int($0) < known ? $0 : 0 }
    }
}
