// AdamW with 8-bit block-wise moments (Dettmers et al. 2022).
#ifndef CT_ADAMW8_H
#define CT_ADAMW8_H

#include "adamw.h"

namespace ct {

struct AdamW8Step : AdamWStep {
    uint64_t rounding_key; // for this parameter and step, if its weights are bfloat16
};

/// Tensors of one parameter; the codes have its shape, the sizes have one number per 256 elements.
struct Moments8 {
    at::Tensor first_codes, first_sizes, second_codes, second_sizes;
};

constexpr int64_t moments8_block = 256;

/// The dynamic map of bitsandbytes: 256 ascending values.
///
/// Source: `create_dynamic_map` of bitsandbytes 0.50.
at::Tensor dynamic_map(bool is_signed);

/// The step with our kernel: one pass over memory on all cores. Weights and gradients are each float32 or bfloat16;
/// bfloat16 weights are rounded stochastically. Weights, rounded to nearest, are also written to the contiguous bfloat16
/// `copy`, if defined.
void adamw8(at::Tensor &parameter, const at::Tensor &gradient, Moments8 &moments, const std::optional<at::Tensor> &copy,
            const AdamW8Step &step);
bool adamw8_supported(const at::Tensor &parameter, const at::Tensor &gradient, const Moments8 &moments);
/// The same step with libtorch's operations, on every device.
void adamw8_plain(at::Tensor &parameter, const at::Tensor &gradient, Moments8 &moments, const AdamW8Step &step);

} // namespace ct

#endif
