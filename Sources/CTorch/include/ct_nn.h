// What neural networks are built of. `T` packed tokens, `N` heads, `M` key/value heads, `D` head width.
#ifndef CT_NN_H
#define CT_NN_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// x · wᵀ + bias, x [.., in], w [out, in], bias [out] or null handle. True float32 on every CPU.
int ct_nn_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias);
/// Rows of `table` [V, H] by `ids` [T]; row `padding_index` gets no gradient, -1 for none such.
int ct_nn_embedding(ct_tensor *out, ct_tensor table, ct_tensor ids, int64_t padding_index);
/// x / rms(x) · w over the last dimension, statistics in float32.
int ct_nn_rms_norm(ct_tensor *out, ct_tensor x, ct_tensor w, double epsilon);
int ct_nn_layer_norm(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias, double epsilon);
/// silu(gate) · up.
int ct_nn_swiglu(ct_tensor *out, ct_tensor gate, ct_tensor up);
/// Rotates the first R numbers of each head of x [T, N, D] by cosine and sine [T, R], R ≤ D, in the half-split layout
/// (GPT-NeoX, Llama).
int ct_nn_rope(ct_tensor *out, ct_tensor x, ct_tensor cosine, ct_tensor sine);

/// Which keys a query sees, and how scores become weights.
typedef struct ct_attention {
    double scale;   // factor on the scores
    double softcap; // c: scores → c · tanh(scores / c); 0 for none
    double dropout; // probability of a weight to be zeroed
    int64_t left;   // keys before its own position that a query sees; -1 for all
    int64_t right;  // keys after it; 0 is causal, -1 for all
    uint64_t seed;  // of dropout
} ct_attention;

/// Attention within each of `count` sequences of a packed batch, sequence i owning query rows q_offsets[i] ..<
/// q_offsets[i + 1] and key rows k_offsets[i] ..< k_offsets[i + 1]; q [R, N, D], k and v [T, M, D]; N a multiple of M.
/// q_positions [R] say where in its sequence each query stands, rising; null where every row is a query.
int ct_nn_varlen_attention(ct_tensor *out, ct_tensor q, ct_tensor k, ct_tensor v, const int32_t *q_offsets,
                           const int32_t *q_positions, const int32_t *k_offsets, size_t count, ct_attention how);
/// Zeroes elements with probability p and scales the rest by 1 / (1 - p).
int ct_nn_dropout(ct_tensor *out, ct_tensor x, double p, ct_generator generator);

#ifdef __cplusplus
}
#endif
#endif
