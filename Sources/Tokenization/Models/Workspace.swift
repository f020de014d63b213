import Synchronization

/// Memory that one thread reuses from text to text: the cache of words and the model's scratch.
///
/// A workspace belongs to one call at a time; every worker of a batch has its own.
// The pool hands a workspace to one call at a time, under its lock; nothing else shares one.
final class Workspace: @unchecked Sendable {
    /// Words met before and their tokens.
    var cache = WordCache()
    /// Scratch of the byte-pair models.
    var merger = PairMerger()
    /// Scratch for a piece's tokens.
    var tokens: [PieceToken] = []
    /// Scratch for a word in another spelling.
    var spelling: [UInt8] = []
    /// Scratch for models that need numbers per position.
    var positions: [Int32] = []
    /// Scratch for models that need scores per position.
    var scores: [Double] = []
    /// Scratch for the two texts of a pair.
    var sequences = (TokenSink(), TokenSink())
}

/// Workspaces to be used again: what one call has met, the next one knows.
final class WorkspacePool: Sendable {
    private let free = Mutex<[Workspace]>([])

    /// Runs a body with a workspace of its own.
    func withWorkspace<Result>(_ body: (Workspace) -> Result) -> Result {
        let workspace = free.withLock { $0.popLast() } ?? Workspace()
        defer { free.withLock { $0.append(workspace) } }
        return body(workspace)
    }
}

/// Maps words to the tokens they gave before.
///
/// Only short words are kept, and only so many: a text of unrelated words costs a bounded amount of memory.
struct WordCache {
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

    private var slots = [Slot](repeating: Slot(), count: 1 << 12)
    private var words: [UInt8] = []
    private var tokens: [PieceToken] = []
    private var count = 0

    /// Appends the tokens of a word met before.
    ///
    /// - Returns: False where the word is new.
    func recall(_ word: UnsafeBufferPointer<UInt8>, hash: UInt64, into output: inout [PieceToken]) -> Bool {
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while true {
            let slot = slots[index]
            if slot.length == 0 { return false }
            if slot.hash == hash, Int(slot.length) == word.count, matches(slot, word) {
                for token in Int(slot.token)..<Int(slot.token + slot.tokenCount) {
                    output.append(tokens[token])
                }
                return true
            }
            index = (index + 1) & (slots.count - 1)
        }
    }

    /// Keeps a word's tokens, while there is room.
    mutating func remember(
        _ word: UnsafeBufferPointer<UInt8>,
        hash: UInt64,
        tokens new: ArraySlice<PieceToken>
    ) {
        guard count < Self.mostWords, !word.isEmpty else { return }
        if count * 2 >= slots.count { grow() }
        let slot = Slot(
            hash: hash,
            word: UInt32(words.count),
            length: UInt32(word.count),
            token: UInt32(tokens.count),
            tokenCount: UInt32(new.count)
        )
        words.append(contentsOf: word)
        tokens.append(contentsOf: new)
        Self.place(slot, in: &slots)
        count += 1
    }

    private func matches(_ slot: Slot, _ word: UnsafeBufferPointer<UInt8>) -> Bool {
        words.withUnsafeBufferPointer { stored in
            for index in 0..<word.count where stored[Int(slot.word) + index] != word[index] { return false }
            return true
        }
    }

    private mutating func grow() {
        var larger = [Slot](repeating: Slot(), count: slots.count * 2)
        for slot in slots where slot.length > 0 { Self.place(slot, in: &larger) }
        slots = larger
    }

    private static func place(_ slot: Slot, in slots: inout [Slot]) {
        var index = Int(truncatingIfNeeded: slot.hash) & (slots.count - 1)
        while slots[index].length > 0 { index = (index + 1) & (slots.count - 1) }
        slots[index] = slot
    }
}
