// AdamW (Loshchilov and Hutter 2019), float32 on the CPU: one pass over memory that clips, decays, and moves.
//
// Sixteen weights whose gradients and moments are all 0, which is what rows of an embedding are that no example ever used,
// only decay, and where nothing decays they are neither read nor written.
#include "adamw.h"
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#include <vector>

namespace ct {
namespace {

constexpr int64_t chunk = 16384; // elements: 256 KB of four arrays

struct Span {
    float *p;
    const float *g;
    float *m, *v;
    int64_t count;
};

CT_INLINE bool is_zero(const vec &a, const vec &b, const vec &c) {
    const uvec bits = (reinterpret_cast<const uvec &>(a) | reinterpret_cast<const uvec &>(b) |
                       reinterpret_cast<const uvec &>(c)) << 1; // without signs
    return __builtin_reduce_or(bits) == 0;
}

CT_INLINE void move(vec &p, const vec &gradient, vec &m, vec &v, const AdamWStep &step) {
    const vec g = gradient * step.gradient_scale;
    m = m + (g - m) * step.rest1;
    v = v * step.beta2 + g * g * step.rest2;
    const vec divisor = __builtin_elementwise_sqrt(v) / step.correction2 + step.epsilon;
    p = p * step.keep - m / divisor * (step.learning_rate / step.correction1);
}

CT_MULTIVERSION void step_span(const Span &span, const AdamWStep &step) {
    const bool decays = step.keep != 1.0f;
    int64_t i = 0;
    for (; i + lanes <= span.count; i += lanes) {
        const vec g = load(span.g + i);
        vec m = load(span.m + i), v = load(span.v + i);
        if (is_zero(g, m, v)) {
            if (decays) store(span.p + i, load(span.p + i) * step.keep);
            continue;
        }
        vec p = load(span.p + i);
        move(p, g, m, v, step);
        store(span.p + i, p);
        store(span.m + i, m);
        store(span.v + i, v);
    }
    for (; i < span.count; i++) {
        vec p = vec{} + span.p[i], m = vec{} + span.m[i], v = vec{} + span.v[i];
        move(p, vec{} + span.g[i], m, v, step);
        span.p[i] = p[0], span.m[i] = m[0], span.v[i] = v[0];
    }
}

} // namespace

bool adamw_supported(const at::Tensor &parameter, const at::Tensor &gradient, const at::Tensor &m, const at::Tensor &v) {
    const auto is_dense = [](const at::Tensor &x) { return is_cpu_float32(x) && x.is_contiguous(); };
    return is_dense(parameter) && is_dense(gradient) && is_dense(m) && is_dense(v);
}

void adamw(at::TensorList parameters, at::TensorList gradients, at::TensorList first, at::TensorList second,
           const AdamWStep &step) {
    std::vector<Span> spans;
    for (size_t k = 0; k < parameters.size(); k++) {
        float *p = parameters[k].mutable_data_ptr<float>(), *m = first[k].mutable_data_ptr<float>(),
              *v = second[k].mutable_data_ptr<float>();
        const float *g = gradients[k].const_data_ptr<float>();
        const int64_t count = parameters[k].numel();
        for (int64_t i = 0; i < count; i += chunk)
            spans.push_back({p + i, g + i, m + i, v + i, std::min(chunk, count - i)});
    }
    parallel(static_cast<int64_t>(spans.size()), /*grain=*/1, [&](int64_t begin, int64_t end) {
        for (int64_t k = begin; k < end; k++) step_span(spans[static_cast<size_t>(k)], step);
    });
}

} // namespace ct
