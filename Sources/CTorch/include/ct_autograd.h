// Recording of operations and gradients.
#ifndef CT_AUTOGRAD_H
#define CT_AUTOGRAD_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Turns recording on or off for this thread; returns the previous setting.
bool ct_autograd_set_enabled(bool enabled);
int ct_autograd_set_requires_grad(ct_tensor tensor, bool requires_grad);
/// Whether operations are being recorded.
bool ct_autograd_is_enabled(void);
bool ct_autograd_requires_grad(ct_tensor tensor);
/// The same values, detached from the graph.
int ct_autograd_detach(ct_tensor *out, ct_tensor tensor);
/// Accumulates gradients of the scalar `loss` into every leaf.
int ct_autograd_backward(ct_tensor loss);
/// Called after the gradient of the leaf at `index` was accumulated; returns a status.
typedef int (*ct_gradient_body)(void *context, size_t index);
/// Like `ct_autograd_backward`, but calls `body` whenever a gradient of one of the `leaves` was accumulated: once per leaf,
/// unless several checkpointed blocks use it. `keep_graph` keeps the graph for another pass.
int ct_autograd_backward_each(ct_tensor loss, bool keep_graph, const ct_tensor *leaves, size_t count, void *context,
                              ct_gradient_body body);
/// The accumulated gradient, or a null handle if there is none yet. With `as_rows` the gradient of a table may be a sparse
/// tensor of some distinct rows, which only the functions of `ct_optim.h` that say so accept.
int ct_autograd_grad(ct_tensor *out, ct_tensor tensor, bool as_rows);
/// Rows of the accumulated gradient of a table, dense, or a null handle if there is no gradient. `rows` (int64) ascends; a sparse
/// gradient of another row is an error.
int ct_autograd_grad_of_rows(ct_tensor *out, ct_tensor tensor, ct_tensor rows);
/// Replaces the accumulated gradient of a table by a sparse one of some rows. `rows` (int64) ascends; `values` is kept, not copied.
int ct_autograd_set_grad_of_rows(ct_tensor tensor, ct_tensor rows, ct_tensor values);
int ct_autograd_clear_grad(ct_tensor tensor);

/// Computes `out` from `input`; `again` is true for the second run. Returns a status.
typedef int (*ct_checkpoint_body)(void *context, ct_tensor *out, ct_tensor input, bool again);
/// Runs `body` without keeping its intermediates; the backward pass runs it again. `release` is called with the context
/// once nothing can call `body` any more, even if this function fails.
int ct_autograd_checkpoint(ct_tensor *out, ct_tensor input, void *context, ct_checkpoint_body body,
                           void (*release)(void *context));

#ifdef __cplusplus
}
#endif
#endif
