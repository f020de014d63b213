// Our own kernels, forward and backward with autograd, for float32 operations on the CPU in which libtorch was a measured
// hot spot. `*_supported` returns whether a kernel supports the arguments. Every caller falls back to libtorch's
// operations, and tests compare the two.
#ifndef CT_KERNELS_H
#define CT_KERNELS_H

#include "../libtorch.h"

#include "../include/ctorch.h"

namespace ct {

/// While it lives, libtorch's operations skip autograd, which every pass of our functions would otherwise go through although
/// nothing is recorded there: choosing the code of a small operation takes longer than computing it.
///
/// A view that is made meanwhile does not have the version of its tensor. So layers whose 8-bit rows are remembered by version,
/// `low_rank_linear`'s, do without it.
using Direct = at::AutoDispatchBelowADInplaceOrView;

inline bool is_cpu_float32(const at::Tensor &x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

bool linear_supported(const at::Tensor &x, const at::Tensor &w);
at::Tensor linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias, ct_products products);

/// x · wᵀ + bias in float32, with factors rounded to `type` unless `products` computes in float32. w is float32 or `type`;
/// `copy` is w in that type, if available.
at::Tensor narrow_linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &copy,
                         const std::optional<at::Tensor> &bias, at::ScalarType type, ct_products products);

/// The product that an adapter adds to a linear layer: scale · drop(x) · aᵀ · bᵀ with a [r, in] and b [out, r].
struct LowRank {
    at::Tensor a, b;
    double scale = 1, dropout = 0;
    uint64_t seed = 0;
};

/// x · wᵀ + bias with a frozen w, plus an adapter's product; types as in `narrow_linear`, a and b are float32.
at::Tensor low_rank_linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &copy,
                           const std::optional<at::Tensor> &bias, const LowRank &adapter, at::ScalarType type,
                           ct_products products);
ct_products suggested_products();
bool has_onednn();

bool embedding_supported(const at::Tensor &table);
/// Rows of a table, as float32. The gradient of a float32 table is a sparse tensor of the rows that occur.
at::Tensor embedding(const at::Tensor &table, const at::Tensor &ids, int64_t padding_index);

at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &w, double epsilon);

/// LayerNorm of x, or of x + residual.
at::Tensor layer_norm(const at::Tensor &x, const std::optional<at::Tensor> &residual, const at::Tensor &w,
                      const std::optional<at::Tensor> &bias, double epsilon);

at::Tensor swiglu(const at::Tensor &gate, const at::Tensor &up);

at::Tensor rope(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine);

} // namespace ct

#endif
