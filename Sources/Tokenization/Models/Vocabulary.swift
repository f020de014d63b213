/// Tokens by id and ids by token, compared by bytes.
///
/// The texts are stored end to end in one array. The hash table uses open addressing.
struct Vocabulary: Sendable {
    /// The largest supported id: larger than in any real vocabulary, and small enough to allocate a table for.
    static let largestID = 1 << 24

    private struct Entry {
        var start: UInt32
        var length: UInt32
        var id: Int32
    }

    private var storage: [UInt8]
    private var entries: [Entry] = []
    /// For each id, its entry, or -1 if no token has that id.
    private var entryOfID: [Int32] = []
    private var slots: [Int32]
    private let mask: Int

    /// The number of tokens.
    var count: Int { entries.count }

    /// The number of ids: the largest id plus one.
    var idCount: Int { entryOfID.count }

    /// Makes an empty vocabulary.
    ///
    /// - Parameters:
    ///   - tokens: The maximum number of tokens that will be inserted.
    ///   - bytes: The approximate number of bytes of all tokens.
    init(capacity tokens: Int, bytes: Int = 0) {
        var size = 16
        while size < tokens * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        mask = size - 1
        entries.reserveCapacity(tokens)
        entryOfID.reserveCapacity(tokens)
        storage = []
        storage.reserveCapacity(bytes)
    }

    /// Adds a token; the caller must stay within the capacity.
    ///
    /// - Parameters:
    ///   - token: The token's bytes.
    ///   - id: Its id.
    /// - Returns: False if the token was already present; its id is replaced, as in tokenizers.
    @discardableResult
    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: Int32) -> Bool {
        if entryOfID.count <= Int(id) {
            entryOfID.append(contentsOf: repeatElement(-1, count: Int(id) + 1 - entryOfID.count))
        }
        let slot = find(token)
        if slots[slot] >= 0 {
            entries[Int(slots[slot])].id = id
            entryOfID[Int(id)] = slots[slot]
            return false
        }
        slots[slot] = Int32(entries.count)
        entryOfID[Int(id)] = Int32(entries.count)
        entries.append(Entry(start: UInt32(storage.count), length: UInt32(token.count), id: id))
        storage.append(contentsOf: token)
        return true
    }

    /// The id of a token.
    func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
        let entry = slots[find(token)]
        return entry < 0 ? nil : entries[Int(entry)].id
    }

    /// The id of a token.
    func id(of token: some Sequence<UInt8>) -> Int32? {
        Array(token).withUnsafeBufferPointer { id(of: $0) }
    }

    /// The bytes of a token, or nil if no token has that id.
    func token(_ id: Int32) -> ArraySlice<UInt8>? {
        guard id >= 0, Int(id) < entryOfID.count, entryOfID[Int(id)] >= 0 else { return nil }
        let entry = entries[Int(entryOfID[Int(id)])]
        return storage[Int(entry.start)..<Int(entry.start) + Int(entry.length)]
    }

    private func find(_ token: UnsafeBufferPointer<UInt8>) -> Int {
        var slot = Int(truncatingIfNeeded: ByteHash.hash(token)) & mask
        while slots[slot] >= 0 {
            let entry = entries[Int(slots[slot])]
            if Int(entry.length) == token.count, matches(entry.start, token) { return slot }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func matches(_ start: UInt32, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
        storage.withUnsafeBufferPointer { stored in
            for index in 0..<token.count where stored[Int(start) + index] != token[index] { return false }
            return true
        }
    }
}

/// A fast hash for short byte strings; not for tables with a size that an attacker can choose.
enum ByteHash {
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The hash of bytes.
    @inline(__always)
    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var state = UInt64(truncatingIfNeeded: bytes.count) &* multiplier
        guard let base = UnsafeRawPointer(bytes.baseAddress) else { return state }
        var index = 0
        while index + 8 <= bytes.count {
            state = mix(state ^ base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var tail: UInt64 = 0
        while index < bytes.count {
            tail = tail << 8 | UInt64(bytes[index])
            index += 1
        }
        return mix(state ^ tail)
    }

    /// Mixes a value's bits.
    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: multiplier)
        return product.high ^ product.low
    }
}
