#include "support.h"

#include "kernels/adamw8.h"
#include "kernels/norm.h"
#include "kernels/rounding.h"

#include <cmath>

using ct::list;
using ct::make;
using ct::tensor;

namespace {

/// The factors that AdamW's kernels use.
ct::AdamWStep numbers(ct_step step, double beta1, double beta2, double epsilon, double gradient_scale) {
    const auto t = static_cast<double>(step.step);
    return {static_cast<float>(beta1),
            static_cast<float>(beta2),
            static_cast<float>(epsilon),
            static_cast<float>(gradient_scale),
            static_cast<float>(1 - step.learning_rate * step.weight_decay),
            static_cast<float>(1 - std::pow(beta1, t)),
            static_cast<float>(std::sqrt(1 - std::pow(beta2, t))),
            static_cast<float>(step.learning_rate),
            static_cast<float>(1 - beta1),
            static_cast<float>(1 - beta2)};
}

/// Increments the version counter, which neither our kernels nor libtorch's fused ones do.
void bump_versions(const ct_tensor *parameters, size_t count) {
    for (size_t k = 0; k < count; k++) tensor(parameters[k]).unsafeGetTensorImpl()->bump_version();
}

/// Checks that a copy of the weights, if there is one, is bfloat16 and has their shape.
void require_copy(const std::optional<at::Tensor> &copy, const at::Tensor &parameter) {
    TORCH_CHECK(!copy || (copy->scalar_type() == at::kBFloat16 && copy->sizes() == parameter.sizes() &&
                          copy->device() == parameter.device() && copy->is_contiguous()),
                "the bfloat16 copy does not fit a parameter of shape ", parameter.sizes());
}

/// Dense gradients, for kernels without support for sparse ones.
at::Tensor whole(const at::Tensor &gradient) { return gradient.is_sparse() ? gradient.to_dense() : gradient; }

std::vector<at::Tensor> whole(const ct_tensor *gradients, size_t count) {
    auto all = list(gradients, count);
    for (auto &gradient : all) gradient = whole(gradient);
    return all;
}

/// The stored values of a gradient: for a sparse one, its rows.
std::vector<at::Tensor> values(const ct_tensor *gradients, size_t count) {
    auto all = list(gradients, count);
    for (auto &gradient : all)
        if (gradient.is_sparse()) gradient = gradient._values();
    return all;
}

} // namespace

extern "C" {

int ct_optim_total_norm(ct_tensor *out, const ct_tensor *tensors, size_t count) {
    return make(out, [&] {
        at::NoGradGuard no_grad;
        const auto all = values(tensors, count);
        if (ct::total_norm_supported(all)) return ct::total_norm(all);
        // In float32 for every gradient type: a norm in bfloat16 has only three digits.
        return at::linalg_vector_norm(at::stack(at::_foreach_norm(all, 2, at::kFloat)));
    });
}

int ct_optim_scale_(const ct_tensor *tensors, size_t count, double factor) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        at::_foreach_mul_(values(tensors, count), factor);
    });
}

int ct_optim_adamw_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *first_moments,
                    const ct_tensor *second_moments, const ct_tensor *copies, size_t count, ct_step step, double beta1,
                    double beta2, double epsilon, double gradient_scale, bool plain) {
    return ct::guard([&] {
        if (count == 0) return;
        at::NoGradGuard no_grad;
        std::vector<std::optional<at::Tensor>> narrow;
        bool is_supported = !plain;
        for (size_t k = 0; k < count; k++) {
            const auto &p = tensor(parameters[k]), &g = tensor(gradients[k]), &m = tensor(first_moments[k]),
                       &v = tensor(second_moments[k]);
            TORCH_CHECK(g.sizes() == p.sizes() && m.sizes() == p.sizes() && v.sizes() == p.sizes(),
                        "gradients or moments do not fit a parameter of shape ", p.sizes());
            is_supported = is_supported && ct::adamw_supported(p, g, m, v);
            narrow.push_back(ct::optional(copies[k]));
            require_copy(narrow.back(), p);
        }
        if (is_supported) {
            ct::adamw(list(parameters, count), list(gradients, count), list(first_moments, count),
                      list(second_moments, count), narrow, numbers(step, beta1, beta2, epsilon, gradient_scale));
            return bump_versions(parameters, count);
        }
        const auto dense = whole(gradients, count);
        if (gradient_scale != 1) at::_foreach_mul_(dense, gradient_scale);
        // The kernel expects the incremented step, as one scalar tensor per parameter.
        const auto steps = std::vector<at::Tensor>(
            count, at::full({}, static_cast<double>(step.step), tensor(parameters[0]).options().dtype(at::kFloat)));
        auto moving = list(parameters, count);
        at::_fused_adamw_(moving, dense, list(first_moments, count),
                          list(second_moments, count), {}, steps, step.learning_rate, beta1, beta2, step.weight_decay,
                          epsilon, /*amsgrad=*/false, /*maximize=*/false);
        for (size_t k = 0; k < count; k++)
            if (narrow[k]) narrow[k]->copy_(moving[k]);
        bump_versions(parameters, count);
    });
}

