import Checkpoints
import Foundation
import TestSupport
import Testing
import Torch

@testable import Export

/// The numbers of GGUF's storage types.
struct GGUFWeightTests {
    private let fixture: SafetensorsFile

    init() throws {
        fixture = try SafetensorsFile(
            contentsOf: Fixture.folder.appending(path: "gguf-weights/values.safetensors")
        )
    }

    private func bytes(_ values: [Float], as type: GGUFTensorType) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xAA, count: type.byteCount(of: values.count))
        values.withUnsafeBufferPointer { values in
            bytes.withUnsafeMutableBytes { type.quantize(values, into: $0) }
        }
        return bytes
    }

    /// The values after they were written to a file and read again.
    private func stored(_ values: [Float], as type: GGUFTensorType) throws -> [Float] {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "x.gguf")
            let shape = [values.count / 256, 256]
            let entry = GGUFContent.Entry(name: "x", shape: shape, type: type) { () throws(CheckpointError) in
                do throws(TorchError) { return try Tensor(values, shape: shape) } catch {
                    throw CheckpointError(.inputOutput, "\(error)")
                }
            }
            try GGUFContent(fields: [], tensors: [entry]).write(to: file)
            return try GGUFFile(contentsOf: file).tensor("x").array()
        }
    }

    @Test(arguments: ["F16", "BF16", "Q8_0", "Q5_0"])
    func `the bytes are those of gguf-py`(name: String) throws {
        let values = try fixture.tensor("values").array(of: Float.self)
        let type = try #require(GGUFTensorType(name: name))
        #expect(try bytes(values, as: type) == fixture.tensor(name).array(of: UInt8.self))
    }

    // The root of the mean square of the errors, relative to that of the values, for eight normally distributed rows. The same
    // search for scales in NumPy, with 64 bits, gives 0.0711, 0.0178, 0.0431 and 0.0051.
    @Test(arguments: [
        (GGUFTensorType.q4_k, 0.075), (.q6_k, 0.019), (.q5_0, 0.045), (.q8_0, 0.0056), (.bf16, 0.002),
        (.f16, 0.0003), (.f32, 0),
    ])
    func `the error is that of the type`(type: GGUFTensorType, limit: Double) throws {
        let values = Array(try fixture.tensor("values").array(of: Float.self).prefix(8 * 256))
        let pairs = try paired(values, stored(values, as: type))
        let error = pairs.reduce(0.0) { $0 + pow(Double($1.0 - $1.1), 2) }
        let size = values.reduce(0.0) { $0 + pow(Double($1), 2) }
        #expect((error / size).squareRoot() <= limit)
    }

    @Test(arguments: GGUFTensorType.writable)
    func `zeros, equal numbers, tiny and large ones stay near, and no number becomes NaN`(
        type: GGUFTensorType
    ) throws {
        let values = try fixture.tensor("values").array(of: Float.self)
        let read = try stored(values, as: type)
        for row in 0..<values.count / 256 {
            let place = row * 256..<(row + 1) * 256
            let largest = values[place].map(abs).max() ?? 0
            // Half a step of a fifteenth of the range, which may be twice the largest number, and the rounding of scales. A block of
            // Q5_0 misses its largest number by up to a sixteenth if it has the other sign.
            for (before, after) in try paired(Array(values[place]), Array(read[place])) {
                #expect(abs(before - after) <= largest / 10 + 0x1p-24, "row \(row)")
            }
        }
        #expect(read[10 * 256..<11 * 256].allSatisfy { $0 == 0 })
    }

    @Test func `numbers beyond float16 do not crash`() throws {
        let values = (0..<256).map { Float($0 - 128) * 1e36 }
        for type in GGUFTensorType.writable {
            #expect(bytes(values, as: type).count == type.byteCount(of: 256))
        }
    }

    @Test func `rows that are no whole number of blocks get a similar type`() {
        #expect(GGUFWeights.q4_k.type(columns: 512, matters: false) == .q4_k)
        #expect(GGUFWeights.q4_k.type(columns: 512, matters: true) == .q6_k)
        #expect(GGUFWeights.q4_k.type(columns: 384, matters: false) == .q5_0)
        #expect(GGUFWeights.q4_k.type(columns: 384, matters: true) == .q8_0)
        #expect(GGUFWeights.q8_0.type(columns: 24, matters: true) == .f16)
        #expect(GGUFWeights.bfloat16.type(columns: 24, matters: true) == .bf16)
    }

    @Test func `a value that is NaN is refused by name`() throws {
        #expect { try stored([Float.nan] + [Float](repeating: 0, count: 255), as: .q8_0) } throws: {
            "\($0)".contains("\"x\" holds 1 value that is NaN")
        }
    }
}
