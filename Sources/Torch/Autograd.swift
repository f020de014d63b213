import CTorch

/// Holds the closure that reports gradients, as a C function's context.
private final class GradientBody {
    let run: (Int) throws(TorchError) -> Void

    init(_ run: @escaping (Int) throws(TorchError) -> Void) { self.run = run }
}

/// Whether operations are recorded for a backward pass, which ``withNoGradient(_:)`` turns off.
package func isGradientEnabled() -> Bool { ct_autograd_is_enabled() }

extension Tensor {
    /// Whether gradients are accumulated for this leaf, or flow through this result.
    public var requiresGradient: Bool { withExtendedLifetime(self) { ct_autograd_requires_grad(handle) } }

    /// Turns gradients of this leaf on or off.
    ///
    /// - Parameter wanted: Whether ``backward()`` accumulates into ``gradient()``.
    /// - Throws: `.failed` for an integer tensor or the result of recorded operations.
    public func setRequiresGradient(_ wanted: Bool) throws(TorchError) {
        try check(
            "setRequiresGradient",
            withExtendedLifetime(self) { ct_autograd_set_requires_grad(handle, wanted) }
        )
    }

    /// Returns the same values, detached from the graph.
    ///
    /// - Throws: `.outOfMemory`.
    public func detached() throws(TorchError) -> Tensor {
        try makeTensor("detached", from: self) { ct_autograd_detach($0, self.handle) }
    }

    /// Accumulates the gradient of this scalar into every leaf that requires a gradient.
    ///
    /// - Throws: `.failed` if this is not a recorded scalar; `.outOfMemory`.
    public func backward() throws(TorchError) {
        try check("backward", withExtendedLifetime(self) { ct_autograd_backward(handle) })
    }

    /// Like ``backward()``, but calls a closure during the pass whenever a leaf's gradient has been accumulated.
    ///
    /// - Parameters:
    ///   - keepingGraph: Whether to keep the graph for another pass.
    ///   - leaves: The leaves to report: each once, unless several checkpointed blocks use it.
    ///   - body: Called with an index into `leaves`; may change the leaf and clear its gradient.
    /// - Throws: An error of `body`, which ends the pass, or the errors of ``backward()``.
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

    /// Returns the accumulated gradient in this tensor's shape; nil before the first ``backward()``.
    ///
    /// - Throws: `.failed` if this is not a leaf.
    public func gradient() throws(TorchError) -> Tensor? {
        try gradient(asRows: false)
    }

    /// Returns the gradient as stored.
    ///
    /// For a table it may be sparse, with some rows only, and is then only valid for `totalNorm`, `scale` and ``OptimizerStep``.
    ///
    /// - Throws: `.failed` if this is not a leaf.
    package func gradientOfRows() throws(TorchError) -> Tensor? { try gradient(asRows: true) }

    private func gradient(asRows: Bool) throws(TorchError) -> Tensor? {
        var gradient = ct_tensor()
        try check("gradient", withExtendedLifetime(self) { ct_autograd_grad(&gradient, handle, asRows) })
        return gradient.ctx == nil ? nil : Tensor(handle: gradient)
    }

    /// Returns rows of a table's accumulated gradient, dense; nil before the first ``backward()``.
    ///
    /// - Parameter rows: The indices of the rows, ascending, `int64`. A gradient as of `embedding` must have no other rows.
    /// - Returns: `[U, H]` for U rows, with zeros in those without a gradient.
    /// - Throws: `.failed` if a sparse gradient has another row.
    package func gradient(ofRows rows: Tensor) throws(TorchError) -> Tensor? {
        var gradient = ct_tensor()
        try check(
            "gradient",
            withExtendedLifetime((self, rows)) { ct_autograd_grad_of_rows(&gradient, handle, rows.handle) }
        )
        return gradient.ctx == nil ? nil : Tensor(handle: gradient)
    }

    /// Replaces a table's accumulated gradient by a sparse one, as ``backward()`` leaves it for a lookup.
    ///
    /// - Parameters:
    ///   - values: `[U, H]`, in this tensor's type; kept, not copied.
    ///   - rows: The indices of the rows, ascending, `int64`.
    /// - Throws: `.failed` if the shapes or types do not fit.
    package func setGradient(_ values: Tensor, ofRows rows: Tensor) throws(TorchError) {
        try check(
            "setGradient",
            withExtendedLifetime((self, values, rows)) {
                ct_autograd_set_grad_of_rows(handle, rows.handle, values.handle)
            }
        )
    }

    /// Clears the accumulated gradient.
    ///
    /// - Throws: `.failed` if this is not a leaf.
    public func clearGradient() throws(TorchError) {
        try check("clearGradient", withExtendedLifetime(self) { ct_autograd_clear_grad(handle) })
    }
}

/// Runs `body` without recording its operations for gradients.
///
/// - Parameter body: The closure to run.
/// - Returns: The result of `body`.
/// - Throws: The error of `body`.
public func withNoGradient<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    let wasEnabled = ct_autograd_set_enabled(false)
    defer { _ = ct_autograd_set_enabled(wasEnabled) }
    return try body()
}
