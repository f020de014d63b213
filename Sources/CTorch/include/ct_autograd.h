// Gradients and the optimizer's fused steps.
#ifndef CT_AUTOGRAD_H
#define CT_AUTOGRAD_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Turns recording on or off for this thread; tells what it was.
bool ct_autograd_set_enabled(bool enabled);
int ct_autograd_set_requires_grad(ct_tensor tensor, bool requires_grad);
/// Whether operations are recorded now.
bool ct_autograd_is_enabled(void);
bool ct_autograd_requires_grad(ct_tensor tensor);
/// The same values, cut off from the graph.
int ct_autograd_detach(ct_tensor *out, ct_tensor tensor);
/// Accumulates gradients of the scalar `loss` into every leaf.
int ct_autograd_backward(ct_tensor loss);
/// The accumulated gradient; a null handle where there is none yet.
int ct_autograd_grad(ct_tensor *out, ct_tensor tensor);
int ct_autograd_clear_grad(ct_tensor tensor);

/// L2 norm over all tensors together, as `torch.nn.utils.get_total_norm`.
int ct_optim_total_norm(ct_tensor *out, const ct_tensor *tensors, size_t count);
/// Multiplies every tensor in place by a scalar tensor.
int ct_optim_scale_(const ct_tensor *tensors, size_t count, double factor);
/// One AdamW step over a parameter group by libtorch's fused kernel; `step` is 1 for the first one.
int ct_optim_adamw_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
                    const ct_tensor *second_moments, size_t count, int64_t step, double learning_rate,
                    double beta1, double beta2, double weight_decay, double epsilon);

/// Computes `out` from `input`; `again` says that it did so before. Returns a status.
typedef int (*ct_checkpoint_body)(void *context, ct_tensor *out, ct_tensor input, bool again);
/// Runs `body` without keeping what lies between for the backward pass, which runs it again. `release` is called with the
/// context once nothing can call `body` any more, be it that this fails.
int ct_autograd_checkpoint(ct_tensor *out, ct_tensor input, void *context, ct_checkpoint_body body,
                           void (*release)(void *context));

#ifdef __cplusplus
}
#endif
#endif
