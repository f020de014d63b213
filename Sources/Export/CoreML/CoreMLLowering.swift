import Models
import NN

/// Translates a classifier's graph into operations of MIL, Core ML's language for models, as of iOS 16 and macOS 13.
///
/// A program computes one text, so B is 1. Each node of the graph becomes one or several operations; the last one has the
/// node's name. A result may be smaller than its node states if it broadcasts to that shape.
struct CoreMLLowering {
    let graph: Graph
    let parameters: ParameterStore
    /// The type of states: float16 or float32.
    let floatType: MILType
    var builder = MILBuilder()
    /// The results by node, each in its own type.
    private var results: [Int: MILValue] = [:]

    /// Prepares the translation.
    ///
    /// - Parameters:
    ///   - graph: The classifier's graph.
    ///   - parameters: Its weights.
    ///   - floatType: The type of states: float16 or float32.
    init(_ graph: Graph, _ parameters: ParameterStore, _ floatType: MILType) {
        self.graph = graph
        self.parameters = parameters
        self.floatType = floatType
    }

    /// Translates all nodes that the output needs.
    ///
    /// - Throws: ``ExportError`` for something that MIL cannot express.
    mutating func run() throws(ExportError) {
        // Names that programs use come first, so that no other result can take them.
        for input in graph.inputs { _ = builder.unused(input.rawValue) }
        let output = MILValue(
            name: builder.unused(Graph.outputName),
            type: .float32,
            shape: Self.shape(graph[graph.output].shape)
        )
        let useCounts = graph.useCounts
        for (index, node) in graph.nodes.enumerated()
        where useCounts[index] > 0 || index == graph.output.index {
            switch node.operation {
            // Weights and constants are added by their users, in the form that these need.
            case .weight, .floats, .integers: continue
            case .input(let input):
                results[index] = MILValue(name: input.rawValue, type: .int32, shape: Self.shape(node.shape))
            default:
                let name = index == graph.output.index ? "\(node.name).last" : node.name
                results[index] = try lower(node, as: name)
            }
        }
        // The output is float32 in every program.
        let last = try whole(graph.output, as: floatType)
        if last.type == .float32 {
            builder.add("identity", [("x", .value(last))], output: output)
        } else {
            builder.add(
                "cast",
                [("x", .value(last)), ("dtype", .text(MILType.float32.name))],
                output: output
            )
        }
    }

    /// A shape of the graph for one text.
    ///
    /// - Parameter shape: A shape of the graph.
    /// - Returns: The shape with 1 instead of B.
    static func shape(_ shape: [Graph.Dimension]) -> [Graph.Dimension] {
        shape.map { $0 == .batch ? .fixed(1) : $0 }
    }

    // MARK: Operands

    /// The type of a node's result in the program.
    ///
    /// - Parameter node: A node.
    /// - Returns: float16 for the states of a program in float16.
    func elementType(of node: Graph.Node) -> MILType {
        switch node.type {
        case .bool: .bool
        case .int64: .int32
        case .float: node.needsFloat32 ? .float32 : floatType
        }
    }

    /// An input of a node, converted to the type in which the node computes; it may be smaller than stated.
    ///
    /// - Parameters:
    ///   - node: A node.
    ///   - index: The input's index.
    /// - Returns: The result.
    /// - Throws: ``ExportError``.
    mutating func operand(_ node: Graph.Node, _ index: Int) throws(ExportError) -> MILValue {
        let value = node.inputs[index]
        let source = graph[value].type == .float && node.type == .float ? node : graph[value]
        return try result(value, as: elementType(of: source))
    }

    /// An input of a node as for ``operand(_:_:)``, in its stated shape.
    ///
    /// - Parameters:
    ///   - node: A node.
    ///   - index: The input's index.
    /// - Returns: The result.
    /// - Throws: ``ExportError``.
    mutating func wholeOperand(_ node: Graph.Node, _ index: Int) throws(ExportError) -> MILValue {
        try filled(operand(node, index), to: Self.shape(graph[node.inputs[index]].shape))
    }

    /// A result in a type, in its stated shape.
    ///
    /// - Parameters:
    ///   - value: The result.
    ///   - wanted: The type.
    /// - Returns: The result.
    /// - Throws: ``ExportError``.
    mutating func whole(_ value: Graph.Value, as wanted: MILType) throws(ExportError) -> MILValue {
        try filled(result(value, as: wanted), to: Self.shape(graph[value].shape))
    }

