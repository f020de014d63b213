import Foundation
import TestSupport
import Testing
import Torch

@testable import Checkpoints

struct GGUFStoredRowsTests {
    /// The file's rows in the order of a checkpoint.
    private func places(_ order: GGUFStoredRows.Order, _ rows: Int) -> [Int] {
        (0..<rows).map { order.place(of: $0, among: rows) }
    }

    /// The same by the views with which HubNamedGGUF reorders whole tensors.
    private func reordered(_ rows: Int, _ shape: [Int], _ first: Int, _ second: Int) throws -> [Int] {
        let numbers = try Tensor((0..<rows).map(Int64.init))
        return try numbers.reshaped(shape).transposed(first, second).contiguous().array(of: Int64.self).map(
            Int.init
        )
    }

    @Test(arguments: [(1, 2), (1, 8), (3, 24), (4, 64)])
    func `rows of heads are found in the order that whole tensors have`(heads: Int, rows: Int) throws {
        #expect(places(.same, rows) == Array(0..<rows))
        let wanted = try reordered(rows, [heads, rows / heads / 2, 2], 1, 2)
        #expect(places(.interleaved(heads: heads), rows) == wanted)
        let grouped = try reordered(rows * 3, [3, heads, rows / heads], 0, 1)
        #expect(places(.grouped(heads: heads), rows * 3) == grouped)
    }

    @Test func `rows that do not divide into the heads do not fit`() {
        for heads in [0, -1, 3, 5, 16, Int.max] {
            #expect(!GGUFStoredRows.Order.interleaved(heads: heads).fits(16))
            #expect(!GGUFStoredRows.Order.grouped(heads: heads).fits(16))
        }
        #expect(GGUFStoredRows.Order.interleaved(heads: 8).fits(16))
        #expect(GGUFStoredRows.Order.grouped(heads: 2).fits(12))
        #expect(GGUFStoredRows.Order.same.fits(7))
    }

    @Test func `reordered rows of blocks equal those of the reordered tensor`() throws {
        let file = try GGUFFile(contentsOf: Fixture.folder.appending(path: "checkpoints/quantised.gguf"))
        for name in ["q4_1", "q6_k"] {
            let whole = try file.tensor(name)
            let matrix = try #require(try file.quantized(name) { _ in .grouped(heads: 1) })
            #expect(try matrix.dequantized().array(of: Float.self) == whole.array(of: Float.self))
            for row in 0..<3 {
                let part = try matrix.dequantized(rows: row..<row + 1, to: .bfloat16)
                let wanted = try whole.narrowed(0, to: row..<row + 1).to(dtype: .bfloat16)
                #expect(try part.array(of: Float.self) == wanted.array(of: Float.self))
            }
        }
    }

    @Test(arguments: ["llama", "gptneox"])
    func `blocks with the Hub's names equal the whole tensors, by rows`(architecture: String) throws {
        let url = Fixture.folder.appending(path: "quantized/\(architecture).gguf")
        let named = try HubNamedGGUF(GGUFFile(contentsOf: url))
        #expect(!named.tensorNames.isEmpty)
        for name in named.tensorNames {
            let whole = try named.tensor(name)
            let matrix = try #require(try named.quantized(name))
            #expect(matrix.shape == whole.shape && matrix.storage == named.info(name)?.storage)
            #expect(try matrix.dequantized().array(of: Float.self) == whole.array(of: Float.self), "\(name)")
            let part = try matrix.dequantized(rows: 5..<20).array(of: Float.self)
            #expect(try part == whole.narrowed(0, to: 5..<20).array(of: Float.self), "\(name)")
        }
        #expect(throws: CheckpointError.self) { try named.quantized("other") }
    }

    @Test func `every half has the value that Float16 gives it`() {
        let wrong = (UInt16.min...UInt16.max).filter { bits in
            let expected = Float(Float16(bitPattern: bits))
            let value = withUnsafeBytes(of: bits.littleEndian) { $0.baseAddress.map(half) } ?? 0
            return expected.isNaN ? !value.isNaN : value.bitPattern != expected.bitPattern
        }
        #expect(wrong.isEmpty)
    }
}
