import CTorch

/// A multidimensional array of numbers on a device, with automatic differentiation.
///
/// A reference to libtorch's tensor: references share their elements, and so do views such as those of ``reshaped(_:)``.
/// It is not `Sendable`: an object with tensors has one owner. Shapes in this project are written `[T, H]`: `B` examples, `T`
/// packed tokens of all examples, `H` hidden width, `N` heads, `D` head width, `K` labels, `V` vocabulary size.
public final class Tensor {
    let handle: ct_tensor

    init(handle: ct_tensor) { self.handle = handle }

    deinit { ct_tensor_free(handle) }

    // MARK: Creating

    /// Creates a tensor with a copy of `values` in row-major order.
    ///
    /// - Parameters:
    ///   - values: The elements; their count is the product of `shape`.
    ///   - shape: Sizes, outermost first; `[]` for a scalar.
    /// - Throws: `.failed` if the count does not match the shape.
    public convenience init<Element: TensorElement>(_ values: [Element], shape: [Int]) throws(TorchError) {
        var handle = ct_tensor()
        let sizes = shape.map(Int64.init)
        let status = values.withUnsafeBytes { bytes in
            ct_tensor_copy_memory(
                &handle,
                bytes.baseAddress,
                bytes.count,
                sizes,
                sizes.count,
                Element.dtype.native
            )
        }
        try check("Tensor", status)
        self.init(handle: handle)
    }

    /// Creates a one-dimensional tensor with a copy of `values`.
    ///
    /// - Parameter values: The elements.
    /// - Throws: `.outOfMemory`.
    public convenience init<Element: TensorElement>(_ values: [Element]) throws(TorchError) {
        try self.init(values, shape: [values.count])
    }

    /// Creates a CPU tensor over memory with another owner, such as a mapped file, without a copy.
    ///
    /// It must not be written to.
    ///
    /// - Parameters:
    ///   - memory: Address of the first element; the memory must be row-major and aligned for `dtype`.
    ///   - shape: Sizes, outermost first.
    ///   - dtype: The element type.
    ///   - owner: An object that is kept alive until the last view of the memory is released.
    /// - Throws: `.failed` if libtorch rejects the shape.
    public convenience init(
        borrowing memory: UnsafeRawPointer,
        shape: [Int],
        dtype: DType,
        owner: AnyObject
    ) throws(TorchError) {
        var handle = ct_tensor()
        let sizes = shape.map(Int64.init)
        let retained = Unmanaged.passRetained(owner)
        let status = ct_tensor_from_memory(
            &handle,
            UnsafeMutableRawPointer(mutating: memory),
            sizes,
            sizes.count,
            dtype.native,
            retained.toOpaque(),
            { owner in owner.map { Unmanaged<AnyObject>.fromOpaque($0).release() } }
        )
        // On failure libtorch has not taken the owner, and there is no tensor to release it.
        if status != Int32(CT_OK.rawValue) { retained.release() }
        try check("Tensor(borrowing:)", status)
        self.init(handle: handle)
    }

    /// Creates a tensor with uninitialized elements.
    ///
    /// - Parameters:
    ///   - shape: Sizes, outermost first.
    ///   - dtype: The element type.
    ///   - device: The device.
    /// - Returns: The tensor.
    /// - Throws: `.outOfMemory`, or `.failed` for a negative size.
    public static func empty(
        _ shape: [Int],
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try makeTensor("empty") {
            ct_tensor_empty($0, sizes, sizes.count, dtype.native, device.native)
        }
    }

    /// Creates a tensor with the same value everywhere.
    ///
    /// - Parameters:
    ///   - value: The value of every element.
    ///   - shape: Sizes, outermost first.
    ///   - dtype: The element type.
    ///   - device: The device.
    /// - Returns: The tensor.
    /// - Throws: `.outOfMemory`, or `.failed` for a negative size.
    public static func full(
        _ value: Double,
        _ shape: [Int],
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        let sizes = shape.map(Int64.init)
        return try makeTensor("full") {
            ct_tensor_full($0, sizes, sizes.count, value, dtype.native, device.native)
        }
    }

    /// Creates a tensor of zeros.
    ///
    /// - Parameters:
    ///   - shape: Sizes, outermost first.
    ///   - dtype: The element type.
    ///   - device: The device.
    /// - Returns: The tensor.
    /// - Throws: `.outOfMemory`, or `.failed` for a negative size.
    public static func zeros(
        _ shape: [Int],
        dtype: DType = .float32,
        device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try full(0, shape, dtype: dtype, device: device)
    }

    /// The number of in-place changes; an unchanged number means unchanged values.
    ///
    /// - Throws: `.failed` for a tensor without a version counter.
    package func version() throws(TorchError) -> UInt32 {
        var version: UInt32 = 0
        try check("version", withExtendedLifetime(self) { ct_tensor_version(&version, handle) })
        return version
    }

    /// Whether ``zerosOnDemand(_:device:)`` saves memory: for a CPU under Linux.
    ///
    /// - Parameter device: The device of the zeros.
    /// - Returns: False if they are ordinary zeros.
    package static func hasZerosOnDemand(on device: Device) -> Bool {
        device == .cpu && ct_tensor_has_zeros_on_demand()
    }

