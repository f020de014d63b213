import Models

/// The sizes and factors of an attention.
struct AttentionShape {
    let heads: Int
    let keyHeads: Int
    let scale: Double
    let softcap: Double?
}

// Attention and rotary positions.
extension ONNXLowering {
    /// Attention of all queries to all keys.
    mutating func attention(
        _ node: Graph.Node,
        _ shape: AttentionShape,
        as name: String
    ) throws(ExportError) -> String {
        guard options.usesContribOperators, shape.heads == shape.keyHeads, shape.softcap == nil else {
            return try plainAttention(node, shape, as: name)
        }
        let inputs = try operands(node)
        // The fourth and fifth input are a bias of the projections and a mask of keys.
        return builder.add(
            "MultiHeadAttention",
            Array(inputs[..<3]) + ["", "", inputs[3]],
            as: name,
            domain: ONNXBuilder.contrib,
            ["num_heads": .int(shape.heads), "scale": .float(Float(shape.scale))]
        )
    }

    /// Attention as products and a softmax.
    ///
    /// The queries of the heads that share a key head are rows of one matrix, so that keys and values are not copied.
    private mutating func plainAttention(
        _ node: Graph.Node,
        _ shape: AttentionShape,
        as name: String
    ) throws(ExportError) -> String {
        let inputs = try operands(node)
        let type = elementType(of: node)
        let width = try headWidth(node.inputs[0], shape.heads)
        let valueWidth = try headWidth(node.inputs[2], shape.keyHeads)
        let isGrouped = shape.heads != shape.keyHeads
        let scale = builder.number(shape.scale, type)
        let scaled = builder.add("Mul", [inputs[0], scale], as: "\(name)/scaled")
        var queries = split(
            scaled,
            [shape.keyHeads, shape.heads / shape.keyHeads, width],
            isGrouped,
            "\(name)/queries"
        )
        if isGrouped { queries = reshaped(queries, [0, shape.keyHeads, -1, width], "\(name)/rows") }
        let keys = heads(inputs[1], shape.keyHeads, width, order: [0, 2, 3, 1], "\(name)/keys")
        let values = heads(inputs[2], shape.keyHeads, valueWidth, order: [0, 2, 1, 3], "\(name)/values")
        var scores = builder.add("MatMul", [queries, keys], as: "\(name)/scores")
        if isGrouped { scores = byHead(scores, shape.heads, "\(name)/scores") }
        if let cap = shape.softcap {
            let number = builder.number(cap, type)
            let ratio = builder.add("Div", [scores, number], as: "\(name)/ratio")
            let tanh = builder.add("Tanh", [ratio], as: "\(name)/tanh")
            scores = builder.add("Mul", [tanh, number], as: "\(name)/capped")
        }
        let biased = builder.add("Add", [scores, inputs[3]], as: "\(name)/biased")
        var weights = builder.add("Softmax", [biased], as: "\(name)/weights", ["axis": .int(-1)])
        if isGrouped { weights = byKeyHead(weights, shape.keyHeads, "\(name)/weights") }
        var mixed = builder.add("MatMul", [weights, values], as: "\(name)/mixed")
        if isGrouped {
            mixed = byGroup(mixed, shape, valueWidth, "\(name)/mixed")
            mixed = builder.add("Transpose", [mixed], as: "\(name)/joined", ["perm": .ints([0, 3, 1, 2, 4])])
        } else {
            mixed = builder.add("Transpose", [mixed], as: "\(name)/joined", ["perm": .ints([0, 2, 1, 3])])
        }
        return reshaped(mixed, [0, 0, shape.heads * valueWidth], name)
    }

    private func headWidth(_ value: Graph.Value, _ heads: Int) throws(ExportError) -> Int {
        guard case .fixed(let width)? = graph[value].shape.last, width % heads == 0 else {
            throw ExportError(.corrupt, "\(graph[value].name) cannot be split into \(heads) heads")
        }
        return width / heads
    }

    private mutating func reshaped(_ x: String, _ shape: [Int], _ name: String) -> String {
        builder.add("Reshape", [x, builder.integers(shape)], as: name)
    }

    /// From `[B, S, N · D]` to `[B, M, S, D]`, or `[B, M, D, S]`, as the order says.
    private mutating func heads(
        _ x: String,
        _ count: Int,
        _ width: Int,
        order: [Int],
        _ name: String
    ) -> String {
        let separate = reshaped(x, [0, 0, count, width], "\(name)/separate")
        return builder.add("Transpose", [separate], as: name, ["perm": .ints(order)])
    }

    /// From `[B, S, N · D]` to `[B, N, S, D]`, or `[B, M, N / M, S, D]` if heads are grouped.
    private mutating func split(
        _ x: String,
        _ sizes: [Int],
        _ isGrouped: Bool,
        _ name: String
    ) -> String {
        guard isGrouped else { return heads(x, sizes[0], sizes[2], order: [0, 2, 1, 3], name) }
        let separate = reshaped(x, [0, 0] + sizes, "\(name)/separate")
        return builder.add("Transpose", [separate], as: name, ["perm": .ints([0, 2, 3, 1, 4])])
    }

    /// From `[B, M, N / M · S, S]` to `[B, N, S, S]`.
    private mutating func byHead(_ scores: String, _ heads: Int, _ name: String) -> String {
        let shape = shape([.fixed(0), .fixed(heads), .fixed(-1), .sequence])
        return builder.add("Reshape", [scores, shape], as: "\(name)/by_head")
    }

