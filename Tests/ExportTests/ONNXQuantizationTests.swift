import Foundation
import Models
import NN
import TestSupport
import Testing
import Torch

@testable import Export

/// ONNX files with quantized weights.
struct ONNXQuantizationTests {
    /// Models whose matrices are `[out, in]`.
    static let names = ["bert-gelu", "llama-gqa", "modernbert-mean", "deberta-v3", "qwen3-bias"]

    /// Gives a model the weights that a file has, so that its own forward pass computes what the file should.
    private func adopt(_ file: ONNXInterpreter, in model: SequenceClassifier) throws -> Int {
        var count = 0
        for parameter in model.parameters.parameters {
            var values: Numbers?
            if let codes = try? file.stored("\(parameter.name)_Q4") {
                values = dequantized(codes, try file.stored("\(parameter.name)_scales"), parameter.shape[1])
            } else if let codes = try? file.stored("\(parameter.name)_quantized") {
                let scales = try file.stored("\(parameter.name)_scale")
                // Matrices are [in, out] around 128, tables are rows.
                values =
                    scales.shape.count == 2
                    ? try codes.combined(scales, *)
                    : try codes.map { $0 - 128 }.combined(scales, *).transposed([1, 0])
            }
            guard let values else { continue }
            #expect(values.shape == parameter.shape, "\(parameter.name)")
            let before = try parameter.value.array(of: Double.self)
            // A step is at most 1/7 of a block's largest element; one of the other sign may be cut by another step.
            let limit = 0.25 * (before.map(abs).max() ?? 0)
            let areClose = try paired(values.values, before).allSatisfy { abs($0 - $1) <= limit }
            #expect(areClose, "\(parameter.name)")
            try parameter.set(Tensor(values.values.map { Float($0) }, shape: parameter.shape))
            count += 1
        }
        return count
    }

    private func dequantized(_ codes: Numbers, _ scales: Numbers, _ width: Int) -> Numbers {
        ONNXOperator.fourBits(codes, scales, width: width).transposed([1, 0])
    }

    // 1e-5: the file's weights are exactly those of the changed model, which sums in float32.
    @Test(arguments: names)
    func `a file with 4 bits computes with its rounded weights`(name: String) throws {
        let fixture = try ONNXFixture(name)
        let file = try fixture.exported(ONNXOptions(precision: .int4))
        #expect(file.model.opsetImport.map(\.domain) == ["", "com.microsoft"])
        #expect(try adopt(file, in: fixture.model) > 4)
        let logits = try file.logits(fixture.inputs(padsLeft: true))
        #expect(try ONNXFixture.difference(logits.values, fixture.packedLogits()) < 1e-5)
    }

    // 0.1: states are rounded to 8 bits in every layer, with one scale for the whole batch.
    @Test(arguments: names, [ONNXPrecision.int8, .int8QDQ])
    func `a file with 8 bits computes with its rounded weights and rounded states`(
        name: String,
        precision: ONNXPrecision
    ) throws {
        let fixture = try ONNXFixture(name)
        let file = try fixture.exported(ONNXOptions(precision: precision))
        #expect(file.model.graph.node.allSatisfy { $0.domain.isEmpty })
        #expect(try adopt(file, in: fixture.model) > 4)
        let logits = try file.logits(fixture.inputs(padsLeft: true))
        #expect(try ONNXFixture.difference(logits.values, fixture.packedLogits()) < 0.1)
    }

    // 1e-9: float64 throughout.
    @Test func `both forms of 8 bits are the same numbers`() throws {
        let fixture = try ONNXFixture("bert-gelu")
        let logits = try [ONNXPrecision.int8, .int8QDQ].map {
            try fixture.exported(ONNXOptions(precision: $0)).logits(fixture.inputs(padsLeft: false)).values
        }
        #expect(try ONNXFixture.difference(logits[0], logits[1]) < 1e-9)
    }

