// AdamW with float32 moments, all parameters in one pass (Loshchilov and Hutter 2019).
#ifndef CT_ADAMW_H
#define CT_ADAMW_H

#include "../libtorch.h"

namespace ct {

struct AdamWStep {
    float beta1, beta2, epsilon;
    float gradient_scale;
    float keep;        // what weight decay leaves of a weight: 1 - lr · wd
    float correction1; // 1 - beta1^t
    float correction2; // √(1 - beta2^t)
    float learning_rate;
    float rest1, rest2; // 1 - beta, from the betas in double: 1 - 0.999f is off by 5e-5 of itself
};

/// Moves parameters and moments in place; gradients, whole or of some rows, count `gradient_scale` times and stay as they
/// are. The weights, rounded to the nearest, also go into the contiguous bfloat16 tensors `copies`, where there is one.
void adamw(at::TensorList parameters, at::TensorList gradients, at::TensorList first, at::TensorList second,
           const std::vector<std::optional<at::Tensor>> &copies, const AdamWStep &step);
bool adamw_supported(const at::Tensor &parameter, const at::Tensor &gradient, const at::Tensor &m, const at::Tensor &v);

} // namespace ct

#endif
