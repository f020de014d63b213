#include "support.h"

#include "kernels/kernels.h"

using ct::make;
using ct::tensor;

namespace {

/// libtorch's own attention, one sequence at a time: for every dtype and device that our kernel does not serve.
at::Tensor attention_by_sequence(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                                 const std::vector<int32_t> &offsets, double scale, bool causal) {
    std::vector<at::Tensor> outputs;
    for (size_t i = 0; i + 1 < offsets.size(); i++) {
        const auto rows = [&](const at::Tensor &x) { // [1, heads, L, D]
            return x.narrow(0, offsets[i], offsets[i + 1] - offsets[i]).transpose(0, 1).unsqueeze(0);
        };
        outputs.push_back(at::scaled_dot_product_attention(rows(q), rows(k), rows(v), {}, 0.0, causal, scale,
                                                           /*enable_gqa=*/q.size(1) != k.size(1))
                              .squeeze(0)
                              .transpose(0, 1));
    }
    return at::cat(outputs, 0);
}

} // namespace

extern "C" {

int ct_nn_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias) {
    return make(out, [&] {
        return ct::linear_supported(tensor(x), tensor(w)) ? ct::linear(tensor(x), tensor(w), ct::optional(bias))
                                                          : at::linear(tensor(x), tensor(w), ct::optional(bias));
    });
}

int ct_nn_embedding(ct_tensor *out, ct_tensor table, ct_tensor ids) {
    return make(out, [&] { return at::embedding(tensor(table), tensor(ids)); });
}

int ct_nn_rms_norm(ct_tensor *out, ct_tensor x, ct_tensor w, double epsilon) {
    return make(out, [&] {
        const auto &input = tensor(x), &weight = tensor(w);
        TORCH_CHECK(weight.dim() == 1 && input.dim() >= 1 && input.size(-1) == weight.size(0),
                    "rms_norm of ", input.sizes(), " by a weight of ", weight.sizes());
        if (ct::is_cpu_float32(input) && ct::is_cpu_float32(weight)) return ct::rms_norm(input, weight, epsilon);
        const auto wide = input.to(at::kFloat);
        const auto scale = at::rsqrt(at::mean(at::square(wide), -1, /*keepdim=*/true) + epsilon);
        return weight * (wide * scale).to(input.scalar_type());
    });
}

int ct_nn_layer_norm(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias, double epsilon) {
    return make(out, [&] {
        return at::layer_norm(tensor(x), tensor(w).sizes(), tensor(w), ct::optional(bias), epsilon);
    });
}

int ct_nn_swiglu(ct_tensor *out, ct_tensor gate, ct_tensor up) {
    return make(out, [&] {
        const auto &g = tensor(gate), &u = tensor(up);
        TORCH_CHECK(g.sizes() == u.sizes(), "swiglu of ", g.sizes(), " and ", u.sizes());
        return ct::is_cpu_float32(g) && ct::is_cpu_float32(u) ? ct::swiglu(g, u) : at::silu(g) * u;
    });
}

int ct_nn_rope(ct_tensor *out, ct_tensor x, ct_tensor cosine, ct_tensor sine) {
    return make(out, [&] {
        const auto &input = tensor(x), &c = tensor(cosine), &s = tensor(sine);
        TORCH_CHECK(input.dim() == 3 && input.size(2) % 2 == 0 && c.dim() == 2 && c.size(0) == input.size(0) &&
                        c.size(1) == input.size(2) && s.sizes() == c.sizes(),
                    "rope of ", input.sizes(), " by ", c.sizes(), " and ", s.sizes());
        if (ct::is_cpu_float32(input) && ct::is_cpu_float32(c) && ct::is_cpu_float32(s))
            return ct::rope(input, c, s);
        const auto halves = input.chunk(2, -1);
        const auto rotated = at::cat({-halves[1], halves[0]}, -1);
        return input * c.unsqueeze(1).to(input.scalar_type()) + rotated * s.unsqueeze(1).to(input.scalar_type());
    });
}

int ct_nn_varlen_attention(ct_tensor *out, ct_tensor query, ct_tensor key, ct_tensor value, const int32_t *offsets,
                           size_t count, double scale, bool causal) {
    return make(out, [&] {
        const auto &q = tensor(query), &k = tensor(key), &v = tensor(value);
        TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(0) == k.size(0) &&
                        q.size(2) == k.size(2) && k.size(1) > 0 && q.size(1) % k.size(1) == 0,
                    "attention over q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
        const std::vector<int32_t> bounds(offsets, offsets + count + 1);
        TORCH_CHECK(std::is_sorted(bounds.begin(), bounds.end()) && bounds.front() == 0 && bounds.back() == q.size(0),
                    "sequence offsets must rise from 0 to ", q.size(0));
        return ct::attention_supported(q, k, v) ? ct::attention(q, k, v, bounds, scale, causal)
                                                : attention_by_sequence(q, k, v, bounds, scale, causal);
    });
}

int ct_nn_dropout(ct_tensor *out, ct_tensor x, double p, ct_generator generator) {
    return make(out, [&] {
        const auto &input = tensor(x);
        const auto kept = at::empty_like(input).bernoulli_(1 - p, ct::generator(generator));
        return input * kept.div_(1 - p);
    });
}

} // extern "C"
