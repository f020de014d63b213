// Inference of shapes and types: every operation checks its inputs here, once for all writers.

extension Graph.Operation {
    /// Returns the shape and type of the result.
    ///
    /// - Parameter inputs: The nodes of the inputs.
    /// - Returns: The shape and type.
    /// - Throws: ``ModelError`` if the inputs do not fit.
    func result(
        of inputs: [Graph.Node]
    ) throws(ModelError) -> (shape: [Graph.Dimension], type: Graph.ElementType) {
        let operands = Operands(operation: self, nodes: inputs)
        switch self {
        case .input: return ([.batch, .sequence], .int64)
        case .weight: throw operands.mismatch("its shape is not known")
        case .floats(let values, let shape):
            return (try operands.constant(count: values.count, shape), .float)
        case .integers(let values, let shape):
            return (try operands.constant(count: values.count, shape), .int64)
        case .range(let dimension): return ([dimension], .int64)
        case .lookup, .linear, .linearTransposed, .matmul, .conv1d: return (try operands.product(), .float)
        case .binary:
            try operands.require(count: 2, [.float, .int64])
            return (try operands.broadcast(0..<2), operands[0].type)
        case .compare:
            try operands.require(count: 2, [.float, .int64])
            return (try operands.broadcast(0..<2), .bool)
        case .and:
            try operands.require(count: 2, [.bool])
            return (try operands.broadcast(0..<2), .bool)
        case .not:
            try operands.require(count: 1, [.bool])
            return (operands[0].shape, .bool)
        case .choose:
            guard inputs.count == 3, inputs[0].type == .bool, inputs[1].type == inputs[2].type else {
                throw operands.mismatch("it needs a condition and two values of one type")
            }
            return (try operands.broadcast(0..<3), inputs[1].type)
        case .map:
            try operands.require(count: 1, [.float])
            return (operands[0].shape, .float)
        case .cast(let type):
            guard inputs.count == 1 else { throw operands.mismatch("it needs one input") }
            return (inputs[0].shape, type)
        case .layerNorm, .rmsNorm, .attention, .rotary: return (try operands.normalizedOrAttended(), .float)
        case .reshape, .transpose, .slice, .concat, .expand, .gather, .gatherElements:
            guard let first = inputs.first else { throw operands.mismatch("it needs an input") }
            return (try operands.rearranged(), first.type)
        case .reduceSum, .cumulativeSum, .argMax: return try operands.reduced()
        }
    }
}

/// The inputs of an operation, with checks.
struct Operands {
    let operation: Graph.Operation
    let nodes: [Graph.Node]

    subscript(index: Int) -> Graph.Node { nodes[index] }

    var shapes: [[Graph.Dimension]] { nodes.map(\.shape) }

    func mismatch(_ reason: String) -> ModelError {
        let shapes = nodes.map { "\($0.type) \(described($0.shape))" }.joined(separator: ", ")
        return ModelError(
            .unsupported,
            "cannot describe the model as a graph: \(operation.label) of (\(shapes)): \(reason)"
        )
    }

    private func described(_ shape: [Graph.Dimension]) -> String {
        let sizes = shape.map { dimension in
            switch dimension {
            case .batch: "B"
            case .sequence: "S"
            case .fixed(let size): "\(size)"
            }
        }
        return "[" + sizes.joined(separator: ", ") + "]"
    }

    /// Throws unless there are `count` inputs of one of some types.
    func require(count: Int, _ types: Set<Graph.ElementType>) throws(ModelError) {
        guard nodes.count == count, types.contains(nodes[0].type),
            nodes.allSatisfy({ $0.type == nodes[0].type })
        else { throw mismatch("the number of inputs or their types do not fit") }
    }

    /// Throws unless an axis exists.
    func require(axis: Int, of index: Int = 0) throws(ModelError) {
        guard nodes.indices.contains(index), nodes[index].shape.indices.contains(axis) else {
            throw mismatch("there is no axis \(axis)")
        }
    }

