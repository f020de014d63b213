import CTorch

// Conversions, copies and views. A view shares its elements with its source tensor.
extension Tensor {
    /// Converts to another type or device; returns this tensor if nothing changes.
    ///
    /// - Parameters:
    ///   - dtype: The new type; nil keeps this tensor's.
    ///   - device: The new device; nil keeps this tensor's.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.outOfMemory`.
    public func to(dtype: DType? = nil, device: Device? = nil) throws(TorchError) -> Tensor {
        let target = (dtype: dtype ?? self.dtype, device: device ?? self.device)
        guard target != (self.dtype, self.device) else { return self }
        return try makeTensor("to", from: self) {
            ct_tensor_to($0, self.handle, target.dtype.native, target.device.native)
        }
    }

    /// Returns a row-major tensor without gaps; this tensor if it is contiguous already.
    ///
    /// - Throws: `.outOfMemory`.
    public func contiguous() throws(TorchError) -> Tensor {
        guard !isContiguous else { return self }
        return try makeTensor("contiguous", from: self) { ct_tensor_contiguous($0, self.handle) }
    }

    /// Returns a copy that does not share memory.
    ///
    /// - Throws: `.outOfMemory`.
    public func copy() throws(TorchError) -> Tensor {
        try makeTensor("copy", from: self) { ct_tensor_clone($0, self.handle) }
    }

    /// Overwrites this tensor's elements with another tensor's, without recording.
    ///
    /// - Parameter source: A tensor of this shape; converted if its dtype or device differs.
    /// - Throws: `.failed` if the shapes differ.
    public func assign(_ source: Tensor) throws(TorchError) {
        try check("assign", withExtendedLifetime((self, source)) { ct_tensor_copy_(handle, source.handle) })
    }

    /// Overwrites this tensor's elements like ``assign(_:)``, but does not write to pages that have the same bytes already.
    ///
    /// So zeros of `zerosOnDemand` that stay zeros still take no memory.
    ///
    /// - Parameter source: A tensor of this shape; converted if its dtype or device differs.
    /// - Throws: `.failed` if the shapes differ.
    package func assignDifferences(from source: Tensor) throws(TorchError) {
        try check(
            "assignDifferences",
            withExtendedLifetime((self, source)) { ct_tensor_copy_differences_(handle, source.handle) }
        )
    }

    /// Overwrites some of this tensor's rows with those of another tensor, without recording.
    ///
    /// - Parameters:
    ///   - source: One row per index; converted if its dtype or device differs.
    ///   - indices: The rows, one-dimensional, `int64`, on this tensor's device; each at most once.
    /// - Throws: `.failed` if the shapes do not fit; `.indexOutOfRange`.
    package func assign(_ source: Tensor, toRows indices: Tensor) throws(TorchError) {
        try check(
            "assign",
            withExtendedLifetime((self, source, indices)) {
                ct_tensor_index_copy_(handle, indices.handle, source.handle)
            }
        )
    }

    /// Sets every element, without recording.
    ///
    /// - Parameter value: The value.
    /// - Throws: `.failed` if the dtype cannot hold it.
    public func fill(_ value: Double) throws(TorchError) {
        try check("fill", withExtendedLifetime(self) { ct_tensor_fill(handle, value) })
    }

    /// Returns the same elements, in order, in another shape.
    ///
    /// - Parameter shape: The new sizes; one may be -1 and is then inferred.
    /// - Returns: A view if the memory layout allows it, else a copy.
    /// - Throws: `.failed` if the counts differ.
    public func reshaped(_ shape: [Int]) throws(TorchError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try makeTensor("reshaped", from: self) {
            ct_tensor_reshape($0, self.handle, sizes, sizes.count)
        }
    }

    /// Returns a view with two dimensions swapped.
    ///
    /// - Parameters:
    ///   - a: One dimension; negative counts from the end.
    ///   - b: The other.
    /// - Returns: The view.
    /// - Throws: `.indexOutOfRange` if there is no such dimension.
    public func transposed(_ a: Int, _ b: Int) throws(TorchError) -> Tensor {
        try makeTensor("transposed", from: self) { ct_tensor_transpose($0, self.handle, Int64(a), Int64(b)) }
    }

    /// Returns a view of `range` along a dimension.
    ///
    /// - Parameters:
    ///   - dimension: The dimension; negative counts from the end.
    ///   - range: Indices along it.
    /// - Returns: The view.
    /// - Throws: `.failed` or `.indexOutOfRange` if the range does not fit.
    public func narrowed(_ dimension: Int, to range: Range<Int>) throws(TorchError) -> Tensor {
        try makeTensor("narrowed", from: self) {
            ct_tensor_narrow($0, self.handle, Int64(dimension), Int64(range.lowerBound), Int64(range.count))
        }
    }

    /// Returns a view at one index of a dimension, which is removed.
    ///
    /// - Parameters:
    ///   - dimension: The dimension; negative counts from the end.
    ///   - index: The index along it.
    /// - Returns: The view.
    /// - Throws: `.indexOutOfRange`.
    public func selected(_ dimension: Int, at index: Int) throws(TorchError) -> Tensor {
        try makeTensor("selected", from: self) {
            ct_tensor_select($0, self.handle, Int64(dimension), Int64(index))
        }
    }

    /// Returns a view with an additional dimension of size 1.
    ///
    /// - Parameter dimension: Position of the new dimension; negative counts from the end.
    /// - Returns: The view.
    /// - Throws: `.indexOutOfRange`.
    public func unsqueezed(_ dimension: Int) throws(TorchError) -> Tensor {
        try makeTensor("unsqueezed", from: self) { ct_tensor_unsqueeze($0, self.handle, Int64(dimension)) }
    }

    /// Copies rows (or slices along another dimension) by index.
    ///
    /// - Parameters:
    ///   - indices: One-dimensional, `int32` or `int64`.
    ///   - dimension: The dimension.
    /// - Returns: One row per index.
    /// - Throws: `.indexOutOfRange`.
    public func gatheringRows(_ indices: Tensor, dimension: Int = 0) throws(TorchError) -> Tensor {
        try makeTensor("gatheringRows", from: self, indices) {
            ct_tensor_index_select($0, self.handle, Int64(dimension), indices.handle)
        }
    }

    /// Concatenates tensors along a dimension into a copy.
    ///
    /// - Parameters:
    ///   - tensors: At least one tensor, with equal shapes except along `dimension`.
    ///   - dimension: The dimension.
    /// - Returns: One tensor.
    /// - Throws: `.failed` if the shapes do not fit.
    public static func concatenated(_ tensors: [Tensor], dimension: Int = 0) throws(TorchError) -> Tensor {
        try makeTensor("concatenated") { out in
            withHandles(tensors) { ct_tensor_cat(out, $0, tensors.count, Int64(dimension)) }
        }
    }
}

/// Calls `body` with an array of the tensors' handles, which stay alive until it returns.
func withHandles<Result>(_ tensors: [Tensor], _ body: (UnsafePointer<ct_tensor>?) -> Result) -> Result {
    withExtendedLifetime(tensors) {
        tensors.map(\.handle).withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
