import Models

// Operations on every element, and norms.
extension CoreMLLowering {
    /// Adds an operation on two values, whose shapes broadcast.
    ///
    /// - Parameters:
    ///   - operation: Its name.
    ///   - values: Two values of one type.
    ///   - type: The type of the result.
    ///   - name: The name of the result.
    /// - Returns: The result.
    mutating func elementwise(
        _ operation: String,
        _ values: [MILValue],
        _ type: MILType,
        as name: String
    ) -> MILValue {
        builder.add(
            operation,
            [("x", .value(values[0])), ("y", .value(values[1]))],
            as: name,
            type,
            broadcastShape(values)
        )
    }

    /// Adds an operation on a value and a number.
    ///
    /// - Parameters:
    ///   - operation: Its name.
    ///   - x: The value.
    ///   - number: The second operand, in the value's type.
    ///   - name: The name of the result.
    /// - Returns: The result.
    mutating func elementwise(
        _ operation: String,
        _ x: MILValue,
        _ number: Double,
        as name: String
    ) -> MILValue {
        let second: MILArgument = x.type == .int32 ? .integer(Int(number)) : .number(number, x.type)
        return builder.add(operation, [("x", .value(x)), ("y", second)], as: name, x.type, x.shape)
    }

    /// Adds a function of every element, in the value's type.
    ///
    /// - Parameters:
    ///   - operation: Its name.
    ///   - x: The value.
    ///   - others: Further arguments.
    ///   - name: The name of the result.
    /// - Returns: The result.
    mutating func function(
        _ operation: String,
        _ x: MILValue,
        _ others: [(name: String, argument: MILArgument)] = [],
        as name: String
    ) -> MILValue {
        builder.add(operation, [("x", .value(x))] + others, as: name, x.type, x.shape)
    }

    /// A sum, product or another operation on two values.
    mutating func binary(
        _ node: Graph.Node,
        _ binary: Graph.Binary,
        as name: String
    ) throws(ExportError) -> MILValue {
        let operation =
            switch binary {
            case .add: "add"
            case .subtract: "sub"
            case .multiply: "mul"
            case .divide: node.type == .float ? "real_div" : "floor_div"
            case .maximum: "maximum"
            case .minimum: "minimum"
            }
        return elementwise(operation, try operands(node), elementType(of: node), as: name)
    }

    /// A comparison of two values.
    mutating func compare(
        _ node: Graph.Node,
        _ comparison: Graph.Comparison,
        as name: String
    ) throws(ExportError) -> MILValue {
        let operation =
            switch comparison {
            case .equal: "equal"
            case .lessOrEqual: "less_equal"
            case .greater: "greater"
            }
        let type: MILType = graph[node.inputs[0]].type == .float ? .float32 : .int32
        var values: [MILValue] = []
        for value in node.inputs { values.append(try result(value, as: type)) }
        return elementwise(operation, values, .bool, as: name)
    }

    /// A choice between two values.
    ///
    /// The result is a · c + b · (1 - c) with the condition as a number. That is exact for finite values, and unlike MIL's
    /// `select`, products broadcast in every version of Core ML.
    mutating func choose(_ node: Graph.Node, as name: String) throws(ExportError) -> MILValue {
        let condition = try operand(node, 0)
        guard node.type != .bool else { return try chooseFlags(node, condition, as: name) }
        let factor = converted(condition, to: elementType(of: node))
        if isZero(node.inputs[2]) {
            return elementwise("mul", [try operand(node, 1), factor], factor.type, as: name)
        }
        let negative = elementwise("mul", factor, -1, as: "\(name).negative")
        let otherwise = elementwise("add", negative, 1, as: "\(name).otherwise")
        let second = try operand(node, 2)
        if isZero(node.inputs[1]) {
            return elementwise("mul", [second, otherwise], factor.type, as: name)
        }
        let chosen = elementwise("mul", [try operand(node, 1), factor], factor.type, as: "\(name).chosen")
        let rest = elementwise("mul", [second, otherwise], factor.type, as: "\(name).rest")
        return elementwise("add", [chosen, rest], factor.type, as: name)
    }

