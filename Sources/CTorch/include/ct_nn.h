// Operations of neural networks. `T` packed tokens, `N` heads, `M` key/value heads, `D` head width.
#ifndef CT_NN_H
#define CT_NN_H

#include "ct_base.h"
#include "ct_quant.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The code that computes float32 products.
typedef enum ct_float_route {
    CT_FLOAT_MKL = 0,    // libtorch's own product, which is MKL's if this build has it
    CT_FLOAT_ONEDNN = 1, // oneDNN's, or MKL's if this build of libtorch lacks oneDNN
    CT_FLOAT_ATTUNE = 2, // ours
} ct_float_route;

/// How products requested in a narrower type are computed.
typedef enum ct_narrow_route {
    CT_NARROW_LIBTORCH = 0,   // by libtorch
    CT_NARROW_ATTUNE = 1,     // of bfloat16 by our own kernel, where the CPU and the sizes allow it
    CT_NARROW_IN_FLOAT32 = 2, // in float32; float32 factors are not rounded
} ct_narrow_route;

/// How a CPU computes the products of linear layers; other devices ignore it.
typedef struct ct_products {
    ct_float_route route;
    ct_narrow_route narrow;
} ct_products;

/// The routes that the CPU's instruction sets suggest, without measuring.
ct_products ct_nn_suggested_products(void);
/// Whether this build of libtorch has oneDNN.
bool ct_nn_has_onednn(void);
/// Whether our own kernel multiplies bfloat16 on this CPU.
bool ct_nn_has_bfloat16_kernel(void);
/// x · wᵀ + bias, x [.., in], w [out, in], bias [out] or null handle. True float32 on every CPU.
int ct_nn_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias, ct_products products);
/// x · wᵀ + bias in float32, with x and w rounded to `type` unless `products` computes in float32. w and its gradient are
/// float32 or of that type. `narrow` is w in that type, or a null handle to round it in this call.
int ct_nn_narrow_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor narrow, ct_tensor bias, ct_dtype type,
                        ct_products products);
/// Layers of the same kind whose input is the same, or that follow one another. Types as in `ct_nn_narrow_linear`; `type` may be
/// float32, too.
typedef struct ct_layers {
    const ct_tensor *weights; // [count]
    const ct_tensor *copies;  // [count], the weights in the narrower type; null for none
    const ct_tensor *biases;  // [count], all layers' biases; null for none
    size_t count;
} ct_layers;

/// x · w_iᵀ + b_i in float32 for each of several layers; `out` has room for all results. Matrices that lie one after another in
/// memory are multiplied as one.
int ct_nn_joint_linear(ct_tensor *out, ct_tensor x, ct_layers layers, ct_dtype type, ct_products products);

typedef enum ct_activation {
    CT_ACTIVATION_SILU,
    CT_ACTIVATION_GELU,
    CT_ACTIVATION_GELU_TANH,
    CT_ACTIVATION_RELU,
} ct_activation;

/// The last layer of `layers` applied to f(first layer); if `is_gated`, to f(gate) · up, which are the first two layers or the
/// halves of the first. f is the activation.
int ct_nn_feed_forward(ct_tensor *out, ct_tensor x, ct_layers layers, bool is_gated, ct_activation activation, ct_dtype type,
                       ct_products products);
/// The product that an adapter adds to a linear layer: scale · drop(x) · aᵀ · bᵀ.
typedef struct ct_low_rank {
    ct_tensor a;    // [r, in], float32
    ct_tensor b;    // [out, r], float32
    double scale;   // factor on the product
    double dropout; // probability that an element of the adapter's input is zeroed
    uint64_t seed;  // dropout's seed
} ct_low_rank;

/// x · wᵀ + bias in float32 with a frozen w, plus an adapter's product. Types as in `ct_nn_narrow_linear`; `type` may be
/// float32, too.
int ct_nn_low_rank_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor narrow, ct_tensor bias, ct_low_rank adapter,
                          ct_dtype type, ct_products products);
/// A frozen matrix [rows, columns] that the caller dequantizes.
typedef struct ct_stored_matrix {
    void *context;
    /// Dequantizes rows from `first` on into `out`, float32 or bfloat16 [n, columns] on the CPU.
    int (*read)(void *context, ct_tensor out, int64_t first);
    /// Called with the context once nothing can call `read` any more.
    void (*release)(void *context);
    int64_t rows, columns;
    /// The number of rows that are dequantized at once.
    int64_t tile_rows;
} ct_stored_matrix;

/// x · wᵀ + bias in float32 with a matrix that is dequantized tile by tile, also in the backward pass, plus an adapter's product
/// unless `adapter` is null. Types as in `ct_nn_narrow_linear`. The matrix is released even if this function fails.
int ct_nn_stored_linear(ct_tensor *out, ct_tensor x, ct_stored_matrix w, ct_tensor bias, const ct_low_rank *adapter,
                        ct_dtype type, ct_products products);
