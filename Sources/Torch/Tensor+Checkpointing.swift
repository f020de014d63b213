import CTorch

/// The body of a checkpointed block, which runs twice.
private final class CheckpointBody {
    let run: (Tensor) throws(TorchError) -> Tensor
    let random: RandomSource?
    /// The state of the random stream before the first run.
    let state: [UInt8]

    init(
        _ run: @escaping (Tensor) throws(TorchError) -> Tensor,
        _ random: RandomSource?
    ) throws(TorchError) {
        self.run = run
        self.random = random
        state = try random?.state() ?? []
    }

    /// Runs the body.
    ///
    /// The second run draws the same numbers as the first and then restores the stream.
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
    /// Runs `body` on this tensor without keeping its intermediates.
    ///
    /// The backward pass runs it again, which saves memory but costs time.
    ///
    /// - Parameters:
    ///   - random: The stream that `body` draws from; its second run draws the same numbers.
    ///   - body: The computation, which must give the same result both times.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`; in the backward pass ``backward()`` throws it.
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
                    // The caller frees its handle, so make another one.
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
