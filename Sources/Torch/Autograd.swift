import CTorch

/// What is told of gradients, for a C function's context.
private final class GradientBody {
    let run: (Int) throws(TorchError) -> Void

    init(_ run: @escaping (Int) throws(TorchError) -> Void) { self.run = run }
}

/// Whether operations are recorded for a backward pass, as they are outside ``withNoGradient(_:)``.
package func isGradientEnabled() -> Bool { ct_autograd_is_enabled() }

extension Tensor {
    /// Whether gradients are kept for this leaf, or flow through this result.
    public var requiresGradient: Bool { withExtendedLifetime(self) { ct_autograd_requires_grad(handle) } }

    /// Asks for gradients of this leaf, or no longer.
    ///
    /// - Parameter wanted: Whether ``backward()`` shall fill ``gradient()``.
    /// - Throws: `.failed` for integers, or a result of recorded operations.
    public func setRequiresGradient(_ wanted: Bool) throws(TorchError) {
        try check(
            "setRequiresGradient",
            withExtendedLifetime(self) { ct_autograd_set_requires_grad(handle, wanted) }
        )
    }

    /// The same values, cut off from the graph.
    ///
    /// - Throws: `.outOfMemory`.
    public func detached() throws(TorchError) -> Tensor {
        try makeTensor("detached", from: self) { ct_autograd_detach($0, self.handle) }
    }

    /// Adds the gradient of this scalar to every leaf that asked for one.
    ///
    /// - Throws: `.failed` if this is not a recorded scalar; `.outOfMemory`.
    public func backward() throws(TorchError) {
        try check("backward", withExtendedLifetime(self) { ct_autograd_backward(handle) })
    }

    /// Like ``backward()``, and tells whenever a leaf's gradient has been added to, while the pass goes on.
    ///
    /// - Parameters:
    ///   - keepingGraph: Whether another pass may follow.
    ///   - leaves: Whose gradients are told of: once each, but for leaves used in several checkpointed blocks.
    ///   - body: Given a place in `leaves`; may change the leaf and clear its gradient.
    /// - Throws: What `body` throws, which ends the pass; as ``backward()``.
    package func backward(
        keepingGraph: Bool = false,
        tellingOf leaves: [Tensor],
        _ body: (Int) throws(TorchError) -> Void
    ) throws(TorchError) {
        let status = withoutActuallyEscaping(body) { body in
            let context = GradientBody(body)
            return withExtendedLifetime((self, context)) {
                withHandles(leaves) { handles in
                    ct_autograd_backward_each(
                        handle,
                        keepingGraph,
                        handles,
                        leaves.count,
                        Unmanaged.passUnretained(context).toOpaque()
                    ) { context, index in
                        guard let context else { return Int32(CT_ERROR.rawValue) }
                        let body = Unmanaged<GradientBody>.fromOpaque(context).takeUnretainedValue()
                        do throws(TorchError) {
                            try body.run(index)
                            return Int32(CT_OK.rawValue)
                        } catch {
                            return ct_fail(error.code.native, "\(error.operation): \(error.message)")
                        }
                    }
                }
            }
        }
        try check("backward", status)
    }

    /// The gradient gathered so far, of this tensor's shape; nil before the first ``backward()``.
    ///
    /// - Throws: `.failed` if this is not a leaf.
    public func gradient() throws(TorchError) -> Tensor? {
        try gradient(asRows: false)
    }

    /// The gradient as it is gathered: of a table, possibly of some rows only, for `totalNorm`, `scale` and ``OptimizerStep``
    /// and nothing else.
    ///
    /// - Throws: `.failed` if this is not a leaf.
    package func gradientOfRows() throws(TorchError) -> Tensor? { try gradient(asRows: true) }

    private func gradient(asRows: Bool) throws(TorchError) -> Tensor? {
        var gradient = ct_tensor()
        try check("gradient", withExtendedLifetime(self) { ct_autograd_grad(&gradient, handle, asRows) })
        return gradient.ctx == nil ? nil : Tensor(handle: gradient)
    }

    /// Forgets the gradient gathered so far.
    ///
    /// - Throws: `.failed` if this is not a leaf.
    public func clearGradient() throws(TorchError) {
        try check("clearGradient", withExtendedLifetime(self) { ct_autograd_clear_grad(handle) })
    }
}

/// Runs `body` without recording its operations for gradients.
///
/// - Parameter body: What to run.
/// - Returns: What `body` returns.
/// - Throws: What `body` throws.
public func withNoGradient<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    let wasEnabled = ct_autograd_set_enabled(false)
    defer { _ = ct_autograd_set_enabled(wasEnabled) }
    return try body()
}
