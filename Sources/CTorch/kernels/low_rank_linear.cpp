// A frozen linear layer and a trained product of two thin matrices (Hu et al. 2021, LoRA), with one gradient for the input.
//
// Composed of libtorch's operations it would need three more tensors of the input's size in the backward pass, and a copy of
// the input for every layer with dropout: here the mask is computed again from its seed.
#include "dropout.h"
#include "kernels.h"
#include "linear.h"

namespace ct {
namespace {

at::Tensor dropped(const at::Tensor &x, const Dropout &how) {
    return is_cpu_float32(x) ? dropout(x, how) : dropout_plain(x, how);
}

/// y = x · wᵀ + bias + scale · drop(x) · aᵀ · bᵀ, with w frozen. Sums, biases and results are float32.
struct LowRankLinear : torch::autograd::Function<LowRankLinear> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &w,
                              const std::optional<at::Tensor> &copy, const std::optional<at::Tensor> &bias,
                              const at::Tensor &a, const at::Tensor &b, double scale, double probability, int64_t seed,
                              at::ScalarType factor, bool by_onednn) {
        const Factors factors{factor, by_onednn};
        const Dropout dropout{probability, static_cast<uint64_t>(seed)};
        const auto rows = x.reshape({-1, x.size(-1)}), narrow = rows.to(factor);
        const auto weight = copy && !factors.is_float32() ? *copy : w.to(factor);
        auto y = factors.product(narrow, weight, bias);
        const auto adapted = probability > 0 ? dropped(rows, dropout).to(factor) : narrow;
        const auto inner = at::mm(adapted, a.to(factor).t()).to(at::kFloat); // [T, r]
        y.addmm_(inner, b.t(), 1, scale);
        context->save_for_backward({narrow, factors.is_float32() ? w : weight, a, b, inner});
        context->saved_data["scale"] = scale;
        context->saved_data["probability"] = probability;
        context->saved_data["seed"] = seed;
        context->saved_data["factor"] = factor;
        context->saved_data["by_onednn"] = by_onednn;
        context->saved_data["has_copy"] = copy.has_value();
        context->saved_data["has_bias"] = bias.has_value();
        auto sizes = x.sizes().vec();
        sizes.back() = w.size(0);
        return y.reshape(sizes);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto &rows = saved[0], &a = saved[2], &b = saved[3], &inner = saved[4];
        const Factors factors{context->saved_data["factor"].toScalarType(), context->saved_data["by_onednn"].toBool()};
        const Dropout dropout{context->saved_data["probability"].toDouble(),
                              static_cast<uint64_t>(context->saved_data["seed"].toInt())};
        const double scale = context->saved_data["scale"].toDouble();
        const bool drops = dropout.probability > 0;
        const auto weight = saved[1].to(factors.type);
        const auto dy = gradients[0].reshape({-1, weight.size(0)});
        const auto dinner = at::mm(dy, b).mul_(scale); // [T, r]
        // A missing copy or bias is not an input, so requesting its gradient would be out of range.
        size_t input = context->saved_data["has_copy"].toBool() ? 3 : 2;
        at::Tensor dx, dbias, da, db;
        if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(input++)) dbias = dy.sum(0);
        if (context->needs_input_grad(input++)) {
            const auto adapted = drops ? dropped(rows.to(at::kFloat), dropout).to(factors.type) : rows;
            da = at::mm(dinner.to(factors.type).t(), adapted).to(at::kFloat);
        }
        if (context->needs_input_grad(input)) db = at::mm(dy.t(), inner).mul_(scale);
        if (context->needs_input_grad(0)) {
            dx = factors.product(dy.to(factors.type), weight.t(), std::nullopt);
            if (drops) dx.add_(dropped(at::mm(dinner, a), dropout));
            else dx.addmm_(dinner, a);
            auto sizes = gradients[0].sizes().vec();
            sizes.back() = weight.size(1);
            dx = dx.reshape(sizes);
        }
        const at::Tensor none;
        return {dx, none, none, dbias, da, db, none, none, none, none, none};
    }
};

} // namespace

at::Tensor low_rank_linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &copy,
                           const std::optional<at::Tensor> &bias, const LowRank &adapter, at::ScalarType type,
                           ct_products products) {
    TORCH_CHECK(!w.requires_grad(), "the weight of a layer with an adapter is frozen");
    return LowRankLinear::apply(x, w, copy, bias, adapter.a, adapter.b, adapter.scale, adapter.dropout,
                                static_cast<int64_t>(adapter.seed), x.is_cpu() && products.in_float32 ? at::kFloat : type,
                                products.by_onednn && x.is_cpu());
}

} // namespace ct
