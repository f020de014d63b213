// Zeros whose pages take memory only once they are written to: for tables with few used rows.
#include "support.h"

#include <c10/core/Allocator.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

extern "C" {

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

} // extern "C"
