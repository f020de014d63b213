import Models
import NN

/// Translates a classifier's graph into ONNX's operators.
///
/// Each node of the graph becomes one or several operators; the last one has the node's name.
struct ONNXLowering {
    let graph: Graph
    let parameters: ParameterStore
    let options: ONNXOptions
    var builder = ONNXBuilder()
    /// The names of results by node, each in its own type.
    private var results: [Int: String] = [:]
    /// The number of needed nodes that use each result.
    let useCounts: [Int]
    /// The names of nodes that depend only on weights.
    ///
    /// A float16 file computes them in float32: programs compute them once, and ONNX Runtime 1.31 crashes on them in float16.
    private let constantNodes: Set<String>
    /// The norms that are computed together with the sum before them, by the sum's node.
    private(set) var normsOfSums: [Int: Int] = [:]
    /// The states that are quantized when they are used, by the name of their result.
    var quantizedStates: [String: QuantizedStates] = [:]

    /// Prepares the translation.
    ///
    /// - Parameters:
    ///   - graph: The classifier's graph.
    ///   - parameters: Its weights.
    ///   - options: The options of the file.
    init(_ graph: Graph, _ parameters: ParameterStore, _ options: ONNXOptions) {
        self.graph = graph
        self.parameters = parameters
        self.options = options
        useCounts = graph.useCounts
        constantNodes = graph.constantNodes
        if options.usesContribOperators { normsOfSums = graph.normsOfSums(useCounts) }
    }

    /// Translates all nodes that the output needs.
    ///
    /// - Throws: ``ExportError`` for something that ONNX cannot express.
    mutating func run() throws(ExportError) {
        // Names that programs use come first, so that no other node can take them.
        for input in graph.onnxInputs { _ = builder.unused(input.rawValue) }
        let output = builder.unused(Graph.outputName)
        for index in graph.nodes.indices where isNeeded(index) {
            let node = graph.nodes[index]
            switch node.operation {
            // Weights and constants are added by their users, in the form that these need.
            case .weight, .floats, .integers: continue
            case .input(let input): results[index] = input.rawValue
            default:
                guard results[index] == nil else { continue }
                let name = index == graph.output.index ? node.name + "/last" : node.name
                results[index] = try lower(node, at: index, as: name)
            }
        }
        // The output is float32 in every file.
        let last = try result(graph.output, as: .float32)
        builder.add("Identity", [last], outputs: [output], as: output)
    }

    private func isNeeded(_ index: Int) -> Bool { useCounts[index] > 0 || index == graph.output.index }

    /// Records a result that was computed together with another node's.
    ///
    /// - Parameters:
    ///   - name: The name of the result.
    ///   - index: The node's index.
    mutating func setResult(_ name: String, of index: Int) { results[index] = name }

    // MARK: Operands

    /// The type of a node's result in the file.
    ///
    /// - Parameter node: A node.
    /// - Returns: float16 for the states of a model in float16.
    func elementType(of node: Graph.Node) -> ONNXType {
        switch node.type {
        case .bool: .bool
        case .int64: .int64
        case .float:
            options.precision == .float16 && !node.needsFloat32 && !constantNodes.contains(node.name)
                ? .float16 : .float32
        }
    }

    /// The name of an input of a node, converted to the type in which the node computes.
    ///
    /// - Parameters:
    ///   - node: A node.
    ///   - index: The input's index.
    /// - Returns: The name.
    /// - Throws: ``ExportError``.
    mutating func operand(_ node: Graph.Node, _ index: Int) throws(ExportError) -> String {
        let value = node.inputs[index]
        guard graph[value].type == .float, node.type == .float else {
            return try result(value, as: elementType(of: graph[value]))
        }
        return try result(value, as: elementType(of: node))
    }

    /// The names of all inputs of a node, as for ``operand(_:_:)``.
    ///
    /// - Parameter node: A node.
    /// - Returns: The names.
    /// - Throws: ``ExportError``.
    mutating func operands(_ node: Graph.Node) throws(ExportError) -> [String] {
        var names: [String] = []
        for index in node.inputs.indices { names.append(try operand(node, index)) }
        return names
    }

    /// The name of a result in a type.
    ///
    /// - Parameters:
    ///   - value: The result.
    ///   - wanted: The type.
    /// - Returns: The name.
    /// - Throws: ``ExportError``.
    mutating func result(_ value: Graph.Value, as wanted: ONNXType) throws(ExportError) -> String {
        let node = graph[value]
        switch node.operation {
        case .weight(let name): return try weight(name, .plain, wanted)
        case .floats(let numbers, let shape):
            return builder.shared("node \(value.index) \(wanted)") {
                $0.tensor(node.name, wanted, shape, .bytes(floatingPointBytes(numbers, wanted)))
            }
        case .integers(let numbers, let shape):
            return builder.shared("node \(value.index)") {
                $0.tensor(node.name, .int64, shape, .bytes(littleEndianBytes(numbers)))
            }
        default: break
        }
        guard let name = results[value.index] else {
            throw ExportError(.corrupt, "the graph uses \(node.name) before it is computed")
        }
        let own = elementType(of: node)
        return own == wanted ? name : converted(name, from: own, to: wanted)
    }

