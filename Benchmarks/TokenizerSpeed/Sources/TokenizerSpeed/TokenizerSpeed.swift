import Foundation
import Tokenization

/// Times one tokenizer on a corpus and prints `measure<TAB>value` lines; `Benchmarks/tokenizers` runs it.
///
/// Usage: TokenizerSpeed CORPUS TOKENIZER.json SECONDS [MEASURE…]
/// MEASURE is ids1, ids2, offsets1 or offsets2; without it all are measured.
/// The corpus is a count, that many lengths (all little-endian 32-bit numbers) and the texts' UTF-8, concatenated.
@main
struct TokenizerSpeed {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let seconds = Double(arguments[3]) else {
            throw CocoaError(
                .featureUnsupported,
                userInfo: [NSLocalizedDescriptionKey: "CORPUS JSON SECONDS [MEASURE…]"]
            )
        }
        let texts = try corpus(URL(filePath: arguments[1]))
        let bytes = Double(texts.reduce(0) { $0 + $1.utf8.count })
        let json = URL(filePath: arguments[2])

        var times: [Double] = []
        for _ in 0..<7 { times.append(try time { _ = try Tokenizer(contentsOf: json) }) }
        print("open\t\(1000 * (times.min() ?? 0))")
        let ids = try Tokenizer(contentsOf: json).encodeBatch(texts).ids
        print("tokens\t\(ids.count)")
        print("checksum\t\(adler32(ids))")
        for threads in [1, 2] {
            for withOffsets in [false, true] {
                let name = (withOffsets ? "offsets" : "ids") + "\(threads)"
                guard arguments.count == 4 || arguments[4...].contains(name) else { continue }
                let best = try best(within: seconds, json) { tokenizer in
                    _ = tokenizer.encodeBatch(texts, withOffsets: withOffsets, threads: threads)
                }
                print("\(name)\t\(bytes / best / 1e6)")
            }
        }
    }

    /// Returns the seconds of the fastest run, each with a new tokenizer, so that its cache is empty.
    static func best(within seconds: Double, _ json: URL, _ body: (Tokenizer) -> Void) throws -> Double {
        var times: [Double] = []
        repeat {
            let tokenizer = try Tokenizer(contentsOf: json)
            times.append(time { body(tokenizer) })
        } while times.reduce(0, +) < seconds || times.count < 2
        return times.min() ?? 0
    }

    /// Returns the Adler-32 checksum of the ids as little-endian 32-bit numbers; Python's zlib computes the same.
    static func adler32(_ ids: [Int32]) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for id in ids {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                low = (low + UInt32(bitPattern: id) >> shift & 0xFF) % 65_521
                high = (high + low) % 65_521
            }
        }
        return high << 16 | low
    }

    static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .seconds(1)
    }

    static func corpus(_ url: URL) throws -> [String] {
        let data = [UInt8](try Data(contentsOf: url))
        func number(_ index: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(data[index * 4 + $1]) << (8 * $1) }
        }
        var texts: [String] = []
        var at = (number(0) + 1) * 4
        for index in 0..<number(0) {
            let end = at + number(index + 1)
            texts.append(String(decoding: data[at..<end], as: UTF8.self))
            at = end
        }
        return texts
    }
}
