// Dropout with a mask computed from a seed; shared by the kernel, its plain version and attention.
#ifndef CT_DROPOUT_H
#define CT_DROPOUT_H

#include "../libtorch.h"
#include "vector.h"

#include <cstdint>

namespace ct {

/// The rule for zeroed elements, and the factor of the others.
struct Dropout {
    double probability = 0;
    uint64_t seed = 0;

    CT_INLINE float scale() const { return 1.0f / (1.0f - static_cast<float>(probability)); }
    /// An element is kept if its 32 random bits are not less than this.
    CT_INLINE uint32_t threshold() const { return static_cast<uint32_t>(probability * 4294967296.0); }
};

at::Tensor dropout(const at::Tensor &x, const Dropout &how);
/// The same mask with libtorch's operations, on every device.
at::Tensor dropout_plain(const at::Tensor &x, const Dropout &how);

} // namespace ct

#endif
