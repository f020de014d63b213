import Checkpoints
import Foundation
import TestSupport
import Testing
import Torch

/// Matrices in bitsandbytes' form with missing, unknown, misshapen or false parts.
struct HostileBitsAndBytesTests {
    private typealias Parts = [String: Tensor]

    private static let name = "a.weight"

    /// The tensors of one matrix `[20, 64]`.
    private static func parts(_ kind: Quantization, double: Bool = false) throws -> Parts {
        let values = try Tensor.normal([20, 64], random: RandomSource(seed: 1))
        let matrix = try QuantizedMatrix.quantizing(values, to: kind, isDoubleQuantized: double)
        return Dictionary(
            uniqueKeysWithValues: try bitsAndBytesTensors(name, matrix).map { ($0.name, $0.tensor) }
        )
    }

    /// Writes the tensors, opens them, and returns the message of the error in opening or reading.
    private static func complaint(_ parts: Parts) throws -> String {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            try writeSafetensors(parts.map { ($0.key, $0.value) }, to: url)
            do throws(CheckpointError) {
                let checkpoint = try BitsAndBytesCheckpoint(SafetensorsFile(contentsOf: url))
                for name in checkpoint.tensorNames { _ = try checkpoint.tensor(name) }
                return "nothing"
            } catch { return error.message }
        }
    }

    private static func text(_ json: String) throws -> Tensor { try Tensor(Array(json.utf8)) }

    private static let state = "a.weight.quant_state.bitsandbytes__nf4"

    @Test(arguments: [
        ("a.weight", "missing"), ("a.weight.absmax", "missing"), ("a.weight.quant_map", "missing"),
        ("a.weight.nested_absmax", "missing"), ("a.weight.nested_quant_map", "missing"),
        ("a.weight.quant_state.bitsandbytes__nf4", "missing"),
    ])
    func `a missing part of a 4-bit matrix is named`(part: String, problem: String) throws {
        var parts = try Self.parts(.nf4, double: true)
        try #require(parts.removeValue(forKey: part) != nil)
        let message = try Self.complaint(parts)
        #expect(message.contains("tensor \"\(part)\"") && message.contains(problem), "\(message)")
    }

    @Test(arguments: ["a.weight", "a.SCB"])
    func `a missing part of an 8-bit matrix is named`(part: String) throws {
        var parts = try Self.parts(.int8)
        try #require(parts.removeValue(forKey: part) != nil)
        let message = try Self.complaint(parts)
        #expect(message.contains("tensor \"\(part)\" is missing"), "\(message)")
    }

    @Test func `an 8-bit matrix without a format is read, as older versions wrote it`() throws {
        var parts = try Self.parts(.int8)
        parts["a.weight_format"] = nil
        #expect(try Self.complaint(parts) == "nothing")
    }

    @Test func `parts without a matrix are named`() throws {
        var parts = try Self.parts(.nf4)
        parts["b.weight.absmax"] = try .zeros([2])
        #expect(try Self.complaint(parts).contains("b.weight.quant_state.bitsandbytes__nf4"))
        parts = ["b.weight": try .zeros([2, 1], dtype: .uint8)]
        #expect(try Self.complaint(parts).contains("b.weight.quant_state.bitsandbytes__nf4"))
        parts = ["b.weight_format": try .zeros([], dtype: .uint8)]
        #expect(try Self.complaint(parts).contains(#"tensor "b.weight" is missing"#))
        parts = ["SCB": try .zeros([2])]
        #expect(try Self.complaint(parts).contains(#"tensor "weight" is missing"#))
    }

    @Test func `unknown and contradicting parts are named`() throws {
        func expect(_ part: String, _ tensor: Tensor, double: Bool = false, _ problem: String) throws {
            var parts = try Self.parts(.nf4, double: double)
            parts[part] = tensor
            let message = try Self.complaint(parts)
            #expect(message.contains(part) && message.contains(problem), "\(message)")
        }
        try expect("a.weight.zeros", .zeros([1]), "is not a part of a 4-bit matrix")
        try expect("a.weight.absmax.more", .zeros([1]), "is not a part of a 4-bit matrix")
        try expect("a.weight.nested_absmax", .zeros([1]), "is unexpected")
        let blob = try #require(try Self.parts(.fp4)["a.weight.quant_state.bitsandbytes__fp4"])
        var parts = try Self.parts(.nf4)
        parts["a.SCB"] = try .zeros([20])
        #expect(try Self.complaint(parts).contains("is U8 [640, 1] instead of a matrix in I8"))
        parts = try Self.parts(.nf4)
        parts["a.weight.quant_state.bitsandbytes__fp4"] = blob
        #expect(try Self.complaint(parts).contains("is described as"))
        parts = try Self.parts(.nf4)
        parts["a.weight.quant_state.bitsandbytes__int4"] = blob
        #expect(try Self.complaint(parts).contains("describes an unknown quantization"))
        parts = try Self.parts(.int8)
        parts["a.weight.quant_state.bitsandbytes__fp4"] = blob
        #expect(try Self.complaint(parts).contains("of a 4-bit and of an 8-bit matrix"))
    }

    @Test func `misshapen parts are named`() throws {
        func expect(_ kind: Quantization, double: Bool = false, _ part: String, _ tensor: Tensor) throws {
            var parts = try Self.parts(kind, double: double)
            try #require(parts[part] != nil)
            parts[part] = tensor
            let message = try Self.complaint(parts)
            #expect(message.contains("tensor \"\(part)\" is "), "\(message)")
            #expect(message.contains("\(tensor.shape)"), "\(message)")
        }
        for shape in [[640], [639, 1], [641, 1], [320, 2], [0, 1]] {
            try expect(.nf4, "a.weight", .zeros(shape, dtype: .uint8))
        }
        try expect(.nf4, "a.weight", .zeros([640, 1]))
        for tensor in [
            try Tensor.zeros([19]), try .zeros([20, 1]), try .zeros([0]), try .zeros([20], dtype: .float64),
            try .zeros([20], dtype: .uint8),
        ] { try expect(.nf4, "a.weight.absmax", tensor) }
        try expect(.nf4, double: true, "a.weight.absmax", .zeros([20]))
        try expect(.nf4, double: true, "a.weight.nested_absmax", .zeros([2]))
        try expect(.nf4, double: true, "a.weight.nested_quant_map", .zeros([255]))
        try expect(.nf4, "a.weight.quant_map", .zeros([15]))
        try expect(.nf4, Self.state, .zeros([80]))
        try expect(.nf4, Self.state, .zeros([8, 10], dtype: .uint8))
        try expect(.nf4, Self.state, .zeros([1 << 17], dtype: .uint8))
        for shape in [[1280], [20, 64, 1], [0, 64], [20, 0]] {
            try expect(.int8, "a.weight", .zeros(shape, dtype: .int8))
        }
        try expect(.int8, "a.SCB", .zeros([64]))
        try expect(.int8, "a.SCB", .zeros([20], dtype: .float16))
        try expect(.int8, "a.weight_format", .zeros([2], dtype: .uint8))
    }

    @Test func `another order of 8-bit elements is refused`() throws {
        var parts = try Self.parts(.int8)
        parts["a.weight_format"] = try .full(2, [], dtype: .uint8)
        #expect(try Self.complaint(parts).contains("in the order of one kind of GPU"))
    }

    @Test(arguments: [
        ("", "is not valid JSON"), ("[]", "is not a JSON object"), ("{}", #"lacks "quant_type""#),
        (#"{"quant_type": "fp4"}"#, #"has the "quant_type" "fp4""#),
        (#"{"quant_type": "nf4"}"#, #"lacks "blocksize""#),
        (
            #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [20, 64], "x": 1}"#,
            "the unknown key \"x\""
        ),
        (#"{"quant_type": "nf4", "blocksize": 64, "shape": [20, 64]}"#, #"lacks "dtype""#),
        (
            #"{"quant_type": "nf4", "blocksize": 64, "dtype": "int8", "shape": [20, 64]}"#,
            #"has the "dtype" "int8""#
        ),
        (#"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32"}"#, #"lacks "shape""#),
        (
            #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [20, 64], "nested_offset": 1}"#,
            #"lacks "nested_blocksize""#
        ),
    ])
    func `a false description is refused`(json: String, problem: String) throws {
        var parts = try Self.parts(.nf4)
        parts[Self.state] = try Self.text(json)
        let message = try Self.complaint(parts)
        #expect(message.contains(Self.state) && message.contains(problem), "\(message)")
    }

    @Test(arguments: [
        "0", "-64", "16", "63", "8192", "64.5", "1e300", "null", "\"64\"", "9223372036854775807", "[64]",
    ])
    func `an impossible block size is refused`(size: String) throws {
        var parts = try Self.parts(.nf4)
        parts[Self.state] = try Self.text(
            #"{"quant_type": "nf4", "blocksize": \#(size), "dtype": "float32", "shape": [20, 64]}"#
        )
        let message = try Self.complaint(parts)
        #expect(
            message.contains(#"has the "blocksize" \#(size == "null" ? "null" : size.prefix(3))"#),
            "\(message)"
        )
    }

    @Test(arguments: [
        "[]", "[1280]", "[20, 32, 2]", "[-20, -64]", "[0, 64]", "[20.5, 64]", "7", "null", "[\"20\", \"64\"]",
        "[4294967296, 4294967296]", "[9223372036854775807, 2]", "[1e18, 1e18]", "[2147483648, 2147483648]",
    ])
    func `an impossible shape is refused`(shape: String) throws {
        var parts = try Self.parts(.nf4)
        parts[Self.state] = try Self.text(
            #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": \#(shape)}"#
        )
        let message = try Self.complaint(parts)
        #expect(message.contains(#"has the "shape""#), "\(message)")
    }

    @Test(arguments: ["[20, 66]", "[1, 1]", "[64, 20000]", "[1000000, 1000000]"])
    func `a shape that does not fit the codes is refused`(shape: String) throws {
        var parts = try Self.parts(.nf4)
        parts[Self.state] = try Self.text(
            #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": \#(shape)}"#
        )
        let message = try Self.complaint(parts)
        #expect(message.contains("but 4-bit codes of a matrix \(shape) take"), "\(message)")
    }

    @Test(arguments: [
        ("0", "\"float32\"", "0.5", "nested_blocksize"), ("100", "\"float32\"", "0.5", "nested_blocksize"),
        ("256", "\"float64\"", "0.5", "nested_dtype"), ("256", "\"float32\"", "1e39", "nested_offset"),
        ("256", "\"float32\"", "3e38", "nested_offset"), ("256", "\"float32\"", "\"0.5\"", "nested_offset"),
        ("256", "\"float32\"", "null", "nested_offset"), ("256", "\"float32\"", "NaN", "is not valid JSON"),
    ])
    func `a false description of double quantization is refused`(
        size: String,
        dtype: String,
        offset: String,
        part: String
    ) throws {
        var parts = try Self.parts(.nf4, double: true)
        parts[Self.state] = try Self.text(
            #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [20, 64], "nested_blocksize": \#(size), "#
                + #""nested_dtype": \#(dtype), "nested_offset": \#(offset)}"#
        )
        let message = try Self.complaint(parts)
        #expect(message.contains(Self.state) && message.contains(part), "\(message)")
    }

    @Test func `false values are refused by the tensor's name`() throws {
        func expect(
            _ kind: Quantization,
            double: Bool = false,
            _ part: String,
            _ values: [Float],
            _ problem: String
        ) throws {
            var parts = try Self.parts(kind, double: double)
            try #require(parts[part]?.count == values.count)
            parts[part] = try Tensor(values)
            let message = try Self.complaint(parts)
            #expect(message.contains("tensor \"\(part)\"") && message.contains(problem), "\(message)")
        }
        func numbers(_ count: Int, _ last: Float) -> [Float] {
            [Float](repeating: 0.5, count: count - 1) + [last]
        }
        for value in [Float.nan, .infinity, -.infinity] {
            try expect(.nf4, "a.weight.absmax", numbers(20, value), "NaN or infinite")
            try expect(.nf4, double: true, "a.weight.nested_absmax", [value], "NaN or infinite")
            try expect(
                .nf4,
                double: true,
                "a.weight.nested_quant_map",
                numbers(256, value),
                "NaN or infinite"
            )
            try expect(.int8, "a.SCB", numbers(20, value), "NaN or infinite")
            try expect(.nf4, "a.weight.quant_map", numbers(16, value), "does not hold the values of nf4")
        }
        try expect(.nf4, double: true, "a.weight.nested_absmax", [3e38], "holds 3e+38")
        try expect(.nf4, double: true, "a.weight.nested_quant_map", numbers(256, 2), "holds 2.0")
        try expect(.int8, "a.SCB", numbers(20, 3e38), "holds 3e+38")
        try expect(.nf4, "a.weight.quant_map", numbers(16, 1), "does not hold the values of nf4")
    }

    @Test func `any codes of 4 and 8 bits are read`() throws {
        for (kind, dtype) in [(Quantization.nf4, DType.uint8), (.fp4, .uint8), (.int8, .int8)] {
            var parts = try Self.parts(kind)
            let codes = try #require(parts[Self.name])
            let bytes = (0..<codes.count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            let changed = try Tensor.empty(codes.shape, dtype: dtype)
            try changed.assign(Tensor(bytes, shape: codes.shape))
            parts[Self.name] = changed
            #expect(try Self.complaint(parts) == "nothing")
        }
    }

    @Test func `no changed byte causes a crash`() throws {
        let data = try Data(contentsOf: Fixture.folder.appending(path: "quantized/layers.safetensors"))
        let header = 8 + Int(data.prefix(8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        // The descriptions, which are bytes, come last.
        let descriptions = data.count - 1200..<data.count
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "mutated.safetensors")
            var opened = 0
            for round in 0..<300 {
                var bytes = data
                let range = round % 3 == 0 ? 8..<header : round % 3 == 1 ? descriptions : header..<data.count
                for _ in 0..<Int.random(in: 1...3) {
                    // Digits and letters give more files that are almost right.
                    bytes[Int.random(in: range)] =
                        Bool.random() ? UInt8.random(in: 48...57) : UInt8.random(in: 0...255)
                }
                try bytes.write(to: url)
                // The result does not matter, only that reading returns.
                guard let file = try? SafetensorsFile(contentsOf: url),
                    let layers = try? BitsAndBytesCheckpoint(file)
                else { continue }
                opened += 1
                for name in layers.tensorNames { _ = try? layers.tensor(name) }
            }
            #expect(opened > 10)
        }
    }
}
