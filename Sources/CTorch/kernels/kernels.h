// Our own kernels: forward and backward, with autograd, for float32 on the CPU, where libtorch's were a measured
// hot spot. `*_supported` says whether a kernel can take these arguments; every caller has libtorch's own
// operations as the other way, which is also what the tests compare with.
#ifndef CT_KERNELS_H
#define CT_KERNELS_H

#include "../libtorch.h"

namespace ct {

inline bool is_cpu_float32(const at::Tensor &x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

bool linear_supported(const at::Tensor &x, const at::Tensor &w);
at::Tensor linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias);

/// Rows of a table of bfloat16, as float32.
at::Tensor narrow_embedding(const at::Tensor &table, const at::Tensor &ids, int64_t padding_index);

at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &w, double epsilon);

at::Tensor swiglu(const at::Tensor &gate, const at::Tensor &up);

at::Tensor rope(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine);

} // namespace ct

#endif
