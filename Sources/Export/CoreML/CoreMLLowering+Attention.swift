import Models

// Attention and rotary positions.
extension CoreMLLowering {
    /// Attention of all queries to all keys, as products and a softmax.
    ///
    /// With groups of heads that share a key head, the key heads take the place of B, and a group's heads broadcast over its key
    /// head. So keys and values are not copied.
    mutating func attention(
        _ node: Graph.Node,
        _ shape: AttentionShape,
        as name: String
    ) throws(ExportError) -> MILValue {
        let isGrouped = shape.heads != shape.keyHeads
        let outer = isGrouped ? shape.keyHeads : 1
        let groupSize = shape.heads / shape.keyHeads
        let inner = isGrouped ? (queries: groupSize, keys: 1) : (queries: shape.heads, keys: shape.heads)
        let queries = elementwise("mul", try wholeOperand(node, 0), shape.scale, as: "\(name).scaled")
        let (keys, values) = (try wholeOperand(node, 1), try wholeOperand(node, 2))
        let bias = try operand(node, 3)
        guard !isGrouped || bias.shape[1] == .fixed(1) else {
            throw ExportError(
                .unsupported,
                "Core ML: \(node.name) has grouped heads and a bias for each head"
            )
        }
        let q = try heads(queries, outer, inner.queries, as: "\(name).queries")
        let k = try heads(keys, outer, inner.keys, as: "\(name).keys")
        let v = try heads(values, outer, inner.keys, as: "\(name).values")
        let square = [Graph.Dimension.fixed(outer), .fixed(inner.queries), .sequence, .sequence]
        var scores = product(q, k, transposesSecond: true, as: "\(name).scores", square)
        if let cap = shape.softcap { scores = capped(scores, cap, as: name) }
        let biased = elementwise("add", [scores, bias], scores.type, as: "\(name).biased")
        let weights = softmax(biased, as: "\(name).weights")
        let mixedShape = Array(square[..<3]) + v.shape.suffix(1)
        let mixed = product(weights, v, transposesSecond: false, as: "\(name).mixed", mixedShape)
        let joined = transposed(mixed, isGrouped ? [2, 0, 1, 3] : [0, 2, 1, 3], as: "\(name).joined")
        return try reshaped(joined, Self.shape(node.shape), as: name)
    }

    private mutating func capped(_ scores: MILValue, _ cap: Double, as name: String) -> MILValue {
        let ratio = elementwise("real_div", scores, cap, as: "\(name).ratio")
        let tanh = function("tanh", ratio, as: "\(name).tanh")
        return elementwise("mul", tanh, cap, as: "\(name).capped")
    }

    /// From `[1, S, N · D]` to `[outer, inner, S, D]`.
    private mutating func heads(
        _ x: MILValue,
        _ outer: Int,
        _ inner: Int,
        as name: String
    ) throws(ExportError) -> MILValue {
        let width = Graph.Dimension.fixed(try headWidth(x, outer * inner))
        // The form that compilers know, if heads are not grouped.
        guard outer > 1 else {
            let separate = try reshaped(
                x,
                [.fixed(1), .sequence, .fixed(inner), width],
                as: "\(name).separate"
            )
            return transposed(separate, [0, 2, 1, 3], as: name)
        }
        let separate = try reshaped(
            x,
            [.sequence, .fixed(outer), .fixed(inner), width],
            as: "\(name).separate"
        )
        return transposed(separate, [1, 2, 0, 3], as: name)
    }

    private func headWidth(_ value: MILValue, _ heads: Int) throws(ExportError) -> Int {
        guard case .fixed(let width)? = value.shape.last, width.isMultiple(of: heads) else {
            throw ExportError(.corrupt, "\(value.name) cannot be split into \(heads) heads")
        }
        return width / heads
    }

    // MARK: Rotary positions

    /// Rotates the first elements of each head.
    mutating func rotary(
        _ node: Graph.Node,
        heads: Int,
        as name: String
    ) throws(ExportError) -> MILValue {
        let x = try wholeOperand(node, 0)
        let width = try headWidth(x, heads)
        let (cosine, sine) = (try forEachHead(node, 1), try forEachHead(node, 2))
        guard case .fixed(let rotated)? = cosine.shape.last, rotated <= width else {
            throw ExportError(.corrupt, "\(node.name) rotates more elements than a head has")
        }
        let shape = [Graph.Dimension.fixed(1), .sequence, .fixed(heads), .fixed(width)]
        let separate = try reshaped(x, shape, as: "\(name).heads")
        let whole = rotated < width ? slice(separate, axis: 3, 0..<rotated, as: "\(name).rotated") : separate
        let half = rotated / 2
        let first = slice(separate, axis: 3, 0..<half, as: "\(name).first")
        let second = slice(separate, axis: 3, half..<rotated, as: "\(name).second")
        let negated = elementwise("mul", second, -1, as: "\(name).negated")
        let turned = concatenated([negated, first], axis: 3, as: "\(name).turned", whole.shape)
        let straight = elementwise("mul", [whole, cosine], x.type, as: "\(name).straight")
        let across = elementwise("mul", [turned, sine], x.type, as: "\(name).across")
        var result = elementwise("add", [straight, across], x.type, as: "\(name).sum")
        if rotated < width {
            let rest = slice(separate, axis: 3, rotated..<width, as: "\(name).rest")
            result = concatenated([result, rest], axis: 3, as: "\(name).all", shape)
        }
        return try reshaped(result, Self.shape(node.shape), as: name)
    }

    /// A cosine or sine table from `[1, S, R]` to `[1, S, 1, R]`, once for all layers.
    private mutating func forEachHead(_ node: Graph.Node, _ index: Int) throws(ExportError) -> MILValue {
        let table = try wholeOperand(node, index)
        var shape = table.shape
        shape.insert(.fixed(1), at: 2)
        return builder.shared("\(table.name) for each head") {
            $0.add(
                "expand_dims",
                [("x", .value(table)), ("axes", .integers([2]))],
                as: "\(table.name).for_each_head",
                table.type,
                shape
            )
        }
    }
}
