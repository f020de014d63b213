// Inference of the shapes of norms, attention, rearrangements and reductions.

extension Operands {
    /// The shape of a norm, of attention or of a rotation: that of the first input.
    func normalizedOrAttended() throws(ModelError) -> [Graph.Dimension] {
        let shapes = self.shapes
        guard let x = shapes.first, let last = x.last, nodes.allSatisfy({ $0.type == .float }) else {
            throw mismatch("it needs float inputs")
        }
        let fits: Bool
        switch operation {
        case .layerNorm:
            fits = (2...3).contains(shapes.count) && shapes.dropFirst().allSatisfy { $0 == [last] }
        case .rmsNorm: fits = shapes.count == 2 && shapes[1] == [last]
        case .attention(let heads, let keyHeads, _, _): fits = isAttention(heads: heads, keyHeads: keyHeads)
        case .rotary(let heads): fits = isRotation(heads: heads)
        default: fits = false
        }
        guard fits else { throw mismatch("the sizes do not fit") }
        return x
    }

    private func isAttention(heads: Int, keyHeads: Int) -> Bool {
        guard nodes.count == 4, heads > 0, keyHeads > 0, heads.isMultiple(of: keyHeads) else { return false }
        let (q, k, v, bias) = (nodes[0].shape, nodes[1].shape, nodes[2].shape, nodes[3].shape)
        guard q.count == 3, k.count == 3, bias.count == 4, case .fixed(let width) = q[2], k == v,
            width.isMultiple(of: heads)
        else { return false }
        return k == [.batch, .sequence, .fixed(width / heads * keyHeads)]
            && q.prefix(2) == [.batch, .sequence] && bias.suffix(2) == [.sequence, .sequence]
            && [.batch, .fixed(1)].contains(bias[0]) && [.fixed(heads), .fixed(1)].contains(bias[1])
    }

    private func isRotation(heads: Int) -> Bool {
        guard nodes.count == 3, heads > 0 else { return false }
        let (x, cosine) = (nodes[0].shape, nodes[1].shape)
        guard x.count == 3, cosine.count == 3, cosine == nodes[2].shape, case .fixed(let width) = x[2],
            case .fixed(let rotated) = cosine[2]
        else { return false }
        return width.isMultiple(of: heads) && rotated <= width / heads && rotated.isMultiple(of: 2)
            && cosine[1] == .sequence && [.batch, .fixed(1)].contains(cosine[0])
    }

    /// The shape of the same elements in another arrangement.
    func rearranged() throws(ModelError) -> [Graph.Dimension] {
        let x = nodes[0].shape
        switch operation {
        case .reshape(let shape):
            guard nodes.count == 1, sizes(x) == sizes(shape) else { throw mismatch("the counts differ") }
            return shape
        case .transpose(let order):
            guard nodes.count == 1, order.sorted() == Array(x.indices) else {
                throw mismatch("\(order) is not an order of the axes")
            }
            return order.map { x[$0] }
        case .slice(let axis, let range):
            try require(axis: axis)
            guard nodes.count == 1, case .fixed(let size) = x[axis], range.lowerBound >= 0,
                range.upperBound <= size
            else { throw mismatch("the range \(range) is not within axis \(axis)") }
            return replacing(axis, of: x, by: [.fixed(range.count)])
        case .concat(let axis): return try concatenated(along: axis)
        case .expand(let shape):
            guard nodes.count == 1, try broadcast(x, shape) == shape else {
                throw mismatch("it does not broadcast to that shape")
            }
            return shape
        case .gather(let axis):
            try require(axis: axis)
            guard nodes.count == 2, nodes[1].type == .int64 else { throw mismatch("it needs int64 indices") }
            return replacing(axis, of: x, by: nodes[1].shape)
        case .gatherElements(let axis):
            try require(axis: axis)
            guard nodes.count == 2, nodes[1].type == .int64, nodes[1].shape.count == x.count,
                x.indices.allSatisfy({ $0 == axis || x[$0] == nodes[1].shape[$0] })
            else { throw mismatch("the indices need the data's other axes") }
            return nodes[1].shape
        default: throw mismatch("it does not rearrange elements")
        }
    }

    /// How often B and S occur, and the product of the fixed sizes.
    private func sizes(_ shape: [Graph.Dimension]) -> [Int] {
        var (batches, sequences, product) = (0, 0, 1)
        for dimension in shape {
            switch dimension {
            case .batch: batches += 1
            case .sequence: sequences += 1
            case .fixed(let size): product *= size
            }
        }
        return [batches, sequences, product]
    }

    private func replacing(
        _ axis: Int,
        of shape: [Graph.Dimension],
        by dimensions: [Graph.Dimension]
    ) -> [Graph.Dimension] {
        Array(shape[..<axis]) + dimensions + shape[(axis + 1)...]
    }

    private func concatenated(along axis: Int) throws(ModelError) -> [Graph.Dimension] {
        try require(axis: axis)
        var total = 0
        for node in nodes {
            guard node.type == nodes[0].type, node.shape.indices.contains(axis),
                case .fixed(let size) = node.shape[axis],
                replacing(axis, of: node.shape, by: []) == replacing(axis, of: nodes[0].shape, by: [])
            else { throw mismatch("the other axes or the types differ") }
            total += size
        }
        return replacing(axis, of: nodes[0].shape, by: [.fixed(total)])
    }

    /// The shape and type of a sum, or of the index of a maximum.
    func reduced() throws(ModelError) -> (shape: [Graph.Dimension], type: Graph.ElementType) {
        guard nodes.count == 1 else { throw mismatch("it needs one input") }
        let (x, type) = (nodes[0].shape, nodes[0].type)
        switch operation {
        case .reduceSum(let axes, let keeps):
            guard type != .bool else { throw mismatch("it needs numbers") }
            return (try without(axes, keeps), type)
        case .cumulativeSum(let axis):
            try require(axis: axis)
            guard type != .bool else { throw mismatch("it needs numbers") }
            return (x, type)
        case .argMax(let axis):
            guard type == .float else { throw mismatch("it needs float numbers") }
            return (try without([axis], false), .int64)
        default: throw mismatch("it is not a reduction")
        }
    }

    private func without(_ axes: [Int], _ keeps: Bool) throws(ModelError) -> [Graph.Dimension] {
        for axis in axes { try require(axis: axis) }
        return nodes[0].shape.enumerated().compactMap { axis, size -> Graph.Dimension? in
            guard axes.contains(axis) else { return size }
            return keeps ? .fixed(1) : nil
        }
    }
}
