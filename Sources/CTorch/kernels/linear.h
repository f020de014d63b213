// The products of linear layers, shared by plain layers and layers with an adapter.
#ifndef CT_LINEAR_H
#define CT_LINEAR_H

#include "../libtorch.h"

namespace ct {

/// x · wᵀ + bias for float32 matrices, either of which may be a transposed view.
at::Tensor float_product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias, bool by_onednn);

/// The factors of a layer's products: the type that they are rounded to, and the library for float32.
struct Factors {
    at::ScalarType type;
    bool by_onednn;

    bool is_float32() const { return type == at::kFloat; }
    /// x · wᵀ + bias as float32, for x and w of the type.
    at::Tensor product(const at::Tensor &x, const at::Tensor &w, const std::optional<at::Tensor> &bias) const {
        if (is_float32()) return float_product(x, w, bias, by_onednn);
        auto y = at::mm(x, w.t()).to(at::kFloat);
        return bias ? y.add_(*bias) : y;
    }
};

} // namespace ct

#endif