int ct_optim_sgd_(const ct_tensor *parameters, const ct_tensor *gradients, const ct_tensor *momenta, size_t count,
                  ct_step step, double momentum, double dampening, bool nesterov) {
    return ct::guard([&] {
        if (count == 0) return;
        at::NoGradGuard no_grad;
        auto moving = list(parameters, count);
        const auto buffers = momenta == nullptr ? std::vector<at::Tensor>{} : list(momenta, count);
        at::_fused_sgd_(moving, whole(gradients, count), buffers, step.weight_decay, momentum, step.learning_rate, dampening,
                        nesterov, /*maximize=*/false, /*is_first_step=*/step.step == 1);
        bump_versions(parameters, count);
    });
}

int ct_optim_lion_(ct_tensor parameter, ct_tensor gradient, ct_tensor moment, ct_step step, double beta1,
                   double beta2) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        const auto &p = tensor(parameter), &m = tensor(moment);
        const auto g = whole(tensor(gradient)).to(at::kFloat);
        p.mul_(1 - step.learning_rate * step.weight_decay);
        p.add_(m.mul(beta1).add_(g, 1 - beta1).sign_(), -step.learning_rate);
        m.mul_(beta2).add_(g, 1 - beta2);
    });
}

int ct_optim_adafactor_(ct_tensor parameter, ct_tensor gradient, ct_tensor rows, ct_tensor columns, ct_step step) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        const auto &p = tensor(parameter), &row = tensor(rows);
        const auto g = whole(tensor(gradient)).to(at::kFloat);
        const double beta2 = 1 - std::pow(static_cast<double>(step.step), -0.8);
        const auto square = g.square().add_(1e-30);
        at::Tensor update;
        if (const auto column = ct::optional(columns)) {
            row.mul_(beta2).add_(square.mean(-1), 1 - beta2);
            column->mul_(beta2).add_(square.mean(-2), 1 - beta2);
            update = (row / row.mean(-1, /*keepdim=*/true)).rsqrt_().unsqueeze(-1) * column->unsqueeze(-2).rsqrt();
            update.mul_(g);
        } else {
            row.mul_(beta2).add_(square, 1 - beta2);
            update = row.rsqrt().mul_(g);
        }
        const auto size = update.norm() / std::sqrt(static_cast<double>(update.numel()));
        update.div_(size.clamp_min_(1));
        p.mul_(1 - step.learning_rate * step.weight_decay).add_(update, -step.learning_rate);
    });
}

int ct_optim_adamw8_(ct_tensor parameter, ct_tensor gradient, ct_moments8 handles, ct_tensor copy, ct_step step,
                     double beta1, double beta2, double epsilon, double gradient_scale, uint64_t rounding_key, bool plain) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        at::Tensor p = tensor(parameter);
        const auto g = whole(tensor(gradient));
        ct::Moments8 moments{tensor(handles.first_codes), tensor(handles.first_sizes), tensor(handles.second_codes),
                             tensor(handles.second_sizes)};
        const int64_t blocks = (p.numel() + ct::moments8_block - 1) / ct::moments8_block;
        TORCH_CHECK(g.sizes() == p.sizes() && moments.first_codes.sizes() == p.sizes() &&
                        moments.second_codes.sizes() == p.sizes() && moments.first_sizes.numel() == blocks &&
                        moments.second_sizes.numel() == blocks && moments.first_codes.scalar_type() == at::kByte &&
                        moments.second_codes.scalar_type() == at::kByte &&
                        moments.first_sizes.scalar_type() == at::kFloat &&
                        moments.second_sizes.scalar_type() == at::kFloat,
                    "8-bit moments do not fit a parameter of shape ", p.sizes());
        const ct::AdamW8Step numbers8{numbers(step, beta1, beta2, epsilon, gradient_scale), rounding_key};
        auto narrow = ct::optional(copy);
        require_copy(narrow, p);
        if (!plain && ct::adamw8_supported(p, g, moments)) {
            ct::adamw8(p, g, moments, narrow, numbers8);
            bump_versions(&parameter, 1);
        } else {
            ct::adamw8_plain(p, g, moments, numbers8);
            if (narrow) narrow->copy_(p);
        }
    });
}

int ct_optim_round_(ct_tensor narrow, ct_tensor wide, uint64_t rounding_key, bool plain) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        at::Tensor result = tensor(narrow);
        const auto &values = tensor(wide);
        TORCH_CHECK(result.sizes() == values.sizes() && result.scalar_type() == at::kBFloat16 &&
                        values.scalar_type() == at::kFloat && result.is_contiguous(),
                    "cannot round ", values.scalar_type(), " ", values.sizes(), " to ", result.scalar_type(), " ",
                    result.sizes());
        if (!plain && result.is_cpu())
            ct::round_stochastically(values, result, rounding_key);
        else
            ct::round_stochastically_plain(values, result, rounding_key);
    });
}

int ct_optim_dynamic_map(ct_tensor *out, bool is_signed) {
    return make(out, [&] { return ct::dynamic_map(is_signed); });
}

} // extern "C"
