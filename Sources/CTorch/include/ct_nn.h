// What neural networks are built of. `T` packed tokens, `N` heads, `M` key/value heads, `D` head width.
#ifndef CT_NN_H
#define CT_NN_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// x · wᵀ + bias, x [.., in], w [out, in], bias [out] or null handle. True float32 on every CPU.
int ct_nn_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias);
/// Rows of `table` [V, H] by `ids` [T].
int ct_nn_embedding(ct_tensor *out, ct_tensor table, ct_tensor ids);
/// x / rms(x) · w over the last dimension, statistics in float32.
int ct_nn_rms_norm(ct_tensor *out, ct_tensor x, ct_tensor w, double epsilon);
int ct_nn_layer_norm(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias, double epsilon);
/// silu(gate) · up.
int ct_nn_swiglu(ct_tensor *out, ct_tensor gate, ct_tensor up);
/// Rotates x [T, N, D] by cosine and sine [T, D] in the half-split layout (GPT-NeoX, Llama).
int ct_nn_rope(ct_tensor *out, ct_tensor x, ct_tensor cosine, ct_tensor sine);
/// Attention within each of `count` sequences of a packed batch, sequence i owning rows
/// offsets[i] ..< offsets[i + 1]; q [T, N, D], k and v [T, M, D]; N a multiple of M.
int ct_nn_varlen_attention(ct_tensor *out, ct_tensor q, ct_tensor k, ct_tensor v, const int32_t *offsets,
                           size_t count, double scale, bool causal);
/// Zeroes elements with probability p and scales the rest by 1 / (1 - p).
int ct_nn_dropout(ct_tensor *out, ct_tensor x, double p, ct_generator generator);

#ifdef __cplusplus
}
#endif
#endif
