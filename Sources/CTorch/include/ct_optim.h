// Optimizers: in-place steps over parameters and their state.
#ifndef CT_OPTIM_H
#define CT_OPTIM_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// L2 norm over all tensors, like `torch.nn.utils.get_total_norm`.
int ct_optim_total_norm(ct_tensor *out, const ct_tensor *tensors, size_t count);
/// Multiplies every tensor in place by a scalar.
int ct_optim_scale_(const ct_tensor *tensors, size_t count, double factor);

/// The hyperparameters of one step.
typedef struct ct_step {
    int64_t step; // one-based
    double learning_rate;
    double weight_decay;
} ct_step;

/// One AdamW step over a parameter group. Gradients are multiplied by `gradient_scale` and may be overwritten. The updated
/// weights are also written to `copies`, contiguous bfloat16 tensors or null handles. `plain` uses libtorch's fused kernel
/// instead of ours.
int ct_optim_adamw_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
                    const ct_tensor *second_moments, const ct_tensor *copies, size_t count, ct_step step, double beta1,
                    double beta2, double epsilon, double gradient_scale, bool plain);
/// One SGD step with libtorch's fused kernel; `momenta` is null if `momentum` is 0.
int ct_optim_sgd_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *momenta, size_t count,
                  ct_step step, double momentum, double dampening, bool nesterov);
/// One Lion step of one parameter.
int ct_optim_lion_(ct_tensor parameter, ct_tensor gradient, ct_tensor moment, ct_step step, double beta1, double beta2);
/// One Adafactor step of one parameter. For fewer than two dimensions `rows` is the whole second moment and `columns` is
/// null.
int ct_optim_adafactor_(ct_tensor parameter, ct_tensor gradient, ct_tensor rows, ct_tensor columns, ct_step step);

/// AdamW's 8-bit moments of one parameter: codes in the parameter's shape, and the largest magnitude per 256 elements.
typedef struct ct_moments8 {
    ct_tensor first_codes, first_sizes, second_codes, second_sizes;
} ct_moments8;
/// One AdamW step of one parameter with 8-bit moments; gradients are multiplied by `gradient_scale`. A bfloat16 parameter is
/// rounded stochastically, with bits determined by `rounding_key`. `copy` as above. `plain` uses libtorch's operations
/// instead of our kernel.
int ct_optim_adamw8_(ct_tensor parameter, ct_tensor gradient, ct_moments8 moments, ct_tensor copy, ct_step step,
                     double beta1, double beta2, double epsilon, double gradient_scale, uint64_t rounding_key, bool plain);
/// Writes the float32 `wide` to the bfloat16 `narrow` with stochastic rounding: up or down, the nearer the likelier.
int ct_optim_round_(ct_tensor narrow, ct_tensor wide, uint64_t rounding_key, bool plain);
/// The 256 values of the codes: signed for first moments, unsigned for second ones.
int ct_optim_dynamic_map(ct_tensor *out, bool is_signed);

#ifdef __cplusplus
}
#endif
#endif
