import Foundation
import TestSupport

@testable import Export

/// One operator with its inputs.
struct ONNXOperator {
    let node: Onnx_NodeProto
    /// Nil for an input that is left out.
    let optionalInputs: [Numbers?]

    private var inputs: [Numbers] { optionalInputs.compactMap { $0 } }

    func integer(_ name: String, _ fallback: Int) -> Int {
        node.attribute.first { $0.name == name }.map { Int($0.i) } ?? fallback
    }

    func integers(_ name: String) -> [Int] {
        node.attribute.first { $0.name == name }.map { $0.ints.map { Int($0) } } ?? []
    }

    func number(_ name: String, _ fallback: Double) -> Double {
        node.attribute.first { $0.name == name }.map { Double($0.f) } ?? fallback
    }

    func outputs() throws -> [Numbers] {
        switch node.opType {
        case "Split": return split()
        case "DynamicQuantizeLinear": return quantizedStates()
        case "SkipLayerNormalization", "SkipSimplifiedLayerNormalization":
            let sum = try inputs[0].combined(inputs[1], +)
            return [try norm([sum] + inputs.dropFirst(2)), sum, sum, sum]
        default: return [try output()]
        }
    }

    private func output() throws -> Numbers {
        let x = inputs
        switch node.opType {
        case "Identity": return x[0]
        case "Add": return try x[0].combined(x[1], +)
        case "Sub": return try x[0].combined(x[1], -)
        case "Mul": return try x[0].combined(x[1], *)
        case "Div": return try x[0].combined(x[1], /)
        case "Max": return try x[0].combined(x[1], max)
        case "Min": return try x[0].combined(x[1], min)
        case "Pow": return try x[0].combined(x[1], pow)
        case "Equal": return try x[0].combined(x[1]) { $0 == $1 ? 1 : 0 }
        case "LessOrEqual": return try x[0].combined(x[1]) { $0 <= $1 ? 1 : 0 }
        case "Greater": return try x[0].combined(x[1]) { $0 > $1 ? 1 : 0 }
        case "And": return try x[0].combined(x[1], min)
        case "Or": return try x[0].combined(x[1], max)
        case "Where":
            let first = try x[0].combined(x[1]) { $0 != 0 ? $1 : 0 }
            let second = try x[0].combined(x[2]) { $0 != 0 ? 0 : $1 }
            return try first.combined(second, +)
        case "Cast": return cast()
        case "Clip": return x[0].map { min(max($0, x[1].values[0]), x[2].values[0]) }
        case "MatMul": return try x[0].matmul(x[1])
        case "FusedMatMul": return try x[0].matmul(transposedLast(x[1]))
        case "Conv": return try convolution()
        case "Softmax": return x[0].rows(Self.softmax)
        case "LayerNormalization": return try norm(x)
        case "MultiHeadAttention": return try attention()
        case "RotaryEmbedding": return try rotary()
        case "MatMulInteger":
            return try x[0].combined(x[2], -).matmul(x[1].combined(x[3], -))
        case "DequantizeLinear": return try x[0].combined(x[2], -).combined(x[1], *)
        case "MatMulNBits": return try x[0].matmul(Self.fourBits(x[1], x[2], width: integer("K", 0)))
        case "ReduceSum", "ReduceMean", "ReduceProd", "CumSum", "ArgMax": return try reduction()
        default:
            if let function = Self.function(node.opType) { return x[0].map(function) }
            return try rearranged()
        }
    }

    // MARK: Elements

    private static func function(_ name: String) -> ((Double) -> Double)? {
        switch name {
        case "Not": { 1 - $0 }
        case "Exp": { exp($0) }
        case "Log": { log($0) }
        case "Sqrt": { $0.squareRoot() }
        case "Tanh": { tanh($0) }
        case "Sigmoid": { 1 / (1 + exp(-$0)) }
        case "Erf": { erf($0) }
        case "Relu": { max($0, 0) }
        case "Neg": { -$0 }
        case "Sin": { sin($0) }
        case "Cos": { cos($0) }
        case "QuickGelu": { $0 / (1 + exp(-$0)) }
        case "FastGelu": { geluTanh($0) }
        default: nil
        }
    }

