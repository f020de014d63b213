// The products of linear layers, shared by plain layers and layers with an adapter.
#ifndef CT_LINEAR_H
#define CT_LINEAR_H

#include "../libtorch.h"

#include "narrow.h"

namespace ct {

/// x · wᵀ + bias for float32 matrices, either of which may be a transposed view.
at::Tensor float_product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias, ct_float_route route);

/// sum + x · wᵀ for the same; the sum may be overwritten.
at::Tensor added_float_product(const at::Tensor &sum, const at::Tensor &x, const at::Tensor &w, ct_float_route route);

/// The factors of a layer's products: the type that they are rounded to, and the code that multiplies them.
struct Factors {
    at::ScalarType type;
    ct_products products;

    /// The factors of a product of x in a type that was asked for.
    static Factors of(const at::Tensor &x, at::ScalarType type, ct_products products) {
        return {x.is_cpu() && products.narrow == CT_NARROW_IN_FLOAT32 ? at::kFloat : type, products};
    }
    bool is_float32() const { return type == at::kFloat; }
    /// x · wᵀ + bias as float32, for x and w of the type.
    at::Tensor product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias) const;
    /// x · wᵀ in the type.
    at::Tensor narrow_product(const at::Tensor &x, const at::Tensor &w) const;
    /// sum + x · wᵀ as float32; the sum may be overwritten.
    at::Tensor added_product(const at::Tensor &sum, const at::Tensor &x, const at::Tensor &w) const;
    /// Whether our own kernel multiplies narrow factors: it writes float32 without another pass.
    bool has_own_narrow() const { return type == at::kBFloat16 && products.narrow == CT_NARROW_ATTUNE; }

    /// As one number, for the saved data of a function.
    int64_t packed() const { return static_cast<int64_t>(type) * 16 + products.route * 4 + products.narrow; }
    static Factors unpacked(int64_t number) {
        return {static_cast<at::ScalarType>(number / 16),
                {static_cast<ct_float_route>(number / 4 % 4), static_cast<ct_narrow_route>(number % 4)}};
    }
};

} // namespace ct

#endif
