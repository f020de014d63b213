/// Damages the values of JSON.
///
/// Most documents stay valid JSON, so that they reach the readers' own checks.
package struct JSONDamage {
    /// Values that the readers of checkpoints interpret.
    package static let checkpointWords = [
        "0", "-1", "1", "2", "3", "7", "9", "17", "64", "2.5", "0.5", "-0.0", "1e-400", "1e999", "255",
        "65536", "4294967296",
        "1000000000", "4611686018427387904", "9223372036854775807", "18446744073709551616", "null", "true",
        "false", "[]",
        "{}", "\"\"", "\"x\"", "\"F32\"", "\"BF16\"", "\"U8\"", "[0,0]", "[8,0]", "[[]]",
        "\"../x.safetensors\"",
        "\"model.safetensors\"", "\"\\u0000\"", "\"\\ud800\"", "\"llama\"", "\"yarn\"", "\"longrope\"",
        "\"linear\"",
        "\"gelu\"", "\"full_attention\"", "\"sliding_attention\"", "\"default\"",
    ].map { Array($0.utf8) }

    /// The ranges of a document's numbers, strings and words.
    private static func scalars(of text: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var index = 0
        while index < text.count {
            let start = index
            if text[index] == UInt8(ascii: "\"") {
                index += 1
                while index < text.count, text[index] != UInt8(ascii: "\"") {
                    index += text[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index = min(index + 1, text.count)
                ranges.append(start..<index)
            } else if isWord(text[index]) {
                while index < text.count, isWord(text[index]) { index += 1 }
                ranges.append(start..<index)
            } else {
                index += 1
            }
        }
        return ranges
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+")
    }

    /// A damaged copy.
    ///
    /// - Parameters:
    ///   - text: The document.
    ///   - mutator: The source of every choice.
    ///   - words: Values that replace others.
    /// - Returns: The copy, mostly valid JSON.
    package static func damaged(
        _ text: [UInt8],
        _ mutator: inout Mutator,
        words: [[UInt8]] = JSONDamage.checkpointWords
    ) -> [UInt8] {
        var text = text
        for _ in 0..<[1, 1, 1, 2, 3][mutator.int(0..<5)] {
            let scalars = scalars(of: text)
            guard !scalars.isEmpty else { return text }
            let range = scalars[mutator.int(0..<scalars.count)]
            let other = Array(text[scalars[mutator.int(0..<scalars.count)]])
            switch mutator.int(0..<8) {
            case 0...3: text.replaceSubrange(range, with: words[mutator.int(0..<words.count)])
            case 4: text.replaceSubrange(range, with: other)
            case 5: text.insert(contentsOf: Array(text[range]) + [UInt8(ascii: ",")], at: range.lowerBound)
            case 6: text.removeSubrange(range)
            default:
                // From one comma to another: duplicates or removes a member or an element.
                guard let end = text[range.upperBound...].firstIndex(of: UInt8(ascii: ",")) else { continue }
                let piece = Array(text[range.lowerBound...end])
                if mutator.int(0..<2) == 0 {
                    text.insert(contentsOf: piece, at: range.lowerBound)
                } else {
                    text.removeSubrange(range.lowerBound...end)
                }
            }
        }
        return text
    }
}
