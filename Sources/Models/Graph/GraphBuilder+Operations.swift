// Operations by name, so that descriptions read like forward passes.

extension GraphBuilder {
    // MARK: Constants

    /// A float number, which broadcasts.
    mutating func number(_ value: Double) throws(ModelError) -> Graph.Value {
        try self(.floats([Float(value)], shape: []))
    }

    /// A whole number, which broadcasts.
    mutating func integer(_ value: Int) throws(ModelError) -> Graph.Value {
        try self(.integers([Int64(value)], shape: []))
    }

    // MARK: Elements

    /// a + b.
    mutating func add(
        _ a: Graph.Value,
        _ b: Graph.Value,
        label: String? = nil
    ) throws(ModelError) -> Graph.Value {
        try self(.binary(.add), a, b, label: label)
    }

    /// a · b.
    mutating func multiply(
        _ a: Graph.Value,
        _ b: Graph.Value,
        label: String? = nil
    ) throws(ModelError) -> Graph.Value {
        try self(.binary(.multiply), a, b, label: label)
    }

    /// x times a number.
    mutating func multiply(_ x: Graph.Value, by factor: Double) throws(ModelError) -> Graph.Value {
        let factor = try number(factor)
        return try multiply(x, factor)
    }

    /// int64 values plus a number.
    mutating func add(_ x: Graph.Value, integer: Int) throws(ModelError) -> Graph.Value {
        let number = try self.integer(integer)
        return try add(x, number)
    }

    /// int64 values within a range.
    mutating func clamped(_ x: Graph.Value, to range: ClosedRange<Int>) throws(ModelError) -> Graph.Value {
        let (lowest, highest) = (try integer(range.lowerBound), try integer(range.upperBound))
        let raised = try self(.binary(.maximum), x, lowest)
        return try self(.binary(.minimum), raised, highest)
    }

    /// Values as float.
    mutating func float(_ x: Graph.Value) throws(ModelError) -> Graph.Value { try self(.cast(.float), x) }

    // MARK: Shapes

    /// x in another shape.
    mutating func reshaped(
        _ x: Graph.Value,
        _ shape: [Graph.Dimension]
    ) throws(ModelError) -> Graph.Value {
        self[x].shape == shape ? x : try self(.reshape(shape), x)
    }

    /// x broadcast to a shape.
    mutating func expanded(
        _ x: Graph.Value,
        to shape: [Graph.Dimension]
    ) throws(ModelError) -> Graph.Value {
        self[x].shape == shape ? x : try self(.expand(shape), x)
    }

    /// A range of the last axis.
    mutating func narrowed(_ x: Graph.Value, to range: Range<Int>) throws(ModelError) -> Graph.Value {
        try self(.slice(axis: self[x].shape.count - 1, range), x)
    }

    /// `[B, S, N · D]` as `[B, S, N, D]`.
    mutating func split(
        _ x: Graph.Value,
        heads: Int
    ) throws(ModelError) -> Graph.Value {
        let width = try lastSize(of: x)
        return try reshaped(x, [.batch, .sequence, .fixed(heads), .fixed(width / heads)])
    }

    /// `[B, S, N, D]` as `[B, S, N · D]`.
    mutating func joined(_ x: Graph.Value) throws(ModelError) -> Graph.Value {
        let shape = self[x].shape
        guard shape.count == 4, case .fixed(let heads) = shape[2], case .fixed(let width) = shape[3] else {
            throw ModelError(.unsupported, "cannot describe the model as a graph: heads have no fixed size")
        }
        return try reshaped(x, [.batch, .sequence, .fixed(heads * width)])
    }

    /// The size of the last axis.
    func lastSize(of x: Graph.Value) throws(ModelError) -> Int {
        guard case .fixed(let size)? = self[x].shape.last else {
            throw ModelError(.unsupported, "cannot describe the model as a graph: a state has no fixed width")
        }
        return size
    }

    /// The number of rows of a matrix whose shape is fixed.
    func rowCount(of x: Graph.Value) throws(ModelError) -> Int {
        guard case .fixed(let count)? = self[x].shape.first else {
            throw ModelError(.unsupported, "cannot describe the model as a graph: a table has no fixed size")
        }
        return count
    }
}