    /// Adds a conversion between number types, once for all users.
    ///
    /// - Parameters:
    ///   - name: A result.
    ///   - own: Its type.
    ///   - wanted: The other type.
    /// - Returns: The name of the converted result.
    mutating func converted(_ name: String, from own: ONNXType, to wanted: ONNXType) -> String {
        builder.shared("\(name) as \(wanted)") { builder in
            var source = name
            if own == .float32, wanted == .float16 {
                // The score of a masked key would become infinite, and a row of such scores NaN.
                let limits = [-65_504.0 / 2, 65_504.0 / 2].map { builder.number($0, .float32) }
                source = builder.add("Clip", [name] + limits, as: "\(name)/clipped")
            }
            return builder.add("Cast", [source], as: "\(name)/\(wanted)", ["to": .int(Int(wanted.rawValue))])
        }
    }

    // MARK: Operations

    private mutating func lower(
        _ node: Graph.Node,
        at index: Int,
        as name: String
    ) throws(ExportError) -> String {
        switch node.operation {
        case .input, .weight, .floats, .integers: name
        case .lookup: try lookup(node, as: name)
        case .linear: try linear(node, .outputsFirst, as: name)
        case .linearTransposed: try linear(node, .inputsFirst, as: name)
        case .matmul(let transposesSecond): try matmul(node, transposesSecond, as: name)
        case .conv1d(let groups): try convolution(node, groups: groups, as: name)
        case .binary(let binary): try self.binary(node, binary, at: index, as: name)
        case .compare(let comparison): try compare(node, comparison, as: name)
        case .and: builder.add("And", try operands(node), as: name)
        case .not: builder.add("Not", try operands(node), as: name)
        case .choose: try choose(node, as: name)
        case .map(let function): try map(node, function, as: name)
        case .cast: try cast(node, as: name)
        case .layerNorm(let epsilon): try layerNorm(node, epsilon, as: name)
        case .rmsNorm(let epsilon): try rmsNorm(node, epsilon, as: name)
        case .attention(let heads, let keyHeads, let scale, let softcap):
            try attention(
                node,
                AttentionShape(heads: heads, keyHeads: keyHeads, scale: scale, softcap: softcap),
                as: name
            )
        case .rotary(let heads): try rotary(node, heads: heads, as: name)
        case .reshape, .transpose, .slice, .concat, .expand, .gather, .gatherElements, .range:
            try shapeOperation(node, as: name)
        case .reduceSum, .cumulativeSum, .argMax: try reduction(node, as: name)
        }
    }
}

extension Graph {
    /// The inputs of an ONNX file: token ids and mask always, because all programs pass them.
    var onnxInputs: [Input] {
        let own = Set(inputs)
        return Input.allCases.filter { $0 != .tokenTypeIDs || own.contains($0) }
    }

    /// The number of needed nodes that use each result.
    var useCounts: [Int] {
        var counts = [Int](repeating: 0, count: nodes.count)
        for index in nodes.indices.reversed() where counts[index] > 0 || index == output.index {
            for input in nodes[index].inputs { counts[input.index] += 1 }
        }
        return counts
    }

    /// The names of nodes that have inputs, all of which depend only on weights, and a fixed shape.
    fileprivate var constantNodes: Set<String> {
        var areConstant: [Bool] = []
        var names: Set<String> = []
        for node in nodes {
            let isFixed = !node.shape.contains(.batch) && !node.shape.contains(.sequence)
            let isConstant = isFixed && node.inputs.allSatisfy { areConstant[$0.index] }
            areConstant.append(isConstant)
            if isConstant, !node.inputs.isEmpty { names.insert(node.name) }
        }
        return names
    }

    /// The norms of sums of two states, by the sum's node.
    fileprivate func normsOfSums(_ useCounts: [Int]) -> [Int: Int] {
        var norms: [Int: Int] = [:]
        for (index, node) in nodes.enumerated() where useCounts[index] > 0 {
            switch node.operation {
            case .layerNorm, .rmsNorm: break
            default: continue
            }
            let sum = self[node.inputs[0]]
            guard case .binary(.add) = sum.operation, norms[node.inputs[0].index] == nil,
                sum.shape.count == 3, sum.shape[0] == .batch, sum.shape[1] == .sequence,
                !node.needsFloat32, !sum.needsFloat32,
                sum.inputs.allSatisfy({ self[$0].shape == sum.shape }),
                node.inputs.dropFirst().allSatisfy({
                    if case .weight = self[$0].operation { true } else { false }
                })
            else {
                continue
            }
            norms[node.inputs[0].index] = index
        }
        return norms
    }
}
