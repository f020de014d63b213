// Pooling: the state of a text that the head reads.
extension GraphBuilder {
    /// Returns each text's state for the head.
    ///
    /// - Parameters:
    ///   - states: `[B, S, H]`.
    ///   - pooling: The kind of pooling.
    ///   - padTokenID: The padding token, which the last token must not be; nil if the model has none.
    ///   - inputs: The classifier's inputs.
    /// - Returns: `[B, H]`.
    /// - Throws: ``ModelError`` if the states have another shape.
    mutating func pooled(
        _ states: Graph.Value,
        _ pooling: Pooling,
        padTokenID: Int32?,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        switch pooling {
        case .firstToken:
            let places = try firstPlaces(inputs)
            return try row(places, of: states)
        case .lastToken:
            let places = try lastPlaces(padTokenID, inputs)
            return try row(places, of: states)
        case .mean: return try mean(of: states, inputs)
        }
    }

    /// The place of each text's first token, `[B]`, int64.
    private mutating func firstPlaces(_ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        let ranks = try firstRanks(inputs)
        return try shared("pooling") { g throws(ModelError) in try g(.argMax(axis: 1), ranks) }
    }

    /// Values that are highest, and not positive, at each text's first token, `[B, S]`, float.
    private mutating func firstRanks(_ inputs: GraphInputs) throws(ModelError) -> Graph.Value {
        let (indices, tokens) = (try places(), try isToken(inputs))
        return try shared("pooling") { g throws(ModelError) in
            try g.inFloat32 { g throws(ModelError) in
                let earlier = try g(.map(.negate), indices)
                let lowest = try g.number(Double(Graph.maskedScore))
                return try g(.choose, tokens, earlier, lowest)
            }
        }
    }

    /// The place of each text's last token that is not the padding token, or of its first if all are: `[B]`, int64.
    private mutating func lastPlaces(
        _ padTokenID: Int32?,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let (indices, tokens) = (try places(), try isToken(inputs))
        let first = try firstRanks(inputs)
        return try shared("pooling") { g throws(ModelError) in
            var isUsed = tokens
            if let padTokenID {
                let padding = try g.integer(Int(padTokenID))
                let isPadding = try g(.compare(.equal), inputs.ids, padding)
                let isOther = try g(.not, isPadding)
                isUsed = try g(.and, tokens, isOther)
            }
            let ranks = try g.inFloat32 { g throws(ModelError) in
                let one = try g.number(1)
                let later = try g.add(indices, one)
                return try g(.choose, isUsed, later, first)
            }
            return try g(.argMax(axis: 1), ranks)
        }
    }

    /// One row of each text's states, `[B, H]`, at places `[B]`.
    private mutating func row(
        _ places: Graph.Value,
        of states: Graph.Value
    ) throws(ModelError) -> Graph.Value {
        let width = Graph.Dimension.fixed(try lastSize(of: states))
        return try shared("pooling") { g throws(ModelError) in
            let column = try g.reshaped(places, [.batch, .fixed(1), .fixed(1)])
            let indices = try g.expanded(column, to: [.batch, .fixed(1), width])
            let rows = try g(.gatherElements(axis: 1), states, indices)
            return try g.reshaped(rows, [.batch, width])
        }
    }

    /// The mean over each text's tokens, `[B, H]`.
    private mutating func mean(
        of states: Graph.Value,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let (tokens, sizes) = (try isToken(inputs), try lengths(inputs))
        return try shared("pooling") { g throws(ModelError) in
            let column = try g.reshaped(tokens, [.batch, .sequence, .fixed(1)])
            return try g.inFloat32 { g throws(ModelError) in
                let (zero, one) = (try g.number(0), try g.number(1))
                let own = try g(.choose, column, states, zero)
                let sum = try g(.reduceSum(axes: [1], keeps: false), own)
                let counts = try g(.binary(.maximum), sizes, one)
                let divisors = try g.reshaped(counts, [.batch, .fixed(1)])
                return try g(.binary(.divide), sum, divisors)
            }
        }
    }
}
