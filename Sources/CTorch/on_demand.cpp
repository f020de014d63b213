// Zeros whose pages take memory only once they are written to: for tables with few used rows.
#include "support.h"

#include <c10/core/Allocator.h>

#include <algorithm>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace {

/// Copies bytes, but does not write to pages that have the same bytes already.
void copy_differing_pages(char *to, const char *from, size_t bytes) {
    // No system has smaller pages.
    constexpr size_t page = 4096;
    const auto start = reinterpret_cast<uintptr_t>(to);
    for (size_t begin = 0, end; begin < bytes; begin = end) {
        end = std::min(bytes, begin + page - (start + begin) % page);
        if (std::memcmp(to + begin, from + begin, end - begin) != 0)
            std::memcpy(to + begin, from + begin, end - begin);
    }
}

} // namespace

extern "C" {

bool ct_tensor_has_zeros_on_demand(void) {
#if defined(__linux__)
    return true;
#else
    return false;
#endif
}

int ct_tensor_zeros_on_demand(ct_tensor *out, const int64_t *shape, size_t rank) {
    return ct::make(out, [&]() -> at::Tensor {
        const at::IntArrayRef sizes(shape, rank);
        const auto options = at::TensorOptions().dtype(at::kFloat);
#if defined(__linux__)
        const int64_t count = c10::multiply_integers(sizes);
        const auto bytes = static_cast<size_t>(count) * sizeof(float);
        if (count > 0) {
            void *pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (pages == MAP_FAILED) throw std::bad_alloc();
            // A huge page would allocate hundreds of rows for a single one.
            madvise(pages, bytes, MADV_NOHUGEPAGE);
            const auto told = [](void *place, int64_t size) {
                c10::reportMemoryUsageToProfiler(place, size, 0, 0, c10::Device(c10::DeviceType::CPU));
            };
            told(pages, static_cast<int64_t>(bytes));
            return at::from_blob(
                pages, sizes,
                [bytes, told](void *place) {
                    told(place, -static_cast<int64_t>(bytes));
                    munmap(place, bytes);
                },
                options);
        }
#endif
        return at::zeros(sizes, options);
    });
}

int ct_tensor_copy_differences_(ct_tensor destination, ct_tensor source) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        at::Tensor to = ct::tensor(destination);
        const auto &from = ct::tensor(source);
        const bool has_same_layout = to.is_cpu() && from.is_cpu() && to.scalar_type() == from.scalar_type() &&
                                     to.sizes() == from.sizes() && to.is_contiguous() && from.is_contiguous();
        if (!has_same_layout) {
            to.copy_(from);
        } else if (to.numel() > 0) {
            copy_differing_pages(static_cast<char *>(to.mutable_data_ptr()),
                                 static_cast<const char *>(from.const_data_ptr()), to.nbytes());
            to.unsafeGetTensorImpl()->bump_version();
        }
    });
}

} // extern "C"
