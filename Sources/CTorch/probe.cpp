// Timing single matrix products, by the routes of training and by others.
#include "support.h"

#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "kernels/linear.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <chrono>
#include <functional>

#if defined(__linux__) && defined(__x86_64__)
#define CT_MAY_HAVE_MKL 1
// libtorch contains MKL without its headers. The symbols are weak, because a build of libtorch may be without MKL.
extern "C" {
__attribute__((weak)) size_t cblas_sgemm_pack_get_size(int identifier, int m, int n, int k);
__attribute__((weak)) void cblas_sgemm_pack(int layout, int identifier, int transpose, int m, int n, int k, float alpha,
                                            const float *source, int stride, float *packed);
__attribute__((weak)) void cblas_sgemm_compute(int layout, int transpose_a, int transpose_b, int m, int n, int k,
                                               const float *a, int stride_a, const float *b, int stride_b, float beta,
                                               float *c, int stride_c);
}
#endif

namespace ct {
namespace {

/// Multiplies once, and returns the product, which may be in memory that the next call overwrites.
using ProbedProduct = std::function<at::Tensor()>;

/// libtorch's own product, into the same memory every time.
ProbedProduct probed_by_libtorch(const at::Tensor &a, const at::Tensor &b) {
    const auto product = at::empty({a.size(0), b.size(0)}, a.options());
    return [a, b = b.t(), product] {
        auto out = product;
        return at::mm_out(out, a, b);
    };
}

ProbedProduct probed_by_onednn(const at::Tensor &a, const at::Tensor &b) {
    TORCH_CHECK(has_onednn(), "this build of libtorch lacks oneDNN");
    return [a, b] { return float_product(a, b, std::nullopt, CT_FLOAT_ONEDNN); };
}

/// b in the order that oneDNN prefers for products with `rows` rows.
at::Tensor reordered(const at::Tensor &b, int64_t rows) {
    const auto op = c10::Dispatcher::singleton().findSchema({"mkldnn::_reorder_linear_weight", ""});
    TORCH_CHECK(op, "this build of libtorch does not reorder weights for oneDNN");
    torch::jit::Stack stack;
    stack.emplace_back(b.contiguous());
    stack.emplace_back(rows);
    op->callBoxed(stack);
    return stack.at(0).toTensor();
}

ProbedProduct probed_by_own_pairs(const at::Tensor &a, const at::Tensor &b) {
    TORCH_CHECK(has_bfloat16_pairs(), "this CPU does not multiply pairs of bfloat16");
    return [a, b] { return Factors{at::kBFloat16, {CT_FLOAT_MKL, CT_NARROW_ATTUNE}}.product(a, b, std::nullopt); };
}

#ifdef CT_MAY_HAVE_MKL
/// Values of CBLAS's enumerations, as in MKL's mkl_cblas.h.
enum Cblas : int { row_major = 101, as_is = 111, transposed = 112, is_packed = 151, second_factor = 162 };
#endif

ProbedProduct probed_by_packed_mkl(const at::Tensor &a, const at::Tensor &b) {
#ifdef CT_MAY_HAVE_MKL
    const bool has_mkl = cblas_sgemm_pack_get_size && cblas_sgemm_pack && cblas_sgemm_compute;
    TORCH_CHECK(has_mkl, "this build of libtorch lacks MKL");
    const int m = static_cast<int>(a.size(0)), n = static_cast<int>(b.size(0)), k = static_cast<int>(b.size(1));
    const auto rows = a.contiguous(), weight = b.contiguous();
    const auto bytes = static_cast<int64_t>(cblas_sgemm_pack_get_size(second_factor, m, n, k));
    const auto packed = at::empty({bytes / 4 + 1}, a.options()), product = at::empty({m, n}, a.options());
    cblas_sgemm_pack(row_major, second_factor, transposed, m, n, k, 1, weight.const_data_ptr<float>(), k,
                     packed.mutable_data_ptr<float>());
    return [=] {
        cblas_sgemm_compute(row_major, as_is, is_packed, m, n, k, rows.const_data_ptr<float>(), k,
                            packed.const_data_ptr<float>(), k, 0, product.mutable_data_ptr<float>(), n);
        return product;
    };
#else
    TORCH_CHECK(false, "MKL is only known on Linux with x86-64");
#endif
}

ProbedProduct probed(const at::Tensor &a, const at::Tensor &b, ct_probe_route route) {
    switch (route) {
    case CT_PROBE_MKL: return probed_by_libtorch(a, b);
    case CT_PROBE_MKL_PACKED: return probed_by_packed_mkl(a, b);
    case CT_PROBE_ONEDNN: return probed_by_onednn(a, b);
    case CT_PROBE_ONEDNN_PACKED: return probed_by_onednn(a, reordered(b, a.size(0)));
    case CT_PROBE_ATTUNE: return [a, b] { return float_product(a, b, std::nullopt, CT_FLOAT_ATTUNE); };
    case CT_PROBE_BFLOAT16: return probed_by_libtorch(a.to(at::kBFloat16), b.to(at::kBFloat16));
    case CT_PROBE_BFLOAT16_PACKED:
        return probed_by_onednn(a.to(at::kBFloat16), reordered(b.to(at::kBFloat16), a.size(0)));
    case CT_PROBE_BFLOAT16_ATTUNE: return probed_by_own_pairs(a.to(at::kBFloat16), b.to(at::kBFloat16));
    }
    TORCH_CHECK(false, "unknown route");
}

} // namespace
} // namespace ct

extern "C" {

int ct_probe_new(ct_probe *out, ct_tensor a, ct_tensor b, ct_probe_route route) {
    return ct::guard([&] {
        const auto &x = ct::tensor(a), &y = ct::tensor(b);
        TORCH_CHECK(ct::is_cpu_float32(x) && ct::is_cpu_float32(y) && x.dim() == 2 && y.dim() == 2 && x.size(1) == y.size(1) &&
                        x.numel() > 0 && y.numel() > 0,
                    "factors ", x.sizes(), " and ", y.sizes(), " do not fit");
        out->ctx = new ct::ProbedProduct(ct::probed(x, y, route));
    });
}

void ct_probe_free(ct_probe probe) { delete static_cast<ct::ProbedProduct *>(probe.ctx); }

int ct_probe_run(double *seconds, ct_probe probe, int64_t count) {
    return ct::guard([&] {
        const auto &multiply = *static_cast<ct::ProbedProduct *>(probe.ctx);
        const auto start = std::chrono::steady_clock::now();
        for (int64_t i = 0; i < count; i++) multiply();
        *seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    });
}

int ct_probe_product(ct_tensor *out, ct_probe probe) {
    return ct::make(out, [&] {
        const auto product = (*static_cast<ct::ProbedProduct *>(probe.ctx))();
        return product.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
    });
}

} // extern "C"
