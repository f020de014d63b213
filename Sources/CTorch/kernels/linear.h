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

/// The factors of a layer's products: the type that they are rounded to, and the library for float32.
struct Factors {
    at::ScalarType type;
    ct_float_route route;

    bool is_float32() const { return type == at::kFloat; }
    /// x · wᵀ + bias as float32, for x and w of the type.
    at::Tensor product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias) const {
        if (is_float32()) return float_product(x, w, bias, route);
        return widened(at::mm(x, w.t()), bias);
    }
    /// x · wᵀ in the type.
    at::Tensor narrow_product(const at::Tensor &x, const at::Tensor &w) const {
        return is_float32() ? float_product(x, w, std::nullopt, route) : at::mm(x, w.t());
    }
    /// sum + x · wᵀ as float32; the sum may be overwritten.
    at::Tensor added_product(const at::Tensor &sum, const at::Tensor &x, const at::Tensor &w) const {
        if (is_float32()) return added_float_product(sum, x, w, route);
        return at::add(sum, at::mm(x, w.t()));
    }
};

} // namespace ct

#endif
