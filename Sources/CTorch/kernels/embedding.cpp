// Table lookup on the CPU with a gradient that only has the rows that occur: a batch of a few hundred tokens neither creates
// nor reads a gradient for all 49,152 rows of a vocabulary.
//
// For a bfloat16 table the rows are summed in float32 and rounded once. libtorch sums in the table's type, in which a token's
// hundredth occurrence no longer counts.
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

namespace ct {
namespace {

/// Adds each row of dy to its row in `sums`, in order.
CT_MULTIVERSION void add_columns(int64_t begin, int64_t end, int64_t rows, int64_t width, const float *dy,
                                 const int64_t *places, float *sums) {
    for (int64_t t = 0; t < rows; t++) {
        float *sum = sums + places[t] * width;
        for (int64_t i = begin; i < end; i++) sum[i] += dy[t * width + i];
    }
}

/// Returns [count, H], the sums of the rows of dy [T, H] by target row in places [T], added in order.
at::Tensor summed_rows(const at::Tensor &gradient, const at::Tensor &places, int64_t count) {
    const auto dy = gradient.contiguous(), at_rows = places.contiguous();
    const int64_t width = dy.size(1);
    auto sums = at::zeros({count, width}, dy.options());
    if (!is_cpu_float32(dy)) return sums.index_add_(0, at_rows, dy);
    parallel(width, 64, [&](int64_t begin, int64_t end) {
        add_columns(begin, end, dy.size(0), width, dy.const_data_ptr<float>(), at_rows.const_data_ptr<int64_t>(),
                    sums.mutable_data_ptr<float>());
    });
    return sums;
}

struct Embedding : torch::autograd::Function<Embedding> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &table, const at::Tensor &ids,
                              int64_t padding_index) {
        const Direct direct;
        context->save_for_backward({ids});
        context->saved_data["rows"] = table.size(0);
        context->saved_data["dtype"] = table.scalar_type();
        context->saved_data["padding_index"] = padding_index;
        return at::embedding(table, ids).to(at::kFloat);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto ids = context->get_saved_variables()[0].reshape({-1});
        const auto dy = gradients[0].reshape({ids.numel(), -1});
        const auto padding_index = context->saved_data["padding_index"].toInt();
        const auto type = context->saved_data["dtype"].toScalarType();
        const int64_t count = context->saved_data["rows"].toInt();
        const auto [rows, places, counts] = at::_unique2(ids, /*sorted=*/true, /*return_inverse=*/true);
        auto sums = summed_rows(dy, places.reshape({-1}), rows.numel());
        if (padding_index >= 0) sums.masked_fill_((rows == padding_index).unsqueeze(1), 0);
        at::Tensor gradient;
        if (type == at::kFloat) {
            gradient = at::_sparse_coo_tensor_unsafe(rows.unsqueeze(0), sums, {count, dy.size(1)}, dy.options());
            gradient._coalesced_(true);
        } else {
            gradient = at::zeros({count, dy.size(1)}, dy.options().dtype(type));
            gradient.index_copy_(0, rows, sums.to(type));
        }
        return {gradient, at::Tensor(), at::Tensor()};
    }
};

} // namespace

bool embedding_supported(const at::Tensor &table) {
    return at::GradMode::is_enabled() && table.requires_grad() &&
           (is_cpu_float32(table) || table.scalar_type() == at::kBFloat16 || table.scalar_type() == at::kHalf);
}

at::Tensor embedding(const at::Tensor &table, const at::Tensor &ids, int64_t padding_index) {
    return Embedding::apply(table, ids, padding_index);
}

} // namespace ct
