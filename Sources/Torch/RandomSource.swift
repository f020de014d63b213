import CTorch

/// A stream of random numbers with one purpose (shuffling, head initialisation, dropout), passed to whoever draws.
///
/// On the CPU it is PyTorch's mt19937: the same seed gives PyTorch's numbers.
public final class RandomSource {
    let handle: ct_generator
    /// The device it draws on.
    public let device: Device

    /// A source seeded with `seed`.
    ///
    /// - Parameters:
    ///   - seed: Any number; equal seeds give equal streams.
    ///   - device: Where to draw.
    /// - Throws: `.failed` if there is no such device.
    public init(seed: UInt64, device: Device = .cpu) throws(TorchError) {
        var handle = ct_generator()
        try check("RandomSource", ct_generator_new(&handle, device.native, seed))
        self.handle = handle
        self.device = device
    }

    deinit { ct_generator_free(handle) }

    /// The state, for a checkpoint.
    ///
    /// - Throws: `.failed` if libtorch cannot tell.
    public func state() throws(TorchError) -> [UInt8] {
        let source = self
        let state = try makeTensor("RandomSource.state") { ct_generator_get_state($0, source.handle) }
        return try state.array(of: UInt8.self)
    }

    /// Goes back to a state that ``state()`` gave.
    ///
    /// - Parameter state: The bytes of ``state()``.
    /// - Throws: `.failed` if these are not a state.
    public func restore(_ state: [UInt8]) throws(TorchError) {
        let tensor = try Tensor(state, shape: [state.count])
        try check(
            "RandomSource.restore",
            withExtendedLifetime(tensor) { ct_generator_set_state(handle, $0.handle) }
        )
    }

    /// A number to seed something that draws by itself: a kernel's dropout.
    ///
    /// - Returns: 63 random bits.
    /// - Throws: `.failed` if libtorch cannot draw.
    public func draw() throws(TorchError) -> UInt64 {
        var number: UInt64 = 0
        try check("RandomSource.draw", ct_generator_draw(&number, handle))
        return number
    }

    /// The numbers `0 ..< count` in a random order.
    ///
    /// - Parameter count: How many.
    /// - Returns: A permutation, PyTorch's for the same seed.
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
