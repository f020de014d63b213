// Timing single matrix products, by the routes of training and by others.
#ifndef CT_PROBE_H
#define CT_PROBE_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A product a · bᵀ by one route, with prepared factors; free with `ct_probe_free`.
typedef struct { void *ctx; } ct_probe;

/// The routes of a product.
typedef enum {
    CT_PROBE_MKL = 0,            // libtorch's own product in float32, which is MKL's if this build has it
    CT_PROBE_MKL_PACKED = 1,     // MKL's, with b packed in advance
    CT_PROBE_ONEDNN = 2,         // oneDNN's in true float32
    CT_PROBE_ONEDNN_PACKED = 3,  // the same, with b reordered in advance
    CT_PROBE_BFLOAT16 = 4,       // libtorch's own product of bfloat16 factors
    CT_PROBE_BFLOAT16_PACKED = 5, // oneDNN's product of bfloat16 factors, with b reordered in advance
    CT_PROBE_ATTUNE = 6,          // ours in float32
    CT_PROBE_BFLOAT16_ATTUNE = 7  // ours of bfloat16 factors
} ct_probe_route;

/// Prepares a · bᵀ with a [m, k] and b [n, k] in float32 on the CPU; either may be a transposed view. Fails with CT_ERROR if this
/// build of libtorch, or this CPU, does not have the route.
int ct_probe_new(ct_probe *out, ct_tensor a, ct_tensor b, ct_probe_route route);
void ct_probe_free(ct_probe probe);
/// Multiplies `count` times, and writes the seconds of all of them. The preparation is not repeated.
int ct_probe_run(double *seconds, ct_probe probe, int64_t count);
/// The product in float32, to check a route.
int ct_probe_product(ct_tensor *out, ct_probe probe);

#ifdef __cplusplus
}
#endif
#endif
