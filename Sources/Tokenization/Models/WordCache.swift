/// A cache of the tokens of words.
///
/// It keeps only short words and a limited number of them, so its memory is bounded.
///
/// A class that manages its own memory: every word of a text is looked up here, and copying references to arrays
/// for each took a sixth of the time.
final class WordCache {
    /// The longest word kept, in bytes.
    static let longestWord = 64
    private static let mostWords = 1 << 18

    private struct Slot {
        var hash: UInt64 = 0
        var word: UInt32 = 0
        var length: UInt32 = 0
        var token: UInt32 = 0
        var tokenCount: UInt32 = 0
    }

    private var slots = UnsafeMutableBufferPointer<Slot>.allocate(capacity: 1 << 12)
    private var words = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 15)
    private var wordBytes = 0
    private var tokens = UnsafeMutableBufferPointer<PieceToken>.allocate(capacity: 1 << 13)
    private var tokenCount = 0
    private var count = 0

    init() { slots.initialize(repeating: Slot()) }

    deinit {
        slots.deallocate()
        words.deallocate()
        tokens.deallocate()
    }

    /// Appends the tokens of a cached word.
    ///
    /// - Returns: False if the word is not cached.
    @inline(__always)
    func recall(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, into output: inout [PieceToken]) -> Bool {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[index]
            if slot.length == 0 { return false }
            if slot.hash == hash, Int(slot.length) == word.count, matches(slot, word) {
                let first = Int(slot.token)
                for token in first..<first + Int(slot.tokenCount) { output.append(tokens[token]) }
                return true
            }
            index = (index + 1) & mask
        }
    }

    /// Caches a word's tokens if there is room.
    ///
    /// - Parameters:
    ///   - word: At most ``longestWord`` bytes.
    ///   - hash: Its hash.
    ///   - new: Its tokens.
    func remember(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, tokens new: ArraySlice<PieceToken>) {
        guard count < Self.mostWords, !word.isEmpty else { return }
        if count * 2 >= slots.count { growSlots() }
        let slot = Slot(
            hash: hash,
            word: UInt32(wordBytes),
            length: UInt32(word.count),
            token: UInt32(tokenCount),
            tokenCount: UInt32(new.count)
        )
        Self.append(word, to: &words, at: &wordBytes)
        new.withUnsafeBufferPointer { Self.append($0, to: &tokens, at: &tokenCount) }
        Self.place(slot, in: slots)
        count += 1
    }

    @inline(__always)
    private func matches(_ slot: Slot, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(slot.word)
        for index in 0..<word.count where words[start + index] != word[index] { return false }
        return true
    }

    private static func append<Element: BitwiseCopyable>(
        _ new: UnsafeBufferPointer<Element>,
        to buffer: inout UnsafeMutableBufferPointer<Element>,
        at end: inout Int
    ) {
        if end + new.count > buffer.count {
            let larger = UnsafeMutableBufferPointer<Element>.allocate(
                capacity: max(buffer.count * 2, end + new.count)
            )
            _ = larger.initialize(fromContentsOf: buffer[..<end])
            buffer.deallocate()
            buffer = larger
        }
        _ = UnsafeMutableBufferPointer(rebasing: buffer[end...]).initialize(fromContentsOf: new)
        end += new.count
    }

    private func growSlots() {
        let larger = UnsafeMutableBufferPointer<Slot>.allocate(capacity: slots.count * 2)
        larger.initialize(repeating: Slot())
        for slot in slots where slot.length > 0 { Self.place(slot, in: larger) }
        slots.deallocate()
        slots = larger
    }

    private static func place(_ slot: Slot, in slots: UnsafeMutableBufferPointer<Slot>) {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: slot.hash) & mask
        while slots[index].length > 0 { index = (index + 1) & mask }
        slots[index] = slot
    }
}
