/// The new ids of the tokens that are kept, in the order of the old ones.
struct VocabularyMap: Sendable, Equatable {
    /// The old id of each new one.
    let oldIDs: [Int32]
    /// The new id of each old one; -1 for a token that is left out.
    private let newIDs: [Int32]

    /// Numbers the tokens that are kept.
    ///
    /// - Parameters:
    ///   - kept: For each old id, whether it is kept.
    ///   - hasToken: Whether the tokenizer has a token with an id. The others get the last ids, because tokenizers numbers tokens
    ///     without gaps.
    init(keeping kept: [Bool], hasToken: (Int32) -> Bool) {
        let ids = kept.indices.filter { kept[$0] }.map { Int32($0) }
        oldIDs = ids.filter(hasToken) + ids.filter { !hasToken($0) }
        var newIDs = [Int32](repeating: -1, count: kept.count)
        for (new, old) in oldIDs.enumerated() { newIDs[Int(old)] = Int32(new) }
        self.newIDs = newIDs
    }

    /// The number of ids that are kept.
    var count: Int { oldIDs.count }

    /// The new id of an old one; nil for a token that is left out.
    ///
    /// - Parameter old: Any id.
    subscript(old: Int32) -> Int32? {
        guard old >= 0, Int(old) < newIDs.count, newIDs[Int(old)] >= 0 else { return nil }
        return newIDs[Int(old)]
    }

    /// The new id of an id in a file; nil for a token that is left out.
    ///
    /// - Parameter id: Any number.
    /// - Returns: The new id, or nil.
    func newID(_ id: Int?) -> Int? { id.flatMap(Int32.init(exactly:)).flatMap { self[$0] }.map(Int.init) }
}
