// A feed-forward layer as one function, on the CPU.
//
// Between its products it makes one pass forward and one backward, in the type of the factors: bfloat16 is neither widened nor
// rounded again. The activation is recomputed in the backward pass, so that its result is not kept.
#include "feed_forward.h"

#include "activation.h"
#include "joint_linear.h"
#include "kernels.h"
#include "narrow.h"
#include "parallel.h"
#include "rounding.h"

namespace ct {
namespace {

constexpr int64_t between_grain = 8192; // elements

CT_INLINE void load_lanes(const float *p, vec &x) { x = load(p); }
CT_INLINE void load_lanes(const uint16_t *p, vec &x) { load_bfloat16(p, x); }
CT_INLINE void store_lanes(float *p, const vec &x) { store(p, x); }
CT_INLINE void store_lanes(uint16_t *p, const vec &x) { store_bfloat16(p, x); }

/// The numbers between the products, [rows, width] each, in float32 or as bits of bfloat16.
template <typename T> struct Between {
    /// The results of the first products without bias: of the gate, and of up, or null without a gate.
    const T *gate, *up;
    /// Their biases, or null.
    const float *gate_bias, *up_bias;
    /// f(gate) · up: the input of the last product.
    T *inner;
    /// Only for the backward pass: the gradient of `inner`, and those of `gate` and `up`. `inner` may be the same memory as
    /// `inner_gradient`.
    const T *inner_gradient;
    T *gate_gradient, *up_gradient;
    /// Numbers between the rows of `gate` and `up`, and between those of their gradients.
    int64_t stride, gradient_stride;
    int64_t width;

    CT_INLINE Between row(int64_t t) const {
        Between at = *this;
        at.gate += t * stride;
        at.inner += t * width;
        if (up != nullptr) at.up += t * stride;
        if (inner_gradient != nullptr) {
            at.inner_gradient += t * width;
            at.gate_gradient += t * gradient_stride;
            if (up != nullptr) at.up_gradient += t * gradient_stride;
        }
        return at;
    }
};

/// Sixteen columns of a row.
template <ct_activation A, bool backward, typename T> CT_INLINE void between_lanes(const Between<T> &at, int64_t i) {
    vec gate, up, y, slope, gradient;
    load_lanes(at.gate + i, gate);
    if (at.gate_bias != nullptr) gate += load(at.gate_bias + i);
    activate<A, backward>(gate, y, slope);
    if (at.up != nullptr) {
        load_lanes(at.up + i, up);
        if (at.up_bias != nullptr) up += load(at.up_bias + i);
    }
    if constexpr (backward) {
        load_lanes(at.inner_gradient + i, gradient);
        if (at.up != nullptr) {
            store_lanes(at.up_gradient + i, gradient * y);
            gradient = gradient * up;
        }
        store_lanes(at.gate_gradient + i, gradient * slope);
    }
    store_lanes(at.inner + i, at.up != nullptr ? y * up : y);
}

/// Fewer than sixteen columns of a row, computed in padded copies.
template <ct_activation A, bool backward, typename T>
CT_INLINE void between_rest(const Between<T> &at, int64_t first, int64_t count) {
    T gate[lanes] = {}, up[lanes] = {}, inner[lanes], gradient[lanes] = {}, gate_gradient[lanes], up_gradient[lanes];
    float gate_bias[lanes] = {}, up_bias[lanes] = {};
    for (int64_t i = 0; i < count; i++) {
        gate[i] = at.gate[first + i];
        if (at.up != nullptr) up[i] = at.up[first + i];
        if (at.gate_bias != nullptr) gate_bias[i] = at.gate_bias[first + i];
        if (at.up_bias != nullptr) up_bias[i] = at.up_bias[first + i];
        if (backward) gradient[i] = at.inner_gradient[first + i];
    }
    const Between<T> padded{gate, at.up != nullptr ? up : nullptr, gate_bias, up_bias, inner, gradient, gate_gradient,
                            up_gradient, 0, 0, lanes};
    between_lanes<A, backward>(padded, 0);
    for (int64_t i = 0; i < count; i++) {
        at.inner[first + i] = inner[i];
        if (!backward) continue;
        at.gate_gradient[first + i] = gate_gradient[i];
        if (at.up != nullptr) at.up_gradient[first + i] = up_gradient[i];
    }
}

template <ct_activation A, bool backward, typename T>
CT_INLINE void between_rows(int64_t begin, int64_t end, const Between<T> &all) {
    for (int64_t t = begin; t < end; t++) {
        const Between<T> row = all.row(t);
        int64_t i = 0;
        for (; i + lanes <= all.width; i += lanes) between_lanes<A, backward>(row, i);
        if (i < all.width) between_rest<A, backward>(row, i, all.width - i);
    }
}

template <bool backward, typename T>
CT_INLINE void between_rows(int64_t begin, int64_t end, const Between<T> &all, ct_activation activation) {
    switch (activation) {
    case CT_ACTIVATION_SILU: return between_rows<CT_ACTIVATION_SILU, backward>(begin, end, all);
    case CT_ACTIVATION_GELU: return between_rows<CT_ACTIVATION_GELU, backward>(begin, end, all);
    case CT_ACTIVATION_GELU_TANH: return between_rows<CT_ACTIVATION_GELU_TANH, backward>(begin, end, all);
    case CT_ACTIVATION_RELU: return between_rows<CT_ACTIVATION_RELU, backward>(begin, end, all);
    }
}

CT_MULTIVERSION void run_forward(int64_t begin, int64_t end, const Between<float> &all, ct_activation activation) {
    between_rows<false>(begin, end, all, activation);
}

CT_MULTIVERSION void run_forward(int64_t begin, int64_t end, const Between<uint16_t> &all, ct_activation activation) {
    between_rows<false>(begin, end, all, activation);
}

CT_MULTIVERSION void run_backward(int64_t begin, int64_t end, const Between<float> &all, ct_activation activation) {
    between_rows<true>(begin, end, all, activation);
}

CT_MULTIVERSION void run_backward(int64_t begin, int64_t end, const Between<uint16_t> &all, ct_activation activation) {
    between_rows<true>(begin, end, all, activation);
}

template <typename T> T *start(const at::Tensor &x) {
    if constexpr (std::is_same_v<T, float>) return x.data_ptr<float>();
    else return bits(x);
}

/// The pass between the products.
struct Pass {
    /// The results of the first products: of the gate and of up, or of one layer.
    std::vector<at::Tensor> first;
    /// Their biases, or empty.
    std::vector<at::Tensor> biases;
    ct_activation activation;

