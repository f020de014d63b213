import Models
import NN
import TestSupport
import Torch

/// Computes a graph node by node, in float64 rounded to float32, with plain operations instead of the kernels of the forward
/// pass.
///
/// Integers and truth values are float64 tensors, too.
struct GraphInterpreter {
    let graph: Graph
    let parameters: ParameterStore

    /// Returns the output for inputs `[B, S]`; checks every node's declared shape.
    func output(_ batch: PaddedBatch) throws -> Tensor {
        var results: [Tensor] = []
        for node in graph.nodes {
            let sizes = node.shape.map { batch.size($0) }
            let inputs = node.inputs.map { results[$0.index] }
            let result = try value(of: node, inputs, sizes, batch)
            guard result.shape == sizes else {
                throw FixtureError("\(node.name) has shape \(result.shape) instead of \(sizes)")
            }
            results.append(node.type == .float ? try result.to(dtype: .float32).to(dtype: .float64) : result)
        }
        return results[graph.output.index]
    }

    private func value(
        of node: Graph.Node,
        _ x: [Tensor],
        _ sizes: [Int],
        _ batch: PaddedBatch
    ) throws -> Tensor {
        switch node.operation {
        case .input(let input): return try batch.tensor(input)
        case .weight(let name):
            guard let parameter = parameters[name] else { throw FixtureError("there is no weight \(name)") }
            return try parameter.value.detached().to(dtype: .float64)
        case .floats(let values, _): return try Tensor(values.map(Double.init), shape: sizes)
        case .integers(let values, _): return try Tensor(values.map(Double.init), shape: sizes)
        case .range: return try Tensor((0..<sizes[0]).map(Double.init))
        case .lookup, .linear, .linearTransposed, .matmul, .conv1d:
            return try product(node.operation, x, sizes)
        case .binary(let operation): return try binary(operation, x[0], x[1], sizes)
        case .compare(let comparison):
            return try elements(x, sizes) { Self.compare(comparison, $0[0], $0[1]) ? 1 : 0 }
        case .and: return try x[0] * x[1]
        case .not: return try x[0] * -1 + 1
        case .choose: return try elements(x, sizes) { $0[0] != 0 ? $0[1] : $0[2] }
        case .map(let function): return try x[0].map(Self.function(function))
        case .cast: return x[0]
        case .layerNorm(let epsilon):
            let normalized = try rootMeanSquareNorm(x[0] - mean(x[0]), epsilon) * x[1]
            return x.count > 2 ? try normalized + x[2] : normalized
        case .rmsNorm(let epsilon): return try rootMeanSquareNorm(x[0], epsilon) * x[1]
        case .attention(let heads, let keyHeads, let scale, let softcap):
            return try attention(x, heads: heads, keyHeads: keyHeads, scale: scale, softcap: softcap)
        case .rotary(let heads): return try rotated(x[0], heads: heads, cosine: x[1], sine: x[2])
        case .cumulativeSum(let axis): return try cumulativeSum(x[0], along: axis)
        case .argMax(let axis): return try x[0].argmax(along: axis).to(dtype: .float64)
        case .reduceSum(let axes, let keeps):
            return try axes.sorted(by: >).reduce(x[0]) { result, axis in
                let sum = try result.sum(along: axis)
                return keeps ? try sum.unsqueezed(axis) : sum
            }
        case .reshape, .transpose, .slice, .concat, .expand, .gather, .gatherElements:
            return try rearranged(node.operation, x, sizes)
        }
    }

    // MARK: Elements

    /// Applies a closure to corresponding elements of broadcast inputs.
    private func elements(
        _ inputs: [Tensor],
        _ shape: [Int],
        _ body: ([Double]) -> Double
    ) throws -> Tensor {
        let columns = try inputs.map { try expanded($0, shape).array(of: Double.self) }
        let count = shape.reduce(1, *)
        return try Tensor((0..<count).map { index in body(columns.map { $0[index] }) }, shape: shape)
    }

    private func expanded(_ x: Tensor, _ shape: [Int]) throws -> Tensor {
        x.shape == shape ? x : try x + Tensor.zeros(shape, dtype: .float64)
    }

    private func binary(
        _ operation: Graph.Binary,
        _ a: Tensor,
        _ b: Tensor,
        _ sizes: [Int]
    ) throws -> Tensor {
        switch operation {
        case .add: try a + b
        case .subtract: try a - b
        case .multiply: try a * b
        case .divide: try a / b
        case .maximum: try elements([a, b], sizes) { max($0[0], $0[1]) }
        case .minimum: try elements([a, b], sizes) { min($0[0], $0[1]) }
        }
    }

    private static func compare(_ comparison: Graph.Comparison, _ a: Double, _ b: Double) -> Bool {
        switch comparison {
        case .equal: a == b
        case .lessOrEqual: a <= b
        case .greater: a > b
        }
    }

    private static func function(_ map: Graph.Map) throws -> Tensor.Function {
        switch map {
        case .exp: .exp
        case .log: .log
        case .tanh: .tanh
        case .sigmoid: .sigmoid
        case .relu: .relu
        case .negate: .negate
        case .sin: .sin
        case .cos: .cos
        case .gelu: .gelu
        case .geluTanh: .geluTanh
        case .silu: .silu
        }
    }

    private func cumulativeSum(_ x: Tensor, along axis: Int) throws -> Tensor {
        var sums: [Tensor] = []
        for index in 0..<x.shape[axis] {
            let next = try x.narrowed(axis, to: index..<index + 1)
            sums.append(try sums.last.map { try $0 + next } ?? next)
        }
        return try Tensor.concatenated(sums, dimension: axis)
    }

    // MARK: Products

