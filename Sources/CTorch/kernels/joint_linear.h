// Linear layers that read the same rows, such as those of queries, keys and values.
#ifndef CT_JOINT_LINEAR_H
#define CT_JOINT_LINEAR_H

#include "linear.h"

namespace ct {

/// The matrices [out, in] of layers with the same input, in the type of the factors.
///
/// If they lie one after another in memory, they are multiplied as one matrix, which is faster, because it is larger.
class JointMatrices {
public:
    JointMatrices(std::vector<at::Tensor> parts, const Factors &factors);

    /// The products x · wᵀ, [rows, out] each, in the type of the factors; perhaps columns of one matrix.
    std::vector<at::Tensor> products(const at::Tensor &x) const;
    /// Uninitialized matrices with the sizes and places of `products`.
    std::vector<at::Tensor> empty_products(int64_t rows) const;
    /// Σ dy_i · w_i in float32, for dy in the places of `empty_products`.
    at::Tensor input_gradient(const std::vector<at::Tensor> &dy) const;
    /// dy_iᵀ · x in a type each; undefined where it is not wanted.
    std::vector<at::Tensor> weight_gradients(const std::vector<at::Tensor> &dy, const at::Tensor &x,
                                             const std::vector<at::ScalarType> &types,
                                             const std::vector<bool> &wanted) const;
    const std::vector<at::Tensor> &parts() const { return matrices; }

private:
    bool is_joined() const { return joined.defined(); }
    /// The whole matrix whose columns the parts are.
    at::Tensor whole(const std::vector<at::Tensor> &columns) const;

    std::vector<at::Tensor> matrices;
    /// All matrices as one; undefined if they lie apart.
    at::Tensor joined;
    Factors factors;
};

/// x · w_iᵀ + b_i in float32 for several layers. `copies` are the weights in the type of the factors, or empty; `biases` are of
/// all layers, or empty.
std::vector<at::Tensor> joint_linear(const at::Tensor &x, at::TensorList weights, at::TensorList copies,
                                     at::TensorList biases, at::ScalarType type, ct_products products);

/// Whether the layers can be computed together: on the CPU in float32, or in bfloat16 with factors in bfloat16.
bool joint_linear_supported(const at::Tensor &x, at::TensorList weights, at::TensorList copies, at::TensorList biases,
                            at::ScalarType type, ct_products products);

/// The matrices that are multiplied: the copies, the weights themselves, or weights of the same width rounded in this call.
std::vector<at::Tensor> factors_of(at::TensorList weights, at::TensorList copies, const Factors &factors);

} // namespace ct

#endif
