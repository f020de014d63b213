// AdamW with 8-bit moments: decode, update and encode in one pass over memory.
//
// Follows bitsandbytes' CPU backend on every device. Weight decay comes before the update (its CUDA kernel decays afterwards
// and then corrects the sign of a first moment whose code lost it). Codes are those of 65,536 steps from -1 to 1, so that
// only a block of zeros has the code of 0. That grid is coarse below 1.5e-5 of a block's largest magnitude, but it keeps
// training stable: with the nearest code, as in CUDA, a second moment may become 0 while the first does not, and the quotient
// makes the weight explode (tried on the fixtures: to 47 in 100 steps, from 0.05).
//
// Blocks whose gradients and moments are all 0 only decay.
#include "adamw8.h"
#include "adamw8_codes.h"
#include "kernels.h"
#include "parallel.h"
#include "rounding.h"
#include "vector.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace ct {
namespace {

constexpr int64_t block = moments8_block;
static_assert(block == PlaceHash::block && block == codes_block);

/// The values of the codes, and the code of every step from -1 to 1, which only libtorch's operations look up.
struct CodeTable {
    static constexpr int32_t steps = 65536;
    CodeValues values;
    std::array<uint8_t, steps> codes;

    explicit CodeTable(bool is_signed) : values(dynamic_map(is_signed).const_data_ptr<float>()) {
        int32_t code = 0;
        for (int32_t i = 0; i < steps; i++) {
            const float value = -1.0f + (2.0f * static_cast<float>(i)) / (steps - 1);
            while (code < 255 && 0.5f * (values.numbers[code] + values.numbers[code + 1]) < value) code++;
            codes[i] = static_cast<uint8_t>(code);
        }
    }
};

struct Tables {
    CodeTable first{true}, second{false};
};

const Tables &tables() {
    static const Tables tables;
    return tables;
}

/// Encodes one block, or the first `count` moments of a padded one.
template <typename Codes> CT_INLINE void encode(const float *moments, float largest, uint8_t *codes, int64_t count) {
    if (!(largest > 0)) {
        std::memset(codes, 0, static_cast<size_t>(count));
        return;
    }
    const float inverse = 1.0f / largest;
    uint8_t padded[block];
    uint8_t *found = count == block ? codes : padded;
    encode_block<Codes>(moments, inverse, found);
    if (count < block) std::memcpy(codes, padded, static_cast<size_t>(count));
}

/// Decodes one block, or the first `count` moments of a padded one.
CT_INLINE void decode(const uint8_t *codes, const CodeTable &table, float size, float *moments, int64_t count) {
    uint8_t padded[block];
    if (count < block) {
        std::memset(padded, 0, block);
        std::memcpy(padded, codes, static_cast<size_t>(count));
    }
    decode_block(count == block ? codes : padded, table.values, size, moments);
}

CT_INLINE float largest_of(const vec &values) {
    float result = 0;
    for (int64_t i = 0; i < lanes; i++) result = values[i] > result ? values[i] : result;
    return result;
}

/// Updates one block; m and v hold the decoded moments, then the new ones.
CT_INLINE void move(float *p, const float *g, float *m, float *v, uint16_t *copy, const AdamW8Step &step, float &m_size,
                    float &v_size) {
    vec m_largest{}, v_largest{};
    const float rate = -step.learning_rate / step.correction1;
    for (int64_t i = 0; i < block; i += lanes) {
        const vec gradient = load(g + i) * step.gradient_scale;
        const vec first = load(m + i) * step.beta1 + gradient * (1.0f - step.beta1);
        const vec second = load(v + i) * step.beta2 + gradient * gradient * (1.0f - step.beta2);
        vec divisor = second;
        square_root(divisor);
        divisor = divisor / step.correction2 + step.epsilon;
        const vec moved = load(p + i) * step.keep + first / divisor * rate;
        store(p + i, moved);
        if (copy != nullptr) store_bfloat16(copy + i, moved);
        store(m + i, first);
        store(v + i, second);
        const vec size = first < 0.0f ? -first : first;
        m_largest = size > m_largest ? size : m_largest;
        v_largest = second > v_largest ? second : v_largest;
    }
    m_size = largest_of(m_largest);
    v_size = largest_of(v_largest);
}

/// A float32 or a bfloat16 array; the other pointer is null.
template <typename Wide, typename Narrow> struct Values {
    Wide *wide;
    Narrow *narrow;
};

struct Arrays {
    Values<float, uint16_t> p;
    Values<const float, const uint16_t> g;
    uint8_t *first_codes, *second_codes;
    float *first_sizes, *second_sizes;
    uint16_t *copy; // or null
    int64_t count;
    bool may_rest; // whether blocks at rest only decay
};

/// Whether weights without gradients and moments only decay in this step. With an epsilon of 0 they become NaN, for example.
bool only_decays(const AdamW8Step &step) {
    alignas(64) float p[block], g[block] = {}, m[block], v[block] = {};
    float m_size, v_size;
    // First moments of 0 are decoded as -0. A weight of -0 stays -0 only if -0 is added, which changes no weight.
    std::fill_n(p, block, -0.0f);
    std::fill_n(m, block, -0.0f);
    move(p, g, m, v, nullptr, step, m_size, v_size);
    return std::all_of(p, p + block, [](float x) { return std::bit_cast<uint32_t>(x) == 0x80000000u; });
}

/// Whether all bits are 0. A negative zero has a bit.
template <typename Bits> CT_INLINE bool is_clear(const void *memory, int64_t count) {
    typedef Bits Item __attribute__((may_alias));
    const auto *items = static_cast<const Item *>(memory);
    Bits bits = 0;
    for (int64_t i = 0; i < count; i++) bits |= items[i];
    return bits == 0;
}

/// Whether a block's gradients and moments are 0, and will have the same codes.
CT_INLINE bool is_at_rest(const Arrays &all, int64_t b, int64_t start, int64_t count) {
    return is_clear<uint32_t>(all.first_sizes + b, 1) && is_clear<uint32_t>(all.second_sizes + b, 1) &&
           is_clear<uint8_t>(all.first_codes + start, count) && is_clear<uint8_t>(all.second_codes + start, count) &&
           (all.g.wide != nullptr ? is_clear<uint32_t>(all.g.wide + start, count)
                                  : is_clear<uint16_t>(all.g.narrow + start, count));
}

/// Decays the float32 weights of a block at rest.
CT_INLINE void decay(float *p, uint16_t *copy, float keep, int64_t count) {
    if (keep != 1.0f)
        for (int64_t i = 0; i < count; i++) p[i] *= keep;
    if (copy != nullptr)
        for (int64_t i = 0; i < count; i++) copy[i] = nearest_bfloat16(p[i]);
}

CT_MULTIVERSION void step_blocks(int64_t begin, int64_t end, const Arrays &all, const AdamW8Step &step,
                                 const Tables &tables) {
    alignas(64) float m[block], v[block], p[block], g[block];
    alignas(64) uint16_t narrow[block];
    for (int64_t b = begin; b < end; b++) {
        const int64_t start = b * block, count = std::min(block, all.count - start);
        if (all.may_rest && is_at_rest(all, b, start, count)) {
            if (all.p.wide != nullptr)
                decay(all.p.wide + start, all.copy != nullptr ? all.copy + start : nullptr, step.keep, count);
            continue;
        }
        uint8_t *c1 = all.first_codes + start, *c2 = all.second_codes + start;
        decode(c1, tables.first, all.first_sizes[b], m, count);
        decode(c2, tables.second, all.second_sizes[b], v, count);
        if (count == block && all.p.wide != nullptr && all.g.wide != nullptr) {
            move(all.p.wide + start, all.g.wide + start, m, v, all.copy != nullptr ? all.copy + start : nullptr, step,
                 all.first_sizes[b], all.second_sizes[b]);
        } else {
            const auto bytes = static_cast<size_t>(count) * sizeof(float);
            // A tail is padded with zeros, which stay zeros.
            for (float *x : {m + count, v + count, p + count, g + count})
                std::memset(x, 0, static_cast<size_t>(block - count) * sizeof(float));
            if (all.p.wide != nullptr)
                std::memcpy(p, all.p.wide + start, bytes);
            else
                widen(all.p.narrow + start, p, count);
            if (all.g.wide != nullptr)
                std::memcpy(g, all.g.wide + start, bytes);
            else
                widen(all.g.narrow + start, g, count);
            move(p, g, m, v, narrow, step, all.first_sizes[b], all.second_sizes[b]);
            if (all.copy != nullptr) std::memcpy(all.copy + start, narrow, static_cast<size_t>(count) * sizeof(uint16_t));
            if (all.p.wide != nullptr)
                std::memcpy(all.p.wide + start, p, bytes);
            else
                round_stochastically(p, all.p.narrow + start, count, PlaceHash::block_key(step.rounding_key, b));
        }
        encode<FirstCodes>(m, all.first_sizes[b], c1, count);
        encode<SecondCodes>(v, all.second_sizes[b], c2, count);
    }
}

at::Tensor decode(const at::Tensor &codes, const at::Tensor &sizes, const CodeTable &table) {
    const auto map = at::tensor(at::ArrayRef<float>(table.values.numbers)).to(codes.device());
    const auto values = map.index_select(0, codes.reshape({-1}).to(at::kLong));
    return values * sizes.repeat_interleave(block).narrow(0, 0, values.numel());
}

void encode(const at::Tensor &moments, at::Tensor &codes, at::Tensor &sizes, const CodeTable &table) {
    const auto lookup = at::tensor(at::ArrayRef<uint8_t>(table.codes), at::kByte).to(codes.device());
    const auto padding = sizes.numel() * block - moments.numel();
    const auto rows = at::constant_pad_nd(moments, {0, padding}).reshape({-1, block});
    const auto largest = at::amax(rows.abs(), {1}, /*keepdim=*/true);
    const auto shares = (rows * at::reciprocal(largest)).clamp_(-1, 1).nan_to_num_();
    const auto indices = shares.add_(1).mul_(0.5).mul_(CodeTable::steps - 1).add_(0.5).to(at::kLong);
    auto found = lookup.index_select(0, indices.reshape({-1})).reshape(rows.sizes());
    found = found.masked_fill(largest == 0, 0).reshape({-1}).narrow(0, 0, moments.numel());
    codes.copy_(found.reshape(codes.sizes()));
    sizes.copy_(largest.reshape(sizes.sizes()));
}

} // namespace

