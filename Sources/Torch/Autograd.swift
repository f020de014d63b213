import CTorch

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

    /// The gradient gathered so far, of this tensor's shape; nil before the first ``backward()``.
    ///
    /// - Throws: `.failed` if this is not a leaf.
    public func gradient() throws(TorchError) -> Tensor? {
        var gradient = ct_tensor()
        try check("gradient", withExtendedLifetime(self) { ct_autograd_grad(&gradient, handle) })
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
