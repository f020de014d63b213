/// U+2581, the character that SentencePiece writes for a space.
enum Metaspace {
    /// Its UTF-8.
    static let utf8: [UInt8] = [0xE2, 0x96, 0x81]

    /// The end of a word: the next metaspace that follows another character.
    ///
    /// - Parameters:
    ///   - text: Well-formed UTF-8.
    ///   - start: The start of the word.
    /// - Returns: Its index, or the end of the text.
    static func endOfWord(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        while starts(text, at: index) { index += 3 }
        while index < text.count {
            if text[index] == 0xE2, starts(text, at: index) { return index }
            index += 1
        }
        return text.count
    }

    /// Whether a merge of two texts would cross the start of a metaspace.
    static func joins(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        guard starts(right, at: 0) else { return false }
        return left.count < 3 || !starts(left, at: left.count - 3)
    }

    @inline(__always)
    private static func starts(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        index + 2 < text.count && text[index] == 0xE2 && text[index + 1] == 0x96 && text[index + 2] == 0x81
    }
}
