#include "support.h"

#include "kernels/attention.h"
#include "kernels/feed_forward.h"
#include "kernels/frozen_weight.h"
#include "kernels/gemm.h"
#include "kernels/int8_linear.h"
#include "kernels/joint_linear.h"
#include "kernels/kernels.h"

using ct::make;
using ct::tensor;

namespace {

at::Tensor long_tensor(const int64_t *values, int64_t count, at::Device device) {
    return at::tensor(at::ArrayRef<int64_t>(values, static_cast<size_t>(count)), at::kLong).to(device);
}

/// Dropout's mask for one sequence, [N, R, L], with elements 1 / (1 - p) or 0.
at::Tensor dropout_mask(const ct::AttentionOptions &options, int64_t heads, int64_t first_row, int64_t rows,
                        int64_t length, const at::TensorOptions &like) {
    auto mask = at::zeros({heads, rows, length}, at::TensorOptions().dtype(at::kFloat));
    float *values = mask.mutable_data_ptr<float>();
    for (int64_t n = 0; n < heads; n++)
        for (int64_t r = 0; r < rows; r++) {
            const uint32_t key = options.row_key(first_row + r, n);
            for (int64_t j = 0; j < length; j++, values++) *values = options.keeps(key, j) ? options.dropout_scale() : 0;
        }
    return mask.to(like);
}

/// libtorch's operations, one sequence at a time, for every dtype and device that our kernel does not support.
at::Tensor attention_by_sequence(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                                 const ct::PackedQueries &rows, const ct::AttentionOptions &options) {
    std::vector<at::Tensor> outputs;
    const int64_t group = q.size(1) / k.size(1);
    for (int64_t i = 0; i < rows.count(); i++) {
        const int64_t start = rows.q_offsets[i], count = rows.q_offsets[i + 1] - start;
        const int64_t length = rows.k_offsets[i + 1] - rows.k_offsets[i];
        if (count == 0) continue;
        const auto keys = [&](const at::Tensor &x) { // [N, L, D]
            const auto own = x.narrow(0, rows.k_offsets[i], length).transpose(0, 1);
            return group == 1 ? own : own.repeat_interleave(group, 0);
        };
        const auto query = q.narrow(0, start, count).transpose(0, 1); // [N, R, D]
        const auto places = long_tensor(rows.positions.data() + start, count, q.device()).unsqueeze(1);
        const auto distance = at::arange(length, places.options()) - places; // [R, L], keys after a row positive
        const auto hidden = (distance > options.right).logical_or(distance < -options.left);
        at::Tensor y;
        if (options.softcap == 0 && options.dropout == 0) {
            const auto seen = hidden.logical_not().unsqueeze(0);
            y = at::scaled_dot_product_attention(query.unsqueeze(0), keys(k).unsqueeze(0), keys(v).unsqueeze(0), seen,
                                                 0.0, /*is_causal=*/false, static_cast<double>(options.scale))
                    .squeeze(0);
        } else {
            auto scores = at::matmul(query, keys(k).transpose(1, 2)) * options.scale; // [N, R, L]
            if (options.softcap > 0) scores = at::tanh(scores / options.softcap) * options.softcap;
            auto weights = at::softmax(scores.masked_fill(hidden, -INFINITY), -1);
            if (options.dropout > 0)
                weights = weights * dropout_mask(options, q.size(1), start, count, length, weights.options());
            y = at::matmul(weights, keys(v));
        }
        outputs.push_back(y.transpose(0, 1));
    }
    return at::cat(outputs, 0);
}

/// Checks that a weight [out, in] can be multiplied with an input.
void require_fit(const at::Tensor &x, at::IntArrayRef weight) {
    TORCH_CHECK(weight.size() == 2 && x.dim() >= 1 && x.size(-1) == weight[1], "input ", x.sizes(),
                " does not fit a weight of shape ", weight);
}

/// Several layers as tensors.
struct Layers {
    std::vector<at::Tensor> weights, copies, biases;

    explicit Layers(ct_layers layers) : weights(ct::list(layers.weights, layers.count)) {
        if (layers.copies != nullptr) copies = ct::list(layers.copies, layers.count);
        if (layers.biases != nullptr) biases = ct::list(layers.biases, layers.count);
        for (size_t i = 0; i < copies.size(); i++)
            TORCH_CHECK(copies[i].sizes() == weights[i].sizes(), "a copy does not fit a weight of shape ", weights[i].sizes());
    }