    /// A result in a type.
    ///
    /// - Parameters:
    ///   - value: The result.
    ///   - wanted: The type.
    /// - Returns: The result, which may be smaller than stated.
    /// - Throws: ``ExportError``.
    mutating func result(_ value: Graph.Value, as wanted: MILType) throws(ExportError) -> MILValue {
        let node = graph[value]
        switch node.operation {
        case .weight(let name): return try weight(name, .plain, wanted)
        case .floats(let numbers, let shape):
            return builder.shared("node \(value.index) \(wanted)") {
                $0.array(numbers, shape, wanted, as: node.name)
            }
        case .integers(let numbers, let shape):
            let narrow = numbers.compactMap(Int32.init(exactly:))
            guard narrow.count == numbers.count else {
                throw ExportError(
                    .unsupported,
                    "\(node.name) has numbers beyond 32 bits, which Core ML lacks"
                )
            }
            return builder.shared("node \(value.index)") {
                $0.constant(node.name, .int32, shape, .integers(narrow))
            }
        default: break
        }
        guard let own = results[value.index] else {
            throw ExportError(.corrupt, "the graph uses \(node.name) before it is computed")
        }
        return own.type == wanted ? own : converted(own, to: wanted)
    }

    /// Adds a conversion between types, once for all users.
    ///
    /// - Parameters:
    ///   - value: A result.
    ///   - wanted: The other type.
    /// - Returns: The converted result.
    mutating func converted(_ value: MILValue, to wanted: MILType) -> MILValue {
        builder.shared("\(value.name) as \(wanted)") { builder in
            var source = value
            if value.type == .float32, wanted == .float16 {
                // The score of a masked key would become infinite, and a row of such scores NaN.
                source = builder.add(
                    "clip",
                    [
                        ("x", .value(value)), ("alpha", .number(-65_504 / 2, .float32)),
                        ("beta", .number(65_504 / 2, .float32)),
                    ],
                    as: "\(value.name).clipped",
                    .float32,
                    value.shape
                )
            }
            return builder.add(
                "cast",
                [("x", .value(source)), ("dtype", .text(wanted.name))],
                as: "\(value.name).\(wanted.name)",
                wanted,
                value.shape
            )
        }
    }

    // MARK: Operations

    private mutating func lower(_ node: Graph.Node, as name: String) throws(ExportError) -> MILValue {
        switch node.operation {
        case .input, .weight, .floats, .integers:
            throw ExportError(.corrupt, "\(node.name) is not an operation")
        case .lookup: return try lookup(node, as: name)
        case .linear: return try linear(node, .outputsFirst, as: name)
        case .linearTransposed: return try linear(node, .inputsFirst, as: name)
        case .matmul(let transposesSecond): return try matmul(node, transposesSecond, as: name)
        case .conv1d(let groups): return try convolution(node, groups: groups, as: name)
        case .binary(let binary): return try self.binary(node, binary, as: name)
        case .compare(let comparison): return try compare(node, comparison, as: name)
        case .and: return elementwise("logical_and", try operands(node), .bool, as: name)
        case .not: return function("logical_not", try operand(node, 0), as: name)
        case .choose: return try choose(node, as: name)
        case .map(let map): return try self.map(node, map, as: name)
        case .cast: return try cast(node)
        case .layerNorm(let epsilon): return try layerNorm(node, epsilon, as: name)
        case .rmsNorm(let epsilon): return try rmsNorm(node, epsilon, as: name)
        case .attention(let heads, let keyHeads, let scale, let softcap):
            let shape = AttentionShape(heads: heads, keyHeads: keyHeads, scale: scale, softcap: softcap)
            return try attention(node, shape, as: name)
        case .rotary(let heads): return try rotary(node, heads: heads, as: name)
        case .reshape, .transpose, .slice, .concat, .expand, .gather, .gatherElements, .range:
            return try shapeOperation(node, as: name)
        case .reduceSum, .cumulativeSum, .argMax: return try reduction(node, as: name)
        }
    }

    /// All inputs of a node, as for ``operand(_:_:)``.
    mutating func operands(_ node: Graph.Node) throws(ExportError) -> [MILValue] {
        var values: [MILValue] = []
        for index in node.inputs.indices { values.append(try operand(node, index)) }
        return values
    }
}
