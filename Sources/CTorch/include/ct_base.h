// Types, errors and the runtime, used by every other header of this target.
//
// Rules of this boundary (the only one to libtorch):
// - Every function returns a status: 0 for success, else a `ct_status`. `ct_last_error()` is its message, valid on the
//   same thread until the next call. No C++ exception crosses the boundary.
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

/// The status of a call.
typedef enum {
    CT_OK = 0, CT_ERROR = 1, CT_OUT_OF_MEMORY = 2, CT_INDEX = 3, CT_DISCONNECTED = 4, CT_TIMED_OUT = 5
} ct_status;

/// Element types, with values private to this interface.
typedef enum {
    CT_BOOL = 0, CT_UINT8 = 1, CT_INT8 = 2, CT_INT16 = 3, CT_INT32 = 4, CT_INT64 = 5,
    CT_FLOAT16 = 6, CT_BFLOAT16 = 7, CT_FLOAT32 = 8, CT_FLOAT64 = 9
} ct_dtype;

/// Kinds of device.
typedef enum { CT_CPU = 0, CT_CUDA = 1, CT_MPS = 2 } ct_device_type;

/// A device: its kind and, for CUDA, its index.
typedef struct { ct_device_type type; int32_t index; } ct_device;

/// The message of this thread's last failure; never null.
const char *ct_last_error(void);
/// Sets that message, for functions of the caller that CTorch calls; returns `status`.
int ct_fail(ct_status status, const char *message);

/// libtorch's version, "2.13.0".
const char *ct_runtime_version(void);
/// The instruction set that libtorch's kernels use on this CPU, for example "AVX512".
const char *ct_runtime_cpu_capability(void);
int ct_runtime_thread_count(int *out);
int ct_runtime_set_thread_count(int count);
/// Calls `body` for parts of 0 ..< count on libtorch's threads, each of at least `grain` indices.
void ct_runtime_parallel(int64_t count, int64_t grain, void *context, void (*body)(void *context, int64_t begin, int64_t end));
/// Makes threads that wait for each other sleep after a short time (better on a busy machine) or spin for milliseconds (faster
/// on a quiet one). `cpu_count` is the number of CPUs that this process may use. No effect except on Linux.
int ct_runtime_set_brief_spinning(bool is_brief, int cpu_count);
/// Allocates large CPU tensors in a separate heap, which holds at most `slack` (a share) more than their peak, and bounds
/// oneDNN's caches. Call it once, before the first operation. No effect except on Linux.
void ct_runtime_use_tensor_heap(double slack);
/// Returns memory that was freed to the system, and forgets the peak. No effect except on Linux.
void ct_runtime_shrink_heaps(void);
/// Loads the CUDA part of libtorch from the folder of the linked part, which makes CUDA devices available; sets `opened` to
/// whether there is one.
int ct_runtime_open_cuda(bool *opened);
int ct_runtime_device_count(int *out, ct_device_type type);

/// A generator for `device`, seeded with `seed` (mt19937 on the CPU, like PyTorch's).
int ct_generator_new(ct_generator *out, ct_device device, uint64_t seed);
void ct_generator_free(ct_generator generator);
/// Reads the generator's state as a uint8 tensor, and restores it.
int ct_generator_get_state(ct_tensor *out, ct_generator generator);
int ct_generator_set_state(ct_generator generator, ct_tensor state);
/// Draws a seed for code with its own random numbers.
int ct_generator_draw(uint64_t *out, ct_generator generator);

#ifdef __cplusplus
}
#endif
#endif
