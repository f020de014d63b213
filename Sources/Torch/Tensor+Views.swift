import CTorch

// Conversions, copies and views. A view shares its elements with the tensor it is made from.
extension Tensor {
    /// The same values as another type or on another device; itself where nothing changes.
    ///
    /// - Parameters:
    ///   - dtype: The type wanted; this tensor's where nil.
    ///   - device: The device wanted; this tensor's where nil.
    /// - Returns: A tensor of this shape.
    /// - Throws: `.outOfMemory`.
    public func to(dtype: DType? = nil, device: Device? = nil) throws(TorchError) -> Tensor {
        let target = (dtype: dtype ?? self.dtype, device: device ?? self.device)
        guard target != (self.dtype, self.device) else { return self }
        return try makeTensor("to", from: self) {
            ct_tensor_to($0, self.handle, target.dtype.native, target.device.native)
        }
    }

    /// The same values row by row without gaps; itself where they are so already.
    ///
    /// - Throws: `.outOfMemory`.
    public func contiguous() throws(TorchError) -> Tensor {
        guard !isContiguous else { return self }
        return try makeTensor("contiguous", from: self) { ct_tensor_contiguous($0, self.handle) }
    }

    /// A copy with memory of its own.
    ///
    /// - Throws: `.outOfMemory`.
    public func copy() throws(TorchError) -> Tensor {
        try makeTensor("copy", from: self) { ct_tensor_clone($0, self.handle) }
    }

    /// Overwrites this tensor's elements with another's, unrecorded.
    ///
    /// - Parameter source: A tensor of this shape; converted where its dtype or device differs.
    /// - Throws: `.failed` if the shapes differ.
    public func assign(_ source: Tensor) throws(TorchError) {
        try check("assign", withExtendedLifetime((self, source)) { ct_tensor_copy_(handle, source.handle) })
    }

    /// Sets every element, unrecorded.
    ///
    /// - Parameter value: The value.
    /// - Throws: `.failed` if the dtype cannot hold it.
    public func fill(_ value: Double) throws(TorchError) {
        try check("fill", withExtendedLifetime(self) { ct_tensor_fill(handle, value) })
    }

    /// The same elements in order under another shape.
    ///
    /// - Parameter shape: Sizes; one may be -1, "whatever is left".
    /// - Returns: A view where the memory allows it, else a copy.
    /// - Throws: `.failed` if the counts differ.
    public func reshaped(_ shape: [Int]) throws(TorchError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try makeTensor("reshaped", from: self) {
            ct_tensor_reshape($0, self.handle, sizes, sizes.count)
        }
    }

    /// A view with two dimensions exchanged.
    ///
    /// - Parameters:
    ///   - a: One dimension; negative counts from the end.
    ///   - b: The other.
    /// - Returns: The view.
    /// - Throws: `.indexOutOfRange` if there is no such dimension.
    public func transposed(_ a: Int, _ b: Int) throws(TorchError) -> Tensor {
        try makeTensor("transposed", from: self) { ct_tensor_transpose($0, self.handle, Int64(a), Int64(b)) }
    }

    /// A view of `range` along a dimension.
    ///
    /// - Parameters:
    ///   - dimension: Which; negative counts from the end.
    ///   - range: Positions along it.
    /// - Returns: The view.
    /// - Throws: `.failed` or `.indexOutOfRange` if the range does not fit.
    public func narrowed(_ dimension: Int, to range: Range<Int>) throws(TorchError) -> Tensor {
        try makeTensor("narrowed", from: self) {
            ct_tensor_narrow($0, self.handle, Int64(dimension), Int64(range.lowerBound), Int64(range.count))
        }
    }

    /// A view at one position of a dimension, which disappears.
    ///
    /// - Parameters:
    ///   - dimension: Which; negative counts from the end.
    ///   - index: The position along it.
    /// - Returns: The view.
    /// - Throws: `.indexOutOfRange`.
    public func selected(_ dimension: Int, at index: Int) throws(TorchError) -> Tensor {
        try makeTensor("selected", from: self) {
            ct_tensor_select($0, self.handle, Int64(dimension), Int64(index))
        }
    }

    /// A view with one more dimension, of size 1.
    ///
    /// - Parameter dimension: Where it goes; negative counts from the end.
    /// - Returns: The view.
    /// - Throws: `.indexOutOfRange`.
    public func unsqueezed(_ dimension: Int) throws(TorchError) -> Tensor {
        try makeTensor("unsqueezed", from: self) { ct_tensor_unsqueeze($0, self.handle, Int64(dimension)) }
    }

    /// Rows (or whatever `dimension` holds) picked by number, copied.
    ///
    /// - Parameters:
    ///   - indices: Positions, `int32` or `int64`, one-dimensional.
    ///   - dimension: Along which.
    /// - Returns: As many rows as there are indices.
    /// - Throws: `.indexOutOfRange`.
    public func gatheringRows(_ indices: Tensor, dimension: Int = 0) throws(TorchError) -> Tensor {
        try makeTensor("gatheringRows", from: self, indices) {
            ct_tensor_index_select($0, self.handle, Int64(dimension), indices.handle)
        }
    }

    /// Tensors one after another along a dimension, copied.
    ///
    /// - Parameters:
    ///   - tensors: At least one; shapes equal but for `dimension`.
    ///   - dimension: Along which.
    /// - Returns: One tensor.
    /// - Throws: `.failed` if the shapes do not fit.
    public static func concatenated(_ tensors: [Tensor], dimension: Int = 0) throws(TorchError) -> Tensor {
        try makeTensor("concatenated") { out in
            withHandles(tensors) { ct_tensor_cat(out, $0, tensors.count, Int64(dimension)) }
        }
    }
}

/// The handles of `tensors` side by side, which stay alive until `body` returns.
func withHandles<Result>(_ tensors: [Tensor], _ body: (UnsafePointer<ct_tensor>?) -> Result) -> Result {
    withExtendedLifetime(tensors) {
        tensors.map(\.handle).withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
