// Products of matrices in float32 or bfloat16, for linear layers.
#ifndef CT_GEMM_H
#define CT_GEMM_H

#include <cstdint>

namespace ct {

/// c [m, n] = a [m, k] · b [k, n]. The matrices are stored by rows; `a_row` … `c_row` are the numbers from one row to
/// the next. A transposed operand is stored as its transpose: a as [k, m], b as [n, k].
///
/// A linear layer needs three forms: y = x · wᵀ (b transposed), dx = dy · w, and dw = dyᵀ · x (a transposed).
template <typename Factor, typename Result> struct ProductOf {
    int64_t m, n, k;
    const Factor *a;
    int64_t a_row;
    bool a_transposed;
    const Factor *b;
    int64_t b_row;
    bool b_transposed;
    Result *c;
    int64_t c_row;
    bool accumulate = false;     // adds the product to c
    const float *bias = nullptr; // [n], added to every row of c
};

using Product = ProductOf<float, float>;
/// Bits of bfloat16 are multiplied, and added up in float32. A bfloat16 result is rounded once.
using NarrowProduct = ProductOf<uint16_t, float>;
using NarrowestProduct = ProductOf<uint16_t, uint16_t>;

/// Computes the product on libtorch's threads.
///
/// An element's sum runs over k in order, in blocks that depend only on k. So the result does not depend on the number of
/// threads, on the other sizes, or on the machine, if it has fused multiply-add.
void gemm(const Product &product);

/// The same for bfloat16, on a machine and for a product that `multiplies_narrow` confirms. Independent of the number of threads
/// and of the other sizes, too.
void gemm(const NarrowProduct &product);
void gemm(const NarrowestProduct &product);

/// Whether this CPU multiplies pairs of bfloat16, and has no matrix unit that libraries use for them.
bool has_bfloat16_pairs();

/// Whether pairs of values of k can be read, and a bfloat16 result needs no sums outside of registers.
template <typename Result> bool multiplies_narrow(const ProductOf<uint16_t, Result> &product) {
    constexpr int64_t deepest = 4096;
    const bool is_even = product.k % 2 == 0;
    const bool reads_a = product.a_transposed || (is_even && product.a_row % 2 == 0);
    const bool reads_b = !product.b_transposed || (is_even && product.b_row % 2 == 0);
    const bool fits = sizeof(Result) == sizeof(float) || (!product.a_transposed && !product.accumulate && product.k <= deepest);
    return has_bfloat16_pairs() && reads_a && reads_b && fits;
}

} // namespace ct

#endif
