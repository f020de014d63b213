// Products of float32 matrices, for linear layers.
#ifndef CT_GEMM_H
#define CT_GEMM_H

#include <cstdint>

namespace ct {

/// c [m, n] = a [m, k] · b [k, n]. The matrices are stored by rows; `a_row` … `c_row` are the floats from one row to the
/// next. A transposed operand is stored as its transpose: a as [k, m], b as [n, k].
///
/// A linear layer needs three forms: y = x · wᵀ (b transposed), dx = dy · w, and dw = dyᵀ · x (a transposed).
struct Product {
    int64_t m, n, k;
    const float *a;
    int64_t a_row;
    bool a_transposed;
    const float *b;
    int64_t b_row;
    bool b_transposed;
    float *c;
    int64_t c_row;
    bool accumulate = false;     // adds the product to c
    const float *bias = nullptr; // [n], added to every row of c
};

/// Computes the product on libtorch's threads.
///
/// An element's sum runs over k in order, in blocks that depend only on k. So the result does not depend on the number of
/// threads, on the other sizes, or on the machine, if it has fused multiply-add.
void gemm(const Product &product);

} // namespace ct

#endif
