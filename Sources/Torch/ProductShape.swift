/// One of the three matrix products of a linear layer, by its size.
package struct ProductShape: Sendable, Hashable {
    /// The result of a product.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The layer's output, `x · Wᵀ`.
        case forward
        /// The gradient of its input, `dy · W`.
        case inputGradient = "input gradient"
        /// The gradient of its weight, `dyᵀ · x`.
        case weightGradient = "weight gradient"
    }

    /// The result of the product.
    package var kind: Kind
    /// The number of rows of the layer's input.
    package var rows: Int
    /// Width of the layer's input.
    package var inputs: Int
    /// Width of the layer's output.
    package var outputs: Int

    /// Creates a shape.
    ///
    /// - Parameters:
    ///   - kind: The result of the product.
    ///   - rows: The number of rows of the layer's input.
    ///   - inputs: Width of the layer's input.
    ///   - outputs: Width of the layer's output.
    package init(_ kind: Kind, rows: Int, inputs: Int, outputs: Int) {
        self.kind = kind
        (self.rows, self.inputs, self.outputs) = (rows, inputs, outputs)
    }

    /// The number of floating-point operations: a multiplication and an addition for each pair of elements.
    package var flop: Double { 2 * Double(rows) * Double(inputs) * Double(outputs) }
}
