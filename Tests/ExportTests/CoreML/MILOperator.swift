import Foundation
import TestSupport

@testable import Export

/// One operation of a MIL program with its arguments.
struct MILOperator {
    let type: String
    var numbers: [String: [Numbers]] = [:]
    var texts: [String: String] = [:]

    init(type: String) { self.type = type }

    private func value(_ name: String) throws -> Numbers {
        guard let value = numbers[name]?.first else { throw FixtureError("\(type) has no \(name)") }
        return value
    }

    private func integers(_ name: String) throws -> [Int] { try value(name).integers }

    private func integer(_ name: String) throws -> Int { try integers(name)[0] }

    func output() throws -> Numbers {
        if let operation = Self.binaries[type] { return try onnx(operation, [value("x"), value("y")]) }
        if let operation = Self.functions[type] { return try onnx(operation, [value("x")]) }
        if type == "concat" { return .concatenated(numbers["values"] ?? [], try integer("axis")) }
        if type == "range_1d" {
            return Numbers((try integer("start")..<integer("end")).map(Double.init), [try integer("end")])
        }
        let x = try value("x")
        switch type {
        case "identity": return x
        case "cast": return try cast(x)
        case "silu": return x.map { $0 / (1 + exp(-$0)) }
        case "rsqrt":
            let epsilon = try value("epsilon").values[0]
            return x.map { 1 / ($0 + epsilon).squareRoot() }
        case "clip":
            let (low, high) = (try value("alpha").values[0], try value("beta").values[0])
            return x.map { min(max($0, low), high) }
        case "gelu":
            let isTanh = texts["mode"] == "TANH_APPROXIMATION"
            return try onnx(isTanh ? "FastGelu" : "Gelu", [x])
        case "linear":
            let product = try x.matmul(value("weight").transposed([1, 0]))
            return try numbers["bias"]?.first.map { try product.combined($0, +) } ?? product
        case "matmul":
            let y = try value("y")
            let rank = y.shape.count
            let isTransposed = try integer("transpose_y") == 1
            return try x.matmul(isTransposed ? y.transposed(Array(0..<rank - 2) + [rank - 1, rank - 2]) : y)
        case "layer_norm":
            let epsilon = try value("epsilon").values[0]
            return try onnx(
                "LayerNormalization",
                [x, value("gamma"), numbers["beta"]?.first],
                epsilon: epsilon
            )
        case "conv":
            return try onnx(
                "Conv",
                [x, value("weight"), numbers["bias"]?.first],
                integers: ["group": integer("groups")],
                lists: ["pads": integers("pad")]
            )
        case "reduce_sum": return try reduced(x) { $0.reduce(0, +) }
        case "reduce_mean": return try reduced(x) { $0.reduce(0, +) / Double($0.count) }
        case "reduce_argmax":
            return try onnx(
                "ArgMax",
                [x],
                integers: ["axis": integer("axis"), "keepdims": integer("keep_dims")]
            )
        case "cumsum": return try onnx("CumSum", [x, value("axis")])
        default: return try rearranged(x)
        }
    }

    private func rearranged(_ x: Numbers) throws -> Numbers {
        switch type {
        case "shape": return Numbers(x.shape.map(Double.init), [x.shape.count])
        case "reshape": return try x.reshaped(integers("shape"))
        case "transpose": return x.transposed(try integers("perm"))
        case "gather": return x.gathered(try integer("axis"), try value("indices"))
        case "gather_along_axis":
            return try onnx("GatherElements", [x, value("indices")], integers: ["axis": integer("axis")])
        case "expand_dims":
            var shape = x.shape
            for axis in try integers("axes").sorted() { shape.insert(1, at: axis) }
            return Numbers(x.values, shape)
        case "tile":
            let counts = try integers("reps")
            guard try paired(counts, x.shape).allSatisfy({ $0 == 1 || $1 == 1 }) else {
                throw FixtureError("only single elements are repeated")
            }
            return try x.expanded(paired(counts, x.shape).map { $0 * $1 })
        case "slice_by_index":
            let (begin, end, isWhole) = (
                try integers("begin"), try integers("end"), try integers("begin_mask")
            )
            guard try integers("end_mask") == isWhole else { throw FixtureError("the masks differ") }
            return x.shape.indices.filter { isWhole[$0] == 0 }.reduce(x) {
                $0.sliced($1, begin[$1]..<end[$1])
            }
        default: throw FixtureError("\(type) is not interpreted")
        }
    }

    private func cast(_ x: Numbers) throws -> Numbers {
        switch texts["dtype"] {
        case "fp16", "fp32": x
        case "int32": x.map { $0.rounded(.towardZero) }
        case "bool": x.map { $0 == 0 ? 0 : 1 }
        default: throw FixtureError("cast has no known type")
        }
    }

    private func reduced(_ x: Numbers, _ body: ([Double]) -> Double) throws -> Numbers {
        x.reduced(try integers("axes"), keeps: try integer("keep_dims") == 1, body)
    }

    // MARK: Operations that ONNX defines equally

    private static let binaries = [
        "add": "Add", "sub": "Sub", "mul": "Mul", "real_div": "Div", "maximum": "Max", "minimum": "Min",
        "equal": "Equal", "less_equal": "LessOrEqual", "greater": "Greater",
        "logical_and": "And",
        "logical_or": "Or",
    ]
    private static let functions = [
        "logical_not": "Not", "exp": "Exp", "log": "Log", "tanh": "Tanh",
        "sigmoid": "Sigmoid",
        "relu": "Relu", "sin": "Sin", "cos": "Cos", "softmax": "Softmax",
    ]

    private func onnx(
        _ operation: String,
        _ inputs: [Numbers?],
        integers: [String: Int] = [:],
        lists: [String: [Int]] = [:],
        epsilon: Double? = nil
    ) throws -> Numbers {
        var node = Onnx_NodeProto()
        node.opType = operation
        func add(_ name: String, _ change: (inout Onnx_AttributeProto) -> Void) {
            var attribute = Onnx_AttributeProto()
            attribute.name = name
            change(&attribute)
            node.attribute.append(attribute)
        }
        for (name, number) in integers { add(name) { $0.i = Int64(number) } }
        for (name, numbers) in lists { add(name) { $0.ints = numbers.map(Int64.init) } }
        if let epsilon { add("epsilon") { $0.f = Float(epsilon) } }
        return try ONNXOperator(node: node, optionalInputs: inputs).outputs()[0]
    }
}
