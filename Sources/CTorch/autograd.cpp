#include "support.h"

#include <torch/csrc/autograd/autograd.h>

using ct::list;
using ct::make;
using ct::tensor;

extern "C" {

bool ct_autograd_set_enabled(bool enabled) {
    const bool before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(enabled);
    return before;
}

bool ct_autograd_is_enabled(void) { return at::GradMode::is_enabled(); }

int ct_autograd_set_requires_grad(ct_tensor handle, bool requires_grad) {
    return ct::guard([&] { tensor(handle).set_requires_grad(requires_grad); });
}

bool ct_autograd_requires_grad(ct_tensor handle) { return tensor(handle).requires_grad(); }

int ct_autograd_detach(ct_tensor *out, ct_tensor handle) {
    return make(out, [&] { return tensor(handle).detach(); });
}

int ct_autograd_backward(ct_tensor loss) {
    return ct::guard([&] { torch::autograd::backward({tensor(loss)}, {}); });
}

int ct_autograd_grad(ct_tensor *out, ct_tensor handle) {
    return ct::guard([&] {
        const auto &grad = tensor(handle).grad();
        *out = grad.defined() ? ct::handle(grad) : ct_tensor{nullptr};
    });
}

int ct_autograd_clear_grad(ct_tensor handle) {
    return ct::guard([&] { tensor(handle).mutable_grad() = at::Tensor(); });
}

int ct_optim_total_norm(ct_tensor *out, const ct_tensor *tensors, size_t count) {
    return make(out, [&] {
        at::NoGradGuard no_grad;
        return at::linalg_vector_norm(at::stack(at::_foreach_norm(list(tensors, count))));
    });
}

int ct_optim_scale_(const ct_tensor *tensors, size_t count, double factor) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        at::_foreach_mul_(list(tensors, count), factor);
    });
}

int ct_optim_adamw_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
                    const ct_tensor *second_moments, size_t count, int64_t step, double learning_rate,
                    double beta1, double beta2, double weight_decay, double epsilon) {
    return ct::guard([&] {
        if (count == 0) return;
        at::NoGradGuard no_grad;
        // The kernel reads the step after its own increment, one scalar tensor per parameter.
        const auto steps = std::vector<at::Tensor>(
            count, at::full({}, static_cast<double>(step), tensor(parameters[0]).options().dtype(at::kFloat)));
        auto moving = list(parameters, count);
        at::_fused_adamw_(moving, list(gradients, count), list(first_moments, count),
                          list(second_moments, count), {}, steps, learning_rate, beta1, beta2, weight_decay,
                          epsilon, /*amsgrad=*/false, /*maximize=*/false);
    });
}

} // extern "C"
