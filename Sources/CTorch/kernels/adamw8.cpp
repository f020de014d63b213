// AdamW with 8-bit moments: decode, update and encode in one pass over memory.
//
// Follows bitsandbytes' CPU backend on every device. Weight decay comes before the update (its CUDA kernel decays afterwards
// and then corrects the sign of a first moment whose code lost it). Codes are looked up in 65,536 steps from -1 to 1, so that
// only a block of zeros has the code of 0. That grid is coarse below 1.5e-5 of a block's largest magnitude, but it keeps
// training stable: with the nearest code, as in CUDA, a second moment may become 0 while the first does not, and the quotient
// makes the weight explode (tried on the fixtures: to 47 in 100 steps, from 0.05).
#include "adamw8.h"
#include "kernels.h"
#include "parallel.h"
#include "rounding.h"
#include "vector.h"

#include <array>
#include <cmath>
#include <cstring>

namespace ct {
namespace {

constexpr int64_t block = moments8_block;
static_assert(block == PlaceHash::block);

/// The values of the codes, and the code of every step from -1 to 1.
struct CodeTable {
    static constexpr int32_t steps = 65536;
    std::array<float, 256> values;
    std::array<uint8_t, steps> codes;

    explicit CodeTable(bool is_signed) {
        const auto map = dynamic_map(is_signed);
        std::memcpy(values.data(), map.const_data_ptr<float>(), sizeof values);
        int32_t code = 0;
        for (int32_t i = 0; i < steps; i++) {
            const float value = -1.0f + (2.0f * static_cast<float>(i)) / (steps - 1);
            while (code < 255 && 0.5f * (values[code] + values[code + 1]) < value) code++;
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

CT_INLINE void encode(const float *moments, float largest, uint8_t *codes, int64_t count, const CodeTable &table) {
    if (!(largest > 0)) {
        std::memset(codes, 0, static_cast<size_t>(count));
        return;
    }
    const float inverse = 1.0f / largest;
    alignas(64) int32_t indices[block];
    for (int64_t i = 0; i < block; i++) {
        float x = moments[i] * inverse;
        x = x < -1.0f ? -1.0f : x;
        x = x > 1.0f ? 1.0f : x;
        indices[i] = static_cast<int32_t>((x + 1.0f) * 0.5f * (CodeTable::steps - 1) + 0.5f);
    }
    // The mask does not change finite numbers, and keeps NaN within the table.
    for (int64_t i = 0; i < count; i++) codes[i] = table.codes[indices[i] & (CodeTable::steps - 1)];
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
};

CT_MULTIVERSION void step_blocks(int64_t begin, int64_t end, const Arrays &all, const AdamW8Step &step,
                                 const Tables &tables) {
    alignas(64) float m[block], v[block], p[block], g[block];
    alignas(64) uint16_t narrow[block];
    for (int64_t b = begin; b < end; b++) {
        const int64_t start = b * block, count = std::min(block, all.count - start);
        uint8_t *c1 = all.first_codes + start, *c2 = all.second_codes + start;
        const float size1 = all.first_sizes[b], size2 = all.second_sizes[b];
        for (int64_t i = 0; i < count; i++) m[i] = tables.first.values[c1[i]] * size1;
        for (int64_t i = 0; i < count; i++) v[i] = tables.second.values[c2[i]] * size2;
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
        encode(m, all.first_sizes[b], c1, count, tables.first);
        encode(v, all.second_sizes[b], c2, count, tables.second);
    }
}

at::Tensor decode(const at::Tensor &codes, const at::Tensor &sizes, const CodeTable &table) {
    const auto map = at::tensor(at::ArrayRef<float>(table.values)).to(codes.device());
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
                        parameter.numel()};
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
