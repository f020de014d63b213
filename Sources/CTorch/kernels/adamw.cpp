// AdamW (Loshchilov and Hutter 2019), float32 on the CPU: one pass over memory that clips, decays and updates.
//
// Sixteen weights whose gradients and moments are all 0, such as embedding rows that no example ever used, only decay.
// Without weight decay they are neither read nor written.
#include "adamw.h"
#include "kernels.h"
#include "parallel.h"
#include "rounding.h"
#include "vector.h"

#include <atomic>
#include <vector>

namespace ct {
namespace {

constexpr int64_t chunk = 16384; // elements: 256 KB of four arrays

struct Span {
    float *p;
    const float *g;
    float *m, *v;
    uint16_t *copy; // in bfloat16, or null
    int64_t count;
};

CT_INLINE bool is_zero(const vec &a, const vec &b, const vec &c) {
    const uvec bits = (reinterpret_cast<const uvec &>(a) | reinterpret_cast<const uvec &>(b) |
                       reinterpret_cast<const uvec &>(c)) << 1; // without signs
    return !has_bits(bits);
}

CT_INLINE void move(vec &p, const vec &gradient, vec &m, vec &v, const AdamWStep &step) {
    const vec g = gradient * step.gradient_scale;
    m = m + (g - m) * step.rest1;
    v = v * step.beta2 + g * g * step.rest2;
    vec divisor = v;
    square_root(divisor);
    divisor = divisor / step.correction2 + step.epsilon;
    p = p * step.keep - m / divisor * (step.learning_rate / step.correction1);
}

CT_INLINE void store_weights(const Span &span, int64_t i, const vec &p) {
    store(span.p + i, p);
    if (span.copy != nullptr) store_bfloat16(span.copy + i, p);
}

CT_MULTIVERSION void step_span(const Span &span, const AdamWStep &step) {
    const bool decays = step.keep != 1.0f;
    int64_t i = 0;
    for (; i + lanes <= span.count; i += lanes) {
        const vec g = load(span.g + i);
        vec m = load(span.m + i), v = load(span.v + i);
        if (is_zero(g, m, v)) {
            if (decays) store_weights(span, i, load(span.p + i) * step.keep);
            continue;
        }
        vec p = load(span.p + i);
        move(p, g, m, v, step);
        store_weights(span, i, p);
        store(span.m + i, m);
        store(span.v + i, v);
    }
    for (; i < span.count; i++) {
        if (span.g[i] == 0 && span.m[i] == 0 && span.v[i] == 0 && !decays) continue;
        vec p = vec{} + span.p[i], m = vec{} + span.m[i], v = vec{} + span.v[i];
        move(p, vec{} + span.g[i], m, v, step);
        span.p[i] = p[0];
        // Zeros that stay zeros are not written, because their pages may not be in memory.
        if (span.m[i] != m[0]) span.m[i] = m[0];
        if (span.v[i] != v[0]) span.v[i] = v[0];
        if (span.copy == nullptr) continue;
        hvec narrow;
        store_bfloat16(reinterpret_cast<uint16_t *>(&narrow), p);
        span.copy[i] = narrow[0];
    }
}

/// Arrays of one parameter, and how to split them.
struct Arrays {
    float *p, *m, *v;
    uint16_t *copy;
    std::vector<Span> &spans;

    /// Elements begin ..< end, with gradients `g` or all 0.
    void add(int64_t begin, int64_t end, const float *g) {
        static const std::vector<float> zeros(chunk);
        for (int64_t i = begin; i < end; i += chunk)
            spans.push_back({p + i, g != nullptr ? g + (i - begin) : zeros.data(), m + i, v + i,
                             copy != nullptr ? copy + i : nullptr, std::min(chunk, end - i)});
    }
};

bool is_array(const at::Tensor &x) { return is_cpu_float32(x) && !x.is_sparse() && x.is_contiguous(); }

} // namespace

bool adamw_supported(const at::Tensor &parameter, const at::Tensor &gradient, const at::Tensor &m, const at::Tensor &v) {
    const bool is_known = gradient.is_sparse() ? is_array(gradient._values()) && gradient.is_coalesced() : is_array(gradient);
    return is_known && is_array(parameter) && is_array(m) && is_array(v);
}

void adamw(at::TensorList parameters, at::TensorList gradients, at::TensorList first, at::TensorList second,
           const std::vector<std::optional<at::Tensor>> &copies, const AdamWStep &step) {
    std::vector<Span> spans;
    for (size_t k = 0; k < parameters.size(); k++) {
        Arrays arrays{parameters[k].mutable_data_ptr<float>(), first[k].mutable_data_ptr<float>(),
                      second[k].mutable_data_ptr<float>(), copies[k] ? bits(*copies[k]) : nullptr, spans};
        const int64_t count = parameters[k].numel();
        if (!gradients[k].is_sparse()) {
            arrays.add(0, count, gradients[k].const_data_ptr<float>());
            continue;
        }
        // Some rows have gradients; the others may still change.
        const auto rows = gradients[k]._indices().select(0, 0).contiguous();
        const float *values = gradients[k]._values().const_data_ptr<float>();
        const int64_t width = gradients[k].size(1);
        int64_t done = 0;
        for (int64_t i = 0; i < rows.numel(); i++) {
            const int64_t begin = rows.const_data_ptr<int64_t>()[i] * width;
            arrays.add(done, begin, nullptr);
            arrays.add(begin, begin + width, values + i * width);
            done = begin + width;
        }
        arrays.add(done, count, nullptr);
    }
    // Free threads take the next few spans, because most spans of a table need no work.
    constexpr size_t few = 8;
    std::atomic<size_t> taken{0};
    parallel(at::get_num_threads(), /*grain=*/1, [&](int64_t, int64_t) {
        for (size_t first = taken.fetch_add(few); first < spans.size(); first = taken.fetch_add(few))
            for (size_t k = first; k < std::min(first + few, spans.size()); k++) step_span(spans[k], step);
    });
}

} // namespace ct
