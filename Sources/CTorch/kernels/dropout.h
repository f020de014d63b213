// Dropout whose mask follows from a seed: what the kernel, its plain version and attention share.
#ifndef CT_DROPOUT_H
#define CT_DROPOUT_H

#include "../libtorch.h"
#include "vector.h"

#include <cstdint>

namespace ct {

/// Which elements are zeroed, and what the others are multiplied by.
struct Dropout {
    double probability = 0;
    uint64_t seed = 0;

    CT_INLINE float scale() const { return 1.0f / (1.0f - static_cast<float>(probability)); }
    /// An element stays whose 32 random bits are no less.
    CT_INLINE uint32_t threshold() const { return static_cast<uint32_t>(probability * 4294967296.0); }
};

at::Tensor dropout(const at::Tensor &x, const Dropout &how);
/// The same mask by libtorch's operations, on every device.
at::Tensor dropout_plain(const at::Tensor &x, const Dropout &how);

} // namespace ct

#endif
