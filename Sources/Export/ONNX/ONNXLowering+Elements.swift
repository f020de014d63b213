import Models

// Operations on every element.
extension ONNXLowering {
    /// A sum, product or another operation on two values.
    mutating func binary(
        _ node: Graph.Node,
        _ binary: Graph.Binary,
        at index: Int,
        as name: String
    ) throws(ExportError) -> String {
        if let norm = normsOfSums[index] { return try sumAndNorm(node, at: index, norm, as: name) }
        let operation =
            switch binary {
            case .add: "Add"
            case .subtract: "Sub"
            case .multiply: "Mul"
            case .divide: "Div"
            case .maximum: "Max"
            case .minimum: "Min"
            }
        return builder.add(operation, try operands(node), as: name)
    }

    /// A comparison of two values.
    mutating func compare(
        _ node: Graph.Node,
        _ comparison: Graph.Comparison,
        as name: String
    ) throws(ExportError) -> String {
        let operation =
            switch comparison {
            case .equal: "Equal"
            case .lessOrEqual: "LessOrEqual"
            case .greater: "Greater"
            }
        let areFloat = graph[node.inputs[0]].type == .float
        var inputs: [String] = []
        for value in node.inputs {
            inputs.append(try result(value, as: areFloat ? .float32 : elementType(of: graph[value])))
        }
        return builder.add(operation, inputs, as: name)
    }

    /// A choice between two values.
    mutating func choose(_ node: Graph.Node, as name: String) throws(ExportError) -> String {
        let inputs = try operands(node)
        guard node.type == .bool else { return builder.add("Where", inputs, as: name) }
        // ONNX Runtime has no `Where` for truth values.
        let first = builder.add("And", [inputs[0], inputs[1]], as: "\(name)/first")
        let otherwise = builder.add("Not", [inputs[0]], as: "\(name)/otherwise")
        let second = builder.add("And", [otherwise, inputs[2]], as: "\(name)/second")
        return builder.add("Or", [first, second], as: name)
    }

    /// A conversion that the graph asks for.
    mutating func cast(_ node: Graph.Node, as name: String) throws(ExportError) -> String {
        let source = graph[node.inputs[0]]
        let input = try result(node.inputs[0], as: elementType(of: source))
        guard elementType(of: source) != elementType(of: node) else { return input }
        return builder.add("Cast", [input], as: name, ["to": .int(Int(elementType(of: node).rawValue))])
    }

    /// A function of every element.
    mutating func map(
        _ node: Graph.Node,
        _ function: Graph.Map,
        as name: String
    ) throws(ExportError) -> String {
        let x = try operand(node, 0)
        let operation: String
        switch function {
        case .exp: operation = "Exp"
        case .log: operation = "Log"
        case .tanh: operation = "Tanh"
        case .sigmoid: operation = "Sigmoid"
        case .relu: operation = "Relu"
        case .negate: operation = "Neg"
        case .sin: operation = "Sin"
        case .cos: operation = "Cos"
        case .gelu: return gelu(x, elementType(of: node), as: name)
        case .geluTanh: return geluTanh(x, elementType(of: node), as: name)
        case .silu: return silu(x, as: name)
        }
        return builder.add(operation, [x], as: name)
    }

    private mutating func gelu(_ x: String, _ type: ONNXType, as name: String) -> String {
        if options.usesContribOperators {
            return builder.add("Gelu", [x], as: name, domain: ONNXBuilder.contrib)
        }
        if options.opset >= 20 { return builder.add("Gelu", [x], as: name) }
        // The order that ONNX Runtime recognises and computes as one operator.
        let root = builder.number(2.0.squareRoot(), type)
        let scaled = builder.add("Div", [x, root], as: "\(name)/scaled")
        let error = builder.add("Erf", [scaled], as: "\(name)/erf")
        let shifted = builder.add("Add", [error, builder.number(1, type)], as: "\(name)/shifted")
        let product = builder.add("Mul", [x, shifted], as: "\(name)/product")
        return builder.add("Mul", [product, builder.number(0.5, type)], as: name)
    }

    private mutating func geluTanh(_ x: String, _ type: ONNXType, as name: String) -> String {
        if options.usesContribOperators {
            return builder.add("FastGelu", [x], as: name, domain: ONNXBuilder.contrib)
        }
        if options.opset >= 20 {
            return builder.add("Gelu", [x], as: name, ["approximate": .string("tanh")])
        }
        let cube = builder.add("Pow", [x, builder.number(3, type)], as: "\(name)/cube")
        let small = builder.add("Mul", [cube, builder.number(0.044715, type)], as: "\(name)/small")
        let sum = builder.add("Add", [x, small], as: "\(name)/sum")
        let root = builder.number((2 / Double.pi).squareRoot(), type)
        let scaled = builder.add("Mul", [sum, root], as: "\(name)/scaled")
        let tanh = builder.add("Tanh", [scaled], as: "\(name)/tanh")
        let shifted = builder.add("Add", [tanh, builder.number(1, type)], as: "\(name)/shifted")
        let product = builder.add("Mul", [x, shifted], as: "\(name)/product")
        return builder.add("Mul", [product, builder.number(0.5, type)], as: name)
    }

    private mutating func silu(_ x: String, as name: String) -> String {
        if options.usesContribOperators {
            return builder.add("QuickGelu", [x], as: name, domain: ONNXBuilder.contrib, ["alpha": .float(1)])
        }
        let sigmoid = builder.add("Sigmoid", [x], as: "\(name)/sigmoid")
        return builder.add("Mul", [x, sigmoid], as: name)
    }
}