    private static func geluTanh(_ x: Double) -> Double {
        x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
    }

    private func cast() -> Numbers {
        let target = ONNXType(rawValue: Int32(integer("to", 0)))
        return inputs[0].map {
            switch target {
            case .bool: $0 == 0 ? 0 : 1
            case .int64, .int32, .int8, .uint8: $0.rounded(.towardZero)
            default: $0
            }
        }
    }

    private static func softmax(_ row: [Double]) -> [Double] {
        let largest = row.max() ?? 0
        let powers = row.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    private func norm(_ x: [Numbers]) throws -> Numbers {
        let epsilon = number("epsilon", 1e-5)
        let centers = node.opType != "SkipSimplifiedLayerNormalization"
        let normalized = x[0].rows { row in
            let mean = centers ? row.reduce(0, +) / Double(row.count) : 0
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
            return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
        }
        let scaled = try normalized.combined(x[1], *)
        return x.count > 2 ? try scaled.combined(x[2], +) : scaled
    }

    private func reduction() throws -> Numbers {
        let x = inputs[0]
        let keeps = integer("keepdims", 1) == 1
        switch node.opType {
        case "CumSum":
            let axis = inputs[1].integers[0]
            return .filled(x.shape) { place in
                (0...place[axis]).reduce(0) { sum, index in
                    var source = place
                    source[axis] = index
                    return sum + x[source]
                }
            }
        case "ArgMax":
            return x.reduced([integer("axis", 0)], keeps: keeps) { row in
                Double(row.firstIndex(of: row.max() ?? 0) ?? 0)
            }
        case "ReduceProd": return x.reduced(Array(x.shape.indices), keeps: keeps) { $0.reduce(1, *) }
        default:
            // Version 18 made the axes of means an input.
            let axes = inputs.count > 1 ? inputs[1].integers : integers("axes")
            return x.reduced(axes, keeps: keeps) { row in
                let sum = row.reduce(0, +)
                return node.opType == "ReduceMean" ? sum / Double(row.count) : sum
            }
        }
    }

    // MARK: Places

    private func split() -> [Numbers] {
        var start = 0
        return inputs[1].integers.map { size in
            defer { start += size }
            return inputs[0].sliced(integer("axis", 0), start..<start + size)
        }
    }

    private func rearranged() throws -> Numbers {
        let x = inputs
        switch node.opType {
        case "Gelu":
            let isTanh = node.attribute.contains { $0.s == Data("tanh".utf8) }
            return x[0].map { isTanh ? Self.geluTanh($0) : $0 * (1 + erf($0 / 2.0.squareRoot())) / 2 }
        case "Shape": return Numbers(x[0].shape.map(Double.init), [x[0].shape.count])
        case "Reshape": return try x[0].reshaped(x[1].integers)
        case "Transpose": return x[0].transposed(integers("perm"))
        case "Expand": return try x[0].expanded(x[1].integers)
        case "Concat": return .concatenated(x, integer("axis", 0))
        case "Gather": return x[0].gathered(integer("axis", 0), x[1])
        case "GatherElements":
            let axis = integer("axis", 0)
            return .filled(x[1].shape) { place in
                var source = place
                source[axis] = Int(x[1][place])
                return x[0][source]
            }
        case "Slice":
            let axis = x[0].axis(x[3].integers[0])
            return x[0].sliced(axis, x[1].integers[0]..<min(x[2].integers[0], x[0].shape[axis]))
        case "Squeeze": return Numbers(x[0].values, x[0].shape.filter { $0 != 1 })
        case "Unsqueeze":
            var shape = x[0].shape
            shape.insert(1, at: x[1].integers[0])
            return Numbers(x[0].values, shape)
        case "Range":
            let values = stride(from: x[0].values[0], to: x[1].values[0], by: x[2].values[0])
            return Numbers(Array(values), [Array(values).count])
        default: throw FixtureError("\(node.opType) is not interpreted")
        }
    }

    // MARK: Products

    private func transposedLast(_ x: Numbers) -> Numbers {
        let rank = x.shape.count
        return x.transposed(Array(0..<rank - 2) + [rank - 1, rank - 2])
    }

    private func convolution() throws -> Numbers {
        let (x, weight) = (inputs[0], inputs[1])
        let padding = integers("pads")[0]
        let groups = integer("group", 1)
        let length = x.shape[2]
        let (outputs, own, taps) = (weight.shape[0], weight.shape[1], weight.shape[2])
        let result = Numbers.filled([x.shape[0], outputs, length]) { place in
            let first = place[1] / (outputs / groups) * own
            var sum = 0.0
            for channel in 0..<own {
                for tap in 0..<taps where (0..<length).contains(place[2] + tap - padding) {
                    sum +=
                        weight[[place[1], channel, tap]]
                        * x[[place[0], first + channel, place[2] + tap - padding]]
                }
            }
            return sum
        }
        return inputs.count > 2 ? try result.combined(Numbers(inputs[2].values, [outputs, 1]), +) : result
    }

    private func attention() throws -> Numbers {
        let (heads, width) = (integer("num_heads", 1), inputs[0].shape[2] / integer("num_heads", 1))
        let parts = try inputs.prefix(3).map {
            try $0.reshaped([0, 0, heads, width]).transposed([0, 2, 1, 3])
        }
        let scores = try parts[0].matmul(transposedLast(parts[1])).map { $0 * number("scale", 0) }
        let weights = try scores.combined(inputs[3], +).rows(Self.softmax)
        return try weights.matmul(parts[2]).transposed([0, 2, 1, 3]).reshaped([0, 0, heads * width])
    }

    private func rotary() throws -> Numbers {
        let (x, places, cosine, sine) = (inputs[0], inputs[1], inputs[2], inputs[3])
        let heads = integer("num_heads", 1)
        let width = x.shape[2] / heads
        let half = cosine.shape[1]
        let split = try x.reshaped([0, 0, heads, width])
        let rotated = Numbers.filled(split.shape) { place in
            let pair = place[3] % half
            guard place[3] < 2 * half else { return split[place] }
            let row = places.values.count == 1 ? place[1] : Int(places[[place[0], place[1]]])
            var other = place
            other[3] = place[3] < half ? place[3] + half : pair
            let turn = place[3] < half ? -sine[[row, pair]] : sine[[row, pair]]
            return split[place] * cosine[[row, pair]] + split[other] * turn
        }
        return try rotated.reshaped([0, 0, heads * width])
    }

    // MARK: Quantization

    private func quantizedStates() -> [Numbers] {
        let x = inputs[0]
        let (low, high) = (min(x.values.min() ?? 0, 0), max(x.values.max() ?? 0, 0))
        let scale = high == low ? 1 : (high - low) / 255
        let zero = min(max((-low / scale).rounded(.toNearestOrEven), 0), 255)
        let codes = x.map { min(max(($0 / scale).rounded(.toNearestOrEven) + zero, 0), 255) }
        return [codes, Numbers([scale], []), Numbers([zero], [])]
    }

    /// The matrix `[in, out]` of codes `[out, blocks, 16]` and scales.
    static func fourBits(_ codes: Numbers, _ scales: Numbers, width: Int) -> Numbers {
        let (rows, blocks) = (codes.shape[0], codes.shape[1])
        return .filled([width, rows]) { place in
            let (input, output) = (place[0], place[1])
            let block = input / 32
            let byte = Int(codes[[output, block, input % 32 / 2]])
            let code = input % 2 == 0 ? byte & 15 : byte >> 4
            return Double(code - 8) * scales.values[output * blocks + block]
        }
    }
}
