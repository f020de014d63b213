import NN

// The layers of NN, by the names of their parameters.
extension GraphBuilder {
    /// A whole parameter.
    mutating func weight(_ parameter: Parameter) -> Graph.Value {
        weight(parameter.name, shape: parameter.shape)
    }

    /// A linear layer.
    mutating func linear(_ x: Graph.Value, _ layer: Linear) throws(ModelError) -> Graph.Value {
        try product(.linear, x, layer.weight, layer.bias)
    }

    /// A linear layer with a transposed weight.
    mutating func linear(_ x: Graph.Value, _ layer: Conv1D) throws(ModelError) -> Graph.Value {
        try product(.linearTransposed, x, layer.weight, layer.bias)
    }

    private mutating func product(
        _ operation: Graph.Operation,
        _ x: Graph.Value,
        _ weight: Parameter,
        _ bias: Parameter?
    ) throws(ModelError) -> Graph.Value {
        var inputs = [x, self.weight(weight)]
        if let bias { inputs.append(self.weight(bias)) }
        return try named(after: weight) { g throws(ModelError) in
            try g.apply(operation, inputs, label: "linear")
        }
    }

    /// The rows of a table by id.
    mutating func lookup(_ table: Embedding, _ ids: Graph.Value) throws(ModelError) -> Graph.Value {
        let rows = weight(table.weight)
        return try named(after: table.weight) { g throws(ModelError) in try g(.lookup, rows, ids) }
    }

    /// The rows of token types, or that of type 0 if the model does not take types.
    mutating func lookup(_ table: Embedding, types ids: Graph.Value?) throws(ModelError) -> Graph.Value {
        if let ids { return try lookup(table, ids) }
        let rows = weight(table.weight)
        return try named(after: table.weight) { g throws(ModelError) in
            try g(.slice(axis: 0, 0..<1), rows)
        }
    }

    /// Layer normalization of x, or of x plus a residual.
    mutating func norm(
        _ x: Graph.Value,
        adding residual: Graph.Value? = nil,
        _ layer: LayerNorm
    ) throws(ModelError) -> Graph.Value {
        var inputs = [weight(layer.weight)]
        if let bias = layer.bias { inputs.append(weight(bias)) }
        return try named(after: layer.weight) { g throws(ModelError) in
            let sum = if let residual { try g.add(x, residual, label: "residual") } else { x }
            return try g.apply(.layerNorm(epsilon: layer.epsilon), [sum] + inputs, label: "norm")
        }
    }

    /// Root-mean-square normalization over the last axis.
    mutating func norm(_ x: Graph.Value, _ layer: RMSNorm) throws(ModelError) -> Graph.Value {
        let weight = self.weight(layer.weight)
        return try named(after: layer.weight) { g throws(ModelError) in
            let factor: Graph.Value
            switch layer.kind {
            case .factor: factor = weight
            case .onePlus:
                let one = try g.number(1)
                factor = try g.add(weight, one, label: "factor")
            }
            return try g(.rmsNorm(epsilon: layer.epsilon), x, factor)
        }
    }

    /// Root-mean-square normalization of every head of `[B, S, N · D]`.
    mutating func norm(_ x: Graph.Value, heads: Int, _ layer: RMSNorm) throws(ModelError) -> Graph.Value {
        let separate = try split(x, heads: heads)
        let normalized = try norm(separate, layer)
        return try joined(normalized)
    }

    /// An activation function.
    mutating func activated(
        _ x: Graph.Value,
        _ activation: Activation
    ) throws(ModelError) -> Graph.Value {
        switch activation {
        case .gelu: return try self(.map(.gelu), x)
        case .geluTanh: return try self(.map(.geluTanh), x)
        case .quickGELU:
            let scaled = try multiply(x, by: 1.702)
            let gate = try self(.map(.sigmoid), scaled)
            return try multiply(x, gate)
        case .relu: return try self(.map(.relu), x)
        case .sigmoid: return try self(.map(.sigmoid), x)
        case .silu: return try self(.map(.silu), x)
        case .tanh: return try self(.map(.tanh), x)
        }
    }

    /// The activation of `gate`, times `up`.
    mutating func gated(
        _ gate: Graph.Value,
        _ up: Graph.Value,
        _ activation: Activation
    ) throws(ModelError) -> Graph.Value {
        let factor = try activated(gate, activation)
        return try multiply(factor, up, label: "gated")
    }

    /// Adds nodes whose names begin with the name of a parameter's layer.
    private mutating func named<Result>(
        after parameter: Parameter,
        _ body: (inout GraphBuilder) throws(ModelError) -> Result
    ) throws(ModelError) -> Result {
        let steps = parameter.name.split(separator: ".").dropLast()
        return try shared(steps.joined(separator: "."), body)
    }
}
