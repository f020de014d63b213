// Arithmetic, comparison and reductions.
#ifndef CT_MATH_H
#define CT_MATH_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

int ct_math_add(ct_tensor *out, ct_tensor a, ct_tensor b);
int ct_math_subtract(ct_tensor *out, ct_tensor a, ct_tensor b);
int ct_math_multiply(ct_tensor *out, ct_tensor a, ct_tensor b);
int ct_math_divide(ct_tensor *out, ct_tensor a, ct_tensor b);
int ct_math_add_scalar(ct_tensor *out, ct_tensor a, double b);
int ct_math_multiply_scalar(ct_tensor *out, ct_tensor a, double b);
int ct_math_matmul(ct_tensor *out, ct_tensor a, ct_tensor b);
/// The reduced singular value decomposition of a [m, n]: u [m, k], s [k], v [k, n] with k = min(m, n).
int ct_math_svd(ct_tensor *u, ct_tensor *s, ct_tensor *v, ct_tensor a);
/// The reduced QR decomposition of a [m, n]: q [m, k], r [k, n].
int ct_math_qr(ct_tensor *q, ct_tensor *r, ct_tensor a);

/// Element-wise functions of one tensor.
typedef enum {
    CT_NEGATE, CT_EXP, CT_LOG, CT_SQRT, CT_RSQRT, CT_SQUARE, CT_TANH, CT_SIGMOID, CT_SIN, CT_COS,
    CT_RELU, CT_SILU, CT_GELU, CT_GELU_TANH
} ct_unary;
int ct_math_unary(ct_tensor *out, ct_tensor a, ct_unary function);

/// Reductions over one dimension, or over all elements if `all` is true (`dimension` is then ignored).
typedef enum { CT_SUM, CT_MEAN, CT_MAX, CT_ARGMAX } ct_reduction;
int ct_math_reduce(ct_tensor *out, ct_tensor a, ct_reduction reduction, bool all, int64_t dimension, bool keep);

int ct_math_softmax(ct_tensor *out, ct_tensor a, int64_t dimension);
int ct_math_log_softmax(ct_tensor *out, ct_tensor a, int64_t dimension);
/// Gathers elements along `dimension` by `indices` (int64).
int ct_math_gather(ct_tensor *out, ct_tensor a, int64_t dimension, ct_tensor indices);
/// Whether every element is finite.
int ct_math_is_finite(bool *out, ct_tensor a);

#ifdef __cplusplus
}
#endif
#endif
