#include "support.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

using ct::make;
using ct::tensor;

namespace {

/// Calls a caller's function for one leaf.
struct GradientHook : torch::autograd::PostAccumulateGradHook {
    GradientHook(void *context, ct_gradient_body body, size_t index) : context(context), body(body), index(index) {}
    void operator()(const torch::autograd::Variable &) override { ct::require(body(context, index)); }

    void *const context;
    const ct_gradient_body body;
    const size_t index;
};

/// Hooks on leaves, removed with this object.
struct GradientHooks {
    GradientHooks(std::vector<at::Tensor> leaves, void *context, ct_gradient_body body) : leaves(std::move(leaves)) {
        for (size_t i = 0; i < this->leaves.size(); i++)
            torch::autograd::impl::set_post_acc_grad_hooks(this->leaves[i],
                                                           std::make_unique<GradientHook>(context, body, i));
    }
    GradientHooks(const GradientHooks &) = delete;
    GradientHooks &operator=(const GradientHooks &) = delete;
    ~GradientHooks() {
        for (const auto &leaf : leaves) torch::autograd::impl::set_post_acc_grad_hooks(leaf, nullptr);
    }

    const std::vector<at::Tensor> leaves;
};

/// Returns [U, H], the given rows of a sparse gradient, with zeros for those that it lacks.
at::Tensor dense_rows(const at::Tensor &gradient, const at::Tensor &rows) {
    const auto wanted = rows.contiguous(), found = gradient._indices().select(0, 0).contiguous();
    TORCH_CHECK(wanted.is_cpu() && found.is_cpu(), "rows of a sparse gradient are on the CPU");
    const int64_t *begin = wanted.const_data_ptr<int64_t>(), *end = begin + wanted.numel();
    auto places = at::empty_like(found);
    for (int64_t i = 0; i < found.numel(); i++) {
        const int64_t row = found.const_data_ptr<int64_t>()[i];
        const int64_t *place = std::lower_bound(begin, end, row);
        TORCH_CHECK(place != end && *place == row, "row ", row, " has a gradient, but no text of the step uses it");
        places.mutable_data_ptr<int64_t>()[i] = place - begin;
    }
    auto result = at::zeros({wanted.numel(), gradient.size(1)}, gradient._values().options());
    return result.index_copy_(0, places, gradient._values());
}

} // namespace

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

int ct_autograd_backward_each(ct_tensor loss, bool keep_graph, const ct_tensor *leaves, size_t count, void *context,
                              ct_gradient_body body) {
    return ct::guard([&] {
        const GradientHooks hooks(ct::list(leaves, count), context, body);
        torch::autograd::backward({tensor(loss)}, {}, keep_graph);
    });
}

int ct_autograd_grad(ct_tensor *out, ct_tensor handle, bool as_rows) {
    return ct::guard([&] {
        const auto &grad = tensor(handle).grad();
        if (!grad.defined())
            *out = ct_tensor{nullptr};
        else if (!grad.is_sparse())
            *out = ct::handle(grad);
        else
            *out = ct::handle(as_rows ? grad.coalesce() : grad.to_dense());
    });
}

int ct_autograd_grad_of_rows(ct_tensor *out, ct_tensor handle, ct_tensor rows) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        const auto &grad = tensor(handle).grad();
        if (!grad.defined())
            *out = ct_tensor{nullptr};
        else if (grad.is_sparse())
            *out = ct::handle(dense_rows(grad.coalesce(), tensor(rows)));
        else
            *out = ct::handle(grad.index_select(0, tensor(rows)));
    });
}

int ct_autograd_set_grad_of_rows(ct_tensor handle, ct_tensor rows, ct_tensor values) {
    return ct::guard([&] {
        const auto &table = tensor(handle), &sums = tensor(values);
        TORCH_CHECK(table.dim() == 2 && sums.dim() == 2 && sums.size(0) == tensor(rows).numel() &&
                        sums.size(1) == table.size(1) && sums.scalar_type() == table.scalar_type(),
                    "a gradient of rows ", sums.sizes(), " does not fit a table of shape ", table.sizes());
        auto gradient = at::_sparse_coo_tensor_unsafe(tensor(rows).unsqueeze(0), sums, table.sizes(), sums.options());
        gradient._coalesced_(true);
        table.mutable_grad() = gradient;
    });
}

int ct_autograd_clear_grad(ct_tensor handle) {
    return ct::guard([&] { tensor(handle).mutable_grad() = at::Tensor(); });
}

} // extern "C"
