#include "joint_linear.h"

#include "kernels.h"
#include "narrow.h"

namespace ct {
namespace {

/// The matrices as one, if they lie one after another in the same memory; else undefined.
at::Tensor joined(const std::vector<at::Tensor> &parts) {
    const auto &first = parts.front();
    int64_t rows = 0;
    for (const auto &part : parts) {
        const bool follows = part.is_contiguous() && part.size(1) == first.size(1) && part.is_alias_of(first) &&
                             part.storage_offset() == first.storage_offset() + rows * first.size(1);
        if (!follows) return {};
        rows += part.size(0);
    }
    return first.as_strided({rows, first.size(1)}, {first.size(1), 1});
}

/// Cuts columns of a matrix, one group for each matrix of weights.
std::vector<at::Tensor> columns(const at::Tensor &whole, const std::vector<at::Tensor> &matrices) {
    std::vector<at::Tensor> parts;
    int64_t first = 0;
    for (const auto &matrix : matrices) {
        parts.push_back(whole.narrow(1, first, matrix.size(0)));
        first += matrix.size(0);
    }
    return parts;
}

} // namespace

JointMatrices::JointMatrices(std::vector<at::Tensor> parts, const Factors &factors)
    : matrices(std::move(parts)), factors(factors) {
    // In float32 the results would have to be copied apart, which costs more than it saves.
    if (!factors.is_float32() && matrices.size() > 1) joined = ct::joined(matrices);
}

std::vector<at::Tensor> JointMatrices::products(const at::Tensor &x) const {
    if (is_joined()) return columns(factors.narrow_product(x, joined), matrices);
    std::vector<at::Tensor> results;
    for (const auto &w : matrices) results.push_back(factors.narrow_product(x, w));
    return results;
}

std::vector<at::Tensor> JointMatrices::empty_products(int64_t rows) const {
    const auto options = matrices.front().options().requires_grad(false);
    if (is_joined()) return columns(at::empty({rows, joined.size(0)}, options), matrices);
    std::vector<at::Tensor> results;
    for (const auto &w : matrices) results.push_back(at::empty({rows, w.size(0)}, options));
    return results;
}

at::Tensor JointMatrices::whole(const std::vector<at::Tensor> &columns) const {
    return columns.front().as_strided({columns.front().size(0), joined.size(0)}, {joined.size(0), 1});
}

at::Tensor JointMatrices::input_gradient(const std::vector<at::Tensor> &dy) const {
    if (is_joined()) return factors.product(whole(dy), joined.t(), std::nullopt);
    auto sum = factors.product(dy.front(), matrices.front().t(), std::nullopt);
    for (size_t i = 1; i < dy.size(); i++) sum = factors.added_product(sum, dy[i], matrices[i].t());
    return sum;
}

std::vector<at::Tensor> JointMatrices::weight_gradients(const std::vector<at::Tensor> &dy, const at::Tensor &x,
                                                        const std::vector<at::ScalarType> &types,
                                                        const std::vector<bool> &wanted) const {
    std::vector<at::Tensor> gradients(dy.size());
    const auto product = [&](const at::Tensor &dy, at::ScalarType type) {
        return type == at::kFloat ? factors.product(dy.t(), x.t(), std::nullopt) : factors.narrow_product(dy.t(), x.t()).to(type);
    };
    if (is_joined() && std::find(wanted.begin(), wanted.end(), false) == wanted.end()) {
        const auto all = product(whole(dy), types[0]);
        int64_t first = 0;
        for (size_t i = 0; i < dy.size(); i++) {
            gradients[i] = all.narrow(0, first, matrices[i].size(0));
            first += matrices[i].size(0);
        }
        return gradients;
    }
    for (size_t i = 0; i < dy.size(); i++)
        if (wanted[i]) gradients[i] = product(dy[i], types[i]);
    return gradients;
}

std::vector<at::Tensor> factors_of(at::TensorList weights, at::TensorList copies, const Factors &factors) {
    if (!copies.empty() && !factors.is_float32()) return copies.vec();
    if (std::all_of(weights.begin(), weights.end(), [&](const at::Tensor &w) { return w.scalar_type() == factors.type; }))
        return weights.vec();
    // Rounded one after another in memory, like kept copies, so that results are the same with and without those.
    int64_t rows = 0;
    for (const auto &w : weights) rows += w.size(0);
    const auto whole = at::empty({rows, weights[0].size(1)}, weights[0].options().dtype(factors.type).requires_grad(false));
    std::vector<at::Tensor> parts;
    rows = 0;
    for (const auto &w : weights) {
        parts.push_back(whole.narrow(0, rows, w.size(0)));
        round_into(w.detach(), parts.back());
        rows += w.size(0);
    }
    return parts;
}

namespace {

struct JointLinear : torch::autograd::Function<JointLinear> {
    static torch::autograd::variable_list forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                                                  at::TensorList weights, at::TensorList copies, at::TensorList biases,
                                                  int64_t packed) {
        const Direct direct;
        const auto factors = Factors::unpacked(packed);
        const JointMatrices matrices(factors_of(weights, copies, factors), factors);
        const auto rows = rounded(x.reshape({-1, x.size(-1)}), factors.type);
        torch::autograd::variable_list results;
        // libtorch's narrow products are widened, so several are cheaper as one.
        const bool widens = !factors.is_float32() && !factors.has_own_narrow();
        const auto narrow = widens ? matrices.products(rows) : std::vector<at::Tensor>{};
        for (size_t i = 0; i < weights.size(); i++) {
            const auto bias = biases.empty() ? std::nullopt : std::optional(biases[i]);
            auto sizes = x.sizes().vec();
            sizes.back() = weights[i].size(0);
            const auto y = widens ? widened(narrow[i], bias) : factors.product(rows, matrices.parts()[i], bias);
            results.push_back(y.reshape(sizes));
        }
        bool any = false;
        std::vector<int64_t> types;
        for (const auto &w : weights) {
            any = any || w.requires_grad();
            types.push_back(static_cast<int64_t>(w.scalar_type()));
        }
        torch::autograd::variable_list saved{any ? rows : at::Tensor()};
        saved.insert(saved.end(), matrices.parts().begin(), matrices.parts().end());
        context->save_for_backward(saved);
        auto &data = context->saved_data;
        data["factors"] = packed;
        data["types"] = types;
        data["copies"] = static_cast<int64_t>(copies.size());
        data["biases"] = static_cast<int64_t>(biases.size());
        data["sizes"] = x.sizes().vec();
        return results;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto saved = context->get_saved_variables();
        auto &data = context->saved_data;
        const auto factors = Factors::unpacked(data["factors"].toInt());
        const JointMatrices matrices({saved.begin() + 1, saved.end()}, factors);
        const auto types = data["types"].toIntVector();
        const size_t count = types.size(), copies = static_cast<size_t>(data["copies"].toInt()),
                     biases = static_cast<size_t>(data["biases"].toInt());
        std::vector<at::Tensor> wide, narrow = factors.is_float32()
                                                   ? std::vector<at::Tensor>{}
                                                   : matrices.empty_products(gradients[0].numel() / gradients[0].size(-1));
        for (size_t i = 0; i < count; i++) {
            wide.push_back(gradients[i].reshape({-1, gradients[i].size(-1)}));
            if (!factors.is_float32()) round_into(wide[i], narrow[i]);
        }
        const auto &dy = factors.is_float32() ? wide : narrow;
        torch::autograd::variable_list results(1 + count + copies + biases + 1);
        if (context->needs_input_grad(0)) results[0] = matrices.input_gradient(dy).reshape(data["sizes"].toIntVector());
        std::vector<bool> wanted;
        std::vector<at::ScalarType> kinds;
        for (size_t i = 0; i < count; i++) {
            wanted.push_back(context->needs_input_grad(1 + i));
            kinds.push_back(static_cast<at::ScalarType>(types[i]));
        }
        if (saved[0].defined()) {
            auto own = matrices.weight_gradients(dy, saved[0], kinds, wanted);
            std::move(own.begin(), own.end(), results.begin() + 1);
        }
        for (size_t i = 0; i < biases; i++) {
            const size_t place = 1 + count + copies + i;
            if (context->needs_input_grad(place)) results[place] = column_sums(wide[i]);
        }
        return results;
    }
};

} // namespace

