import Models

// Operations that move elements, and reductions.
extension CoreMLLowering {
    /// An operation that moves elements without computing.
    mutating func shapeOperation(_ node: Graph.Node, as name: String) throws(ExportError) -> MILValue {
        switch node.operation {
        case .range(.sequence): return places()
        case .range(let dimension):
            let count = if case .fixed(let size) = dimension { size } else { 1 }
            return builder.constant(name, .int32, [count], .integers(Array(0..<Int32(count))))
        // Its users broadcast it, or fill it.
        case .expand: return try operand(node, 0)
        case .concat(let axis):
            var values: [MILValue] = []
            for index in node.inputs.indices { values.append(try wholeOperand(node, index)) }
            return concatenated(values, axis: axis, as: name, Self.shape(node.shape))
        default: break
        }
        let x = try wholeOperand(node, 0)
        switch node.operation {
        case .reshape(let target): return try reshaped(x, Self.shape(target), as: name)
        case .transpose(let order): return transposed(x, order, as: name)
        case .slice(let axis, let range): return slice(x, axis: axis, range, as: name)
        case .gather(let axis): return gathered(x, try wholeOperand(node, 1), axis: axis, as: name)
        case .gatherElements(let axis):
            let indices = try wholeOperand(node, 1)
            return builder.add(
                "gather_along_axis",
                [("x", .value(x)), ("indices", .value(indices)), ("axis", .integer(axis))],
                as: name,
                x.type,
                indices.shape
            )
        default: throw ExportError(.unsupported, "Core ML has no operation for \(node.name)")
        }
    }

    /// Adds a change of shape; the elements stay in order.
    ///
    /// - Parameters:
    ///   - x: A result.
    ///   - shape: The new shape.
    ///   - name: The name of the result.
    /// - Returns: The result.
    /// - Throws: `.unsupported` if S occurs twice and other axes than those of size 1 are new; no family needs that.
    mutating func reshaped(
        _ x: MILValue,
        _ shape: [Graph.Dimension],
        as name: String
    ) throws(ExportError) -> MILValue {
        guard x.shape != shape else { return x }
        if let axes = Self.newAxes(in: shape, x.shape) {
            return builder.add(
                "expand_dims",
                [("x", .value(x)), ("axes", .integers(axes))],
                as: name,
                x.type,
                shape
            )
        }
        // The size -1 follows from the others.
        let sizes = shape.map { if case .fixed(let size) = $0 { size } else { -1 } }
        guard sizes.count(where: { $0 == -1 }) <= 1 else {
            throw ExportError(.unsupported, "Core ML cannot give \(x.name) two axes of variable size")
        }
        return builder.add(
            "reshape",
            [("x", .value(x)), ("shape", .integers(sizes))],
            as: name,
            x.type,
            shape
        )
    }

    /// The axes of size 1 that are new in a shape; nil if other axes differ, too.
    private static func newAxes(in shape: [Graph.Dimension], _ source: [Graph.Dimension]) -> [Int]? {
        var rest = source[...]
        var axes: [Int] = []
        for (axis, size) in shape.enumerated() {
            if size == rest.first {
                rest.removeFirst()
            } else if size == .fixed(1) {
                axes.append(axis)
            } else {
                return nil
            }
        }
        return rest.isEmpty && !axes.isEmpty ? axes : nil
    }

    /// Adds an exchange of axes.
    ///
    /// - Parameters:
    ///   - x: A result.
    ///   - order: The axis of `x` for each new axis.
    ///   - name: The name of the result.
    /// - Returns: The result.
    mutating func transposed(_ x: MILValue, _ order: [Int], as name: String) -> MILValue {
        builder.add(
            "transpose",
            [("x", .value(x)), ("perm", .integers(order))],
            as: name,
            x.type,
            order.map { x.shape[$0] }
        )
    }

    /// Adds a slice along one axis.
    ///
    /// - Parameters:
    ///   - x: A result.
    ///   - axis: The axis.
    ///   - range: The kept elements.
    ///   - name: The name of the result.
    /// - Returns: The result.
    mutating func slice(_ x: MILValue, axis: Int, _ range: Range<Int>, as name: String) -> MILValue {
        var (begin, end) = (x.shape.map { _ in 0 }, x.shape.map { _ in 0 })
        (begin[axis], end[axis]) = (range.lowerBound, range.upperBound)
        let isWhole = x.shape.indices.map { $0 != axis }
        var shape = x.shape
        shape[axis] = .fixed(range.count)
        return builder.add(
            "slice_by_index",
            [
                ("x", .value(x)), ("begin", .integers(begin)), ("end", .integers(end)),
                ("begin_mask", .flags(isWhole)), ("end_mask", .flags(isWhole)),
            ],
            as: name,
            x.type,
            shape
        )
    }

