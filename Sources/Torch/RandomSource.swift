import CTorch

/// A stream of random numbers for one purpose (shuffling, head initialization, dropout), passed to the code that draws.
///
/// On the CPU it is PyTorch's mt19937: the same seed gives the same numbers as PyTorch.
public final class RandomSource {
    let handle: ct_generator
    /// The device of the generator.
    public let device: Device

    /// Creates a source with a seed.
    ///
    /// - Parameters:
    ///   - seed: Any number; equal seeds give equal streams.
    ///   - device: The device of the generator.
    /// - Throws: `.failed` if there is no such device.
    public init(seed: UInt64, device: Device = .cpu) throws(TorchError) {
        var handle = ct_generator()
        try check("RandomSource", ct_generator_new(&handle, device.native, seed))
        self.handle = handle
        self.device = device
    }

    deinit { ct_generator_free(handle) }

    /// Returns the state, for a checkpoint.
    ///
    /// - Throws: `.failed` if libtorch cannot read the state.
    public func state() throws(TorchError) -> [UInt8] {
        let source = self
        let state = try makeTensor("RandomSource.state") { ct_generator_get_state($0, source.handle) }
        return try state.array(of: UInt8.self)
    }

    /// Restores a state from ``state()``.
    ///
    /// - Parameter state: The bytes of ``state()``.
    /// - Throws: `.failed` if the bytes are not a valid state.
    public func restore(_ state: [UInt8]) throws(TorchError) {
        let tensor = try Tensor(state, shape: [state.count])
        try check(
            "RandomSource.restore",
            withExtendedLifetime(tensor) { ct_generator_set_state(handle, $0.handle) }
        )
    }

    /// Draws a seed for code with its own random numbers, such as a kernel's dropout.
    ///
    /// - Returns: 63 random bits.
    /// - Throws: `.failed` if libtorch cannot draw.
    public func draw() throws(TorchError) -> UInt64 {
        var number: UInt64 = 0
        try check("RandomSource.draw", ct_generator_draw(&number, handle))
        return number
    }

    /// Returns the numbers `0 ..< count` in random order.
    ///
    /// - Parameter count: The number of elements.
    /// - Returns: The permutation that PyTorch gives for the same seed.
    /// - Throws: `.failed` if `count` is negative.
    ///
    /// Source: `torch.randperm`, which transformers' `RandomSampler` calls.
    public func permutation(_ count: Int) throws(TorchError) -> [Int] {
        let source = self
        let order = try makeTensor("permutation") {
            ct_tensor_random_permutation($0, Int64(count), source.handle)
        }
        return try order.array(of: Int64.self).map(Int.init)
    }
}