    /// One layer alone.
    at::Tensor apply(size_t i, const at::Tensor &x, at::ScalarType type, ct_products products) const {
        const auto &w = weights[i];
        require_fit(x, w.sizes());
        const auto bias = biases.empty() ? std::nullopt : std::optional(biases[i]);
        if (type != at::kFloat)
            return ct::narrow_linear(x, w, copies.empty() ? std::nullopt : std::optional(copies[i]), bias, type, products);
        return ct::linear_supported(x, w) ? ct::linear(x, w, bias, products) : at::linear(x, w, bias);
    }
};

at::Tensor activated(const at::Tensor &x, ct_activation activation) {
    switch (activation) {
    case CT_ACTIVATION_SILU: return at::silu(x);
    case CT_ACTIVATION_GELU: return at::gelu(x);
    case CT_ACTIVATION_GELU_TANH: return at::gelu(x, "tanh");
    case CT_ACTIVATION_RELU: return at::relu(x);
    }
    TORCH_CHECK(false, "unknown activation: ", static_cast<int>(activation));
}

/// Checks that an adapter fits a weight [out, in].
ct::LowRank checked(const ct_low_rank &adapter, at::IntArrayRef weight) {
    const auto &a = tensor(adapter.a), &b = tensor(adapter.b);
    TORCH_CHECK(weight.size() == 2 && a.dim() == 2 && b.dim() == 2 && a.size(1) == weight[1] && b.size(0) == weight[0] &&
                    a.size(0) == b.size(1),
                "an adapter of shapes ", a.sizes(), " and ", b.sizes(), " does not fit a weight of shape ", weight);
    return {a, b, adapter.scale, adapter.dropout, adapter.seed};
}

} // namespace

extern "C" {

int ct_nn_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias, ct_products products) {
    return make(out, [&] {
        return ct::linear_supported(tensor(x), tensor(w))
                   ? ct::linear(tensor(x), tensor(w), ct::optional(bias), products)
                   : at::linear(tensor(x), tensor(w), ct::optional(bias));
    });
}

ct_products ct_nn_suggested_products(void) { return ct::suggested_products(); }

bool ct_nn_has_onednn(void) { return ct::has_onednn(); }

bool ct_nn_has_bfloat16_kernel(void) { return ct::has_bfloat16_pairs(); }

int ct_nn_narrow_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor narrow, ct_tensor bias, ct_dtype type,
                        ct_products products) {
    return make(out, [&] {
        const auto &input = tensor(x), &weight = tensor(w);
        const auto dtype = ct::scalar_type(type);
        const auto copy = ct::optional(narrow);
        require_fit(input, weight.sizes());
        TORCH_CHECK(!copy || (copy->sizes() == weight.sizes() && copy->scalar_type() == dtype),
                    "the copy does not fit a weight of shape ", weight.sizes());
        return ct::narrow_linear(input, weight, copy, ct::optional(bias), dtype, products);
    });
}

int ct_nn_joint_linear(ct_tensor *out, ct_tensor x, ct_layers layers, ct_dtype type, ct_products products) {
    return ct::guard([&] {
        const auto &input = tensor(x);
        const Layers all(layers);
        const auto dtype = ct::scalar_type(type);
        std::vector<at::Tensor> results;
        if (ct::joint_linear_supported(input, all.weights, all.copies, all.biases, dtype, products))
            results = ct::joint_linear(input, all.weights, all.copies, all.biases, dtype, products);
        else
            for (size_t i = 0; i < layers.count; i++) results.push_back(all.apply(i, input, dtype, products));
        for (size_t i = 0; i < layers.count; i++) out[i] = ct::handle(results[i]);
    });
}

int ct_nn_feed_forward(ct_tensor *out, ct_tensor x, ct_layers layers, bool is_gated, ct_activation activation, ct_dtype type,
                       ct_products products) {
    return make(out, [&] {
        TORCH_CHECK(layers.count == 2 || (is_gated && layers.count == 3), layers.count, " layers");
        const auto &input = tensor(x);
        const Layers all(layers);
        const auto dtype = ct::scalar_type(type);
        const ct::FeedForwardLayers whole{all.weights, all.copies, all.biases, is_gated, activation};
        if (ct::feed_forward_supported(input, whole, dtype, products)) return ct::feed_forward(input, whole, dtype, products);
        auto inner = all.apply(0, input, dtype, products);
        if (!is_gated) {
            inner = activated(inner, activation);
        } else if (layers.count == 3) {
            inner = activated(inner, activation) * all.apply(1, input, dtype, products);
        } else {
            const auto halves = inner.chunk(2, -1);
            inner = activated(halves[0], activation) * halves[1];
        }
        return all.apply(layers.count - 1, inner, dtype, products);
    });
}

int ct_nn_low_rank_linear(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor narrow, ct_tensor bias, ct_low_rank adapter,
                          ct_dtype type, ct_products products) {
    return make(out, [&] {
        const auto &input = tensor(x), &weight = tensor(w);
        const auto added = checked(adapter, weight.sizes());
        require_fit(input, weight.sizes());
        return ct::low_rank_linear(input, weight, ct::optional(narrow), ct::optional(bias), added, ct::scalar_type(type),
                                   products);
    });
}

