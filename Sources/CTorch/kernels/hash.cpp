#include "hash.h"

namespace ct {
namespace {

constexpr int64_t mask = 0xFFFFFFFF;

/// Murmur3's finalizer for int64 tensors with 32-bit values.
at::Tensor mixed(at::Tensor h) {
    h = h ^ h.bitwise_right_shift(16);
    h = (h * static_cast<int64_t>(PlaceHash::first)).bitwise_and(mask);
    h = h ^ h.bitwise_right_shift(13);
    h = (h * static_cast<int64_t>(PlaceHash::second)).bitwise_and(mask);
    return h ^ h.bitwise_right_shift(16);
}

} // namespace

at::Tensor place_bits(int64_t count, uint64_t key, const at::TensorOptions &options) {
    const auto places = at::arange(count, options.dtype(at::kLong));
    const auto low = static_cast<int64_t>(key & mask), high = static_cast<int64_t>(key >> 32);
    const auto blocks = at::floor_divide(places, PlaceHash::block);
    const auto keys = mixed(mixed((blocks + low).bitwise_and(mask)).bitwise_xor(high));
    const auto within = ((places % PlaceHash::block) * static_cast<int64_t>(PlaceHash::golden)).bitwise_and(mask);
    return mixed(within.bitwise_xor(keys));
}

} // namespace ct
