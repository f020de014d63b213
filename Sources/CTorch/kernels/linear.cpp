// Linear layers in true float32, and in narrower types if the machine multiplies those faster.
//
// libtorch's float32 matmul uses MKL. Whether MKL, oneDNN or our own kernel is faster depends on the CPU, so the caller measures
// and chooses.
// `setFloat32MatmulPrecision("medium")` would also use oneDNN, but allows it to round inputs to bfloat16 if the CPU has AMX;
// the op called here never does.
#include "linear.h"

#include "gemm.h"
#include "kernels.h"
#include "rounding.h"

#include <ATen/core/dispatch/Dispatcher.h>

namespace ct {
namespace {

using LinearPointwise = at::Tensor(const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &,
                                   std::string_view, c10::List<std::optional<at::Scalar>>,
                                   std::optional<std::string_view>);

/// The op, or null if this build of libtorch lacks oneDNN.
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

using LinearSum = at::Tensor(const at::Tensor &, const at::Tensor &, const at::Tensor &, const std::optional<at::Tensor> &,
                             std::string_view);

/// The op that adds its product to a sum, or null.
const std::optional<c10::TypedOperatorHandle<LinearSum>> &linear_sum() {
    static const auto op = []() -> std::optional<c10::TypedOperatorHandle<LinearSum>> {
        const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", "binary"});
        if (!found || !has_onednn()) return std::nullopt;
        return found->typed<LinearSum>();
    }();
    return op;
}

/// Multiplies in the type `factor`, float32 or narrower. Sums, biases and results are float32.
struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &w,
                              const std::optional<at::Tensor> &copy, const std::optional<at::Tensor> &bias, int64_t packed) {
        const Direct direct;
        const auto factors = Factors::unpacked(packed);
        const auto rows = rounded(x.reshape({-1, x.size(-1)}), factors.type);
        const auto weight = copy && !factors.is_float32() ? *copy : w.to(factors.type);
        // The rows are only needed for the gradient of the weight. The wide copy of a narrow weight is recomputed.
        context->save_for_backward({w.requires_grad() ? rows : at::Tensor(), factors.is_float32() ? w : weight});
        context->saved_data["factors"] = packed;
        context->saved_data["has_bias"] = bias.has_value();
        context->saved_data["has_copy"] = copy.has_value();
        context->saved_data["weight_type"] = w.scalar_type();
        auto sizes = x.sizes().vec();
        sizes.back() = w.size(0);
        return factors.product(rows, weight, bias).reshape(sizes);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto saved = context->get_saved_variables();
        const auto factors = Factors::unpacked(context->saved_data["factors"].toInt());
        const auto weight = saved[1].to(factors.type);
        const auto wide = gradients[0].reshape({-1, weight.size(0)}), dy = rounded(wide, factors.type);
        at::Tensor dx, dw, dbias;
        if (context->needs_input_grad(0)) {
            auto sizes = gradients[0].sizes().vec();
            sizes.back() = weight.size(1);
            dx = factors.product(dy, weight.t(), std::nullopt).reshape(sizes);
        }
        if (context->needs_input_grad(1))
            dw = factors.product(dy.t(), saved[0].t(), std::nullopt).to(context->saved_data["weight_type"].toScalarType());
        // A missing copy or bias is not an input, so requesting its gradient would be out of range.
        const bool has_copy = context->saved_data["has_copy"].toBool();
        if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(has_copy ? 3 : 2)) dbias = column_sums(wide);
        return {dx, dw, at::Tensor(), dbias, at::Tensor()};
    }
};

} // namespace

namespace {

/// Our own kernel packs matrices, which does not pay for a few rows or columns.
bool is_worth_packing(const at::Tensor &x, const at::Tensor &w) {
    constexpr int64_t fewest = 12;
    return x.size(0) >= fewest && w.size(0) >= fewest && x.size(1) > 0;
}

bool is_own(const at::Tensor &x, const at::Tensor &w, ct_float_route route) {
    return route == CT_FLOAT_ATTUNE && is_cpu_float32(x) && is_cpu_float32(w) && is_worth_packing(x, w);
}

/// A matrix whose rows or columns are consecutive floats.
at::Tensor dense(const at::Tensor &x) { return x.stride(1) == 1 || x.stride(0) == 1 ? x : x.contiguous(); }

/// The numbers of a tensor; of bfloat16 their bits.
template <typename T> T *numbers(const at::Tensor &x) {
    if constexpr (std::is_same_v<T, float>) return x.data_ptr<float>();
    else return bits(x);
}

/// The product y = x · wᵀ of dense matrices.
template <typename Factor, typename Result>
ProductOf<Factor, Result> product_of(const at::Tensor &a, const at::Tensor &b, const at::Tensor &y) {
    const bool by_columns = a.stride(1) != 1, by_rows = b.stride(1) == 1;
    return {a.size(0), b.size(0), a.size(1),
            numbers<Factor>(a), a.stride(by_columns ? 1 : 0), by_columns,
            numbers<Factor>(b), b.stride(by_rows ? 0 : 1), by_rows,
            numbers<Result>(y), y.stride(0)};
}

/// y = x · wᵀ + bias, or y += x · wᵀ, by our own kernel.
void own_product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias, const at::Tensor &y, bool adds) {
    const auto a = dense(x), b = dense(w);
    const auto added = bias ? bias->contiguous() : at::Tensor();
    auto product = product_of<float, float>(a, b, y);
    product.accumulate = adds;
    product.bias = bias ? added.const_data_ptr<float>() : nullptr;
    gemm(product);
}

