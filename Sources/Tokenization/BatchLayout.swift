/// What a tokenizer puts around a text, or around and between the two of a pair.
struct BatchLayout: Sendable {
    /// A part of the result, in order.
    enum Part: Sendable, Equatable {
        case sequence(Int)
        case special(Int32)
    }

    /// The parts with their type ids.
    private(set) var parts: [(part: Part, typeID: Int32)] = []
    /// How many special tokens there are.
    private(set) var specialCount = 0

    /// Learns the layout from the post-processor.
    ///
    /// - Parameters:
    ///   - processor: Lays out texts; nil joins them.
    ///   - isPair: Whether there are two texts.
    ///   - addSpecialTokens: Whether tokens are added.
    init(_ processor: (any PostProcessor)?, isPair: Bool, addSpecialTokens: Bool) {
        // Marker texts show where the texts go, and with which type ids.
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

    /// Whether a token has another type than 0.
    var hasTypes: Bool { parts.contains { $0.typeID != 0 } }

    /// The type ids of single texts that were laid out so.
    ///
    /// - Parameter encodings: The texts, special tokens included.
    /// - Returns: As many as there are ids.
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

    /// What comes before and behind the only text; nil where the layout is not of that kind.
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