at::Tensor dynamic_map(bool is_signed) {
    at::NoGradGuard no_grad;
    constexpr std::array<double, 7> scales{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1};
    std::vector<at::Tensor> parts{at::tensor({0.0f, 1.0f})};
    for (size_t i = 0; i < scales.size(); i++) {
        const int64_t edges = (int64_t{1} << (is_signed ? i : i + 1)) + 1;
        const auto edge = at::linspace(0.1, 1, edges, at::kFloat);
        const auto means = (edge.narrow(0, 0, edges - 1) + edge.narrow(0, 1, edges - 1)) / 2.0;
        parts.push_back(means * scales[i]);
        if (is_signed) parts.push_back(means * -scales[i]);
    }
    return std::get<0>(at::cat(parts).sort()).contiguous();
}

bool adamw8_supported(const at::Tensor &parameter, const at::Tensor &gradient, const Moments8 &moments) {
    const auto is_supported = [](const at::Tensor &x) {
        return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
    };
    return is_supported(parameter) && is_supported(gradient) && parameter.is_contiguous() &&
           moments.first_codes.is_contiguous() && moments.second_codes.is_contiguous();
}

void adamw8(at::Tensor &parameter, const at::Tensor &gradient, Moments8 &moments, const std::optional<at::Tensor> &copy,
            const AdamW8Step &step) {
    const auto g = gradient.contiguous();
    const bool wide_p = parameter.scalar_type() == at::kFloat, wide_g = g.scalar_type() == at::kFloat;
    const Arrays arrays{{wide_p ? parameter.mutable_data_ptr<float>() : nullptr, wide_p ? nullptr : bits(parameter)},
                        {wide_g ? g.const_data_ptr<float>() : nullptr, wide_g ? nullptr : bits(g)},
                        moments.first_codes.mutable_data_ptr<uint8_t>(),
                        moments.second_codes.mutable_data_ptr<uint8_t>(),
                        moments.first_sizes.mutable_data_ptr<float>(),
                        moments.second_sizes.mutable_data_ptr<float>(),
                        copy ? bits(*copy) : nullptr,
                        parameter.numel(),
                        // Decay of bfloat16 weights rounds stochastically.
                        (wide_p || (step.keep == 1.0f && !copy)) && only_decays(step)};
    const auto &codes = tables();
    parallel((arrays.count + block - 1) / block, /*grain=*/16,
             [&](int64_t begin, int64_t end) { step_blocks(begin, end, arrays, step, codes); });
}

void adamw8_plain(at::Tensor &parameter, const at::Tensor &gradient, Moments8 &moments, const AdamW8Step &step) {
    const auto &[first_table, second_table] = tables();
    auto m = decode(moments.first_codes, moments.first_sizes, first_table);
    auto v = decode(moments.second_codes, moments.second_sizes, second_table);
    const auto g = gradient.reshape({-1}).to(at::kFloat) * step.gradient_scale;
    m.mul_(step.beta1).add_(g, 1.0f - step.beta1);
    v.mul_(step.beta2).addcmul_(g, g, 1.0f - step.beta2);
    auto p = parameter.reshape({-1}).to(at::kFloat) * step.keep;
    p.addcdiv_(m, v.sqrt().div_(step.correction2).add_(step.epsilon), -step.learning_rate / step.correction1);
    if (parameter.scalar_type() == at::kBFloat16)
        round_stochastically_plain(p.reshape(parameter.sizes()), parameter, step.rounding_key);
    else
        parameter.copy_(p.reshape(parameter.sizes()));
    encode(m, moments.first_codes, moments.first_sizes, first_table);
    encode(v, moments.second_codes, moments.second_sizes, second_table);
}

} // namespace ct