    /// Creates float32 zeros whose pages take memory only once they are written to: for tables with few used rows.
    ///
    /// - Parameters:
    ///   - shape: Sizes, outermost first.
    ///   - device: The device; except on a CPU these are ordinary zeros.
    /// - Returns: The tensor.
    /// - Throws: `.outOfMemory`.
    package static func zerosOnDemand(_ shape: [Int], device: Device) throws(TorchError) -> Tensor {
        guard device == .cpu else { return try zeros(shape, device: device) }
        let sizes = shape.map(Int64.init)
        return try makeTensor("zerosOnDemand") { ct_tensor_zeros_on_demand($0, sizes, sizes.count) }
    }

    /// Draws a float32 CPU tensor from N(`mean`, `std`²).
    ///
    /// - Parameters:
    ///   - shape: Sizes, outermost first.
    ///   - mean: The distribution's mean.
    ///   - std: The distribution's standard deviation.
    ///   - random: The stream to draw from.
    /// - Returns: The tensor.
    /// - Throws: `.outOfMemory`, or `.failed` for a negative size.
    public static func normal(
        _ shape: [Int],
        mean: Double = 0,
        std: Double = 1,
        random: RandomSource
    ) throws(TorchError) -> Tensor {
        let tensor = try empty(shape, device: random.device)
        let status = withExtendedLifetime((tensor, random)) {
            ct_tensor_fill_normal(tensor.handle, mean, std, random.handle)
        }
        try check("normal", status)
        return tensor
    }

    /// Draws a float32 tensor from U(-`bound`, `bound`).
    ///
    /// - Parameters:
    ///   - shape: Sizes, outermost first.
    ///   - bound: The largest absolute value.
    ///   - random: The stream to draw from.
    /// - Returns: The tensor.
    /// - Throws: `.outOfMemory`, or `.failed` for a negative size.
    package static func uniform(
        _ shape: [Int],
        within bound: Double,
        random: RandomSource
    ) throws(TorchError) -> Tensor {
        let tensor = try empty(shape, device: random.device)
        let status = withExtendedLifetime((tensor, random)) {
            ct_tensor_fill_uniform(tensor.handle, -bound, bound, random.handle)
        }
        try check("uniform", status)
        return tensor
    }

    // MARK: Inspecting

    /// Sizes, outermost first; `[]` for a scalar.
    public var shape: [Int] {
        withExtendedLifetime(self) {
            (0..<ct_tensor_rank(handle)).map { Int(ct_tensor_size(handle, $0)) }
        }
    }

    /// The number of elements.
    public var count: Int { withExtendedLifetime(self) { Int(ct_tensor_element_count(handle)) } }

    /// The element type.
    public var dtype: DType {
        var dtype = CT_FLOAT32
        _ = withExtendedLifetime(self) { ct_tensor_dtype(&dtype, handle) }
        return DType(native: dtype)
    }

    /// The device of the elements.
    public var device: Device {
        var device = ct_device()
        _ = withExtendedLifetime(self) { ct_tensor_device(&device, handle) }
        return Device(native: device)
    }

    /// Whether elements are stored in row-major order without gaps.
    public var isContiguous: Bool { withExtendedLifetime(self) { ct_tensor_is_contiguous(handle) } }

    // MARK: Reading

    /// Reads the elements' memory; copies them first unless they are contiguous on the CPU.
    ///
    /// - Parameter body: Receives the bytes, which are valid only until it returns.
    /// - Returns: The result of `body`.
    /// - Throws: `.outOfMemory` if there is no memory for a copy.
    public func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(TorchError) -> Result {
        let here = try to(device: .cpu).contiguous()
        let bytes = here.count * here.dtype.byteWidth
        return withExtendedLifetime(here) {
            body(UnsafeRawBufferPointer(start: ct_tensor_data(here.handle), count: bytes))
        }
    }

    /// The memory of a contiguous CPU tensor, valid as long as the tensor, which the caller must keep alive.
    package var memory: UnsafeRawBufferPointer {
        precondition(device == .cpu && isContiguous, "requires a contiguous tensor on the CPU")
        return UnsafeRawBufferPointer(start: ct_tensor_data(handle), count: count * dtype.byteWidth)
    }

    /// Writes to the elements' memory in place; for contiguous CPU tensors.
    ///
    /// - Parameter body: Receives the bytes, which are valid only until it returns.
    /// - Returns: The result of `body`.
    /// - Throws: `.failed` if the tensor is on another device or not contiguous.
    package func withUnsafeMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) throws(TorchError) -> Result {
        guard device == .cpu, isContiguous else {
            throw TorchError(
                operation: "withUnsafeMutableBytes",
                message: "requires a contiguous tensor on the CPU"
            )
        }
        return withExtendedLifetime(self) {
            body(UnsafeMutableRawBufferPointer(start: ct_tensor_data(handle), count: count * dtype.byteWidth))
        }
    }

    /// Returns the elements in row-major order, converted to `Element`.
    ///
    /// - Parameter type: The Swift type.
    /// - Returns: ``count`` values.
    /// - Throws: `.outOfMemory`.
    public func array<Element: TensorElement>(
        of type: Element.Type = Element.self
    ) throws(TorchError) -> [Element] {
        try to(dtype: Element.dtype).withUnsafeBytes { Array($0.bindMemory(to: Element.self)) }
    }

    /// Returns the only element as a number.
    ///
    /// - Returns: The value.
    /// - Throws: `.failed` if there is not exactly one element.
    public func item() throws(TorchError) -> Double {
        guard count == 1 else {
            throw TorchError(operation: "item", message: "a tensor of shape \(shape) is not a single number")
        }
        return try array(of: Double.self)[0]
    }
}

extension Tensor: CustomStringConvertible {
    /// A description such as `float32 [8, 2] on cpu`.
    public var description: String { "\(dtype.rawValue) \(shape) on \(device)" }
}
