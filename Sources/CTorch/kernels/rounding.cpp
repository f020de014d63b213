#include "rounding.h"

#include "parallel.h"

namespace ct {
namespace {

CT_MULTIVERSION void round_blocks(int64_t begin, int64_t end, const float *x, uint16_t *y, int64_t count, uint64_t key) {
    for (int64_t block = begin; block < end; block++) {
        const int64_t start = block * rounding_block;
        round_stochastically(x + start, y + start, std::min(rounding_block, count - start), rounding_key(key, block));
    }
}

/// Murmur3's finaliser over int64 tensors that hold 32 bits each.
at::Tensor mixed(at::Tensor h) {
    constexpr int64_t mask = 0xFFFFFFFF;
    h = h ^ h.bitwise_right_shift(16);
    h = (h * static_cast<int64_t>(PlaceHash::first)).bitwise_and(mask);
    h = h ^ h.bitwise_right_shift(13);
    h = (h * static_cast<int64_t>(PlaceHash::second)).bitwise_and(mask);
    return h ^ h.bitwise_right_shift(16);
}

} // namespace

void round_stochastically(const at::Tensor &wide, at::Tensor &narrow, uint64_t key) {
    const auto x = wide.contiguous();
    const float *from = x.const_data_ptr<float>();
    uint16_t *to = bits(narrow);
    const int64_t count = x.numel();
    parallel((count + rounding_block - 1) / rounding_block, /*grain=*/16,
             [&](int64_t begin, int64_t end) { round_blocks(begin, end, from, to, count, key); });
}

void round_stochastically_plain(const at::Tensor &wide, at::Tensor &narrow, uint64_t key) {
    constexpr int64_t mask = 0xFFFFFFFF;
    const auto flat = wide.contiguous().reshape({-1});
    const auto places = at::arange(flat.numel(), flat.options().dtype(at::kLong));
    const auto low = static_cast<int64_t>(key & mask), high = static_cast<int64_t>(key >> 32);
    const auto blocks = at::floor_divide(places, rounding_block);
    const auto keys = mixed(mixed((blocks + low).bitwise_and(mask)).bitwise_xor(high));
    const auto within = ((places % rounding_block) * static_cast<int64_t>(PlaceHash::golden)).bitwise_and(mask);
    const auto random = mixed(within.bitwise_xor(keys)).bitwise_right_shift(16);
    const auto values = flat.view(at::kInt).to(at::kLong).bitwise_and(mask);
    const auto rounded = (values + random).bitwise_and(mask & ~int64_t{0xFFFF});
    // Back to a signed 32-bit pattern, whose upper half is the bfloat16.
    const auto signed_bits = at::where(rounded >= (int64_t{1} << 31), rounded - (int64_t{1} << 32), rounded);
    const auto result = signed_bits.to(at::kInt).view(at::kFloat);
    narrow.copy_(at::where(flat.isfinite(), result, flat).reshape(narrow.sizes()));
}

} // namespace ct
