#include "kernels/parallel.h"
#include "support.h"
#include "tensor_heap.h"

#include <dlfcn.h>
#include <unistd.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace ct {

static thread_local std::string last_error;

int fail(ct_status status, const char *message) {
    last_error = message;
    return status;
}

at::ScalarType scalar_type(ct_dtype dtype) {
    switch (dtype) {
    case CT_BOOL: return at::kBool;
    case CT_UINT8: return at::kByte;
    case CT_INT8: return at::kChar;
    case CT_INT16: return at::kShort;
    case CT_INT32: return at::kInt;
    case CT_INT64: return at::kLong;
    case CT_FLOAT16: return at::kHalf;
    case CT_BFLOAT16: return at::kBFloat16;
    case CT_FLOAT32: return at::kFloat;
    case CT_FLOAT64: return at::kDouble;
    }
    TORCH_CHECK(false, "unknown dtype: ", static_cast<int>(dtype));
}

ct_dtype dtype(at::ScalarType type) {
    switch (type) {
    case at::kBool: return CT_BOOL;
    case at::kByte: return CT_UINT8;
    case at::kChar: return CT_INT8;
    case at::kShort: return CT_INT16;
    case at::kInt: return CT_INT32;
    case at::kLong: return CT_INT64;
    case at::kHalf: return CT_FLOAT16;
    case at::kBFloat16: return CT_BFLOAT16;
    case at::kFloat: return CT_FLOAT32;
    case at::kDouble: return CT_FLOAT64;
    default: TORCH_CHECK(false, "tensors of type ", type, " are not supported");
    }
}

at::Device device(ct_device device) {
    switch (device.type) {
    case CT_CPU: return at::Device(at::kCPU);
    case CT_CUDA: return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index));
    case CT_MPS: return at::Device(at::kMPS);
    }
    TORCH_CHECK(false, "unknown device: ", static_cast<int>(device.type));
}

at::Generator &generator(ct_generator handle) { return *static_cast<at::Generator *>(handle.ctx); }

} // namespace ct

extern "C" {

int ct_fail(ct_status status, const char *message) { return ct::fail(status, message); }

const char *ct_last_error(void) { return ct::last_error.c_str(); }

const char *ct_runtime_version(void) { return TORCH_VERSION; }

const char *ct_runtime_cpu_capability(void) {
    static const std::string name = at::get_cpu_capability();
    return name.c_str();
}

int ct_runtime_thread_count(int *out) {
    return ct::guard([&] { *out = at::get_num_threads(); });
}

int ct_runtime_set_thread_count(int count) {
    return ct::guard([&] { at::set_num_threads(count); });
}

void ct_runtime_parallel(int64_t count, int64_t grain, void *context, void (*body)(void *, int64_t, int64_t)) {
    ct::parallel(count, grain, [&](int64_t begin, int64_t end) { body(context, begin, end); });
}

void ct_runtime_shrink_heaps(void) {
    if (auto *heap = ct::tensor_heap()) heap->shrink();
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

void ct_runtime_use_tensor_heap(double slack) {
#if defined(__linux__)
    // Both of oneDNN's caches add entries for each new number of tokens, 4 MB per step and up to 1,024 entries. Few numbers
    // recur, and 64 entries suffice for all layers of one step.
    setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64", 0);
    setenv("LRU_CACHE_CAPACITY", "64", 0);
#endif
    ct::use_tensor_heap(slack);
}

int ct_runtime_open_cuda(bool *opened) {
    return ct::guard([&] {
        Dl_info here{};
        *opened = false;
        if (dladdr(reinterpret_cast<const void *>(&at::get_num_threads), &here) == 0) return;
        const std::string path = here.dli_fname;
        const auto beside = path.substr(0, path.find_last_of('/') + 1) + "libtorch_cuda.so";
        if (access(beside.c_str(), R_OK) != 0) return;
        TORCH_CHECK(dlopen(beside.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr, dlerror());
        *opened = true;
    });
}

int ct_runtime_device_count(int *out, ct_device_type type) {
    return ct::guard([&] {
        switch (type) {
        case CT_CPU: *out = 1; return;
        case CT_CUDA: *out = at::hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0; return;
        case CT_MPS: *out = at::hasMPS() ? 1 : 0; return;
        }
        *out = 0;
    });
}

int ct_generator_new(ct_generator *out, ct_device device, uint64_t seed) {
    return ct::guard([&] {
        auto generator = device.type == CT_CPU
            ? at::detail::createCPUGenerator(seed)
            : at::globalContext().defaultGenerator(ct::device(device)).clone();
        generator.set_current_seed(seed);
        out->ctx = new at::Generator(std::move(generator));
    });
}

void ct_generator_free(ct_generator handle) { delete static_cast<at::Generator *>(handle.ctx); }

int ct_generator_get_state(ct_tensor *out, ct_generator handle) {
    return ct::make(out, [&] {
        auto &generator = ct::generator(handle);
        std::lock_guard<std::mutex> lock(generator.mutex());
        return generator.get_state();
    });
}

int ct_generator_draw(uint64_t *out, ct_generator handle) {
    return ct::guard([&] {
        auto &generator = ct::generator(handle);
        const auto options = at::TensorOptions().dtype(at::kLong).device(generator.device());
        *out = static_cast<uint64_t>(at::empty({}, options).random_(generator).item<int64_t>());
    });
}

int ct_generator_set_state(ct_generator handle, ct_tensor state) {
    return ct::guard([&] {
        auto &generator = ct::generator(handle);
        std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_state(ct::tensor(state));
    });
}

} // extern "C"