    func constant(count: Int, _ shape: [Int]) throws(ModelError) -> [Graph.Dimension] {
        guard shape.reduce(1, *) == count else {
            throw mismatch("\(count) values do not fit shape \(shape)")
        }
        return shape.map { .fixed($0) }
    }

    /// The common shape of some inputs.
    func broadcast(_ range: Range<Int>) throws(ModelError) -> [Graph.Dimension] {
        guard range.upperBound <= nodes.count else { throw mismatch("an input is missing") }
        var result: [Graph.Dimension] = []
        for node in nodes[range] { result = try broadcast(result, node.shape) }
        return result
    }

    /// The common shape of two shapes, aligned at their last axes.
    func broadcast(
        _ a: [Graph.Dimension],
        _ b: [Graph.Dimension]
    ) throws(ModelError) -> [Graph.Dimension] {
        let rank = max(a.count, b.count)
        let x = Array(repeating: Graph.Dimension.fixed(1), count: rank - a.count) + a
        let y = Array(repeating: Graph.Dimension.fixed(1), count: rank - b.count) + b
        var result: [Graph.Dimension] = []
        for (x, y) in zip(x, y) {
            guard x == y || x == .fixed(1) || y == .fixed(1) else {
                throw mismatch("the shapes do not broadcast")
            }
            result.append(x == .fixed(1) ? y : x)
        }
        return result
    }

    /// The shape of a product with a table, a weight or another matrix.
    func product() throws(ModelError) -> [Graph.Dimension] {
        let shapes = self.shapes
        guard shapes.count >= 2 else { throw mismatch("it needs two inputs") }
        let (x, weight) = (shapes[0], shapes[1])
        let fits: Bool
        let result: [Graph.Dimension]
        switch operation {
        case .lookup:
            fits = x.count == 2 && nodes[1].type == .int64 && shapes.count == 2
            result = weight + x.suffix(1)
        case .linear:
            fits = weight.count == 2 && x.last == weight[1] && hasBias(of: weight[0])
            result = Array(x.dropLast()) + weight.prefix(1)
        case .linearTransposed:
            fits = weight.count == 2 && x.last == weight[0] && hasBias(of: weight[1])
            result = Array(x.dropLast()) + weight.suffix(1)
        case .matmul(let transposesSecond):
            return try matrixProduct(x, weight, transposesSecond: transposesSecond)
        case .conv1d(let groups): return try convolution(x, weight, groups: groups)
        default: throw mismatch("it is not a product")
        }
        guard fits, nodes[0].type == .float else { throw mismatch("the sizes or types do not fit") }
        return result
    }

    /// Whether the third input is missing, or has one element per output.
    private func hasBias(of size: Graph.Dimension) -> Bool {
        nodes[1].type == .float && (nodes.count == 2 || (nodes.count == 3 && nodes[2].shape == [size]))
    }

    private func matrixProduct(
        _ a: [Graph.Dimension],
        _ b: [Graph.Dimension],
        transposesSecond: Bool
    ) throws(ModelError) -> [Graph.Dimension] {
        try require(count: 2, [.float])
        guard a.count >= 2, b.count >= 2 else { throw mismatch("it needs two matrices") }
        let columns = transposesSecond ? b[b.count - 2] : b[b.count - 1]
        let inner = transposesSecond ? b[b.count - 1] : b[b.count - 2]
        guard a[a.count - 1] == inner else { throw mismatch("the inner sizes differ") }
        let leading = try broadcast(Array(a.dropLast(2)), Array(b.dropLast(2)))
        return leading + [a[a.count - 2], columns]
    }

    private func convolution(
        _ x: [Graph.Dimension],
        _ weight: [Graph.Dimension],
        groups: Int
    ) throws(ModelError) -> [Graph.Dimension] {
        guard x.count == 3, weight.count == 3, case .fixed(let channels) = x[1],
            case .fixed(let width) = weight[2], !width.isMultiple(of: 2), groups > 0,
            channels.isMultiple(of: groups), weight[1] == .fixed(channels / groups), hasBias(of: weight[0])
        else { throw mismatch("the sizes do not fit \(groups) groups") }
        return [x[0], weight[0], x[2]]
    }
}
