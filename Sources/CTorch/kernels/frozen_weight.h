// Matrices without a gradient: those in memory, and those that are kept quantized.
#ifndef CT_FROZEN_WEIGHT_H
#define CT_FROZEN_WEIGHT_H

#include "../include/ctorch.h"
#include "linear.h"

#include <torch/custom_class.h>

namespace ct {

/// A matrix w, [rows, columns], that is multiplied but not trained. The products are float32.
struct FrozenWeight : torch::CustomClassHolder {
    /// x · wᵀ + bias, for x of the factors' type.
    virtual at::Tensor product(const at::Tensor &x, const std::optional<at::Tensor> &bias, const Factors &factors) const = 0;
    /// dy · w, for dy of the factors' type.
    virtual at::Tensor transposed_product(const at::Tensor &dy, const Factors &factors) const = 0;

    virtual int64_t rows() const = 0;
    virtual int64_t columns() const = 0;
};

/// A matrix in memory, and perhaps a copy in a narrower type.
struct ResidentWeight final : FrozenWeight {
    ResidentWeight(at::Tensor matrix, std::optional<at::Tensor> copy) : matrix(std::move(matrix)), copy(std::move(copy)) {}

    at::Tensor product(const at::Tensor &x, const std::optional<at::Tensor> &bias, const Factors &factors) const override {
        return factors.product(x, in(factors), bias);
    }
    at::Tensor transposed_product(const at::Tensor &dy, const Factors &factors) const override {
        return factors.product(dy, in(factors).t(), std::nullopt);
    }
    int64_t rows() const override { return matrix.size(0); }
    int64_t columns() const override { return matrix.size(1); }

  private:
    at::Tensor in(const Factors &factors) const { return copy && !factors.is_float32() ? *copy : matrix.to(factors.type); }

    const at::Tensor matrix;
    const std::optional<at::Tensor> copy;
};

/// A matrix that the caller dequantizes by rows, a tile at a time, whenever it is multiplied.
struct StoredWeight final : FrozenWeight {
    explicit StoredWeight(const ct_stored_matrix &matrix) : matrix(matrix) {}
    StoredWeight(const StoredWeight &) = delete;
    StoredWeight &operator=(const StoredWeight &) = delete;
    ~StoredWeight() override { matrix.release(matrix.context); }

    at::Tensor product(const at::Tensor &x, const std::optional<at::Tensor> &bias, const Factors &factors) const override;
    at::Tensor transposed_product(const at::Tensor &dy, const Factors &factors) const override;
    int64_t rows() const override { return matrix.rows; }
    int64_t columns() const override { return matrix.columns; }

  private:
    template <typename Body> void for_each_tile(const at::Tensor &like, const Body &body) const;

    const ct_stored_matrix matrix;
};

struct LowRank;

/// x · wᵀ + bias in float32, with factors of `type` unless `products` computes in float32, plus an adapter's product if there
/// is one.
at::Tensor frozen_linear(const at::Tensor &x, const c10::intrusive_ptr<FrozenWeight> &weight,
                         const std::optional<at::Tensor> &bias, const LowRank *adapter, at::ScalarType type,
                         ct_products products);

} // namespace ct

#endif
