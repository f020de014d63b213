/// What a model makes of token types.
public enum TokenTypes: Sendable, Equatable {
    /// Nothing: it has no input for them.
    case ignored
    /// A row for each of so many types, `type_vocab_size`; without types, that of type 0.
    case table(Int)
    /// The row of the token that has the type as its id, added to the token's own, as GPT-2 does; without types, none.
    case tokens(Int)

    /// The token types as the model takes them.
    ///
    /// - Parameters:
    ///   - typeIDs: The tokenizer's, `[T]`; empty if all are 0.
    ///   - count: The number of tokens, T.
    ///   - areGiven: Whether the tokenizer gives types to the model at all.
    /// - Returns: `[T]`, types beyond the model's last one being 0; empty if they change nothing.
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
