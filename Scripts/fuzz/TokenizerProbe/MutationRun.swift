import Foundation
import Tokenization

/// Mutates tokenizer.json files in many ways, opens them, and encodes a text with those that open.
///
/// A crash ends the process; the last number printed narrows down the input that caused it.
struct MutationRun {
    let folder: URL
    let count: Int
    let seed: UInt64

    private static let words = [
        "null", "true", "-1", "0", "1e308", "1e999", "4294967296", "9223372036854775808", "0.5", "\"\"",
        "\"a\"",
        "[]", "{}", "[[]]", "\"\\ud800\"", "\"\\u0000\"", "\"(a+)+$\"", "\"[\"", "\"\\\\p{L}+\"", "16777217",
        "\"BPE\"",
        "\"Unigram\"", "\"WordPiece\"", "\"WordLevel\"", "\"Sequence\"", "\"Split\"", "\"ByteLevel\"",
        "\"Metaspace\"",
        "\"(?<=a+)\\\\b(?i:ss){9,99}\"", "\"Replace\"", "\"Precompiled\"", "\"Strip\"",
        "99999999999999999999",
    ]

    private static let texts = [
        "", "The quick brown fox\n 12345 \u{e9}\u{301}\u{1F469}\u{200D}\u{1F467} <s> \u{4e2d}\u{6587}!",
        String(repeating: "a ", count: 20) + "\u{0}\u{2581}\u{AD}",
    ]

    /// Runs all inputs and prints how many opened.
    func run() {
        let seeds = Self.files(in: folder)
        guard !seeds.isEmpty else {
            print("no tokenizer.json below \(folder.path)")
            exit(66)
        }
        var opened = 0
        for number in 0..<count {
            // Each input has its own random stream, so that a crash can be reproduced with this input alone.
            var random = SplitMix(state: seed &+ UInt64(number) &* 0x1_0000)
            var input = seeds[random.next(below: seeds.count)]
            for _ in 0..<1 + random.next(below: 2) { Self.spoil(&input, &random) }
            if number % 10_000 == 0 {
                print("\(number) inputs, \(opened) opened")
                fflush(nil)
            }
            guard let tokenizer = try? Tokenizer(tokenizerJSON: input) else { continue }
            opened += 1
            for text in Self.texts {
                let encoding = tokenizer.encode(text, pair: text, maxLength: 12)
                _ = tokenizer.decode(encoding.ids + [-1, .max])
                _ = tokenizer.encodeBatch([text], maxLength: 5, threads: 1)
            }
        }
        print("\(count) inputs, \(opened) opened, no crash")
    }

    private static func files(in folder: URL) -> [[UInt8]] {
        let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        var result: [[UInt8]] = []
        while let url = found?.nextObject() as? URL {
            guard url.pathExtension == "json", let data = try? Data(contentsOf: url) else { continue }
            result.append(Array(data))
        }
        return result
    }

    private static func spoil(_ input: inout [UInt8], _ random: inout SplitMix) {
        guard !input.isEmpty else { return }
        let at = random.next(below: input.count)
        switch random.next(below: 10) {
        case 0: input[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: input[at] ^= 1 << UInt8(random.next(below: 8))
        case 2: input.removeSubrange(at..<min(input.count, at + 1 + random.next(below: 40)))
        case 3:
            let end = min(input.count, at + 1 + random.next(below: 200))
            input.insert(contentsOf: input[at..<end], at: random.next(below: input.count))
        case 4: input.removeLast(input.count - at)
        case 5...8: replaceValue(near: at, in: &input, by: words[random.next(below: words.count)])
        default:
            let depth = 1 + random.next(below: 300)
            input.insert(contentsOf: repeatElement(UInt8(ascii: "["), count: depth), at: at)
        }
    }

    /// Replaces the value after the next colon or comma.
    private static func replaceValue(near index: Int, in input: inout [UInt8], by word: String) {
        let marks: [UInt8] = [UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "[")]
        guard let start = input[index...].firstIndex(where: marks.contains) else { return }
        let ends: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")]
        let end = input[(start + 1)...].firstIndex(where: ends.contains) ?? input.endIndex
        input.replaceSubrange(start + 1..<end, with: word.utf8)
    }
}

/// A SplitMix64 random stream.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