    /// From `[B, N, S, S]` to `[B, M, N / M · S, S]`.
    private mutating func byKeyHead(_ weights: String, _ keyHeads: Int, _ name: String) -> String {
        let shape = shape([.fixed(0), .fixed(keyHeads), .fixed(-1), .sequence])
        return builder.add("Reshape", [weights, shape], as: "\(name)/by_key_head")
    }

    /// From `[B, M, N / M · S, D]` to `[B, M, N / M, S, D]`.
    private mutating func byGroup(
        _ mixed: String,
        _ shape: AttentionShape,
        _ width: Int,
        _ name: String
    ) -> String {
        reshaped(mixed, [0, shape.keyHeads, shape.heads / shape.keyHeads, -1, width], "\(name)/by_group")
    }

    // MARK: Rotary positions

    /// Rotates the first elements of each head.
    mutating func rotary(
        _ node: Graph.Node,
        heads: Int,
        as name: String
    ) throws(ExportError) -> String {
        let width = try headWidth(node.inputs[0], heads)
        guard case .fixed(let rotated)? = graph[node.inputs[1]].shape.last, rotated <= width else {
            throw ExportError(.corrupt, "\(node.name) rotates more elements than a head has")
        }
        if options.usesContribOperators, node.inputs.dropFirst().allSatisfy({ hasEqualHalves($0) }) {
            return try fusedRotary(node, heads: heads, width, rotated, as: name)
        }
        let inputs = try operands(node)
        let half = rotated / 2
        let sizes = [half, rotated - half] + (rotated < width ? [width - rotated] : [])
        let separate = reshaped(inputs[0], [0, 0, heads, width], "\(name)/heads")
        let parts = ["first", "second", "rest"].prefix(sizes.count).map { builder.unused("\(name)/\($0)") }
        builder.add(
            "Split",
            [separate, builder.integers(sizes)],
            outputs: parts,
            as: "\(name)/split",
            ["axis": .int(3)]
        )
        let whole =
            rotated < width
            ? builder.add("Concat", Array(parts[..<2]), as: "\(name)/rotated", ["axis": .int(3)]) : separate
        let negated = builder.add("Neg", [parts[1]], as: "\(name)/negated")
        let turned = builder.add("Concat", [negated, parts[0]], as: "\(name)/turned", ["axis": .int(3)])
        let (cosine, sine) = (forEachHead(inputs[1]), forEachHead(inputs[2]))
        let straight = builder.add("Mul", [whole, cosine], as: "\(name)/straight")
        let across = builder.add("Mul", [turned, sine], as: "\(name)/across")
        var sum = builder.add("Add", [straight, across], as: "\(name)/sum")
        if rotated < width {
            sum = builder.add("Concat", [sum, parts[2]], as: "\(name)/all", ["axis": .int(3)])
        }
        return reshaped(sum, [0, 0, heads * width], name)
    }

    /// From `[B, S, R]` to `[B, S, 1, R]`, once for all layers.
    private mutating func forEachHead(_ table: String) -> String {
        builder.shared("\(table) for each head") {
            $0.add("Unsqueeze", [table, $0.integers([2])], as: "\(table)/for_each_head")
        }
    }

    /// Whether the two halves of a cosine or sine table are the same computation.
    private func hasEqualHalves(_ value: Graph.Value) -> Bool {
        let node = graph[value]
        switch node.operation {
        case .concat(let axis):
            return axis == node.shape.count - 1 && node.inputs.count == 2 && node.inputs[0] == node.inputs[1]
        case .map, .cast: return hasEqualHalves(node.inputs[0])
        case .binary(.multiply):
            return node.inputs.allSatisfy {
                hasEqualHalves($0) || (graph[$0].shape.last ?? .fixed(1)) == .fixed(1)
            }
        default: return false
        }
    }

    /// ONNX Runtime's operator, whose table has one row per token and one column per pair of elements.
    private mutating func fusedRotary(
        _ node: Graph.Node,
        heads: Int,
        _ width: Int,
        _ rotated: Int,
        as name: String
    ) throws(ExportError) -> String {
        let inputs = try operands(node)
        var tables: [String] = []
        for table in inputs.dropFirst() {
            tables.append(
                builder.shared("rows of \(table)") { builder in
                    let limits = [0, rotated / 2, 2].map { builder.integers([$0]) }
                    let half = builder.add("Slice", [table] + limits, as: "\(table)/half")
                    return builder.add(
                        "Reshape",
                        [half, builder.integers([-1, rotated / 2])],
                        as: "\(table)/rows"
                    )
                }
            )
        }
        let hasOneRowForAll = graph[node.inputs[1]].shape.first == .fixed(1)
        let rows = hasOneRowForAll ? builder.integers([0]) : rowNumbers()
        return builder.add(
            "RotaryEmbedding",
            [inputs[0], rows] + tables,
            as: name,
            domain: ONNXBuilder.contrib,
            ["num_heads": .int(heads), "rotary_embedding_dim": .int(rotated < width ? rotated : 0)]
        )
    }

    /// The number of each token in a batch, `[B, S]`.
    private mutating func rowNumbers() -> String {
        let sizes = shape([.batch, .sequence])
        return builder.shared("row numbers") { builder in
            let count = builder.add("ReduceProd", [sizes], as: "rotary/count", ["keepdims": .int(0)])
            let all = builder.add(
                "Range",
                [builder.integer(0), count, builder.integer(1)],
                as: "rotary/numbers"
            )
            return builder.add("Reshape", [all, sizes], as: "rotary/rows")
        }
    }
}