    /// The input of the last product.
    at::Tensor forward() const {
        auto inner = at::empty(first[0].sizes(), first[0].options());
        run(inner, {});
        return inner;
    }

    /// Turns the gradient of that input into the input itself, and writes the gradients of the first products' results.
    void backward(const at::Tensor &inner_gradient, const std::vector<at::Tensor> &gradients) const {
        run(inner_gradient, gradients);
    }

  private:
    void run(const at::Tensor &inner, const std::vector<at::Tensor> &gradients) const {
        first[0].scalar_type() == at::kFloat ? run<float>(inner, gradients) : run<uint16_t>(inner, gradients);
    }

    template <typename T> void run(const at::Tensor &inner, const std::vector<at::Tensor> &gradients) const {
        const bool has_gate = first.size() > 1, is_backward = !gradients.empty(), has_bias = !biases.empty();
        const int64_t width = first[0].size(1);
        const Between<T> all{start<T>(first[0]),
                             has_gate ? start<T>(first[1]) : nullptr,
                             has_bias ? biases[0].const_data_ptr<float>() : nullptr,
                             has_bias && has_gate ? biases[1].const_data_ptr<float>() : nullptr,
                             start<T>(inner),
                             is_backward ? start<T>(inner) : nullptr,
                             is_backward ? start<T>(gradients[0]) : nullptr,
                             is_backward && has_gate ? start<T>(gradients[1]) : nullptr,
                             first[0].stride(0),
                             is_backward ? gradients[0].stride(0) : 0,
                             width};
        parallel(first[0].size(0), between_grain / std::max<int64_t>(width, 1) + 1, [&](int64_t begin, int64_t end) {
            is_backward ? run_backward(begin, end, all, activation) : run_forward(begin, end, all, activation);
        });
    }
};

/// The columns of gate and up, if one layer computes both.
std::vector<at::Tensor> gate_and_up(const std::vector<at::Tensor> &results, bool is_gated) {
    if (!is_gated || results.size() != 1) return results;
    const auto dimension = results[0].dim() - 1;
    return results[0].chunk(2, dimension);
}

/// Settings that the backward pass needs besides tensors.
struct Settings {
    Factors factors;
    bool is_gated;
    ct_activation activation;
    std::vector<int64_t> weight_types;
    int64_t copies, biases;

