import Models

// Norms, alone or together with the sum before them.
extension ONNXLowering {
    /// Layer normalization; ONNX computes its statistics in float32.
    mutating func layerNorm(
        _ node: Graph.Node,
        _ epsilon: Double,
        as name: String
    ) throws(ExportError) -> String {
        builder.add(
            "LayerNormalization",
            try operands(node),
            as: name,
            ["axis": .int(-1), "epsilon": .float(Float(epsilon))]
        )
    }

    /// Root-mean-square normalization, in the order that ONNX Runtime recognises and computes as one operator.
    mutating func rmsNorm(
        _ node: Graph.Node,
        _ epsilon: Double,
        as name: String
    ) throws(ExportError) -> String {
        // The squares of states exceed float16.
        let x = try result(node.inputs[0], as: .float32)
        let squares = builder.add("Pow", [x, builder.number(2, .float32)], as: "\(name)/squares")
        let mean = mean(squares, as: "\(name)/mean")
        let shifted = builder.add("Add", [mean, builder.number(epsilon, .float32)], as: "\(name)/shifted")
        let root = builder.add("Sqrt", [shifted], as: "\(name)/root")
        var normalized = builder.add("Div", [x, root], as: "\(name)/normalized")
        if elementType(of: node) == .float16 {
            normalized = builder.add(
                "Cast",
                [normalized],
                as: "\(name)/float16",
                ["to": .int(Int(ONNXType.float16.rawValue))]
            )
        }
        return builder.add("Mul", [normalized, try operand(node, 1)], as: name)
    }

    /// The mean over the last axis, which keeps size 1.
    ///
    /// The axes became an input in version 18.
    private mutating func mean(_ x: String, as name: String) -> String {
        let keeps = ONNXAttribute.int(1)
        guard options.opset >= 18 else {
            return builder.add("ReduceMean", [x], as: name, ["axes": .ints([-1]), "keepdims": keeps])
        }
        return builder.add("ReduceMean", [x, builder.integers([-1])], as: name, ["keepdims": keeps])
    }

    /// A sum of two states and its norm as one operator of ONNX Runtime.
    ///
    /// - Parameters:
    ///   - node: The sum.
    ///   - index: Its index.
    ///   - norm: The index of the norm.
    ///   - name: The name of the sum.
    /// - Returns: The name of the sum.
    /// - Throws: ``ExportError``.
    mutating func sumAndNorm(
        _ node: Graph.Node,
        at index: Int,
        _ norm: Int,
        as name: String
    ) throws(ExportError) -> String {
        let normNode = graph.nodes[norm]
        var inputs = try operands(node)
        for input in normNode.inputs.indices.dropFirst() { inputs.append(try operand(normNode, input)) }
        let operation: String
        let epsilon: Double
        switch normNode.operation {
        case .rmsNorm(let value): (operation, epsilon) = ("SkipSimplifiedLayerNormalization", value)
        case .layerNorm(let value): (operation, epsilon) = ("SkipLayerNormalization", value)
        default: throw ExportError(.corrupt, "\(normNode.name) is not a norm")
        }
        let sum = builder.unused(name)
        let output = builder.unused(normNode.name)
        builder.add(
            operation,
            inputs,
            // Between them are the mean and the inverse deviation, which only training needs.
            outputs: useCounts[index] > 1 ? [output, "", "", sum] : [output],
            as: output,
            domain: ONNXBuilder.contrib,
            ["epsilon": .float(Float(epsilon))]
        )
        setResult(output, of: norm)
        return sum
    }
}
