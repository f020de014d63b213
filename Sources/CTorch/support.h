// Internal to CTorch: libtorch's headers, conversion between handles and tensors, and the guard around every body.
#ifndef CT_SUPPORT_H
#define CT_SUPPORT_H

#include "libtorch.h"

#include "ctorch.h"

namespace ct {

/// Stores the error message of this thread's call; returns `status`.
int fail(ct_status status, const char *message);

inline const at::Tensor &tensor(ct_tensor handle) { return *static_cast<const at::Tensor *>(handle.ctx); }

inline ct_tensor handle(at::Tensor tensor) { return ct_tensor{new at::Tensor(std::move(tensor))}; }

inline std::vector<at::Tensor> list(const ct_tensor *handles, size_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (size_t i = 0; i < count; i++) tensors.push_back(tensor(handles[i]));
    return tensors;
}

/// A null handle is an absent tensor.
inline std::optional<at::Tensor> optional(ct_tensor handle) {
    if (handle.ctx == nullptr) return std::nullopt;
    return tensor(handle);
}

at::ScalarType scalar_type(ct_dtype dtype);
ct_dtype dtype(at::ScalarType type);
at::Device device(ct_device device);
at::Generator &generator(ct_generator handle);

/// Runs `body` and turns every exception into a status.
template <typename Body> int guard(Body body) {
    try {
        body();
        return CT_OK;
    } catch (const c10::OutOfMemoryError &error) {
        return fail(CT_OUT_OF_MEMORY, error.what_without_backtrace());
    } catch (const c10::IndexError &error) {
        return fail(CT_INDEX, error.what_without_backtrace());
    } catch (const c10::Error &error) {
        // The CPU allocator has no separate exception type.
        const std::string text = error.what_without_backtrace();
        const bool memory = text.find("can't allocate memory") != std::string::npos;
        return fail(memory ? CT_OUT_OF_MEMORY : CT_ERROR, text.c_str());
    } catch (const std::bad_alloc &) {
        return fail(CT_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &error) {
        return fail(CT_ERROR, error.what());
    } catch (...) {
        return fail(CT_ERROR, "an unknown C++ exception");
    }
}

/// Throws the error that a caller's function reports, for code that libtorch calls.
inline void require(int status) {
    if (status == CT_OUT_OF_MEMORY) TORCH_CHECK_WITH(OutOfMemoryError, false, ct_last_error());
    TORCH_CHECK_INDEX(status != CT_INDEX, ct_last_error());
    TORCH_CHECK(status == CT_OK, ct_last_error());
}

/// Like `guard`, for bodies that create one tensor.
template <typename Body> int make(ct_tensor *out, Body body) {
    return guard([&] { *out = handle(body()); });
}

} // namespace ct

#endif
