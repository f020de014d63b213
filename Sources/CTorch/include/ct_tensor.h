// Creating, inspecting, converting and viewing tensors.
#ifndef CT_TENSOR_H
#define CT_TENSOR_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

int ct_tensor_empty(ct_tensor *out, const int64_t *shape, size_t rank, ct_dtype dtype, ct_device device);
int ct_tensor_full(ct_tensor *out, const int64_t *shape, size_t rank, double value, ct_dtype dtype, ct_device device);
/// Float32 zeros on the CPU whose pages take memory only once they are written to.
int ct_tensor_zeros_on_demand(ct_tensor *out, const int64_t *shape, size_t rank);
/// Whether this system has such zeros; otherwise they are ordinary ones.
bool ct_tensor_has_zeros_on_demand(void);
/// A tensor over foreign row-major CPU memory; `release(owner)` runs when the last view of it is released.
int ct_tensor_from_memory(ct_tensor *out, void *data, const int64_t *shape, size_t rank, ct_dtype dtype,
                          void *owner, void (*release)(void *owner));
/// A CPU tensor with a copy of `bytes` bytes.
int ct_tensor_copy_memory(ct_tensor *out, const void *data, size_t bytes, const int64_t *shape, size_t rank,
                          ct_dtype dtype);
/// 0 ..< n (int64) in random order, like `torch.randperm`.
int ct_tensor_random_permutation(ct_tensor *out, int64_t n, ct_generator generator);
/// Fills in place from N(mean, std).
int ct_tensor_fill_normal(ct_tensor tensor, double mean, double std, ct_generator generator);
/// Fills in place from U(low, high).
int ct_tensor_fill_uniform(ct_tensor tensor, double low, double high, ct_generator generator);
int ct_tensor_fill(ct_tensor tensor, double value);
/// Another handle to the same tensor.
int ct_tensor_alias(ct_tensor *out, ct_tensor tensor);
void ct_tensor_free(ct_tensor tensor);

size_t ct_tensor_rank(ct_tensor tensor);
int64_t ct_tensor_size(ct_tensor tensor, size_t dimension);
int64_t ct_tensor_element_count(ct_tensor tensor);
/// The number of in-place changes; an unchanged number means unchanged values.
int ct_tensor_version(uint32_t *out, ct_tensor tensor);
int ct_tensor_dtype(ct_dtype *out, ct_tensor tensor);
int ct_tensor_device(ct_device *out, ct_tensor tensor);
bool ct_tensor_is_contiguous(ct_tensor tensor);
/// The first element's address; null for an empty tensor.
void *ct_tensor_data(ct_tensor tensor);

int ct_tensor_to(ct_tensor *out, ct_tensor tensor, ct_dtype dtype, ct_device device);
int ct_tensor_contiguous(ct_tensor *out, ct_tensor tensor);
int ct_tensor_clone(ct_tensor *out, ct_tensor tensor);
int ct_tensor_copy_(ct_tensor destination, ct_tensor source);
/// The same, but pages that have the same bytes already are not written, so zeros on demand still take no memory.
int ct_tensor_copy_differences_(ct_tensor destination, ct_tensor source);
/// Overwrites the rows of `destination` at `indices` by those of `source`, without recording.
int ct_tensor_index_copy_(ct_tensor destination, ct_tensor indices, ct_tensor source);

int ct_tensor_reshape(ct_tensor *out, ct_tensor tensor, const int64_t *shape, size_t rank);
int ct_tensor_transpose(ct_tensor *out, ct_tensor tensor, int64_t a, int64_t b);
int ct_tensor_narrow(ct_tensor *out, ct_tensor tensor, int64_t dimension, int64_t start, int64_t length);
int ct_tensor_select(ct_tensor *out, ct_tensor tensor, int64_t dimension, int64_t index);
int ct_tensor_unsqueeze(ct_tensor *out, ct_tensor tensor, int64_t dimension);
int ct_tensor_index_select(ct_tensor *out, ct_tensor tensor, int64_t dimension, ct_tensor indices);
int ct_tensor_cat(ct_tensor *out, const ct_tensor *tensors, size_t count, int64_t dimension);

#ifdef __cplusplus
}
#endif
#endif
