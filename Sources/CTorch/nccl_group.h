// Internal to CTorch: groups for CUDA tensors. Include it after c10d's headers.
//
// ProcessGroupNCCL's header needs those of CUDA and NCCL, and this library is not linked to libtorch's CUDA part. Its objects
// begin with their base classes, so their constructors, found at run time, are enough.
#ifndef CT_NCCL_GROUP_H
#define CT_NCCL_GROUP_H

#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <new>

namespace ct {

/// A function of libtorch's CUDA part.
template <typename Function> Function cuda_function(const char *symbol) {
    void *address = dlsym(RTLD_DEFAULT, symbol);
    TORCH_CHECK(address != nullptr, "this build of libtorch has no NCCL, or its CUDA part is not loaded");
    return reinterpret_cast<Function>(address);
}

/// An object of libtorch's CUDA part, in more memory than any of them takes.
template <typename Base, typename Construct> c10::intrusive_ptr<Base> cuda_object(Construct construct) {
    constexpr size_t bytes = 16384;
    void *memory = ::operator new(bytes);
    std::memset(memory, 0, bytes);
    try {
        construct(memory);
    } catch (...) {
        ::operator delete(memory);
        throw;
    }
    return c10::intrusive_ptr<Base>::unsafe_steal_from_new(static_cast<Base *>(memory));
}

inline c10::intrusive_ptr<c10d::Backend> nccl_group(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size,
                                                    std::chrono::milliseconds timeout) {
    using Options = c10::intrusive_ptr<c10d::Backend::Options>;
    // ProcessGroupNCCL::Options(bool is_high_priority_stream)
    const auto make_options = cuda_function<void (*)(void *, bool)>("_ZN4c10d16ProcessGroupNCCL7OptionsC1Eb");
    // ProcessGroupNCCL(intrusive_ptr<Store>, int rank, int size, intrusive_ptr<Options>)
    const auto make_group = cuda_function<void (*)(void *, c10::intrusive_ptr<c10d::Store>, int, int, Options)>(
        "_ZN4c10d16ProcessGroupNCCLC1EN3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_type"
        "IS3_EEEEiiNS2_INS0_7OptionsENS5_IS8_EEEE");
    auto options = cuda_object<c10d::Backend::Options>([&](void *memory) { make_options(memory, false); });
    options->timeout = timeout;
    return cuda_object<c10d::Backend>([&](void *memory) { make_group(memory, store, rank, size, options); });
}

} // namespace ct

#endif
