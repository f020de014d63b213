// Lookup in a table of bfloat16: its gradient is summed in float32 and rounded once. libtorch sums in the table's type,
// where a token's hundredth occurrence no longer counts.
#include "kernels.h"

namespace ct {
namespace {

struct NarrowEmbedding : torch::autograd::Function<NarrowEmbedding> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &table, const at::Tensor &ids,
                              int64_t padding_index) {
        context->save_for_backward({ids});
        context->saved_data["rows"] = table.size(0);
        context->saved_data["dtype"] = table.scalar_type();
        context->saved_data["padding_index"] = padding_index;
        return at::embedding(table, ids).to(at::kFloat);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto ids = context->get_saved_variables()[0].reshape({-1});
        const auto dy = gradients[0].reshape({ids.numel(), -1});
        const auto padding_index = context->saved_data["padding_index"].toInt();
        // Of the rows that occur alone, so that no float32 copy of the table is made.
        const auto [rows, places, counts] = at::_unique2(ids, /*sorted=*/true, /*return_inverse=*/true);
        const auto sums = at::zeros({rows.numel(), dy.size(1)}, dy.options()).index_add_(0, places.reshape({-1}), dy);
        auto gradient = at::zeros({context->saved_data["rows"].toInt(), dy.size(1)},
                                  dy.options().dtype(context->saved_data["dtype"].toScalarType()));
        gradient.index_copy_(0, rows, sums.to(gradient.scalar_type()));
        if (padding_index >= 0) gradient[padding_index].zero_();
        return {gradient, at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor narrow_embedding(const at::Tensor &table, const at::Tensor &ids, int64_t padding_index) {
    return NarrowEmbedding::apply(table, ids, padding_index);
}

} // namespace ct
