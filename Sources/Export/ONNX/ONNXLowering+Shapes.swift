import Models

// Operations that move elements, and reductions.
extension ONNXLowering {
    /// An operation that moves elements without computing.
    mutating func shapeOperation(_ node: Graph.Node, as name: String) throws(ExportError) -> String {
        if case .range(let dimension) = node.operation { return range(dimension, as: name) }
        let inputs = try operands(node)
        let source = graph[node.inputs[0]].shape
        switch node.operation {
        case .reshape(let target):
            return builder.add("Reshape", [inputs[0], shape(of: target, reshaping: source)], as: name)
        case .transpose(let order):
            return builder.add("Transpose", [inputs[0]], as: name, ["perm": .ints(order)])
        case .slice(let axis, let range):
            let limits = [range.lowerBound, range.upperBound, axis].map { builder.integers([$0]) }
            return builder.add("Slice", [inputs[0]] + limits, as: name)
        case .concat(let axis): return builder.add("Concat", inputs, as: name, ["axis": .int(axis)])
        case .expand(let target):
            return builder.add("Expand", [inputs[0], shape(of: target, expanding: source)], as: name)
        case .gather(let axis): return builder.add("Gather", inputs, as: name, ["axis": .int(axis)])
        case .gatherElements(let axis):
            return builder.add("GatherElements", inputs, as: name, ["axis": .int(axis)])
        default: throw ExportError(.unsupported, "ONNX has no operator for \(node.name)")
        }
    }

    /// A reduction along axes.
    mutating func reduction(_ node: Graph.Node, as name: String) throws(ExportError) -> String {
        let source = graph[node.inputs[0]]
        // A sum over thousands of tokens loses too many digits in float16.
        let own: ONNXType = source.type == .float ? .float32 : elementType(of: source)
        let x = try result(node.inputs[0], as: own)
        let isLast = elementType(of: node) == own || node.type == .int64
        let step = isLast ? name : "\(name)/float32"
        let output: String
        switch node.operation {
        case .reduceSum(let axes, let keeps):
            output = builder.add(
                "ReduceSum",
                [x, builder.integers(axes)],
                as: step,
                ["keepdims": .int(keeps ? 1 : 0)]
            )
        case .cumulativeSum(let axis):
            output = builder.add("CumSum", [x, builder.integer(axis)], as: step)
        case .argMax(let axis):
            output = builder.add("ArgMax", [x], as: step, ["axis": .int(axis), "keepdims": .int(0)])
        default: throw ExportError(.unsupported, "ONNX has no operator for \(node.name)")
        }
        guard !isLast else { return output }
        return builder.add("Cast", [output], as: name, ["to": .int(Int(elementType(of: node).rawValue))])
    }

    // MARK: Sizes

    /// The size of a batch along one axis, as a shape with one element.
    ///
    /// - Parameter dimension: The axis.
    /// - Returns: The name of an int64 result, `[1]`.
    mutating func size(_ dimension: Graph.Dimension) -> String {
        let axis: Int
        switch dimension {
        case .fixed(let number): return builder.integers([number])
        case .batch: axis = 0
        case .sequence: axis = 1
        }
        return builder.shared("size \(axis)") { builder in
            let ids = Graph.Input.inputIDs.rawValue
            let shape = builder.shared("sizes") { $0.add("Shape", [ids], as: "\(ids)/shape") }
            let name = axis == 0 ? "batch_size" : "sequence_length"
            return builder.add(
                "Gather",
                [shape, builder.integers([axis])],
                as: "\(ids)/\(name)",
                ["axis": .int(0)]
            )
        }
    }

    private mutating func range(_ dimension: Graph.Dimension, as name: String) -> String {
        let end = builder.add("Squeeze", [size(dimension), builder.integers([0])], as: "\(name)/end")
        return builder.add("Range", [builder.integer(0), end, builder.integer(1)], as: name)
    }

    /// The input of `Reshape` that states a shape: without a computation if that is possible.
    ///
    /// - Parameters:
    ///   - target: The new sizes.
    ///   - source: The old sizes.
    /// - Returns: The name of an int64 result.
    mutating func shape(of target: [Graph.Dimension], reshaping source: [Graph.Dimension]) -> String {
        var sizes: [Int?] = target.enumerated().map { index, dimension in
            if case .fixed(let number) = dimension { return number }
            // Zero copies the size of the same axis.
            return index < source.count && source[index] == dimension ? 0 : nil
        }
        // One size follows from the others.
        if let index = sizes.lastIndex(of: nil) { sizes[index] = -1 }
        return shape(sizes, target)
    }

    private mutating func shape(of target: [Graph.Dimension], expanding source: [Graph.Dimension]) -> String {
        let added = target.count - source.count
        let sizes: [Int?] = target.enumerated().map { index, dimension in
            if case .fixed(let number) = dimension { return number }
            // Expanding to one keeps the size.
            return index >= added && source[index - added] == dimension ? 1 : nil
        }
        return shape(sizes, target)
    }

    /// A shape that may have sizes of the batch.
    ///
    /// - Parameter sizes: Its sizes; of the fixed ones, 0 and -1 have their meaning in `Reshape`.
    /// - Returns: The name of an int64 result.
    mutating func shape(_ sizes: [Graph.Dimension]) -> String {
        shape(sizes.map { if case .fixed(let number) = $0 { number } else { nil } }, sizes)
    }

    /// A shape with sizes of the batch in the places without a number.
    private mutating func shape(_ sizes: [Int?], _ target: [Graph.Dimension]) -> String {
        let known = sizes.compactMap { $0 }
        guard known.count < sizes.count else { return builder.integers(known) }
        var parts: [String] = []
        for (number, dimension) in zip(sizes, target) {
            parts.append(number.map { builder.integers([$0]) } ?? size(dimension))
        }
        let text = zip(sizes, target).map { $0.map(String.init) ?? "\($1)" }.joined(separator: "_")
        return builder.shared("shape \(text)") {
            $0.add("Concat", parts, as: "shapes/\(text)", ["axis": .int(0)])
        }
    }
}
