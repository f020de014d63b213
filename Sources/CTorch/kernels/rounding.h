// Stochastic rounding of float32 to bfloat16: up or down, the nearer the likelier, so that steps smaller than a weight's
// precision are not lost but taken occasionally (Zamirai et al. 2020, "Revisiting BFloat16 training").
#ifndef CT_ROUNDING_H
#define CT_ROUNDING_H

#include "hash.h"

#include <bit>

namespace ct {

CT_INLINE void widen(const uint16_t *x, float *y, int64_t count) {
    for (int64_t i = 0; i < count; i++) y[i] = std::bit_cast<float>(static_cast<uint32_t>(x[i]) << 16);
}

/// The nearest bfloat16, ties to even; NaN stays NaN.
CT_INLINE uint16_t nearest_bfloat16(float x) {
    const auto bits = std::bit_cast<uint32_t>(x);
    const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
    return static_cast<uint16_t>((is_nan ? bits | 0x400000u : bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/// Rounds at most one block of elements. Sixteen random bits are added below a bfloat16's last bit; NaN stays NaN.
CT_INLINE void round_stochastically(const float *x, uint16_t *y, int64_t count, uint32_t key) {
    for (int64_t i = 0; i < count; i++) {
        const auto bits = std::bit_cast<uint32_t>(x[i]);
        const uint32_t random = PlaceHash::mix(static_cast<uint32_t>(i) * PlaceHash::golden ^ key) >> 16;
        const bool is_finite = (bits & 0x7F800000u) != 0x7F800000u;
        // Sets a bit that truncation does not remove, so that NaN stays NaN.
        const uint32_t quiet = (bits & 0x007FFFFFu) != 0 ? 0x00400000u : 0u;
        y[i] = static_cast<uint16_t>((is_finite ? bits + random : bits | quiet) >> 16);
    }
}

/// The bits of a contiguous bfloat16 tensor.
inline uint16_t *bits(const at::Tensor &x) { return reinterpret_cast<uint16_t *>(x.data_ptr<at::BFloat16>()); }

/// Writes `wide` to the contiguous bfloat16 `narrow`, on all cores; the result is the same for any number of cores.
void round_stochastically(const at::Tensor &wide, at::Tensor &narrow, uint64_t key);
/// The same with libtorch's operations, on every device.
void round_stochastically_plain(const at::Tensor &wide, at::Tensor &narrow, uint64_t key);

} // namespace ct

#endif
