/// The inputs of a classifier in a ``Graph``, `[B, S]`, int64.
struct GraphInputs: Sendable {
    let ids: Graph.Value
    /// 1 for a token, 0 for padding.
    let mask: Graph.Value
    /// Nil for a model that does not take token types.
    let types: Graph.Value?
}

extension GraphBuilder {
    /// Adds the inputs.
    ///
    /// - Parameter takesTypes: Whether token types are an input.
    /// - Returns: The inputs.
    /// - Throws: ``ModelError`` if the shapes do not fit.
    mutating func inputs(takesTypes: Bool) throws(ModelError) -> GraphInputs {
        let ids = try self(.input(.inputIDs))
        let mask = try self(.input(.attentionMask))
        return GraphInputs(
            ids: ids,
            mask: mask,
            types: takesTypes ? try self(.input(.tokenTypeIDs)) : nil
        )
    }

    /// Whether each place holds a token, `[B, S]`, bool.
    mutating func isToken(_ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        try shared("tokens") { g throws(ModelError) in
            let zero = try g.integer(0)
            return try g(.compare(.greater), inputs.mask, zero, label: "is_token")
        }
    }

    /// Each token's zero-based position in its text, `[B, S]`, int64; some valid position for padding.
    mutating func positions(_ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        try shared("positions") { g throws(ModelError) in
            let counts = try g(.cumulativeSum(axis: 1), inputs.mask)
            let positions = try g.add(counts, integer: -1)
            let zero = try g.integer(0)
            return try g(.binary(.maximum), positions, zero, label: "ids")
        }
    }

    /// The number of tokens of each text, `[B]`, float.
    mutating func lengths(_ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        try shared("lengths") { g throws(ModelError) in
            let counts = try g(.reduceSum(axes: [1], keeps: false), inputs.mask)
            return try g.inFloat32 { g throws(ModelError) in try g.float(counts) }
        }
    }

    /// The index of each place in the padded text, `[1, S]`, float.
    mutating func places() throws(ModelError) -> Graph.Value {
        try shared("places") { g throws(ModelError) in
            let range = try g(.range(.sequence))
            let row = try g.reshaped(range, [.fixed(1), .sequence])
            return try g.inFloat32 { g throws(ModelError) in try g.float(row) }
        }
    }

    /// The distance of each query to each key, i - j, `[S, S]`, int64.
    ///
    /// The tokens of a text are next to each other, so that distances do not depend on padding.
    mutating func distances() throws(ModelError) -> Graph.Value {
        try shared("distances") { g throws(ModelError) in
            let range = try g(.range(.sequence))
            let queries = try g.reshaped(range, [.sequence, .fixed(1)])
            let keys = try g.reshaped(range, [.fixed(1), .sequence])
            return try g(.binary(.subtract), queries, keys)
        }
    }
}
