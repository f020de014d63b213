#include "support.h"

#include <torch/csrc/autograd/autograd.h>

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

} // extern "C"
