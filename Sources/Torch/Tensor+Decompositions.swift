import CTorch

// Decompositions of matrices.
extension Tensor {
    /// The reduced singular value decomposition of this matrix `[m, n]`, with k = min(m, n).
    ///
    /// - Returns: `u [m, k]`, the singular values `s [k]` in descending order, and `v [k, n]`; this is u · diag(s) · v.
    /// - Throws: `.failed` if it does not converge, as for NaN.
    package func singularValues() throws(TorchError) -> (u: Tensor, s: Tensor, v: Tensor) {
        var (u, s, v) = (ct_tensor(), ct_tensor(), ct_tensor())
        try check("singularValues", withExtendedLifetime(self) { ct_math_svd(&u, &s, &v, handle) })
        return (Tensor(handle: u), Tensor(handle: s), Tensor(handle: v))
    }

    /// The reduced QR decomposition of this matrix `[m, n]`, with k = min(m, n).
    ///
    /// - Returns: `q [m, k]` with orthogonal columns and the triangular `r [k, n]`; this is q · r.
    /// - Throws: `.failed` if libtorch cannot compute it.
    package func orthogonalFactors() throws(TorchError) -> (q: Tensor, r: Tensor) {
        var (q, r) = (ct_tensor(), ct_tensor())
        try check("orthogonalFactors", withExtendedLifetime(self) { ct_math_qr(&q, &r, handle) })
        return (Tensor(handle: q), Tensor(handle: r))
    }
}
