/// The layout of a text, or a pair: the sequences with the special tokens around and between them.
struct BatchLayout: Sendable {
    /// A part of the layout.
    enum Part: Sendable, Equatable {
        case sequence(Int)
        case special(Int32)
    }

    /// The parts in order, with their type ids.
    private(set) var parts: [(part: Part, typeID: Int32)] = []
    /// The number of special tokens.
    private(set) var specialCount = 0

    /// Derives the layout from the post-processor.
    ///
    /// - Parameters:
    ///   - processor: The post-processor; nil joins the texts.
    ///   - isPair: Whether there are two texts.
    ///   - addSpecialTokens: Whether special tokens are added.
    init(_ processor: (any PostProcessor)?, isPair: Bool, addSpecialTokens: Bool) {
        // Marker texts show the places of the texts and their type ids.
        let markers = (0..<(isPair ? 2 : 1)).map { index in
            var marker = Encoding(added: -1 - Int32(index), token: "", typeID: Int32(index))
            marker.specialTokensMask = [false]
            return marker
        }
        for encoding in processor?.process(markers, addSpecialTokens: addSpecialTokens) ?? markers {
            for (id, typeID) in zip(encoding.ids, encoding.typeIDs) {
                parts.append((id < 0 ? .sequence(Int(-1 - id)) : .special(id), typeID))
                if id >= 0 { specialCount += 1 }
            }
        }
    }

    /// Whether any token has a type other than 0.
    var hasTypes: Bool { parts.contains { $0.typeID != 0 } }

    /// The type ids of single texts in this layout.
    ///
    /// - Parameter encodings: The texts, special tokens included.
    /// - Returns: One type id per token id.
    func typeIDs(ofSingle encodings: PackedEncodings) -> [Int32] {
        guard let middle = parts.firstIndex(where: { $0.part == .sequence(0) }) else {
            return Array(repeating: 0, count: encodings.ids.count)
        }
        let (before, after) = (parts[..<middle].map(\.typeID), parts[(middle + 1)...].map(\.typeID))
        var result: [Int32] = []
        result.reserveCapacity(encodings.ids.count)
        for index in 0..<encodings.count {
            let count = encodings.range(of: index).count - before.count - after.count
            result += before
            result += repeatElement(parts[middle].typeID, count: max(0, count))
            result += after
        }
        return result
    }

    /// The special tokens before and after a single text; nil for any other layout.
    var frame: (before: [Int32], after: [Int32])? {
        guard let middle = parts.firstIndex(where: { $0.part == .sequence(0) }) else { return nil }
        var frame: (before: [Int32], after: [Int32]) = ([], [])
        for (index, entry) in parts.enumerated() where index != middle {
            guard case .special(let id) = entry.part else { return nil }
            if index < middle { frame.before.append(id) } else { frame.after.append(id) }
        }
        return frame
    }
}
