#include "support.h"

#include <cstring>

using ct::make;
using ct::tensor;

static at::IntArrayRef dims(const int64_t *shape, size_t rank) { return at::IntArrayRef(shape, rank); }

static at::TensorOptions options(ct_dtype dtype, ct_device device) {
    return at::TensorOptions().dtype(ct::scalar_type(dtype)).device(ct::device(device));
}

extern "C" {

int ct_tensor_empty(ct_tensor *out, const int64_t *shape, size_t rank, ct_dtype dtype, ct_device device) {
    return make(out, [&] { return at::empty(dims(shape, rank), options(dtype, device)); });
}

int ct_tensor_full(ct_tensor *out, const int64_t *shape, size_t rank, double value, ct_dtype dtype,
                   ct_device device) {
    return make(out, [&] { return at::full(dims(shape, rank), value, options(dtype, device)); });
}

int ct_tensor_from_memory(ct_tensor *out, void *data, const int64_t *shape, size_t rank, ct_dtype dtype,
                          void *owner, void (*release)(void *owner)) {
    return make(out, [&] {
        auto cpu = options(dtype, ct_device{CT_CPU, 0});
        return at::from_blob(data, dims(shape, rank), [owner, release](void *) { release(owner); }, cpu);
    });
}

int ct_tensor_copy_memory(ct_tensor *out, const void *data, size_t bytes, const int64_t *shape, size_t rank,
                          ct_dtype dtype) {
    return make(out, [&] {
        auto result = at::empty(dims(shape, rank), options(dtype, ct_device{CT_CPU, 0}));
        TORCH_CHECK(result.nbytes() == bytes, "a tensor of shape ", result.sizes(), " holds ", result.nbytes(),
                    " bytes, not ", bytes);
        if (bytes > 0) std::memcpy(result.mutable_data_ptr(), data, bytes);
        return result;
    });
}

int ct_tensor_random_permutation(ct_tensor *out, int64_t n, ct_generator generator) {
    return make(out, [&] { return at::randperm(n, ct::generator(generator), at::TensorOptions().dtype(at::kLong)); });
}

int ct_tensor_fill_normal(ct_tensor handle, double mean, double std, ct_generator generator) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        tensor(handle).normal_(mean, std, ct::generator(generator));
    });
}

int ct_tensor_fill_uniform(ct_tensor handle, double low, double high, ct_generator generator) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        tensor(handle).uniform_(low, high, ct::generator(generator));
    });
}

int ct_tensor_fill(ct_tensor handle, double value) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        tensor(handle).fill_(value);
    });
}

int ct_tensor_alias(ct_tensor *out, ct_tensor handle) {
    return make(out, [&] { return tensor(handle); });
}

void ct_tensor_free(ct_tensor handle) { delete static_cast<at::Tensor *>(handle.ctx); }

size_t ct_tensor_rank(ct_tensor handle) { return static_cast<size_t>(tensor(handle).dim()); }

int64_t ct_tensor_size(ct_tensor handle, size_t dimension) {
    const auto &sizes = tensor(handle).sizes();
    return dimension < sizes.size() ? sizes[dimension] : 1;
}

int64_t ct_tensor_element_count(ct_tensor handle) { return tensor(handle).numel(); }

int ct_tensor_version(uint32_t *out, ct_tensor handle) {
    return ct::guard([&] { *out = static_cast<uint32_t>(tensor(handle)._version()); });
}

int ct_tensor_dtype(ct_dtype *out, ct_tensor handle) {
    return ct::guard([&] { *out = ct::dtype(tensor(handle).scalar_type()); });
}

int ct_tensor_device(ct_device *out, ct_tensor handle) {
    return ct::guard([&] {
        const auto device = tensor(handle).device();
        const auto type = device.is_cuda() ? CT_CUDA : device.is_mps() ? CT_MPS : CT_CPU;
        *out = ct_device{type, device.has_index() ? device.index() : 0};
    });
}

bool ct_tensor_is_contiguous(ct_tensor handle) { return tensor(handle).is_contiguous(); }

// Also called for read-only views: the mapped file behind one may not be writable and is never written to.
void *ct_tensor_data(ct_tensor handle) { return const_cast<void *>(tensor(handle).const_data_ptr()); }

int ct_tensor_to(ct_tensor *out, ct_tensor handle, ct_dtype dtype, ct_device device) {
    return make(out, [&] { return tensor(handle).to(ct::device(device), ct::scalar_type(dtype)); });
}

int ct_tensor_contiguous(ct_tensor *out, ct_tensor handle) {
    return make(out, [&] { return tensor(handle).contiguous(); });
}

int ct_tensor_clone(ct_tensor *out, ct_tensor handle) {
    return make(out, [&] { return tensor(handle).clone(at::MemoryFormat::Contiguous); });
}

int ct_tensor_copy_(ct_tensor destination, ct_tensor source) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        tensor(destination).copy_(tensor(source));
    });
}

int ct_tensor_index_copy_(ct_tensor destination, ct_tensor indices, ct_tensor source) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        at::Tensor rows = tensor(destination);
        rows.index_copy_(0, tensor(indices), tensor(source).to(rows.options()));
    });
}

int ct_tensor_reshape(ct_tensor *out, ct_tensor handle, const int64_t *shape, size_t rank) {
    return make(out, [&] { return tensor(handle).reshape(dims(shape, rank)); });
}

int ct_tensor_transpose(ct_tensor *out, ct_tensor handle, int64_t a, int64_t b) {
    return make(out, [&] { return tensor(handle).transpose(a, b); });
}

int ct_tensor_narrow(ct_tensor *out, ct_tensor handle, int64_t dimension, int64_t start, int64_t length) {
    return make(out, [&] { return tensor(handle).narrow(dimension, start, length); });
}

int ct_tensor_select(ct_tensor *out, ct_tensor handle, int64_t dimension, int64_t index) {
    return make(out, [&] { return tensor(handle).select(dimension, index); });
}

int ct_tensor_unsqueeze(ct_tensor *out, ct_tensor handle, int64_t dimension) {
    return make(out, [&] { return tensor(handle).unsqueeze(dimension); });
}

int ct_tensor_index_select(ct_tensor *out, ct_tensor handle, int64_t dimension, ct_tensor indices) {
    return make(out, [&] { return tensor(handle).index_select(dimension, tensor(indices)); });
}

int ct_tensor_cat(ct_tensor *out, const ct_tensor *tensors, size_t count, int64_t dimension) {
    return make(out, [&] { return at::cat(ct::list(tensors, count), dimension); });
}

} // extern "C"
