/// The shape and type of a contiguous tensor, without values.
package struct TensorSpec: Sendable, Equatable {
    /// Sizes, outermost first.
    package let shape: [Int]
    /// The element type.
    package let dtype: DType

    /// Creates a value.
    ///
    /// - Parameters:
    ///   - shape: Sizes, outermost first.
    ///   - dtype: The element type.
    package init(shape: [Int], dtype: DType) { (self.shape, self.dtype) = (shape, dtype) }

    /// The size of the elements in bytes.
    package var byteCount: Int { shape.reduce(1, *) * dtype.byteWidth }
}

extension Tensor {
    /// The shape and type.
    package var spec: TensorSpec { TensorSpec(shape: shape, dtype: dtype) }
}
