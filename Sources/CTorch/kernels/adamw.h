// AdamW with float32 moments, all parameters in one pass (Loshchilov and Hutter 2019).
#ifndef CT_ADAMW_H
#define CT_ADAMW_H

#include "../libtorch.h"

namespace ct {

struct AdamWStep {
    float beta1, beta2, epsilon;
    float gradient_scale;
    float keep;        // factor of weight decay: 1 - lr · wd
    float correction1; // 1 - beta1^t
    float correction2; // √(1 - beta2^t)
    float learning_rate;
    float rest1, rest2; // 1 - beta, computed in double: 1 - 0.999f has a relative error of 5e-5
};

/// Updates parameters and moments in place. Gradients, dense or sparse, are multiplied by `gradient_scale` and not changed.
/// The weights, rounded to nearest, are also written to the contiguous bfloat16 tensors `copies`, if defined.
void adamw(at::TensorList parameters, at::TensorList gradients, at::TensorList first, at::TensorList second,
           const std::vector<std::optional<at::Tensor>> &copies, const AdamWStep &step);
bool adamw_supported(const at::Tensor &parameter, const at::Tensor &gradient, const at::Tensor &m, const at::Tensor &v);

} // namespace ct

#endif
