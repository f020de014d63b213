// Optimizers: one step over parameters and their states, in place.
#ifndef CT_OPTIM_H
#define CT_OPTIM_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// L2 norm over all tensors together, as `torch.nn.utils.get_total_norm`.
int ct_optim_total_norm(ct_tensor *out, const ct_tensor *tensors, size_t count);
/// Multiplies every tensor in place by a scalar.
int ct_optim_scale_(const ct_tensor *tensors, size_t count, double factor);

/// The numbers of one step.
typedef struct ct_step {
    int64_t step; // 1 for the first one
    double learning_rate;
    double weight_decay;
} ct_step;

/// One AdamW step over a parameter group; gradients count `gradient_scale` times, and may be overwritten. The moved weights
/// also go into `copies`, contiguous and bfloat16, of which any may be a null handle. `plain` takes libtorch's fused kernel
/// even where ours could.
int ct_optim_adamw_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
                    const ct_tensor *second_moments, const ct_tensor *copies, size_t count, ct_step step, double beta1,
                    double beta2, double epsilon, double gradient_scale, bool plain);
/// One SGD step by libtorch's fused kernel; `momenta` is null where `momentum` is 0.
int ct_optim_sgd_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *momenta, size_t count,
                  ct_step step, double momentum, double dampening, bool nesterov);
/// One Lion step of one parameter.
int ct_optim_lion_(ct_tensor parameter, ct_tensor gradient, ct_tensor moment, ct_step step, double beta1, double beta2);
/// One Adafactor step of one parameter: `rows` and `columns` for two dimensions and more, else `rows` is the whole
/// second moment and `columns` is null.
int ct_optim_adafactor_(ct_tensor parameter, ct_tensor gradient, ct_tensor rows, ct_tensor columns, ct_step step);

/// What AdamW keeps of one parameter in 8 bits: codes of the parameter's shape, and the largest size of every 256.
typedef struct ct_moments8 {
    ct_tensor first_codes, first_sizes, second_codes, second_sizes;
} ct_moments8;
/// One AdamW step of one parameter with moments in 8 bits; gradients count `gradient_scale` times. A bfloat16 parameter is
/// rounded stochastically, by bits that follow from `rounding_key`. `copy` as above. `plain` takes libtorch's operations
/// even where our kernel could.
int ct_optim_adamw8_(ct_tensor parameter, ct_tensor gradient, ct_moments8 moments, ct_tensor copy, ct_step step,
                     double beta1, double beta2, double epsilon, double gradient_scale, uint64_t rounding_key, bool plain);
/// Writes the float32 `wide` to the bfloat16 `narrow`: up or down, each as likely as it is close.
int ct_optim_round_(ct_tensor narrow, ct_tensor wide, uint64_t rounding_key, bool plain);
/// The 256 values that the codes stand for: of the first moments, which have a sign, or of the second.
int ct_optim_dynamic_map(ct_tensor *out, bool is_signed);

#ifdef __cplusplus
}
#endif
#endif
