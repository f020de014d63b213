// Linear layers in true float32 by oneDNN.
//
// On AMD, libtorch's float32 matmul goes to MKL at 190-205 GFLOP/s where oneDNN reaches 290-490 on the same cores.
// `setFloat32MatmulPrecision("medium")` would also go to oneDNN, but lets it round inputs to bfloat16 where the CPU
// has AMX; the op called here never does.
#include "kernels.h"

#include <ATen/core/dispatch/Dispatcher.h>

namespace ct {
namespace {

using LinearPointwise = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &,
                                   std::string_view, c10::List<std::optional<at::Scalar>>,
                                   std::optional<std::string_view>);

/// The op, or nothing where this build of libtorch lacks oneDNN.
const std::optional<c10::TypedOperatorHandle<LinearPointwise>> &linear_pointwise() {
    static const auto op = []() -> std::optional<c10::TypedOperatorHandle<LinearPointwise>> {
        const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
        if (!found || !found->hasKernelForDispatchKey(c10::DispatchKey::MkldnnCPU)) {
            if (!found || !found->hasKernelForDispatchKey(c10::DispatchKey::CPU)) return std::nullopt;
        }
        return found->typed<LinearPointwise>();
    }();
    return op;
}

/// x · wᵀ + bias for matrices, either of which may be a transposed view.
at::Tensor product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias) {
    const c10::List<std::optional<at::Scalar>> scalars;
    return linear_pointwise()->call(x, w, bias, "none", scalars, std::nullopt);
}

struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &w,
                              const std::optional<at::Tensor> &bias) {
        const auto rows = x.reshape({-1, x.size(-1)});
        context->save_for_backward({rows, w});
        context->saved_data["has_bias"] = bias.has_value();
        auto sizes = x.sizes().vec();
        sizes.back() = w.size(0);
        return product(rows, w, bias).reshape(sizes);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto &rows = saved[0], &w = saved[1];
        const auto dy = gradients[0].reshape({-1, w.size(0)});
        at::Tensor dx, dw, dbias;
        if (context->needs_input_grad(0)) {
            auto sizes = gradients[0].sizes().vec();
            sizes.back() = w.size(1);
            dx = product(dy, w.t(), std::nullopt).reshape(sizes);
        }
        if (context->needs_input_grad(1)) dw = product(dy.t(), rows.t(), std::nullopt);
        // An absent bias is no input, and asking for its gradient would be out of range.
        if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(2)) dbias = dy.sum(0);
        return {dx, dw, dbias};
    }
};

} // namespace

bool linear_supported(const at::Tensor &x, const at::Tensor &w) {
    return is_cpu_float32(x) && is_cpu_float32(w) && w.dim() == 2 && x.dim() >= 2 && x.size(-1) == w.size(1) &&
           x.numel() > 0 && w.numel() > 0 && linear_pointwise().has_value();
}

at::Tensor linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias) {
    return Linear::apply(x, w, bias);
}

} // namespace ct
