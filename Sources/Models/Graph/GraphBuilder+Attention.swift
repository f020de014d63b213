import NN
import Torch

/// The cosines and sines of a batch in a graph, `[B, S, R]`.
struct GraphRotation: Sendable {
    let cosine: Graph.Value
    let sine: Graph.Value
}

// Attention with its windows, and rotary positions.
extension GraphBuilder {
    /// Attention of all queries to the keys that they see.
    ///
    /// - Parameters:
    ///   - queries: `[B, S, N · D]`.
    ///   - keys: `[B, S, M · D]`.
    ///   - values: `[B, S, M · D]`.
    ///   - options: Scale, window and soft-cap.
    ///   - heads: N and M.
    ///   - inputs: The classifier's inputs.
    /// - Returns: `[B, S, N · D]`.
    /// - Throws: ``ModelError`` if the sizes do not fit.
    mutating func attention(
        _ queries: Graph.Value,
        _ keys: Graph.Value,
        _ values: Graph.Value,
        _ options: AttentionOptions,
        heads: (queries: Int, keys: Int),
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let bias = try attentionBias(options.window, inputs)
        let operation = Graph.Operation.attention(
            heads: heads.queries,
            keyHeads: heads.keys,
            scale: options.scale,
            softcap: options.softcap
        )
        return try self(operation, queries, keys, values, bias)
    }

    /// 0 for each key that a query sees, ``Graph/maskedScore`` for others: `[B, 1, S, S]`.
    mutating func attentionBias(
        _ window: AttentionOptions.Window,
        _ inputs: GraphInputs
    ) throws(ModelError) -> Graph.Value {
        let tokens = try isToken(inputs)
        let differences = window == .full ? nil : try distances()
        return try shared("mask") { g throws(ModelError) in
            var isSeen = try g.reshaped(tokens, [.batch, .fixed(1), .fixed(1), .sequence])
            if let differences, let isWithin = try g.isWithin(window, differences) {
                let all = try g.reshaped(isWithin, [.fixed(1), .fixed(1), .sequence, .sequence])
                isSeen = try g(.and, isSeen, all)
            }
            let (zero, masked) = (try g.number(0), try g.number(Double(Graph.maskedScore)))
            let bias = try g(.choose, isSeen, zero, masked)
            return try g.expanded(bias, to: [.batch, .fixed(1), .sequence, .sequence])
        }
    }

    /// Whether a distance, query minus key, is within a window, bool; nil for a window without bounds.
    private mutating func isWithin(
        _ window: AttentionOptions.Window,
        _ distances: Graph.Value
    ) throws(ModelError) -> Graph.Value? {
        var result: Graph.Value?
        if let left = window.left {
            let bound = try integer(left)
            result = try self(.compare(.lessOrEqual), distances, bound)
        }
        if let right = window.right {
            let bound = try integer(-right)
            let isBefore = try self(.compare(.lessOrEqual), bound, distances)
            if let other = result { result = try self(.and, other, isBefore) } else { result = isBefore }
        }
        return result
    }

    // MARK: Rotary positions

    /// Rotates the heads of `[B, S, N · D]`.
    mutating func rotated(
        _ x: Graph.Value,
        heads: Int,
        _ rotation: GraphRotation
    ) throws(ModelError) -> Graph.Value {
        try self(.rotary(heads: heads), x, rotation.cosine, rotation.sine)
    }

    /// The cosines and sines of a batch.
    ///
    /// Frequencies that depend on a text's length depend on its own, not on that of the batch's longest text.
    ///
    /// - Parameters:
    ///   - rotary: The frequencies.
    ///   - inputs: The classifier's inputs.
    /// - Returns: Two values `[B, S, R]`.
    /// - Throws: ``ModelError`` if the shapes do not fit.
    mutating func rotation(
        _ rotary: RotaryEmbedding,
        _ inputs: GraphInputs
    ) throws(ModelError) -> GraphRotation {
        let ids = try positions(inputs)
        let counts = rotary.lengthDependence == .none ? nil : try lengths(inputs)
        return try shared("rotary") { g throws(ModelError) in
            try g.inFloat32 { g throws(ModelError) in
                let places = try g.float(ids)
                let column = try g.reshaped(places, [.batch, .sequence, .fixed(1)])
                let frequencies = try g.frequencies(rotary, counts)
                let half = try g.multiply(column, frequencies, label: "angles")
                let angles = try g(.concat(axis: 2), half, half)
                let (cosine, sine) = (try g(.map(.cos), angles), try g(.map(.sin), angles))
                guard rotary.attentionFactor != 1 else { return GraphRotation(cosine: cosine, sine: sine) }
                return GraphRotation(
                    cosine: try g.multiply(cosine, by: rotary.attentionFactor),
                    sine: try g.multiply(sine, by: rotary.attentionFactor)
                )
            }
        }
    }

    /// Radians per position: `[R/2]`, or `[B, 1, R/2]` if they depend on the text's length.
    private mutating func frequencies(
        _ rotary: RotaryEmbedding,
        _ lengths: Graph.Value?
    ) throws(ModelError) -> Graph.Value {
        let plain = try row(rotary.inverseFrequencies)
        guard let lengths else { return plain }
        let texts = try reshaped(lengths, [.batch, .fixed(1), .fixed(1)])
        switch rotary.lengthDependence {
        case .none: return plain
        case .longer(let length, let others):
            let (limit, long) = (try number(Double(length)), try row(others))
            let isLong = try self(.compare(.greater), texts, limit)
            return try self(.choose, isLong, long, plain)
        case .growing(let factor, let length, let exponents):
            // 1 for texts up to the original length.
            let original = try number(Double(length))
            let longer = try self(.binary(.maximum), texts, original)
            let excess = try self(.binary(.subtract), longer, original)
            let scaled = try multiply(excess, by: factor / Double(length))
            let one = try number(1)
            let growth = try add(scaled, one, label: "growth")
            let logarithm = try self(.map(.log), growth)
            let powers = try multiply(logarithm, row(exponents))
            let factors = try self(.map(.exp), powers)
            return try multiply(plain, factors, label: "frequencies")
        }
    }

    private mutating func row(_ values: [Float]) throws(ModelError) -> Graph.Value {
        try self(.floats(values, shape: [values.count]))
    }
}