int ct_nn_stored_linear(ct_tensor *out, ct_tensor x, ct_stored_matrix w, ct_tensor bias, const ct_low_rank *adapter,
                        ct_dtype type, ct_products products) {
    return make(out, [&] {
        const auto weight = c10::make_intrusive<ct::StoredWeight>(w);
        require_fit(tensor(x), {w.rows, w.columns});
        const auto added = adapter ? std::optional(checked(*adapter, {w.rows, w.columns})) : std::nullopt;
        return ct::frozen_linear(tensor(x), weight, ct::optional(bias), added ? &*added : nullptr, ct::scalar_type(type),
                                 products);
    });
}

int ct_nn_int8_linear(ct_tensor *out, ct_tensor x, ct_int8_matrix w, ct_tensor bias, const ct_low_rank *adapter,
                      ct_products products, ct_int8_kernel kernel) {
    return make(out, [&] {
        const auto *machine = ct::int8_machine(kernel);
        TORCH_CHECK(machine != nullptr, "this machine lacks the instructions of integer kernel ", kernel);
        const auto weight = c10::make_intrusive<ct::Int8Weight>(ct::int8_matrix(w), *machine);
        require_fit(tensor(x), {w.rows, w.columns});
        const auto added = adapter ? std::optional(checked(*adapter, {w.rows, w.columns})) : std::nullopt;
        return ct::frozen_linear(tensor(x), weight, ct::optional(bias), added ? &*added : nullptr, at::kFloat, products);
    });
}

int ct_nn_int8_feed_forward(ct_tensor *out, ct_tensor x, const ct_int8_matrix *layers, const ct_tensor *biases, size_t count,
                            ct_activation activation, ct_int8_kernel kernel) {
    return make(out, [&] {
        const auto *machine = ct::int8_machine(kernel);
        TORCH_CHECK(machine != nullptr, "this machine lacks the instructions of integer kernel ", kernel);
        TORCH_CHECK(count == 2 || count == 3, count, " layers");
        const auto &input = tensor(x);
        TORCH_CHECK(ct::is_cpu_float32(input) && input.dim() >= 1, "8-bit integers are multiplied on the CPU only, from float32");
        ct::Int8FeedForward layer{{}, {}, activation};
        for (size_t i = 0; i < count; i++) {
            layer.layers.push_back(ct::int8_matrix(layers[i]));
            const auto &w = layer.layers.back();
            const int64_t columns = i + 1 < count ? input.size(-1) : layer.layers[0].rows;
            TORCH_CHECK(w.columns == columns && (i + 1 == count || w.rows == layer.layers[0].rows), "a matrix of ", w.rows, " by ",
                        w.columns, " does not fit layer ", i, " of a feed-forward layer of ", layer.layers[0].rows);
            if (biases == nullptr) continue;
            layer.biases.push_back(tensor(biases[i]).to(at::kFloat).contiguous());
            TORCH_CHECK(layer.biases[i].numel() == w.rows, "a bias of ", layer.biases[i].sizes(), " does not fit ", w.rows, " outputs");
        }
        auto sizes = input.sizes().vec();
        sizes.back() = layer.layers.back().rows;
        const auto rows = input.reshape({-1, input.size(-1)});
        if (rows.size(0) == 0) return at::empty(sizes, input.options());
        return ct::int8_feed_forward(rows, layer, *machine).reshape(sizes);
    });
}

int ct_nn_embedding(ct_tensor *out, ct_tensor table, ct_tensor ids, int64_t padding_index) {
    return make(out, [&] {
        if (ct::embedding_supported(tensor(table)))
            return ct::embedding(tensor(table), tensor(ids).to(at::kLong), padding_index);
        return at::embedding(tensor(table), tensor(ids), padding_index);
    });
}

int ct_nn_rms_norm(ct_tensor *out, ct_tensor x, ct_tensor w, double epsilon) {
    return make(out, [&] {
        const auto &input = tensor(x), &weight = tensor(w);
        TORCH_CHECK(weight.dim() == 1 && input.dim() >= 1 && input.size(-1) == weight.size(0),
                    "input ", input.sizes(), " does not fit a weight of shape ", weight.sizes());
        if (ct::is_cpu_float32(input) && ct::is_cpu_float32(weight)) return ct::rms_norm(input, weight, epsilon);
        const auto wide = input.to(at::kFloat);
        const auto scale = at::rsqrt(at::mean(at::square(wide), -1, /*keepdim=*/true) + epsilon);
        return weight * (wide * scale).to(input.scalar_type());
    });
}