    private mutating func chooseFlags(
        _ node: Graph.Node,
        _ condition: MILValue,
        as name: String
    ) throws(ExportError) -> MILValue {
        let (a, b) = (try operand(node, 1), try operand(node, 2))
        let first = elementwise("logical_and", [condition, a], .bool, as: "\(name).first")
        let otherwise = function("logical_not", condition, as: "\(name).otherwise")
        let second = elementwise("logical_and", [otherwise, b], .bool, as: "\(name).second")
        return elementwise("logical_or", [first, second], .bool, as: name)
    }

    private func isZero(_ value: Graph.Value) -> Bool {
        switch graph[value].operation {
        case .floats(let numbers, _): numbers.allSatisfy { $0 == 0 }
        case .integers(let numbers, _): numbers.allSatisfy { $0 == 0 }
        default: false
        }
    }

    /// A conversion that the graph asks for.
    mutating func cast(_ node: Graph.Node) throws(ExportError) -> MILValue {
        let source = graph[node.inputs[0]]
        let input = try result(node.inputs[0], as: elementType(of: source))
        let wanted = elementType(of: node)
        return input.type == wanted ? input : converted(input, to: wanted)
    }

    /// A function of every element.
    mutating func map(
        _ node: Graph.Node,
        _ map: Graph.Map,
        as name: String
    ) throws(ExportError) -> MILValue {
        let x = try operand(node, 0)
        switch map {
        case .exp, .tanh, .sigmoid, .relu, .sin, .cos, .silu: return function(map.rawValue, x, as: name)
        case .log: return function("log", x, [("epsilon", .number(0, x.type))], as: name)
        case .negate: return elementwise("mul", x, -1, as: name)
        case .gelu: return function("gelu", x, [("mode", .text("EXACT"))], as: name)
        case .geluTanh: return function("gelu", x, [("mode", .text("TANH_APPROXIMATION"))], as: name)
        }
    }

    /// Softmax over the last axis.
    mutating func softmax(_ x: MILValue, as name: String) -> MILValue {
        function("softmax", x, [("axis", .integer(-1))], as: name)
    }

    // MARK: Norms

    /// Layer normalization over the last axis.
    mutating func layerNorm(
        _ node: Graph.Node,
        _ epsilon: Double,
        as name: String
    ) throws(ExportError) -> MILValue {
        let x = try wholeOperand(node, 0)
        // float16 has no smaller number to speak of; coremltools takes the same.
        let least = x.type == .float16 ? max(epsilon, 1e-7) : epsilon
        var others: [(name: String, argument: MILArgument)] = [
            ("axes", .integers([-1])), ("gamma", .value(try operand(node, 1))),
        ]
        if node.inputs.count > 2 { others.append(("beta", .value(try operand(node, 2)))) }
        others.append(("epsilon", .number(least, x.type)))
        return function("layer_norm", x, others, as: name)
    }

    /// Root-mean-square normalization over the last axis.
    mutating func rmsNorm(
        _ node: Graph.Node,
        _ epsilon: Double,
        as name: String
    ) throws(ExportError) -> MILValue {
        // The squares of states exceed float16.
        let x = try whole(node.inputs[0], as: .float32)
        let squares = elementwise("mul", [x, x], .float32, as: "\(name).squares")
        let mean = builder.add(
            "reduce_mean",
            [("x", .value(squares)), ("axes", .integers([-1])), ("keep_dims", .flag(true))],
            as: "\(name).mean",
            .float32,
            Array(x.shape.dropLast()) + [.fixed(1)]
        )
        let factor = function("rsqrt", mean, [("epsilon", .number(epsilon, .float32))], as: "\(name).factor")
        var normalized = elementwise("mul", [x, factor], .float32, as: "\(name).normalized")
        let type = elementType(of: node)
        if type == .float16 {
            normalized = builder.add(
                "cast",
                [("x", .value(normalized)), ("dtype", .text(type.name))],
                as: "\(name).float16",
                type,
                normalized.shape
            )
        }
        return elementwise("mul", [normalized, try operand(node, 1)], type, as: name)
    }
}