/// The same for factors in bfloat16; y is float32 or bfloat16. Returns false if our own kernel cannot compute it.
template <typename Result>
bool own_narrow_product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias, const at::Tensor &y,
                        bool adds) {
    const auto a = dense(x), b = dense(w);
    const auto added = bias ? bias->contiguous() : at::Tensor();
    auto product = product_of<uint16_t, Result>(a, b, y);
    product.accumulate = adds;
    product.bias = bias ? added.const_data_ptr<float>() : nullptr;
    if (!multiplies_narrow(product)) return false;
    gemm(product);
    return true;
}

bool is_own_narrow(const at::Tensor &x, const at::Tensor &w, const Factors &factors) {
    return factors.has_own_narrow() && x.is_cpu() && x.scalar_type() == at::kBFloat16 && w.scalar_type() == at::kBFloat16 &&
           is_worth_packing(x, w);
}

at::Tensor empty_product(const at::Tensor &x, const at::Tensor &w, at::ScalarType type) {
    return at::empty({x.size(0), w.size(0)}, x.options().dtype(type).requires_grad(false));
}

bool is_onednn(const at::Tensor &x, ct_float_route route) { return route != CT_FLOAT_MKL && x.is_cpu() && has_onednn(); }

} // namespace

at::Tensor float_product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias, ct_float_route route) {
    if (is_own(x, w, route)) {
        const auto y = empty_product(x, w, at::kFloat);
        own_product(x, w, bias, y, /*adds=*/false);
        return y;
    }
    if (!is_onednn(x, route)) return bias ? at::addmm(*bias, x, w.t()) : at::mm(x, w.t());
    const c10::List<std::optional<at::Scalar>> scalars;
    return linear_pointwise()->call(x, w, bias, "none", scalars, std::nullopt);
}

at::Tensor added_float_product(const at::Tensor &sum, const at::Tensor &x, const at::Tensor &w, ct_float_route route) {
    if (is_own(x, w, route) && sum.is_contiguous()) {
        own_product(x, w, std::nullopt, sum, /*adds=*/true);
        return sum;
    }
    if (is_onednn(x, route) && linear_sum()) return linear_sum()->call(x, sum, w, std::nullopt, "add");
    return at::add(sum, float_product(x, w, std::nullopt, route));
}

at::Tensor Factors::product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias) const {
    if (is_float32()) return float_product(x, w, bias, products.route);
    if (is_own_narrow(x, w, *this)) {
        const auto y = empty_product(x, w, at::kFloat);
        if (own_narrow_product<float>(x, w, bias, y, /*adds=*/false)) return y;
    }
    return widened(at::mm(x, w.t()), bias);
}

at::Tensor Factors::narrow_product(const at::Tensor &x, const at::Tensor &w) const {
    if (is_float32()) return float_product(x, w, std::nullopt, products.route);
    if (is_own_narrow(x, w, *this)) {
        const auto y = empty_product(x, w, type);
        if (own_narrow_product<uint16_t>(x, w, std::nullopt, y, /*adds=*/false)) return y;
    }
    return at::mm(x, w.t());
}

at::Tensor Factors::added_product(const at::Tensor &sum, const at::Tensor &x, const at::Tensor &w) const {
    if (is_float32()) return added_float_product(sum, x, w, products.route);
    const bool is_own = is_own_narrow(x, w, *this) && is_cpu_float32(sum) && sum.is_contiguous();
    if (is_own && own_narrow_product<float>(x, w, std::nullopt, sum, /*adds=*/true)) return sum;
    return at::add(sum, at::mm(x, w.t()));
}

bool has_onednn() { return linear_pointwise().has_value(); }

ct_products suggested_products() {
#if defined(__x86_64__)
    // Without bfloat16 instructions libtorch is much slower: 20 GFLOP/s instead of 157 in float32, on two Zen 3 cores,
    // which multiply float32 as fast with MKL as with oneDNN (157-181 and 96-163).
    const bool has_avx512 = at::get_cpu_capability() == "AVX512";
    const ct_narrow_route without_pairs = __builtin_cpu_supports("avx512bf16") ? CT_NARROW_LIBTORCH : CT_NARROW_IN_FLOAT32;
    return {has_avx512 ? CT_FLOAT_ATTUNE : CT_FLOAT_MKL, has_bfloat16_pairs() ? CT_NARROW_ATTUNE : without_pairs};
#else
    return {has_onednn() ? CT_FLOAT_ONEDNN : CT_FLOAT_MKL, CT_NARROW_LIBTORCH};
#endif
}

at::Tensor narrow_linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &copy,
                         const std::optional<at::Tensor> &bias, at::ScalarType type, ct_products products) {
    return Linear::apply(x, w, copy, bias, Factors::of(x, type, products).packed());
}

bool linear_supported(const at::Tensor &x, const at::Tensor &w) {
    return is_cpu_float32(x) && is_cpu_float32(w) && w.dim() == 2 && x.dim() >= 2 && x.size(-1) == w.size(1) &&
           x.numel() > 0 && w.numel() > 0;
}

at::Tensor linear(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias, ct_products products) {
    return Linear::apply(x, w, std::nullopt, bias, Factors{at::kFloat, products}.packed());
}

} // namespace ct
