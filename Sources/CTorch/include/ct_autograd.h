// Recording of operations, and gradients.
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
/// Told that the gradient of the leaf at `index` has been added to; returns a status.
typedef int (*ct_gradient_body)(void *context, size_t index);
/// Like `ct_autograd_backward`, and calls `body` whenever a gradient of one of the `leaves` has been added to: once for
/// each that is used outside checkpointed blocks or in one of them only. `keep_graph` leaves the graph for another pass.
int ct_autograd_backward_each(ct_tensor loss, bool keep_graph, const ct_tensor *leaves, size_t count, void *context,
                              ct_gradient_body body);
/// The accumulated gradient; a null handle where there is none yet. `as_rows` gives that of a table as it is, a sparse
/// tensor of some rows, each once; only what is said to take it does (`ct_optim.h`).
int ct_autograd_grad(ct_tensor *out, ct_tensor tensor, bool as_rows);
int ct_autograd_clear_grad(ct_tensor tensor);

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