    @Test func `fewer bits take fewer bytes`() throws {
        let fixture = try ONNXFixture("bert-gelu")
        let sizes = try [ONNXPrecision.float32, .float16, .int8, .int4].map { precision in
            try fixture.exported(ONNXOptions(precision: precision)).model.graph.initializer
                .reduce(0) { $0 + $1.rawData.count }
        }
        #expect(sizes[1] < sizes[0] && sizes[2] < sizes[0] && sizes[3] < sizes[2])
    }

    @Test func `the head and GPT-2's transposed matrices are handled`() throws {
        let bert = try ONNXFixture("bert-gelu").exported(ONNXOptions(precision: .int8)).model.graph
        let stored = Set(bert.initializer.map(\.name))
        #expect(stored.contains("classifier.weight") && !stored.contains("classifier.weight_quantized"))
        // 0.1 as above.
        let fixture = try ONNXFixture("gpt2-plain")
        for precision in [ONNXPrecision.int8, .int4] {
            let file = try fixture.exported(ONNXOptions(precision: precision))
            #expect(file.model.graph.initializer.contains { $0.dataType == ONNXType.uint8.rawValue })
            let difference = try ONNXFixture.difference(
                file.logits(fixture.inputs(padsLeft: false)).values,
                fixture.packedLogits()
            )
            #expect(difference < (precision == .int8 ? 0.1 : 1))
        }
    }

    @Test func `a block of 4 bits has the layout of MatMulNBits`() {
        // The scale is -0.5: the element with the largest absolute value becomes -8.
        let values = [4, -3.5, 0, 0.5, 1, -0.5] + [Float](repeating: 0, count: 26)
        var codes = [UInt8](repeating: 0, count: FourBitBlock.byteCount)
        let scale = values.withUnsafeBufferPointer { values in
            codes.withUnsafeMutableBufferPointer { FourBitBlock.quantize(values, into: $0) }
        }
        #expect(scale == -0.5)
        #expect(codes[..<4] == [0xF0, 0x78, 0x96, 0x88])
        #expect(codes[4...].allSatisfy { $0 == 0x88 })
    }

    @Test func `blocks of zeros, and rows that are no multiple of a block, are exact`() throws {
        let zeros = [Float](repeating: 0, count: 72)
        let rows = try Tensor(zeros + [2, -1.75, 0, 0.25, 0.5, -0.25, 0, 0], shape: [2, 40])
        var codes = [UInt8](repeating: 0, count: 2 * 2 * FourBitBlock.byteCount)
        let scales = codes.withUnsafeMutableBytes { FourBitBlock.quantize(rows, 40, into: $0) }
        #expect(scales == [0, 0, 0, -0.25])
        #expect(codes[..<48].allSatisfy { $0 == 0x88 })
        #expect(codes[48..<51] == [0xF0, 0x78, 0x96] && codes[51...].allSatisfy { $0 == 0x88 })
    }

    @Test func `8-bit rows reach 127 and round to even`() throws {
        let rows = try Tensor([127, -127, 0.5, 1.5, 0, 0, 0, 0] as [Float], shape: [2, 4])
        let scales = EightBitRows.scales(rows, 4)
        #expect(scales == [1, 1])
        var codes = [UInt8](repeating: 0, count: 8)
        codes.withUnsafeMutableBytes { EightBitRows.quantize(rows, scales, 4, offset: 128, into: $0) }
        #expect(codes == [255, 1, 128, 130, 128, 128, 128, 128])
    }

    @Test func `float16 is rounded to nearest, with ties to even, and mask scores stay finite`() {
        let cases: [(Float, UInt16)] = [
            (0, 0), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000), (65504, 0x7BFF), (65520, 0x7C00),
            (1.000_488_281_25, 0x3C00), (1.001_464_843_75, 0x3C02), (5.960_464_5e-8, 1), (2.980_232_2e-8, 0),
            (6.103_515_6e-5, 0x0400), (0.333_333_34, 0x3555), (2047.5, 0x6800),
        ]
        for (number, bits) in cases { #expect(float16Bits(number) == bits, "\(number)") }
        // Half of the lowest float16.
        let half: [UInt8] = [0xFF, 0xF7]
        #expect(floatingPointBytes([-Float.greatestFiniteMagnitude / 2], .float16) == half)
    }
}