bool joint_linear_supported(const at::Tensor &x, at::TensorList weights, at::TensorList copies, at::TensorList biases,
                            at::ScalarType type, ct_products products) {
    if (!is_cpu_float32(x) || x.dim() < 2 || x.numel() == 0 || weights.empty()) return false;
    if (type != at::kFloat && (type != at::kBFloat16 || products.narrow == CT_NARROW_IN_FLOAT32)) return false;
    for (const auto &bias : biases)
        if (!is_cpu_float32(bias) || !bias.is_contiguous()) return false;
    for (size_t i = 0; i < weights.size(); i++) {
        const auto &w = weights[i];
        if (!w.is_cpu() || w.dim() != 2 || w.numel() == 0 || w.size(1) != x.size(-1)) return false;
        if (w.scalar_type() != at::kFloat && w.scalar_type() != type) return false;
        if (w.scalar_type() != weights[0].scalar_type()) return false;
        if (!copies.empty() && (copies[i].scalar_type() != type || copies[i].sizes() != w.sizes())) return false;
    }
    return copies.empty() || copies.size() == weights.size();
}

std::vector<at::Tensor> joint_linear(const at::Tensor &x, at::TensorList weights, at::TensorList copies,
                                     at::TensorList biases, at::ScalarType type, ct_products products) {
    return JointLinear::apply(x, weights, copies, biases, Factors{type, products}.packed());
}

} // namespace ct
