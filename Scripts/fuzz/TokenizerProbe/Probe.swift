import Foundation
import Tokenization

/// Encodes texts for `compare_tokenizers.py`, and feeds corrupted files to the reader.
@main
struct Probe {
    static func main() {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "encode": encode()
        case "mutate" where arguments.count >= 5:
            let count = Int(arguments[3]) ?? 0
            let seed = UInt64(arguments[4]) ?? 0
            MutationRun(folder: URL(fileURLWithPath: arguments[2]), count: count, seed: seed).run()
        default:
            print("usage: TokenizerProbe encode < LINES | TokenizerProbe mutate FOLDER COUNT SEED")
            exit(64)
        }
    }

    /// Reads lines: `@FILE` opens a tokenizer; other lines are a text, or a pair separated by a space, as hexadecimal UTF-8.
    private static func encode() {
        var tokenizer: Tokenizer?
        while let line = readLine() {
            if line.hasPrefix("@") {
                do {
                    tokenizer = try Tokenizer(contentsOf: URL(fileURLWithPath: String(line.dropFirst())))
                    print("opened")
                } catch {
                    tokenizer = nil
                    print("error: \(error)")
                }
                continue
            }
            let texts = line.split(separator: " ", omittingEmptySubsequences: false).map(text)
            guard let tokenizer else {
                print("error: no tokenizer")
                continue
            }
            print(describe(texts, by: tokenizer))
        }
    }

    private static func text(_ hexadecimal: Substring) -> String {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in hexadecimal.utf8 {
            let value = digit < 0x3A ? digit - 0x30 : digit - 0x57
            if let known = high {
                bytes.append(known << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func describe(_ texts: [String], by tokenizer: Tokenizer) -> String {
        let encoding =
            texts.count > 1 ? tokenizer.encode(texts[0], pair: texts[1]) : tokenizer.encode(texts[0])
        let first = encoding.scalarOffsets(in: texts[0])
        let second = texts.count > 1 ? encoding.scalarOffsets(in: texts[1], sequence: 1) : first
        let offsets = encoding.sequenceIDs.enumerated().map { index, own in
            own == 1 ? second[index] : first[index]
        }
        let fields = [
            encoding.ids.map(String.init).joined(separator: ","),
            encoding.tokens.map { hexadecimal($0.utf8) }.joined(separator: ","),
            offsets.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ","),
            encoding.wordIDs.map { $0.map(String.init) ?? "" }.joined(separator: ","),
            encoding.typeIDs.map(String.init).joined(separator: ","),
            encoding.specialTokensMask.map { $0 ? "1" : "0" }.joined(),
            hexadecimal(tokenizer.decode(encoding.ids, skipSpecialTokens: false).utf8),
            hexadecimal(tokenizer.decode(encoding.ids).utf8),
            texts.count > 1 || Array(tokenizer.encodeBatch([texts[0]])[0]) == encoding.ids
                ? "same" : "batch differs",
        ]
        return fields.joined(separator: "|")
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var result: [UInt8] = []
        for byte in bytes { result += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: result, as: UTF8.self)
    }
}