/// x · wᵀ + bias with rows of x quantized to 8 bits and sums of integers, plus an adapter's product in float32 unless `adapter`
/// is null. x and the bias are float32 on the CPU. The gradient of x is that of the dequantized matrix.
int ct_nn_int8_linear(ct_tensor *out, ct_tensor x, ct_int8_matrix w, ct_tensor bias, const ct_low_rank *adapter,
                      ct_products products, ct_int8_kernel kernel);
/// A feed-forward layer of such matrices, for prediction only: the first layer, or gate and up, and then the last layer.
/// `biases` [count] are of all layers, or null. x is float32 on the CPU.
int ct_nn_int8_feed_forward(ct_tensor *out, ct_tensor x, const ct_int8_matrix *layers, const ct_tensor *biases, size_t count,
                            ct_activation activation, ct_int8_kernel kernel);
/// Rows of `table` [V, H] by `ids` [T]; row `padding_index` gets no gradient (-1 for none). On a CPU the gradient of a
/// float32 table only has the rows that occur (see `ct_autograd_grad`).
int ct_nn_embedding(ct_tensor *out, ct_tensor table, ct_tensor ids, int64_t padding_index);
/// x / rms(x) · w over the last dimension, statistics in float32.
int ct_nn_rms_norm(ct_tensor *out, ct_tensor x, ct_tensor w, double epsilon);
/// (x + residual - mean) / deviation · w + bias over the last dimension; residual, bias or both may be null handles.
int ct_nn_layer_norm(ct_tensor *out, ct_tensor x, ct_tensor residual, ct_tensor w, ct_tensor bias, double epsilon);
/// silu(gate) · up.
int ct_nn_swiglu(ct_tensor *out, ct_tensor gate, ct_tensor up);
/// Rotates the first R numbers of each head of x [T, N, D] by cosine and sine [T, R], R ≤ D, in the half-split layout
/// (GPT-NeoX, Llama).
int ct_nn_rope(ct_tensor *out, ct_tensor x, ct_tensor cosine, ct_tensor sine);

/// The options of attention: the keys that a query sees, and how scores become weights.
typedef struct ct_attention {
    double scale;   // factor on the scores
    double softcap; // c: scores → c · tanh(scores / c); 0 for none
    double dropout; // probability that a weight is zeroed
    int64_t left;   // keys before its own position that a query sees; -1 for all
    int64_t right;  // keys after it; 0 is causal, -1 for all
    uint64_t seed;  // dropout's seed
} ct_attention;

/// Attention within each of `count` sequences of a packed batch. Sequence i has the query rows q_offsets[i] ..<
/// q_offsets[i + 1] and the key rows k_offsets[i] ..< k_offsets[i + 1]. q is [R, N, D], k and v are [T, M, D]; N is a multiple
/// of M. q_positions [R] are the queries' ascending positions in their sequence; null if every row is a query. Products are computed
/// in `type` where our own kernel does so, otherwise in the type of q, k and v.
int ct_nn_varlen_attention(ct_tensor *out, ct_tensor q, ct_tensor k, ct_tensor v, const int32_t *q_offsets,
                           const int32_t *q_positions, const int32_t *k_offsets, size_t count, ct_attention how, ct_dtype type,
                           ct_products products);
/// The options of DeBERTa's attention.
typedef struct ct_disentangled {
    double scale;         // factor on all scores
    double dropout;       // probability that a weight is zeroed
    int64_t buckets;      // distance buckets on each side, shared by far distances; 0 for one row per distance
    int64_t max_distance; // the largest distance with its own row or bucket
} ct_disentangled;

/// The rows first ..< end of a position table that a batch needs if its longest text has `longest` tokens. The table has 2 S
/// rows for the distances of query and key from -S to S - 1, where S is `buckets` or, without buckets, `max_distance`.
int ct_nn_disentangled_rows(int64_t *first, int64_t *end, int64_t longest, ct_disentangled how);
/// Writes the 2 · longest - 1 rows of a position table for the distances from -(longest - 1) to longest - 1.
int ct_nn_disentangled_table(int64_t *rows, int64_t longest, ct_disentangled how);
/// Attention within each sequence as above, with N = M and scores scale · (q · k + q · pos_key + k · pos_query). pos_key and
/// pos_query are the rows [P, N, D] of position tables that the batch needs; either may be a null handle. `generator` may
/// be null without dropout.
int ct_nn_disentangled_attention(ct_tensor *out, ct_tensor q, ct_tensor k, ct_tensor v, ct_tensor pos_key,
                                 ct_tensor pos_query, const int32_t *q_offsets, const int32_t *q_positions,
                                 const int32_t *k_offsets, size_t count, ct_disentangled how, ct_generator generator);
/// Convolution along each of `count` sequences of x [T, C] with w [O, C / groups, K], K odd, with zero padding before and
/// after each sequence; bias [O] or null handle.
int ct_nn_packed_convolution(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias, const int32_t *offsets,
                             size_t count, int64_t groups);
/// Zeroes elements with probability p and scales the rest by 1 / (1 - p). `seed` determines the mask, equally on every
/// device. `plain` uses libtorch's operations instead of our kernel.
int ct_nn_dropout(ct_tensor *out, ct_tensor x, double p, uint64_t seed, bool plain);

#ifdef __cplusplus
}
#endif
#endif
