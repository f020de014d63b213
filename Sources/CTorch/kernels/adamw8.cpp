// AdamW with moments in 8 bits: decode, move, encode, in one pass over memory.
//
// The order of bitsandbytes' CPU backend on every device: weight decay before the update (its CUDA kernel decays after
// it and then corrects the sign of a first moment whose code lost it). Codes are the nearest ones, as CUDA's are; its CPU
// backend looks them up in 65,536 steps from -1 to 1, and so takes what is below 1.5e-5 of a block's largest for that.
#include "adamw8.h"
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace ct {
namespace {

constexpr int64_t block = moments8_block;

/// Finds the nearest of rising values from 0 to 1: the leading 16 bits of a number give the lowest code that it can
/// have, and one comparison tells whether it is the next.
struct NearestCode {
    // 2^-23, below which every number has code 0, to 1.
    static constexpr int32_t first_key = 0x3400, last_key = 0x3f80;
    std::array<int32_t, last_key - first_key + 1> lowest;
    std::array<float, 256> midpoints; // between a value and the next; infinite after the last

    explicit NearestCode(const float *values, int count) {
        midpoints.fill(std::numeric_limits<float>::infinity());
        for (int i = 0; i + 1 < count; i++) midpoints[i] = 0.5f * (values[i] + values[i + 1]);
        for (int32_t key = first_key; key <= last_key; key++) {
            const uint32_t bits = static_cast<uint32_t>(key) << 16;
            float start;
            std::memcpy(&start, &bits, sizeof start);
            int32_t code = 0;
            if (key > first_key)
                while (midpoints[code] < start) code++;
            lowest[key - first_key] = code;
            if (key > first_key)
                TORCH_CHECK(code - lowest[key - first_key - 1] <= 1, "two codes begin within 2^-7 of ", start);
        }
    }
};

struct Tables {
    std::array<float, 256> first, second; // what the codes stand for
    NearestCode first_code, second_code;  // of a first moment's size, and of a second moment

    static std::array<float, 256> values(bool is_signed) {
        std::array<float, 256> result;
        const auto map = dynamic_map(is_signed);
        std::memcpy(result.data(), map.const_data_ptr<float>(), sizeof result);
        return result;
    }

    Tables()
        : first(values(true)), second(values(false)), first_code(first.data() + zero, 256 - zero),
          second_code(second.data(), 256) {}

    static constexpr int32_t zero = 127; // the code of 0 among first moments
};

const Tables &tables() {
    static const Tables tables;
    return tables;
}

CT_INLINE int32_t key_of(float size) {
    int32_t bits;
    std::memcpy(&bits, &size, sizeof bits);
    const int32_t key = (bits >> 16) - NearestCode::first_key, last = NearestCode::last_key - NearestCode::first_key;
    return key < 0 ? 0 : key > last ? last : key;
}

CT_INLINE void encode_first(const float *moments, float largest, uint8_t *codes, int64_t count, const Tables &tables) {
    if (largest == 0) {
        std::memset(codes, 0, static_cast<size_t>(count));
        return;
    }
    const float inverse = 1.0f / largest;
    const int32_t *lowest = tables.first_code.lowest.data();
    const float *midpoints = tables.first_code.midpoints.data();
    for (int64_t i = 0; i < count; i++) {
        const float x = moments[i] * inverse, size = x < 0 ? -x : x;
        const int32_t code = lowest[key_of(size)];
        // Ties go to the lower code: below zero that is the larger size, and 1 itself has no code there.
        const int32_t above = code + (midpoints[code] < size), below = code + (midpoints[code] <= size);
        const int32_t negative = Tables::zero - (below > Tables::zero ? Tables::zero : below);
        codes[i] = static_cast<uint8_t>(x < 0 ? negative : Tables::zero + above);
    }
}

CT_INLINE void encode_second(const float *moments, float largest, uint8_t *codes, int64_t count, const Tables &tables) {
    if (largest == 0) {
        std::memset(codes, 0, static_cast<size_t>(count));
        return;
    }
    const float inverse = 1.0f / largest;
    const int32_t *lowest = tables.second_code.lowest.data();
    const float *midpoints = tables.second_code.midpoints.data();
    for (int64_t i = 0; i < count; i++) {
        const float x = moments[i] * inverse;
        const int32_t code = lowest[key_of(x)];
        codes[i] = static_cast<uint8_t>(code + (midpoints[code] < x));
    }
}

CT_INLINE float largest_of(const vec &values) {
    float result = 0;
    for (int64_t i = 0; i < lanes; i++) result = values[i] > result ? values[i] : result;
    return result;
}

/// The move of one block; m and v hold the decoded moments, then the new ones.
CT_INLINE void move(float *p, const float *g, float *m, float *v, const AdamW8Step &step, float &m_size, float &v_size) {
    vec m_largest{}, v_largest{};
    const float rate = -step.learning_rate / step.correction1;
    for (int64_t i = 0; i < block; i += lanes) {
        const vec gradient = load(g + i) * step.gradient_scale;
        const vec first = load(m + i) * step.beta1 + gradient * (1.0f - step.beta1);
        const vec second = load(v + i) * step.beta2 + gradient * gradient * (1.0f - step.beta2);
        const vec divisor = __builtin_elementwise_sqrt(second) / step.correction2 + step.epsilon;
        store(p + i, load(p + i) * step.keep + first / divisor * rate);
        store(m + i, first);
        store(v + i, second);
        const vec size = first < 0.0f ? -first : first;
        m_largest = size > m_largest ? size : m_largest;
        v_largest = second > v_largest ? second : v_largest;
    }
    m_size = largest_of(m_largest);
    v_size = largest_of(v_largest);
}

struct Arrays {
    float *p;
    const float *g;
    uint8_t *first_codes, *second_codes;
    float *first_sizes, *second_sizes;
    int64_t count;
};

CT_MULTIVERSION void step_blocks(int64_t begin, int64_t end, const Arrays &all, const AdamW8Step &step,
                                 const Tables &tables) {
    alignas(64) float m[block], v[block], p[block], g[block];
    for (int64_t b = begin; b < end; b++) {
        const int64_t start = b * block, count = std::min(block, all.count - start);
        uint8_t *c1 = all.first_codes + start, *c2 = all.second_codes + start;
        const float size1 = all.first_sizes[b], size2 = all.second_sizes[b];
        for (int64_t i = 0; i < count; i++) m[i] = tables.first[c1[i]] * size1;
        for (int64_t i = 0; i < count; i++) v[i] = tables.second[c2[i]] * size2;
        float *weights = all.p + start;
        const float *gradients = all.g + start;
        if (count < block) { // the tail, filled up with zeros, which stay zeros
            const auto bytes = static_cast<size_t>(count) * sizeof(float);
            for (float *x : {m + count, v + count, p + count, g + count})
                std::memset(x, 0, static_cast<size_t>(block - count) * sizeof(float));
            std::memcpy(p, weights, bytes);
            std::memcpy(g, gradients, bytes);
            move(p, g, m, v, step, all.first_sizes[b], all.second_sizes[b]);
            std::memcpy(weights, p, bytes);
        } else {
            move(weights, gradients, m, v, step, all.first_sizes[b], all.second_sizes[b]);
        }
        encode_first(m, all.first_sizes[b], c1, count, tables);
        encode_second(v, all.second_sizes[b], c2, count, tables);
    }
}

at::Tensor decode(const at::Tensor &codes, const at::Tensor &sizes, const at::Tensor &map) {
    const auto values = map.index_select(0, codes.reshape({-1}).to(at::kLong));
    return values.mul_(sizes.repeat_interleave(block).narrow(0, 0, values.numel()));
}

void encode(const at::Tensor &moments, at::Tensor &codes, at::Tensor &sizes, const at::Tensor &map) {
    const auto padding = sizes.numel() * block - moments.numel();
    const auto rows = at::constant_pad_nd(moments, {0, padding}).reshape({-1, block});
    const auto largest = at::amax(rows.abs(), {1}, /*keepdim=*/true);
    const auto midpoints = (map.narrow(0, 0, 255) + map.narrow(0, 1, 255)) * 0.5;
    auto nearest = at::bucketize(rows * at::reciprocal(largest), midpoints);
    nearest = nearest.masked_fill(largest == 0, 0).reshape({-1}).narrow(0, 0, moments.numel());
    codes.copy_(nearest.reshape(codes.sizes()));
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
    return is_cpu_float32(parameter) && is_cpu_float32(gradient) && parameter.is_contiguous() &&
           moments.first_codes.is_contiguous() && moments.second_codes.is_contiguous();
}

void adamw8(at::Tensor &parameter, const at::Tensor &gradient, Moments8 &moments, const AdamW8Step &step) {
    const auto g = gradient.contiguous();
    const Arrays arrays{parameter.mutable_data_ptr<float>(),
                        g.const_data_ptr<float>(),
                        moments.first_codes.mutable_data_ptr<uint8_t>(),
                        moments.second_codes.mutable_data_ptr<uint8_t>(),
                        moments.first_sizes.mutable_data_ptr<float>(),
                        moments.second_sizes.mutable_data_ptr<float>(),
                        parameter.numel()};
    const auto &codes = tables();
    parallel((arrays.count + block - 1) / block, /*grain=*/16,
             [&](int64_t begin, int64_t end) { step_blocks(begin, end, arrays, step, codes); });
}

void adamw8_plain(at::Tensor &parameter, const at::Tensor &gradient, Moments8 &moments, const AdamW8Step &step) {
    const auto first_map = dynamic_map(true).to(parameter.device()), second_map = dynamic_map(false).to(parameter.device());
    auto m = decode(moments.first_codes, moments.first_sizes, first_map);
    auto v = decode(moments.second_codes, moments.second_sizes, second_map);
    const auto g = gradient.reshape({-1}).to(at::kFloat) * step.gradient_scale;
    m.mul_(step.beta1).add_(g, 1.0f - step.beta1);
    v.mul_(step.beta2).addcmul_(g, g, 1.0f - step.beta2);
    auto p = parameter.reshape({-1}).to(at::kFloat) * step.keep;
    p.addcdiv_(m, v.sqrt().div_(step.correction2).add_(step.epsilon), -step.learning_rate / step.correction1);
    parameter.copy_(p.reshape(parameter.sizes()));
    encode(m, moments.first_codes, moments.first_sizes, first_map);
    encode(v, moments.second_codes, moments.second_sizes, second_map);
}

} // namespace ct
