// A frozen linear layer and a trained product of two thin matrices (Hu et al. 2021, LoRA), with one gradient for the input.
//
// Composed of libtorch's operations it would need three more tensors of the input's size in the backward pass, and a copy of
// the input for every layer with dropout: here the mask is computed again from its seed.
#include "dropout.h"
#include "frozen_weight.h"
#include "kernels.h"
#include "linear.h"

namespace ct {
namespace {

using Weight = c10::intrusive_ptr<FrozenWeight>;

at::Tensor dropped(const at::Tensor &x, const Dropout &how) {
    return is_cpu_float32(x) ? dropout(x, how) : dropout_plain(x, how);
}

/// The rows of x, [N, columns].
at::Tensor flat(const at::Tensor &x) { return x.reshape({-1, x.size(-1)}); }

/// Rows in the shape of `like`, except the last size.
at::Tensor shaped(const at::Tensor &rows, const at::Tensor &like) {
    auto sizes = like.sizes().vec();
    sizes.back() = rows.size(1);
    return rows.reshape(sizes);
}

void save(torch::autograd::AutogradContext *context, const Weight &weight, const Factors &factors, bool has_bias) {
    context->saved_data["weight"] = c10::IValue::make_capsule(weight);
    context->saved_data["factors"] = factors.packed();
    context->saved_data["has_bias"] = has_bias;
}

Factors saved_factors(torch::autograd::AutogradContext *context) {
    return Factors::unpacked(context->saved_data["factors"].toInt());
}

at::Tensor input_gradient(torch::autograd::AutogradContext *context, const at::Tensor &dy, const Factors &factors) {
    const auto capsule = context->saved_data["weight"].toCapsule();
    return static_cast<const FrozenWeight &>(*capsule).transposed_product(dy.to(factors.type), factors);
}

/// Adds scale · thin · wᵀ to y. Where oneDNN multiplies faster, so it does thin matrices, even with a pass for the sum.
void add_product(at::Tensor &y, const at::Tensor &thin, const at::Tensor &w, double scale, const Factors &factors) {
    if (factors.products.route != CT_FLOAT_MKL) y.add_(float_product(thin, w, std::nullopt, factors.products.route), scale);
    else y.addmm_(thin, w.t(), 1, scale);
}

/// y = x · wᵀ + bias, with w frozen.
struct FrozenLinear : torch::autograd::Function<FrozenLinear> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                              const std::optional<at::Tensor> &bias, const Weight &weight, int64_t packed) {
        const auto factors = Factors::unpacked(packed);
        save(context, weight, factors, bias.has_value());
        return shaped(weight->product(flat(x).to(factors.type), bias, factors), x);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto factors = saved_factors(context);
        const auto dy = flat(gradients[0]);
        at::Tensor dx, dbias;
        if (context->needs_input_grad(0)) dx = shaped(input_gradient(context, dy, factors), gradients[0]);
        // A missing bias is not an input, so requesting its gradient would be out of range.
        if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(1)) dbias = dy.sum(0);
        return {dx, dbias, at::Tensor(), at::Tensor()};
    }
};

/// y = x · wᵀ + bias + scale · drop(x) · aᵀ · bᵀ, with w frozen. Sums, biases and results are float32.
struct LowRankLinear : torch::autograd::Function<LowRankLinear> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                              const std::optional<at::Tensor> &bias, const at::Tensor &a, const at::Tensor &b,
                              const Weight &weight, double scale, double probability, int64_t seed, int64_t packed) {
        const auto factors = Factors::unpacked(packed);
        const Dropout dropout{probability, static_cast<uint64_t>(seed)};
        const auto rows = flat(x), narrow = rows.to(factors.type);
        auto y = weight->product(narrow, bias, factors);
        const auto adapted = probability > 0 ? dropped(rows, dropout).to(factors.type) : narrow;
        const auto inner = factors.product(adapted, a.to(factors.type), std::nullopt); // [T, r]
        add_product(y, inner, b, scale, factors);
        save(context, weight, factors, bias.has_value());
        context->save_for_backward({narrow, a, b, inner});
        context->saved_data["scale"] = scale;
        context->saved_data["probability"] = probability;
        context->saved_data["seed"] = seed;
        return shaped(y, x);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto &rows = saved[0], &a = saved[1], &b = saved[2], &inner = saved[3];
        const auto factors = saved_factors(context);
        const Dropout dropout{context->saved_data["probability"].toDouble(),
                              static_cast<uint64_t>(context->saved_data["seed"].toInt())};
        const double scale = context->saved_data["scale"].toDouble();
        const bool drops = dropout.probability > 0;
        const auto dy = flat(gradients[0]);
        const auto dinner = float_product(dy, b.t(), std::nullopt, factors.products.route).mul_(scale); // [T, r]
        // A missing bias is not an input, so requesting its gradient would be out of range.
        size_t input = 1;
        at::Tensor dx, dbias, da, db;
        if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(input++)) dbias = dy.sum(0);
        if (context->needs_input_grad(input++)) {
            const auto adapted = drops ? dropped(rows.to(at::kFloat), dropout).to(factors.type) : rows;
            da = factors.product(dinner.to(factors.type).t(), adapted.t(), std::nullopt);
        }
        // The other way around, [out, r] from [out, T] and [T, r], takes oneDNN five times as long.
        if (context->needs_input_grad(input))
            db = float_product(inner.t(), dy.t(), std::nullopt, factors.products.route).mul_(scale).t();
        if (context->needs_input_grad(0)) {
            dx = input_gradient(context, dy, factors);
            if (drops) dx.add_(dropped(float_product(dinner, a.t(), std::nullopt, factors.products.route), dropout));
            else add_product(dx, dinner, a.t(), 1, factors);
            dx = shaped(dx, gradients[0]);
        }
        const at::Tensor none;
        return {dx, dbias, da, db, none, none, none, none, none};
    }
};

} // namespace

at::Tensor frozen_linear(const at::Tensor &x, const Weight &weight, const std::optional<at::Tensor> &bias,
                         const LowRank *adapter, at::ScalarType type, ct_products products) {
    const auto factors = Factors::of(x, type, products).packed();
    if (!adapter) return FrozenLinear::apply(x, bias, weight, factors);
    return LowRankLinear::apply(x, bias, adapter->a, adapter->b, weight, adapter->scale, adapter->dropout,
                                static_cast<int64_t>(adapter->seed), factors);
}

at::Tensor low_rank_linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &copy,
                           const std::optional<at::Tensor> &bias, const LowRank &adapter, at::ScalarType type,
                           ct_products products) {
    TORCH_CHECK(!w.requires_grad(), "the weight of a layer with an adapter is frozen");
    return frozen_linear(x, c10::make_intrusive<ResidentWeight>(w, copy), bias, &adapter, type, products);
}

} // namespace ct
