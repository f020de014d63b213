#include "support.h"

using ct::make;
using ct::tensor;

extern "C" {

int ct_math_add(ct_tensor *out, ct_tensor a, ct_tensor b) {
    return make(out, [&] { return at::add(tensor(a), tensor(b)); });
}

int ct_math_subtract(ct_tensor *out, ct_tensor a, ct_tensor b) {
    return make(out, [&] { return at::sub(tensor(a), tensor(b)); });
}

int ct_math_multiply(ct_tensor *out, ct_tensor a, ct_tensor b) {
    return make(out, [&] { return at::mul(tensor(a), tensor(b)); });
}

int ct_math_divide(ct_tensor *out, ct_tensor a, ct_tensor b) {
    return make(out, [&] { return at::div(tensor(a), tensor(b)); });
}

int ct_math_add_scalar(ct_tensor *out, ct_tensor a, double b) {
    return make(out, [&] { return at::add(tensor(a), b); });
}

int ct_math_multiply_scalar(ct_tensor *out, ct_tensor a, double b) {
    return make(out, [&] { return at::mul(tensor(a), b); });
}

int ct_math_matmul(ct_tensor *out, ct_tensor a, ct_tensor b) {
    return make(out, [&] { return at::matmul(tensor(a), tensor(b)); });
}

int ct_math_svd(ct_tensor *u, ct_tensor *s, ct_tensor *v, ct_tensor a) {
    return ct::guard([&] {
        const auto [left, values, right] = at::linalg_svd(tensor(a), /*full_matrices=*/false);
        *u = ct::handle(left), *s = ct::handle(values), *v = ct::handle(right);
    });
}

int ct_math_qr(ct_tensor *q, ct_tensor *r, ct_tensor a) {
    return ct::guard([&] {
        const auto [left, right] = at::linalg_qr(tensor(a));
        *q = ct::handle(left), *r = ct::handle(right);
    });
}

int ct_math_unary(ct_tensor *out, ct_tensor a, ct_unary function) {
    return make(out, [&]() -> at::Tensor {
        const auto &x = tensor(a);
        switch (function) {
        case CT_NEGATE: return at::neg(x);
        case CT_EXP: return at::exp(x);
        case CT_LOG: return at::log(x);
        case CT_SQRT: return at::sqrt(x);
        case CT_RSQRT: return at::rsqrt(x);
        case CT_SQUARE: return at::square(x);
        case CT_TANH: return at::tanh(x);
        case CT_SIGMOID: return at::sigmoid(x);
        case CT_SIN: return at::sin(x);
        case CT_COS: return at::cos(x);
        case CT_RELU: return at::relu(x);
        case CT_SILU: return at::silu(x);
        case CT_GELU: return at::gelu(x);
        case CT_GELU_TANH: return at::gelu(x, "tanh");
        }
        TORCH_CHECK(false, "unknown function: ", static_cast<int>(function));
    });
}

int ct_math_reduce(ct_tensor *out, ct_tensor a, ct_reduction reduction, bool all, int64_t dimension, bool keep) {
    return make(out, [&]() -> at::Tensor {
        const auto &x = tensor(a);
        switch (reduction) {
        case CT_SUM: return all ? at::sum(x) : at::sum(x, {dimension}, keep);
        case CT_MEAN: return all ? at::mean(x) : at::mean(x, {dimension}, keep);
        case CT_MAX: return all ? at::max(x) : at::amax(x, {dimension}, keep);
        case CT_ARGMAX: return all ? at::argmax(x) : at::argmax(x, dimension, keep);
        }
        TORCH_CHECK(false, "unknown reduction: ", static_cast<int>(reduction));
    });
}

int ct_math_softmax(ct_tensor *out, ct_tensor a, int64_t dimension) {
    return make(out, [&] { return at::softmax(tensor(a), dimension); });
}

int ct_math_log_softmax(ct_tensor *out, ct_tensor a, int64_t dimension) {
    return make(out, [&] { return at::log_softmax(tensor(a), dimension); });
}

int ct_math_gather(ct_tensor *out, ct_tensor a, int64_t dimension, ct_tensor indices) {
    return make(out, [&] { return at::gather(tensor(a), dimension, tensor(indices)); });
}

int ct_math_is_finite(bool *out, ct_tensor a) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        *out = at::isfinite(tensor(a)).all().item<bool>();
    });
}

} // extern "C"
