import Checkpoints
import Classification
import Files
import Foundation
import Models
import TestSupport
import Testing
import Tokenization

@testable import Export

/// Damaged and malicious single files.
struct HostileSingleFileTests {
    private static let exported: [UInt8]? = {
        try? withTemporaryFolder { folder in
            let file = folder.appending(path: "model.attune")
            _ = try SingleFileExport.write(PairModel("bert").classifier, to: file)
            return Array(try Data(contentsOf: file))
        }
    }()

    private let valid: [UInt8]

    init() throws { valid = try #require(Self.exported) }

    private func open(_ bytes: [UInt8]) throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "x.attune")
            try Data(bytes).write(to: file)
            let weights = try AttuneFile(contentsOf: file).weights()
            for name in weights.tensorNames { _ = try weights.tensor(name) }
            _ = try PairModel.open(file)
        }
    }

    /// A file with any index, in a valid header, and members that may not be there.
    private func file(_ index: String, data: [UInt8] = []) -> [UInt8] {
        let index = Array(index.utf8)
        let start = (64 + index.count + 63) / 64 * 64
        var file: [UInt8] = [0x89] + Array("ATTUNE\n".utf8)
        for number in [1, start + data.count, index.count] {
            file += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        let digits = Array(SHA256.hexadecimalDigest(of: index).utf8).compactMap {
            Character(Unicode.Scalar($0)).hexDigitValue
        }
        file += (0..<32).map { UInt8(digits[2 * $0] * 16 + digits[2 * $0 + 1]) }
        return file + index + [UInt8](repeating: 0, count: start - 64 - index.count) + data
    }

    private func message(_ bytes: [UInt8]) -> String {
        do {
            try open(bytes)
            return "opened"
        } catch { return "\(type(of: error)): \(error)" }
    }

    @Test func `the valid file opens`() throws { try open(valid) }

    @Test func `a file truncated at any byte is refused`() {
        for count in stride(from: 0, to: valid.count, by: 61) {
            let message = message(Array(valid.prefix(count)))
            #expect(message.hasPrefix("CheckpointError"), "\(count) bytes: \(message)")
        }
        #expect(message(valid + [0]).contains("bytes instead of"))
        #expect(message(Array(valid.prefix(valid.count / 2))).contains("is damaged"))
    }

    @Test func `a changed byte before the weights is always noticed`() throws {
        let weights = try SafetensorsFile(
            contentsOf: Fixture.folder.appending(path: "pairs/bert/model.safetensors")
        ).byteCount
        for place in stride(from: 0, to: valid.count - weights - 4096, by: 31) {
            var bytes = valid
            bytes[place] ^= 0x20
            let message = message(bytes)
            #expect(message.hasPrefix("CheckpointError"), "byte \(place): \(message)")
        }
    }

    @Test func `no changed byte of the weights causes a crash`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var bytes = valid
            for _ in 0..<4 {
                bytes[Int.random(in: 8..<bytes.count, using: &random)] = UInt8.random(
                    in: 0...255,
                    using: &random
                )
            }
            // The result does not matter, only that opening returns.
            _ = message(bytes)
        }
    }

    private static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private static func member(
        _ name: String,
        _ offset: String,
        _ size: String,
        _ digest: String = empty
    ) -> String {
        "{\"name\": \"\(name)\", \"offset\": \(offset), \"size\": \(size), \"sha256\": \"\(digest)\"}"
    }

    /// An index, the number of bytes behind it, and a part of the message.
    static let indices: [(index: String, bytes: Int, part: String)] = [
        ("", 0, "not JSON"), ("[]", 0, "no list"), ("{\"members\": 3}", 0, "no list"),
        ("{\"members\": []}", 0, "has no weights"), ("{\"members\": []}", 64, "its members end"),
        ("{\"members\": [{}]}", 0, "no valid name"),
        ("{\"members\": [\(member("../x", "0", "0"))]}", 0, "no valid name"),
        ("{\"members\": [\(member("a\\u0000b", "0", "0"))]}", 0, "no valid name"),
        ("{\"members\": [\(member("", "0", "0"))]}", 0, "no valid name"),
        ("{\"members\": [\(member("a", "0", "1"))]}", 0, "not inside"),
        ("{\"members\": [\(member("a", "-64", "0"))]}", 0, "not inside"),
        ("{\"members\": [\(member("a", "0", "-1"))]}", 0, "not inside"),
        ("{\"members\": [\(member("a", "9223372036854775807", "1"))]}", 64, "not inside"),
        ("{\"members\": [\(member("a", "0", "9223372036854775807"))]}", 64, "not inside"),
        ("{\"members\": [\(member("a", "64", "0"))]}", 64, "does not follow"),
        ("{\"members\": [\(member("a", "1", "63"))]}", 64, "does not follow"),
        ("{\"members\": [\(member("a", "0", "64"))]}", 64, "content of \"a\" has changed"),
        ("{\"members\": [\(member("a", "0", "0")), \(member("a", "0", "0"))]}", 0, "two members"),
        ("{\"members\": [\(member("a", "0", "64")), \(member("b", "0", "64"))]}", 64, "does not follow"),
        ("{\"members\": [{\"name\": \"a\", \"offset\": 0, \"size\": 64}]}", 64, "no sha256"),
        ("{\"members\": [{\"name\": \"model.gguf\", \"offset\": 0, \"size\": 64}]}", 64, "GGUF"),
        (
            "{\"members\": [{\"name\": \"model.safetensors\", \"offset\": 0, \"size\": 64}]}", 64,
            "safetensors"
        ),
        (
            "{\"members\": [\((0..<1001).map { member("\($0)", "0", "0") }.joined(separator: ","))]}", 0,
            "at most 1000"
        ),
    ]

    @Test(arguments: indices)
    func `an index that lies is refused`(index: String, bytes: Int, part: String) {
        let message = message(file(index, data: [UInt8](repeating: 0, count: bytes)))
        #expect(message.hasPrefix("CheckpointError") && message.contains(part), "\(message)")
    }

    @Test func `a header that lies is refused`() {
        func changed(_ place: Int, to bytes: [UInt8]) -> [UInt8] {
            var file = valid
            file.replaceSubrange(place..<place + bytes.count, with: bytes)
            return file
        }
        #expect(message(changed(8, to: [2])).contains("has version 2, but this Attune reads version 1"))
        #expect(message(changed(12, to: [1])).contains("its header has changed"))
        #expect(
            message(changed(24, to: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])).contains(
                "its index claims"
            )
        )
        #expect(message(changed(32, to: [valid[32] ^ 1])).contains("its index has changed"))
        // As a text, with the first byte lost or the line feed changed.
        #expect(message(changed(0, to: [0x3F])).contains("as text"))
        #expect(message(Array("GGUF".utf8) + valid).contains("is not a file that"))
        #expect(message(Array("<!DOCTYPE html><html>".utf8)).contains("web page"))
    }
}