int ct_nn_layer_norm(ct_tensor *out, ct_tensor x, ct_tensor residual, ct_tensor w, ct_tensor bias, double epsilon) {
    return make(out, [&] {
        const auto &input = tensor(x), &weight = tensor(w);
        const auto r = ct::optional(residual), b = ct::optional(bias);
        TORCH_CHECK(weight.dim() == 1 && input.dim() >= 1 && input.size(-1) == weight.size(0) &&
                        (!r || r->sizes() == input.sizes()) && (!b || b->sizes() == weight.sizes()),
                    "input ", input.sizes(), " does not fit a weight of shape ", weight.sizes());
        const auto is_supported = [](const std::optional<at::Tensor> &t) { return !t || ct::is_cpu_float32(*t); };
        if (input.numel() > 0 && is_supported(input) && is_supported(r) && is_supported(weight) && is_supported(b))
            return ct::layer_norm(input, r, weight, b, epsilon);
        return at::layer_norm(r ? input + *r : input, weight.sizes(), weight, b, epsilon);
    });
}

int ct_nn_swiglu(ct_tensor *out, ct_tensor gate, ct_tensor up) {
    return make(out, [&] {
        const auto &g = tensor(gate), &u = tensor(up);
        TORCH_CHECK(g.sizes() == u.sizes(), "shapes differ: gate ", g.sizes(), ", up ", u.sizes());
        return ct::is_cpu_float32(g) && ct::is_cpu_float32(u) ? ct::swiglu(g, u) : at::silu(g) * u;
    });
}

int ct_nn_rope(ct_tensor *out, ct_tensor x, ct_tensor cosine, ct_tensor sine) {
    return make(out, [&] {
        const auto &input = tensor(x), &c = tensor(cosine), &s = tensor(sine);
        TORCH_CHECK(input.dim() == 3 && c.dim() == 2 && c.size(0) == input.size(0) && c.size(1) % 2 == 0 &&
                        c.size(1) <= input.size(2) && s.sizes() == c.sizes(),
                    "input ", input.sizes(), " does not fit cosines ", c.sizes(), " and sines ", s.sizes());
        if (ct::is_cpu_float32(input) && ct::is_cpu_float32(c) && ct::is_cpu_float32(s))
            return ct::rope(input, c, s);
        const auto turned = input.narrow(2, 0, c.size(1));
        const auto halves = turned.chunk(2, -1);
        const auto rotated = at::cat({-halves[1], halves[0]}, -1);
        const auto y =
            turned * c.unsqueeze(1).to(input.scalar_type()) + rotated * s.unsqueeze(1).to(input.scalar_type());
        return at::cat({y, input.narrow(2, c.size(1), input.size(2) - c.size(1))}, -1);
    });
}

int ct_nn_varlen_attention(ct_tensor *out, ct_tensor query, ct_tensor key, ct_tensor value, const int32_t *q_offsets,
                           const int32_t *q_positions, const int32_t *k_offsets, size_t count, ct_attention how, ct_dtype type,
                           ct_products products) {
    return make(out, [&] {
        const auto &q = tensor(query), &k = tensor(key), &v = tensor(value);
        TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(2) == k.size(2) && k.size(1) > 0 &&
                        q.size(1) % k.size(1) == 0,
                    "shapes do not match: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
        TORCH_CHECK(how.dropout >= 0 && how.dropout < 1 && how.softcap >= 0, "invalid dropout ", how.dropout,
                    " or soft-cap ", how.softcap);
        const auto rows = ct::packed_queries(q, k, q_offsets, q_positions, k_offsets, count);
        const auto limit = [](int64_t side) { return side < 0 ? ct::AttentionOptions::unlimited : side; };
        const ct::AttentionOptions options{static_cast<float>(how.scale), static_cast<float>(how.softcap),
                                           static_cast<float>(how.dropout), limit(how.left), limit(how.right), how.seed};
        if (!ct::attention_supported(q, k, v)) return attention_by_sequence(q, k, v, rows, options);
        const bool is_narrow = ct::Factors::of(q, ct::scalar_type(type), products).has_own_narrow() && ct::has_bfloat16_pairs();
        return ct::attention(q, k, v, rows, options, is_narrow ? at::kBFloat16 : at::kFloat);
    });
}

int ct_nn_dropout(ct_tensor *out, ct_tensor x, double p, uint64_t seed, bool plain) {
    return make(out, [&] {
        TORCH_CHECK(p >= 0 && p < 1, "invalid dropout probability ", p);
        const auto &input = tensor(x);
        return !plain && ct::is_cpu_float32(input) ? ct::dropout(input, {p, seed}) : ct::dropout_plain(input, {p, seed});
    });
}

} // extern "C"