    c10::IValue packed() const {
        std::vector<int64_t> numbers{factors.packed(), is_gated, static_cast<int64_t>(activation), copies, biases};
        numbers.insert(numbers.end(), weight_types.begin(), weight_types.end());
        return numbers;
    }

    static Settings unpacked(const std::vector<int64_t> &numbers) {
        return {Factors::unpacked(numbers[0]), numbers[1] != 0, static_cast<ct_activation>(numbers[2]),
                {numbers.begin() + 5, numbers.end()}, numbers[3], numbers[4]};
    }
};

/// The last layer comes first in all lists: gradients are accumulated in this order, which is that of computing them, so that the
/// first one that is not finite is found.
struct FeedForward : torch::autograd::Function<FeedForward> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, at::TensorList weights,
                              at::TensorList copies, at::TensorList biases, int64_t packed, bool is_gated,
                              int64_t activation) {
        const Direct direct;
        const auto factors = Factors::unpacked(packed);
        const size_t count = weights.size() - 1;
        const auto own = [&](size_t first, size_t count) {
            return factors_of(weights.slice(first, count), copies.empty() ? copies : copies.slice(first, count), factors);
        };
        const auto down = own(0, 1)[0];
        const auto matrices = own(1, count);
        const JointMatrices joint(matrices, factors);
        const auto rows = rounded(x.reshape({-1, x.size(-1)}), factors.type);
        const auto first_biases = biases.empty() ? std::vector<at::Tensor>{} : biases.slice(1).vec();
        const Pass pass{gate_and_up(joint.products(rows), is_gated), gate_and_up(first_biases, is_gated),
                        static_cast<ct_activation>(activation)};
        const auto bias = biases.empty() ? std::nullopt : std::optional(biases[0]);
        auto sizes = x.sizes().vec();
        sizes.back() = down.size(0);

        torch::autograd::variable_list saved{rows, down};
        saved.insert(saved.end(), matrices.begin(), matrices.end());
        saved.insert(saved.end(), pass.first.begin(), pass.first.end());
        saved.insert(saved.end(), pass.biases.begin(), pass.biases.end());
        context->save_for_backward(saved);
        Settings settings{factors, is_gated, pass.activation, {}, static_cast<int64_t>(copies.size()),
                          static_cast<int64_t>(biases.size())};
        for (const auto &w : weights) settings.weight_types.push_back(static_cast<int64_t>(w.scalar_type()));
        context->saved_data["settings"] = settings.packed();
        context->saved_data["sizes"] = x.sizes().vec();
        return factors.product(pass.forward(), down, bias).reshape(sizes);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto settings = Settings::unpacked(context->saved_data["settings"].toIntVector());
        const auto factors = settings.factors;
        const auto saved = context->get_saved_variables();
        const size_t count = settings.weight_types.size(), first = count - 1; // layers, and those before the activation
        const auto at = [&](size_t i) { return saved.begin() + static_cast<std::ptrdiff_t>(i); };
        const auto &rows = saved[0], &down = saved[1];
        const JointMatrices joint({at(2), at(2 + first)}, factors);
        const size_t parts = settings.is_gated ? 2 : 1;
        const Pass pass{{at(2 + first), at(2 + first + parts)}, {at(2 + first + parts), saved.end()}, settings.activation};
        const auto wanted = [&](size_t place) { return context->needs_input_grad(place); };
        const auto type_of = [&](size_t i) { return static_cast<at::ScalarType>(settings.weight_types[i]); };

        const auto wide = gradients[0].reshape({-1, down.size(0)}), dy = rounded(wide, factors.type);
        const auto inner = factors.narrow_product(dy, down.t());
        const auto dfirst = joint.empty_products(rows.size(0));
        pass.backward(inner, gate_and_up(dfirst, settings.is_gated));

        torch::autograd::variable_list results(1 + count + static_cast<size_t>(settings.copies + settings.biases) + 3);
        if (wanted(0)) {
            auto sizes = context->saved_data["sizes"].toIntVector();
            results[0] = joint.input_gradient(dfirst).reshape(sizes);
        }
        std::vector<bool> wants;
        std::vector<at::ScalarType> types;
        for (size_t i = 0; i < first; i++) {
            wants.push_back(wanted(2 + i));
            types.push_back(type_of(1 + i));
        }
        auto own = joint.weight_gradients(dfirst, rows, types, wants);
        std::move(own.begin(), own.end(), results.begin() + 2);
        if (wanted(1)) results[1] = JointMatrices({down}, factors).weight_gradients({dy}, inner, {type_of(0)}, {true})[0];
        for (size_t i = 0; i < static_cast<size_t>(settings.biases); i++) {
            const size_t place = 1 + count + static_cast<size_t>(settings.copies) + i;
            if (wanted(place)) results[place] = column_sums(i == 0 ? wide : dfirst[i - 1]);
        }
        return results;
    }
};

} // namespace

