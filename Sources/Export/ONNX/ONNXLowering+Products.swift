import Models
import NN
import Torch

/// The order of a weight's axes in the file.
enum WeightForm: Hashable {
    /// As in the checkpoint.
    case plain
    /// With its two axes exchanged.
    case transposed
}

/// The order of a matrix's axes in the checkpoint.
enum MatrixOrder: Hashable {
    /// `[out, in]`.
    case outputsFirst
    /// `[in, out]`.
    case inputsFirst
}

// Weights and the products with them.
extension ONNXLowering {
    /// The name of a stored weight.
    ///
    /// It is the name in the checkpoint, unless the file stores the weight in two forms.
    ///
    /// - Parameters:
    ///   - name: The name in the checkpoint.
    ///   - form: The order of the axes.
    ///   - type: float32 or float16.
    /// - Returns: The name.
    /// - Throws: `.corrupt` for an unknown weight.
    mutating func weight(
        _ name: String,
        _ form: WeightForm,
        _ type: ONNXType
    ) throws(ExportError) -> String {
        if type == .float32, options.precision == .float16 {
            // Stored once, in two bytes.
            return converted(try weight(name, form, .float16), from: .float16, to: .float32)
        }
        let parameter = try parameter(name)
        let shape = form == .plain ? parameter.shape : parameter.shape.reversed()
        return builder.shared("weight \(name) \(form) \(type)") {
            $0.tensor(
                name,
                type,
                shape,
                .computed { try exportedValues(of: parameter, form, type) },
                note: form == .plain ? "" : "transposed: [in, out]"
            )
        }
    }

    /// The model's weight of a name in the checkpoint.
    ///
    /// - Parameter name: The name.
    /// - Returns: The weight.
    /// - Throws: `.corrupt` if there is none.
    func parameter(_ name: String) throws(ExportError) -> Parameter {
        guard let parameter = parameters[name] else {
            throw ExportError(.corrupt, "the graph uses the weight \(name), which the model lacks")
        }
        return parameter
    }

    /// A linear layer.
    mutating func linear(
        _ node: Graph.Node,
        _ order: MatrixOrder,
        as name: String
    ) throws(ExportError) -> String {
        let hasBias = node.inputs.count > 2
        let product = try product(node, order, as: hasBias ? "\(name)/product" : name)
        guard hasBias else { return product }
        return builder.add("Add", [product, try operand(node, 2)], as: name)
    }

    private mutating func product(
        _ node: Graph.Node,
        _ order: MatrixOrder,
        as name: String
    ) throws(ExportError) -> String {
        let x = try operand(node, 0)
        guard case .weight(let weight) = graph[node.inputs[1]].operation else {
            var matrix = try operand(node, 1)
            if order == .outputsFirst {
                matrix = builder.add("Transpose", [matrix], as: "\(name)/matrix", ["perm": .ints([1, 0])])
            }
            return builder.add("MatMul", [x, matrix], as: name)
        }
        guard isInQuantizedPart(node) else {
            let form: WeightForm = order == .outputsFirst ? .transposed : .plain
            return builder.add("MatMul", [x, try self.weight(weight, form, elementType(of: node))], as: name)
        }
        let matrix = QuantizedWeight(try parameter(weight), order)
        switch options.precision {
        case .int8: return integerProduct(x, matrix, as: name)
        case .int8QDQ: return productOfDequantized(x, matrix, as: name)
        case .int4: return fourBitProduct(x, matrix, as: name)
        case .float32, .float16: throw ExportError(.corrupt, "\(node.name) has no quantized weight")
        }
    }

    /// Whether a product is quantized if the file is: all except those of the head, which computes one row per text.
    private func isInQuantizedPart(_ node: Graph.Node) -> Bool {
        switch options.precision {
        case .float32, .float16: false
        case .int8, .int8QDQ, .int4: node.shape.contains(.sequence) || !node.shape.contains(.batch)
        }
    }

    /// A product of two results.
    mutating func matmul(
        _ node: Graph.Node,
        _ transposesSecond: Bool,
        as name: String
    ) throws(ExportError) -> String {
        let inputs = try operands(node)
        guard transposesSecond else { return builder.add("MatMul", inputs, as: name) }
        if options.usesContribOperators {
            return builder.add(
                "FusedMatMul",
                inputs,
                as: name,
                domain: ONNXBuilder.contrib,
                ["transB": .int(1)]
            )
        }
        let rank = graph[node.inputs[1]].shape.count
        let order = Array(0..<rank - 2) + [rank - 1, rank - 2]
        let second = builder.add("Transpose", [inputs[1]], as: "\(name)/second", ["perm": .ints(order)])
        return builder.add("MatMul", [inputs[0], second], as: name)
    }

    /// A convolution along the last axis.
    mutating func convolution(
        _ node: Graph.Node,
        groups: Int,
        as name: String
    ) throws(ExportError) -> String {
        guard case .fixed(let width)? = graph[node.inputs[1]].shape.last else {
            throw ExportError(.corrupt, "\(node.name) has a kernel of variable width")
        }
        let padding = (width - 1) / 2
        return builder.add(
            "Conv",
            try operands(node),
            as: name,
            ["kernel_shape": .ints([width]), "pads": .ints([padding, padding]), "group": .int(groups)]
        )
    }

    /// The rows of a table by id.
    mutating func lookup(_ node: Graph.Node, as name: String) throws(ExportError) -> String {
        let ids = try operand(node, 1)
        if case .weight(let table) = graph[node.inputs[0]].operation, isInQuantizedPart(node),
            case .input(.inputIDs) = graph[node.inputs[1]].operation
        {
            return quantizedRows(ids, QuantizedWeight(try parameter(table), .outputsFirst), as: name)
        }
        return builder.add("Gather", [try operand(node, 0), ids], as: name, ["axis": .int(0)])
    }
}

/// A weight's values for a file.
///
/// - Parameters:
///   - parameter: The weight.
///   - form: The order of the axes.
///   - type: float32 or float16.
/// - Returns: A tensor on the CPU.
/// - Throws: `.unsupported` for values beyond float16; `TorchError`.
func exportedValues(of parameter: Parameter, _ form: WeightForm, _ type: ONNXType) throws -> Tensor {
    var values = try parameter.value.detached().to(
        dtype: type == .float16 ? .float16 : .float32,
        device: .cpu
    )
    if type == .float16, try !values.isFinite() {
        throw ExportError(
            .unsupported,
            "\(parameter.name) has values beyond float16's range of ±65504, or infinite or NaN ones; export in float32"
        )
    }
    if form == .transposed { values = try values.transposed(0, 1) }
    return try values.contiguous()
}
