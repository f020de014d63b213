import Checkpoints
import Foundation
import TestSupport
import Testing
import Torch

struct FiniteWeightsTests {
    private static let floating: [DType] = [.float16, .bfloat16, .float32, .float64]

    @Test(arguments: floating)
    func `non-finite values are counted, and the index of the first is reported`(dtype: DType) throws {
        var values = [Float](repeating: 1, count: 3 * 5 * 7)
        for (index, value) in [(52, Float.nan), (53, .infinity), (104, -.infinity)] { values[index] = value }
        let tensor = try Tensor(values, shape: [3, 5, 7]).to(dtype: dtype)
        #expect(try nonFinite(in: tensor) == found(3, [1, 2, 3]))
        #expect { try requireFinite(tensor, name: "layers.0.w") } throws: { error in
            "\(error)".contains(
                "tensor \"layers.0.w\" holds 3 values that are NaN or infinite, the first at [1, 2, 3]"
            )
        }
    }

    @Test(arguments: floating)
    func `a single value at any index is found`(dtype: DType) throws {
        for place in 0..<70 {
            var values = (0..<70).map { Float($0) - 35 }
            values[place] = place.isMultiple(of: 2) ? .nan : -.infinity
            let tensor = try Tensor(values).to(dtype: dtype)
            #expect(try nonFinite(in: tensor) == found(1, [place]))
        }
    }

    @Test func `opposite infinities do not cancel`() throws {
        #expect(try nonFinite(in: Tensor([Float.infinity, -.infinity])) == found(2, [0]))
    }

    @Test func `large finite values are accepted even if their sum overflows`() throws {
        for (dtype, value) in [
            (DType.float16, 65_504.0), (.bfloat16, 3e38), (.float32, 3e38), (.float64, 1e308),
        ] {
            let tensor = try Tensor.full(value, [1000], dtype: dtype)
            #expect(try nonFinite(in: tensor) == nil, "\(dtype)")
            #expect(throws: Never.self) { try requireFinite(tensor, name: "w") }
        }
    }

    @Test func `integers and empty tensors are always finite`() throws {
        #expect(try nonFinite(in: Tensor([Int64.max, .min])) == nil)
        #expect(try nonFinite(in: Tensor.empty([0, 3])) == nil)
    }

    @Test func `a view that is not contiguous reports the index in its own shape`() throws {
        let tensor = try Tensor([1, 2, Float.nan, 4, 5, 6], shape: [2, 3]).transposed(0, 1)
        #expect(try nonFinite(in: tensor) == found(1, [2, 0]))
    }

    private func found(_ count: Int, _ first: [Int]) -> NonFinite {
        NonFinite(count: count, firstIndex: first)
    }
}
