import Models
import NN

// Weights and the products with them.
extension CoreMLLowering {
    /// A stored weight.
    ///
    /// - Parameters:
    ///   - name: The name in the checkpoint.
    ///   - form: The order of the axes.
    ///   - type: float32 or float16.
    /// - Returns: The constant.
    /// - Throws: `.corrupt` for an unknown weight.
    mutating func weight(
        _ name: String,
        _ form: WeightForm,
        _ type: MILType
    ) throws(ExportError) -> MILValue {
        guard let parameter = parameters[name] else {
            throw ExportError(.corrupt, "the graph uses the weight \(name), which the model lacks")
        }
        let shape = form == .plain ? parameter.shape : parameter.shape.reversed()
        return builder.shared("weight \(name) \(form) \(type)") {
            $0.stored(name, type, shape, .computed { try exportedValues(of: parameter, form, type.stored) })
        }
    }

    /// A linear layer.
    ///
    /// MIL's `linear` takes stored weights and at most three axes; others are a product and a sum.
    mutating func linear(
        _ node: Graph.Node,
        _ order: MatrixOrder,
        as name: String
    ) throws(ExportError) -> MILValue {
        let x = try wholeOperand(node, 0)
        let shape = Self.shape(node.shape)
        if case .weight(let weight) = graph[node.inputs[1]].operation, x.shape.count <= 3,
            node.inputs.count < 3 || isWeight(node.inputs[2])
        {
            let form: WeightForm = order == .outputsFirst ? .plain : .transposed
            var inputs: [(name: String, argument: MILArgument)] = [
                ("x", .value(x)), ("weight", .value(try self.weight(weight, form, x.type))),
            ]
            if node.inputs.count > 2 { inputs.append(("bias", .value(try operand(node, 2)))) }
            return builder.add("linear", inputs, as: name, x.type, shape)
        }
        let hasBias = node.inputs.count > 2
        let matrix = try wholeOperand(node, 1)
        let product = product(
            x,
            matrix,
            transposesSecond: order == .outputsFirst,
            as: hasBias ? "\(name).product" : name,
            shape
        )
        guard hasBias else { return product }
        return elementwise("add", [product, try operand(node, 2)], x.type, as: name)
    }

    private func isWeight(_ value: Graph.Value) -> Bool {
        if case .weight = graph[value].operation { true } else { false }
    }

    /// Adds a product of matrices; leading axes broadcast.
    ///
    /// - Parameters:
    ///   - a: The first factor.
    ///   - b: The second factor.
    ///   - transposesSecond: Whether the last two axes of the second are exchanged.
    ///   - name: The name of the result.
    ///   - shape: The shape of the result.
    /// - Returns: The result.
    mutating func product(
        _ a: MILValue,
        _ b: MILValue,
        transposesSecond: Bool,
        as name: String,
        _ shape: [Graph.Dimension]
    ) -> MILValue {
        builder.add(
            "matmul",
            [
                ("x", .value(a)), ("y", .value(b)), ("transpose_x", .flag(false)),
                ("transpose_y", .flag(transposesSecond)),
            ],
            as: name,
            a.type,
            shape
        )
    }

    /// A product of two results.
    mutating func matmul(
        _ node: Graph.Node,
        _ transposesSecond: Bool,
        as name: String
    ) throws(ExportError) -> MILValue {
        let (a, b) = (try wholeOperand(node, 0), try wholeOperand(node, 1))
        return product(a, b, transposesSecond: transposesSecond, as: name, Self.shape(node.shape))
    }

    /// A convolution along the last axis.
    mutating func convolution(
        _ node: Graph.Node,
        groups: Int,
        as name: String
    ) throws(ExportError) -> MILValue {
        guard case .fixed(let width)? = graph[node.inputs[1]].shape.last else {
            throw ExportError(.corrupt, "\(node.name) has a kernel of variable width")
        }
        let padding = (width - 1) / 2
        let x = try wholeOperand(node, 0)
        var inputs: [(name: String, argument: MILArgument)] = [
            ("x", .value(x)), ("weight", .value(try operand(node, 1))), ("strides", .integers([1])),
            ("pad_type", .text("custom")), ("pad", .integers([padding, padding])),
            ("dilations", .integers([1])),
            ("groups", .integer(groups)),
        ]
        if node.inputs.count > 2 { inputs.append(("bias", .value(try operand(node, 2)))) }
        return builder.add("conv", inputs, as: name, x.type, Self.shape(node.shape))
    }

    /// The rows of a table by id.
    mutating func lookup(_ node: Graph.Node, as name: String) throws(ExportError) -> MILValue {
        let (table, ids) = (try wholeOperand(node, 0), try wholeOperand(node, 1))
        return gathered(table, ids, axis: 0, as: name)
    }
}
