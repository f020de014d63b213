import CTorch

/// What runs in a checkpointed block, twice.
private final class CheckpointBody {
    let run: (Tensor) throws(TorchError) -> Tensor
    let random: RandomSource?
    /// Where the random stream stood when the block ran first.
    let state: [UInt8]

    init(
        _ run: @escaping (Tensor) throws(TorchError) -> Tensor,
        _ random: RandomSource?
    ) throws(TorchError) {
        self.run = run
        self.random = random
        state = try random?.state() ?? []
    }

    /// The second run draws what the first drew, and leaves the stream where it is.
    func callAsFunction(_ input: Tensor, again: Bool) throws(TorchError) -> Tensor {
        guard again, let random else { return try run(input) }
        let now = try random.state()
        try random.restore(state)
        let output = try run(input)
        try random.restore(now)
        return output
    }
}

extension Tensor {
    /// Runs `body` on this tensor without keeping what lies between for the backward pass, which runs it again: a block's
    /// memory for its time.
    ///
    /// - Parameters:
    ///   - random: The stream that `body` draws from; its second run draws the same.
    ///   - body: Must compute the same both times.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; in the backward pass ``backward()`` throws it.
    ///
    /// Source: `torch.utils.checkpoint` (reentrant).
    public func checkpointed(
        random: RandomSource?,
        _ body: @escaping (Tensor) throws(TorchError) -> Tensor
    ) throws(TorchError) -> Tensor {
        guard isGradientEnabled() else { return try body(self) }
        let context = Unmanaged.passRetained(try CheckpointBody(body, random))
        return try makeTensor("checkpoint", from: self) { out in
            ct_autograd_checkpoint(
                out,
                self.handle,
                context.toOpaque(),
                { context, out, input, again in
                    guard let context, let out else { return Int32(CT_ERROR.rawValue) }
                    let body = Unmanaged<CheckpointBody>.fromOpaque(context).takeUnretainedValue()
                    // The caller frees its handle; this one is a tensor of its own.
                    var own = ct_tensor()
                    guard ct_tensor_alias(&own, input) == Int32(CT_OK.rawValue) else {
                        return Int32(CT_ERROR.rawValue)
                    }
                    do throws(TorchError) {
                        let output = try body(Tensor(handle: own), again: again)
                        return withExtendedLifetime(output) { ct_tensor_alias(out, output.handle) }
                    } catch {
                        return ct_fail(error.code.native, "\(error.operation): \(error.message)")
                    }
                },
                { context in context.map { Unmanaged<CheckpointBody>.fromOpaque($0).release() } }
            )
        }
    }
}
