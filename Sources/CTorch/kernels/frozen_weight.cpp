#include "frozen_weight.h"

#include "../support.h"

namespace ct {

/// Calls `body(first, tile)` for consecutive rows in the type and on the device of a tensor. One buffer serves all tiles.
template <typename Body> void StoredWeight::for_each_tile(const at::Tensor &like, const Body &body) const {
    const int64_t height = std::clamp<int64_t>(matrix.tile_rows, 1, std::max<int64_t>(rows(), 1));
    const auto type = like.scalar_type() == at::kBFloat16 ? at::kBFloat16 : at::kFloat;
    const auto buffer = at::empty({height, columns()}, at::TensorOptions(type));
    for (int64_t first = 0; first < rows(); first += height) {
        const auto tile = buffer.narrow(0, 0, std::min(height, rows() - first));
        const auto out = handle(tile);
        const int status = matrix.read(matrix.context, out, first);
        ct_tensor_free(out);
        require(status);
        body(first, tile.to(like.device(), like.scalar_type()));
    }
}

at::Tensor StoredWeight::product(const at::Tensor &x, const std::optional<at::Tensor> &bias, const Factors &factors) const {
    auto y = at::empty({x.size(0), rows()}, x.options().dtype(at::kFloat));
    for_each_tile(x, [&](int64_t first, const at::Tensor &tile) {
        auto part = y.narrow(1, first, tile.size(0));
        const auto own = bias ? std::optional(bias->narrow(0, first, tile.size(0))) : std::nullopt;
        if (!factors.is_float32() || factors.products.route != CT_FLOAT_MKL) part.copy_(factors.product(x, tile, own));
        else if (own) at::addmm_out(part, *own, x, tile.t());
        else at::mm_out(part, x, tile.t());
    });
    return y;
}

at::Tensor StoredWeight::transposed_product(const at::Tensor &dy, const Factors &factors) const {
    auto dx = at::zeros({dy.size(0), columns()}, dy.options().dtype(at::kFloat));
    for_each_tile(dy, [&](int64_t first, const at::Tensor &tile) {
        const auto part = dy.narrow(1, first, tile.size(0));
        if (!factors.is_float32() || factors.products.route != CT_FLOAT_MKL) dx.add_(factors.product(part.contiguous(), tile.t(), std::nullopt));
        else dx.addmm_(part, tile);
    });
    return dx;
}

} // namespace ct
