#include "rounding.h"

#include "parallel.h"

namespace ct {
namespace {

CT_MULTIVERSION void round_blocks(int64_t begin, int64_t end, const float *x, uint16_t *y, int64_t count, uint64_t key) {
    for (int64_t block = begin; block < end; block++) {
        const int64_t start = block * PlaceHash::block;
        round_stochastically(x + start, y + start, std::min(PlaceHash::block, count - start), PlaceHash::block_key(key, block));
    }
}

} // namespace

void round_stochastically(const at::Tensor &wide, at::Tensor &narrow, uint64_t key) {
    const auto x = wide.contiguous();
    const float *from = x.const_data_ptr<float>();
    uint16_t *to = bits(narrow);
    const int64_t count = x.numel();
    parallel((count + PlaceHash::block - 1) / PlaceHash::block, /*grain=*/16,
             [&](int64_t begin, int64_t end) { round_blocks(begin, end, from, to, count, key); });
}

void round_stochastically_plain(const at::Tensor &wide, at::Tensor &narrow, uint64_t key) {
    constexpr int64_t mask = 0xFFFFFFFF;
    const auto flat = wide.contiguous().reshape({-1});
    const auto random = place_bits(flat.numel(), key, flat.options()).bitwise_right_shift(16);
    const auto values = flat.view(at::kInt).to(at::kLong).bitwise_and(mask);
    const auto rounded = (values + random).bitwise_and(mask & ~int64_t{0xFFFF});
    // Back to a signed 32-bit pattern; its upper half is the bfloat16 value.
    const auto signed_bits = at::where(rounded >= (int64_t{1} << 31), rounded - (int64_t{1} << 32), rounded);
    const auto result = signed_bits.to(at::kInt).view(at::kFloat);
    narrow.copy_(at::where(flat.isfinite(), result, flat).reshape(narrow.sizes()));
}

} // namespace ct
