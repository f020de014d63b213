// Types, errors and the runtime: what every other header of this target leans on.
//
// Rules of this boundary (the only one to libtorch):
// - Every function returns a status: 0 is success, anything else is a `ct_status`; its text is
//   `ct_last_error()`, valid on the same thread until the next call. No C++ exception crosses.
// - Out-parameters come first and are written only on success. A handle written there is owned by the caller.
// - Handles are nominal structs, so that Swift sees distinct types.
#ifndef CT_BASE_H
#define CT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A tensor handle; free with `ct_tensor_free`.
typedef struct { void *ctx; } ct_tensor;
/// A random number generator; free with `ct_generator_free`.
typedef struct { void *ctx; } ct_generator;

/// What a call returns.
typedef enum { CT_OK = 0, CT_ERROR = 1, CT_OUT_OF_MEMORY = 2, CT_INDEX = 3 } ct_status;

/// Element types; the values are this header's own.
typedef enum {
    CT_BOOL = 0, CT_UINT8 = 1, CT_INT8 = 2, CT_INT16 = 3, CT_INT32 = 4, CT_INT64 = 5,
    CT_FLOAT16 = 6, CT_BFLOAT16 = 7, CT_FLOAT32 = 8, CT_FLOAT64 = 9
} ct_dtype;

/// Kinds of device.
typedef enum { CT_CPU = 0, CT_CUDA = 1, CT_MPS = 2 } ct_device_type;

/// A device: its kind and, for CUDA, which one.
typedef struct { ct_device_type type; int32_t index; } ct_device;

/// The text of this thread's last failure; never null.
const char *ct_last_error(void);
/// Sets it, for a caller's function that CTorch calls back; returns `status`.
int ct_fail(ct_status status, const char *message);

/// libtorch's version, "2.13.0".
const char *ct_runtime_version(void);
/// The instruction set that libtorch's kernels use here, "AVX512" say.
const char *ct_runtime_cpu_capability(void);
int ct_runtime_thread_count(int *out);
int ct_runtime_set_thread_count(int count);
/// Whether threads that wait for each other sleep after a moment, which a busy machine needs, instead of spinning for
/// milliseconds, which is faster on a quiet one. `cpu_count`: the CPUs that this process may use. Linux only, else nothing.
int ct_runtime_set_brief_spinning(bool is_brief, int cpu_count);
/// Lets large tensors on the CPU live in a heap of their own, which holds at most `slack` (a share) more than the most that
/// they took at once, and bounds oneDNN's caches. Once, before the first operation; Linux only, else nothing.
void ct_runtime_use_tensor_heap(double slack);
/// Opens the CUDA half of libtorch, which lies beside the half that this process is linked to, so that CUDA devices
/// appear; `opened` tells whether there is one.
int ct_runtime_open_cuda(bool *opened);
int ct_runtime_device_count(int *out, ct_device_type type);

/// A generator for `device`, seeded with `seed` (mt19937 on the CPU, as PyTorch's).
int ct_generator_new(ct_generator *out, ct_device device, uint64_t seed);
void ct_generator_free(ct_generator generator);
/// The generator's state as a uint8 tensor, and back.
int ct_generator_get_state(ct_tensor *out, ct_generator generator);
int ct_generator_set_state(ct_generator generator, ct_tensor state);
/// Draws a number, to seed something that makes its own.
int ct_generator_draw(uint64_t *out, ct_generator generator);

#ifdef __cplusplus
}
#endif
#endif
