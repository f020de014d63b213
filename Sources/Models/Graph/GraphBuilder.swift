/// Collects the nodes of a ``Graph``, so that the description of a model reads like its forward pass.
///
/// It infers shapes and types, and refuses operations on others. A computation that exists already is not repeated.
package struct GraphBuilder: Sendable {
    /// The identity of a computation.
    private struct Computation: Hashable {
        let operation: Graph.Operation
        let inputs: [Graph.Value]
        let needsFloat32: Bool
    }

    private var nodes: [Graph.Node] = []
    private var known: [Computation: Graph.Value] = [:]
    /// The used names.
    private var names: Set<String> = [Graph.outputName]
    /// The parts of the current prefix of names.
    private var scope: [String] = []
    /// Whether new nodes need float32.
    private var isInFloat32 = false

    /// Creates a builder without nodes.
    package init() {}

    /// The node of a result.
    ///
    /// - Parameter value: A result of this builder.
    package subscript(value: Graph.Value) -> Graph.Node { nodes[value.index] }

    /// Adds an operation whose shape follows from its inputs.
    ///
    /// - Parameters:
    ///   - operation: Any operation except `.weight`.
    ///   - inputs: Earlier results.
    ///   - label: The last part of the node's name; nil takes the operation's.
    /// - Returns: The result.
    /// - Throws: ``ModelError`` if the inputs do not fit the operation.
    package mutating func callAsFunction(
        _ operation: Graph.Operation,
        _ inputs: Graph.Value...,
        label: String? = nil
    ) throws(ModelError) -> Graph.Value {
        try apply(operation, inputs, label: label)
    }

    /// Adds an operation whose shape follows from its inputs.
    ///
    /// - Parameters:
    ///   - operation: Any operation except `.weight`.
    ///   - inputs: Earlier results.
    ///   - label: The last part of the node's name; nil takes the operation's.
    /// - Returns: The result.
    /// - Throws: ``ModelError`` if the inputs do not fit the operation.
    package mutating func apply(
        _ operation: Graph.Operation,
        _ inputs: [Graph.Value],
        label: String? = nil
    ) throws(ModelError) -> Graph.Value {
        let result = try operation.result(of: inputs.map { nodes[$0.index] })
        return add(operation, inputs, result, name: path(label ?? operation.label))
    }

    /// Adds a parameter.
    ///
    /// - Parameters:
    ///   - name: Its name in the checkpoint.
    ///   - shape: Its shape.
    /// - Returns: The result, float.
    package mutating func weight(_ name: String, shape: [Int]) -> Graph.Value {
        add(.weight(name), [], (shape.map(Graph.Dimension.fixed), .float), name: name)
    }

    /// Adds nodes whose names begin with a part more.
    ///
    /// - Parameters:
    ///   - name: The part, such as `layer.0`.
    ///   - body: Adds the nodes.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    package mutating func scoped<Result>(
        _ name: String,
        _ body: (inout GraphBuilder) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        scope.append(name)
        defer { scope.removeLast() }
        return try body(&self)
    }

    /// Adds nodes that several layers share, so that their names do not begin with the first layer's.
    ///
    /// - Parameters:
    ///   - name: The only prefix of the names.
    ///   - body: Adds the nodes.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    mutating func shared<Result>(
        _ name: String,
        _ body: (inout GraphBuilder) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let outer = scope
        scope = [name]
        defer { scope = outer }
        return try body(&self)
    }

    /// Adds nodes that are computed in float32 even in a file in float16.
    ///
    /// - Parameter body: Adds the nodes.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    mutating func inFloat32<Result>(
        _ body: (inout GraphBuilder) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let outer = isInFloat32
        isInFloat32 = true
        defer { isInFloat32 = outer }
        return try body(&self)
    }

    /// Returns the graph of all nodes.
    ///
    /// - Parameter output: The logits, `[B, K]`.
    /// - Returns: The graph, with the output named ``Graph/outputName``.
    package func graph(output: Graph.Value) -> Graph {
        var nodes = self.nodes
        let node = nodes[output.index]
        nodes[output.index] = Graph.Node(
            operation: node.operation,
            inputs: node.inputs,
            shape: node.shape,
            type: node.type,
            name: Graph.outputName,
            needsFloat32: node.needsFloat32
        )
        return Graph(nodes: nodes, output: output)
    }

    private mutating func add(
        _ operation: Graph.Operation,
        _ inputs: [Graph.Value],
        _ result: (shape: [Graph.Dimension], type: Graph.ElementType),
        name: String
    ) -> Graph.Value {
        let needsFloat32 = isInFloat32 && result.type == .float
        let computation = Computation(operation: operation, inputs: inputs, needsFloat32: needsFloat32)
        if let value = known[computation] { return value }
        let value = Graph.Value(index: nodes.count)
        nodes.append(
            Graph.Node(
                operation: operation,
                inputs: inputs,
                shape: result.shape,
                type: result.type,
                name: unused(name),
                needsFloat32: needsFloat32
            )
        )
        known[computation] = value
        return value
    }

    private func path(_ label: String) -> String { (scope + [label]).joined(separator: ".") }

    /// Returns the name, with a number if it is used already.
    private mutating func unused(_ name: String) -> String {
        var candidate = name
        var number = 1
        while !names.insert(candidate).inserted {
            number += 1
            candidate = "\(name)_\(number)"
        }
        return candidate
    }
}