    private func product(_ operation: Graph.Operation, _ x: [Tensor], _ sizes: [Int]) throws -> Tensor {
        switch operation {
        case .lookup: return try rows(of: x[0], x[1], axis: 0).reshaped(sizes)
        case .linear: return try added(x[0].matmul(x[1].transposed(0, 1)), x)
        case .linearTransposed: return try added(x[0].matmul(x[1]), x)
        case .matmul(let transposesSecond):
            let last = x[1].shape.count - 1
            return try x[0].matmul(transposesSecond ? x[1].transposed(last - 1, last) : x[1])
        case .conv1d(let groups): return try convolution(x, groups: groups)
        default: throw FixtureError("not a product")
        }
    }

    /// Adds the third input, if any.
    private func added(_ y: Tensor, _ x: [Tensor]) throws -> Tensor { x.count > 2 ? try y + x[2] : y }

    /// A convolution as one product per group and tap.
    private func convolution(_ x: [Tensor], groups: Int) throws -> Tensor {
        let (input, weight) = (x[0], x[1])
        let (batch, channels, length) = (input.shape[0], input.shape[1], input.shape[2])
        let (outputs, taps) = (weight.shape[0], weight.shape[2])
        let side = try Tensor.zeros([batch, channels, taps / 2], dtype: .float64)
        let padded = try Tensor.concatenated([side, input, side], dimension: 2)
        var results: [Tensor] = []
        for group in 0..<groups {
            let (from, to) = (channels / groups, outputs / groups)
            let own = try padded.narrowed(1, to: group * from..<(group + 1) * from)
            let kernel = try weight.narrowed(0, to: group * to..<(group + 1) * to)
            var sum = try Tensor.zeros([batch, to, length], dtype: .float64)
            for tap in 0..<taps {
                sum = try sum + kernel.selected(2, at: tap).matmul(own.narrowed(2, to: tap..<tap + length))
            }
            results.append(sum)
        }
        let all = try Tensor.concatenated(results, dimension: 1)
        return x.count > 2 ? try all + x[2].reshaped([outputs, 1]) : all
    }

    // MARK: Normalization and attention

    private func mean(_ x: Tensor) throws -> Tensor { try x.mean(along: -1).unsqueezed(-1) }

    private func rootMeanSquareNorm(_ x: Tensor, _ epsilon: Double) throws -> Tensor {
        try x * (mean(x.map(.square)) + epsilon).map(.rsqrt)
    }

    private func attention(
        _ x: [Tensor],
        heads: Int,
        keyHeads: Int,
        scale: Double,
        softcap: Double?
    ) throws -> Tensor {
        let (batch, length, width) = (x[0].shape[0], x[0].shape[1], x[0].shape[2] / heads)
        let q = try x[0].reshaped([batch, length, heads, width]).transposed(1, 2)
        func repeated(_ x: Tensor) throws -> Tensor {
            let own = try x.reshaped([batch, length, keyHeads, width]).transposed(1, 2).unsqueezed(2)
            let shape = [batch, keyHeads, heads / keyHeads, length, width]
            return try expanded(own, shape).reshaped([batch, heads, length, width])
        }
        var scores = try q.matmul(repeated(x[1]).transposed(2, 3)) * scale
        if let softcap { scores = try (scores * (1 / softcap)).map(.tanh) * softcap }
        let weights = try (scores + x[3]).softmax(along: -1)
        return try weights.matmul(repeated(x[2])).transposed(1, 2)
            .reshaped([batch, length, heads * width])
    }

    private func rotated(_ x: Tensor, heads: Int, cosine: Tensor, sine: Tensor) throws -> Tensor {
        let (batch, length, width) = (x.shape[0], x.shape[1], x.shape[2] / heads)
        let (rotated, half) = (cosine.shape[2], cosine.shape[2] / 2)
        let split = try x.reshaped([batch, length, heads, width])
        let (c, s) = (try cosine.unsqueezed(2), try sine.unsqueezed(2))
        let (first, second) = (0..<half, half..<rotated)
        let (a, b) = (try split.narrowed(3, to: first), try split.narrowed(3, to: second))
        var parts = [
            try a * c.narrowed(3, to: first) - b * s.narrowed(3, to: first),
            try b * c.narrowed(3, to: second) + a * s.narrowed(3, to: second),
        ]
        if rotated < width { parts.append(try split.narrowed(3, to: rotated..<width)) }
        return try Tensor.concatenated(parts, dimension: 3).reshaped(x.shape)
    }

    // MARK: Shapes and indices

    private func rearranged(_ operation: Graph.Operation, _ x: [Tensor], _ sizes: [Int]) throws -> Tensor {
        switch operation {
        case .reshape: return try x[0].reshaped(sizes)
        case .expand: return try expanded(x[0], sizes)
        case .slice(let axis, let range): return try x[0].narrowed(axis, to: range)
        case .concat(let axis): return try Tensor.concatenated(x, dimension: axis)
        case .gather(let axis): return try rows(of: x[0], x[1], axis: axis).reshaped(sizes)
        case .gatherElements(let axis): return try x[0].gather(along: axis, x[1].to(dtype: .int64))
        case .transpose(let order):
            var (result, axes) = (x[0], Array(order.indices))
            for (place, axis) in order.enumerated() {
                guard let from = axes.firstIndex(of: axis), from != place else { continue }
                result = try result.transposed(place, from)
                axes.swapAt(place, from)
            }
            return result
        default: throw FixtureError("not a rearrangement")
        }
    }

    private func rows(of data: Tensor, _ indices: Tensor, axis: Int) throws -> Tensor {
        try data.gatheringRows(indices.reshaped([-1]).to(dtype: .int64), dimension: axis)
    }
}
