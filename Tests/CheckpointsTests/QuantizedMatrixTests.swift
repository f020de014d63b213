import Checkpoints
import Foundation
import JSON
import TestSupport
import Testing

@testable import Torch

/// Compares quantized matrices with those of bitsandbytes, bit for bit. (`Scripts/fixtures/make_quantized_fixtures.py`)
struct QuantizedMatrixTests {
    private let values: SafetensorsFile
    private let expected: SafetensorsFile
    private let cases: [JSONValue]

    init() throws {
        values = try SafetensorsFile(
            contentsOf: Fixture.folder.appending(path: "quantized/values.safetensors")
        )
        expected = try SafetensorsFile(
            contentsOf: Fixture.folder.appending(path: "quantized/matrices.safetensors")
        )
        cases = try Fixture.cases("quantized/matrices.json")
    }

    private func bytes(_ tensor: Tensor) throws -> [UInt8] { try tensor.withUnsafeBytes { Array($0) } }

    /// Quantizes the values of a case.
    private func matrix(of fixture: JSONValue) throws -> QuantizedMatrix {
        let kind = try #require(Quantization(rawValue: fixture["kind"].string ?? ""))
        return try QuantizedMatrix.quantizing(
            values.tensor(try #require(fixture["values"].string)),
            to: kind,
            isDoubleQuantized: fixture["nested"].bool == true,
            blockSize: kind == .int8 ? 64 : try #require(fixture["block_size"].int)
        )
    }

    @Test func `there are cases of every kind`() throws {
        let kinds = cases.map { "\($0["kind"].string ?? "") \($0["nested"].bool == true)" }
        #expect(Set(kinds) == ["nf4 false", "nf4 true", "fp4 false", "fp4 true", "int8 false"])
        #expect(Set(cases.compactMap(\.["block_size"].int)).count == 9)
    }

    @Test func `codes and scales equal those of bitsandbytes`() throws {
        for fixture in cases {
            let name = try #require(fixture["name"].string)
            let codes = try expected.tensor("\(name).codes"), scales = try expected.tensor("\(name).absmax")
            switch try matrix(of: fixture).contents {
            case .fourBits(let ours):
                #expect(try bytes(ours.codes) == bytes(codes), "\(name)")
                #expect(ours.codes.shape == codes.shape, "\(name)")
                switch ours.scales {
                case .plain(let plain): #expect(try bytes(plain) == bytes(scales), "\(name)")
                case .nested(let nested):
                    #expect(Double(nested.offset) == fixture["offset"].double, "\(name)")
                    #expect(try bytes(nested.map) == bytes(expected.tensor("dynamic_map")))
                    #expect(try bytes(nested.scales) == bytes(expected.tensor("\(name).nested_absmax")))
                    // The CPU library of bitsandbytes looks codes up in a coarse table; its CUDA library takes the nearest.
                    let (mine, theirs) = (try bytes(nested.codes), try bytes(scales))
                    // The code of a scale of 0 does not matter.
                    guard try nested.scales.array(of: Float.self) != [0] else { continue }
                    let steps = try paired(mine, theirs).map { abs(Int($0) - Int($1)) }
                    #expect(steps.allSatisfy { $0 <= 1 }, "\(name)")
                    #expect(steps.count { $0 != 0 } <= 2, "\(name)")
                }
            case .eightBits(let ours):
                #expect(try bytes(ours.codes) == bytes(codes), "\(name)")
                #expect(try bytes(ours.scales) == bytes(scales), "\(name)")
            case .stored, .packed: Issue.record("\(name) is not in bitsandbytes' form")
            }
        }
    }

    @Test func `dequantized values equal those of bitsandbytes, and so does every range of rows`() throws {
        for fixture in cases {
            let name = try #require(fixture["name"].string)
            var matrix = try matrix(of: fixture)
            if fixture["nested"].bool == true, case .fourBits(var codes) = matrix.contents,
                case .nested(var nested) = codes.scales
            {
                nested.codes = try expected.tensor("\(name).absmax")
                codes.scales = .nested(nested)
                matrix = QuantizedMatrix(codes, originalDType: matrix.originalDType)
            }
            for dtype in [DType.float32, .bfloat16] {
                guard expected.info("\(name).\(dtype.rawValue)") != nil else { continue }
                let wanted = try expected.tensor("\(name).\(dtype.rawValue)")
                #expect(try bytes(matrix.dequantized(to: dtype)) == bytes(wanted), "\(name) \(dtype)")
                let rows = matrix.shape[0]
                for range in [0..<0, 0..<1, rows / 3..<rows / 3 * 2, rows / 2..<rows, rows - 1..<rows] {
                    let part = try matrix.dequantized(rows: range, to: dtype)
                    #expect(part.shape == [range.count, matrix.shape[1]])
                    #expect(
                        try bytes(part) == bytes(wanted.narrowed(0, to: range)),
                        "\(name) \(dtype) rows \(range)"
                    )
                }
            }
        }
    }

    @Test func `a matrix of a GGUF file dequantizes by rows to the same bits as the whole tensor`() throws {
        let file = try GGUFFile(contentsOf: Fixture.folder.appending(path: "checkpoints/quantised.gguf"))
        var storages: Set<String> = []
        for name in file.tensorNames {
            let whole = try file.tensor(name)
            guard let matrix = try file.quantized(name) else { continue }
            storages.insert(matrix.storage)
            #expect(matrix.shape == whole.shape)
            #expect(matrix.byteCount == file.info(name)?.byteCount)
            #expect(try bytes(matrix.dequantized()) == bytes(whole), "\(name)")
            #expect(
                try bytes(matrix.dequantized(to: .bfloat16)) == bytes(whole.to(dtype: .bfloat16)),
                "\(name)"
            )
            let last = matrix.shape[0] - 1
            #expect(
                try bytes(matrix.dequantized(rows: last..<last + 1))
                    == bytes(whole.narrowed(0, to: last..<last + 1))
            )
        }
        #expect(
            storages == [
                "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
                "IQ4_XS",
            ]
        )
        #expect(try file.quantized("f32") == nil)
    }
}
