import Foundation
import JSON
import TestSupport
import Testing

@testable import Serving

/// Damaged bodies for every decoder: each is read or refused with an error, and none ends the process.
@Suite struct ClassifyDecoderFuzzTests {
    /// A generator with a fixed seed, so that a failure can be repeated.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            // SplitMix64, https://prng.di.unimi.it/splitmix64.c
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private static let bodies = [
        #"{"texts": ["a", {"text": "b", "text_pair": "c", "id": 1}], "top_k": 2, "long_text": "window:9", "raw": true}"#,
        #"{"pairs": [["a", "b"]], "models": ["x", "y"], "max_tokens": 9, "logits": false, "stream": true}"#,
        #"{"text": "a", "model": "x", "truncate": false, "label": "b"}"#,
        #"{"input": [[1, 2], [3]], "truncate_prompt_tokens": -1, "truncation_side": "left", "use_activation": false}"#,
        #"{"input": ["a", "b"], "encoding_format": "base64", "endianness": "big", "task": "classify", "dimensions": null}"#,
        #"{"input": [{"type": "text", "text": "a"}], "model": "x"}"#,
        #"{"id": "1", "inputs": [{"name": "t", "datatype": "BYTES", "shape": [1, 2], "data": [["a", "b"]]}]}"#,
        #"{"inputs": [{"name": "t", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 12}}]}"#,
        #"{"source": "x", "name": "y", "base": null}"#,
    ]
    private static let pieces = [
        "[", "]", "{", "}", "\"", ",", ":", "null", "-1", "1e999", "9223372036854775808", "0.5", "\\u0000",
        "\\ud800",
        "[[[[", "\u{1F600}", "true", "\"shape\": [9223372036854775807, 2]", "\"data\": []",
    ]

    private func damaged(_ body: String, _ generator: inout Generator) -> [UInt8] {
        var bytes = Array(body.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1 where place < bytes.count:
                bytes.removeSubrange(
                    place..<min(place + Int.random(in: 1...9, using: &generator), bytes.count)
                )
            case 2: bytes = Array(bytes[..<place])
            default:
                let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &generator)]
                bytes.insert(contentsOf: piece.utf8, at: place)
            }
        }
        return bytes
    }

    /// Runs all decoders; a thrown error is as good as a result.
    private func decode(_ bytes: [UInt8]) -> Int {
        var read = 0
        func attempt(_ work: (JSONValue) throws -> Void) {
            do {
                try work(try BodyFields.parse(bytes))
                read += 1
            } catch {
                #expect(error is ServingFault)
            }
        }
        attempt { _ = try ClassifyRequest($0, maxItems: 100) }
        attempt { _ = try ExplainRequest($0) }
        attempt { _ = try ModelRequest($0) }
        attempt { _ = try ModerationRequest($0, maxItems: 100) }
        attempt { _ = try VLLMInputs(BodyFields($0), maxItems: 100).items(3...64) }
        attempt { _ = try VLLMEncoding(BodyFields($0)) }
        for count in [nil, 0, bytes.count / 2, bytes.count, -1, Int.max] as [Int?] {
            attempt { _ in _ = try InferenceRequest(bytes, jsonCount: count, maxItems: 100) }
        }
        return read
    }

    @Test func `damaged bodies are read or refused`() {
        var generator = Generator(state: 7)
        var read = 0
        for round in 0..<5_000 {
            let body = Self.bodies[round % Self.bodies.count]
            read += decode(damaged(body, &generator))
        }
        // Some are still valid, so that the decoders were reached.
        #expect(read > 300)
    }

    @Test func `damaged lines and binary texts are read or refused`() {
        var generator = Generator(state: 8)
        for _ in 0..<5_000 {
            let count = Int.random(in: 0...40, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) & 15 }
            do throws(ServingFault) {
                let texts = try BinaryTexts.decode(bytes[...])
                #expect(BinaryTexts.encode(texts) == bytes)
            } catch {
                #expect(!error.description.isEmpty)
            }
            var splitter = LineSplitter(limit: 9)
            let lines = splitter.lines(adding: bytes) + [splitter.finish()].compactMap { $0 }
            #expect(lines.count <= bytes.count { $0 == 10 } + 1)
        }
    }
}