bool feed_forward_supported(const at::Tensor &x, const FeedForwardLayers &layers, at::ScalarType type, ct_products products) {
    const auto &[weights, copies, biases, is_gated, activation] = layers;
    if (weights.size() < 2 || weights.size() > (is_gated ? 3 : 2) || (!biases.empty() && biases.size() != weights.size()))
        return false;
    const int64_t parts = is_gated && weights.size() == 2 ? 2 : 1; // of each first layer
    const auto &down = weights.back();
    const at::TensorList all(weights), narrow(copies);
    const auto first = all.slice(0, weights.size() - 1);
    for (const auto &w : first)
        if (w.dim() != 2 || down.dim() != 2 || w.size(0) != parts * down.size(1)) return false;
    if (!joint_linear_supported(x, first, copies.empty() ? narrow : narrow.slice(0, first.size()), biases, type, products))
        return false;
    const auto inner = at::empty({1, down.size(1)}, x.options().requires_grad(false));
    return joint_linear_supported(inner, all.slice(first.size()), copies.empty() ? narrow : narrow.slice(first.size()), {}, type,
                                  products);
}

at::Tensor feed_forward(const at::Tensor &x, const FeedForwardLayers &layers, at::ScalarType type, ct_products products) {
    const auto last_first = [](std::vector<at::Tensor> tensors) {
        if (!tensors.empty()) std::rotate(tensors.begin(), tensors.end() - 1, tensors.end());
        return tensors;
    };
    const auto weights = last_first(layers.weights), copies = last_first(layers.copies), biases = last_first(layers.biases);
    return FeedForward::apply(x, at::TensorList(weights), at::TensorList(copies), at::TensorList(biases),
                              Factors{type, products}.packed(), layers.is_gated, static_cast<int64_t>(layers.activation));
}

} // namespace ct