    /// Adds a concatenation.
    ///
    /// - Parameters:
    ///   - values: Results of one type.
    ///   - axis: The axis.
    ///   - name: The name of the result.
    ///   - shape: The shape of the result.
    /// - Returns: The result.
    mutating func concatenated(
        _ values: [MILValue],
        axis: Int,
        as name: String,
        _ shape: [Graph.Dimension]
    ) -> MILValue {
        builder.add(
            "concat",
            [("values", .values(values)), ("axis", .integer(axis)), ("interleave", .flag(false))],
            as: name,
            values[0].type,
            shape
        )
    }

    /// Adds a selection of elements along an axis.
    ///
    /// - Parameters:
    ///   - x: A result.
    ///   - indices: Whole numbers.
    ///   - axis: The axis, which the axes of the indices replace.
    ///   - name: The name of the result.
    /// - Returns: The result.
    mutating func gathered(_ x: MILValue, _ indices: MILValue, axis: Int, as name: String) -> MILValue {
        builder.add(
            "gather",
            [
                ("x", .value(x)), ("indices", .value(indices)), ("axis", .integer(axis)),
                ("batch_dims", .integer(0)),
            ],
            as: name,
            x.type,
            Array(x.shape[..<axis]) + indices.shape + x.shape[(axis + 1)...]
        )
    }

    /// A result that broadcasts to a shape, in this shape.
    ///
    /// - Parameters:
    ///   - x: A result.
    ///   - shape: The shape.
    /// - Returns: The result.
    /// - Throws: `.unsupported` if S is a new size; no family needs that.
    mutating func filled(_ x: MILValue, to shape: [Graph.Dimension]) throws(ExportError) -> MILValue {
        guard x.shape != shape else { return x }
        let ones = [Graph.Dimension](repeating: .fixed(1), count: shape.count - x.shape.count)
        let source = try reshaped(x, ones + x.shape, as: "\(x.name).axes")
        var counts: [Int] = []
        for (own, wanted) in zip(source.shape, shape) {
            switch wanted {
            case own: counts.append(1)
            case .fixed(let size): counts.append(size)
            case .sequence, .batch:
                throw ExportError(.unsupported, "Core ML cannot repeat \(x.name) for every token")
            }
        }
        return builder.shared("\(x.name) filled \(shape)") {
            $0.add(
                "tile",
                [("x", .value(source)), ("reps", .integers(counts))],
                as: "\(x.name).filled",
                x.type,
                shape
            )
        }
    }

    /// The places 0 ..< S, once for all users.
    private mutating func places() -> MILValue {
        builder.shared("places") { builder in
            let ids = MILValue(
                name: Graph.Input.inputIDs.rawValue,
                type: .int32,
                shape: [.fixed(1), .sequence]
            )
            let sizes = builder.add("shape", [("x", .value(ids))], as: "sizes", .int32, [.fixed(2)])
            let length = builder.add(
                "gather",
                [
                    ("x", .value(sizes)), ("indices", .integer(1)), ("axis", .integer(0)),
                    ("batch_dims", .integer(0)),
                ],
                as: "length",
                .int32,
                []
            )
            return builder.add(
                "range_1d",
                [("end", .value(length)), ("start", .integer(0)), ("step", .integer(1))],
                as: "places",
                .int32,
                [.sequence]
            )
        }
    }

    // MARK: Reductions

    /// A reduction along axes.
    mutating func reduction(_ node: Graph.Node, as name: String) throws(ExportError) -> MILValue {
        let source = graph[node.inputs[0]]
        // A sum over thousands of tokens loses too many digits in float16.
        let type: MILType = source.type == .float ? .float32 : elementType(of: source)
        let x = try whole(node.inputs[0], as: type)
        let wanted = elementType(of: node)
        let isLast = wanted == type || node.type == .int64
        let (step, shape) = (isLast ? name : "\(name).float32", Self.shape(node.shape))
        let output: MILValue
        switch node.operation {
        case .reduceSum(let axes, let keeps):
            let inputs: [(name: String, argument: MILArgument)] = [
                ("x", .value(x)), ("axes", .integers(axes)), ("keep_dims", .flag(keeps)),
            ]
            output = builder.add("reduce_sum", inputs, as: step, type, shape)
        case .cumulativeSum(let axis):
            let others: [(name: String, argument: MILArgument)] = [
                ("axis", .integer(axis)), ("exclusive", .flag(false)), ("reverse", .flag(false)),
            ]
            output = function("cumsum", x, others, as: step)
        case .argMax(let axis):
            let inputs: [(name: String, argument: MILArgument)] = [
                ("x", .value(x)), ("axis", .integer(axis)), ("keep_dims", .flag(false)),
            ]
            output = builder.add("reduce_argmax", inputs, as: step, .int32, shape)
        default: throw ExportError(.unsupported, "Core ML has no operation for \(node.name)")
        }
        return isLast ? output : converted(output, to: wanted)
    }
}
