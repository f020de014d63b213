// Dropout (Srivastava et al. 2014), float32 on the CPU: the mask is computed from a seed and never stored.
#include "dropout.h"

#include "hash.h"
#include "kernels.h"
#include "parallel.h"

namespace ct {
namespace {

CT_MULTIVERSION void drop_blocks(int64_t begin, int64_t end, const float *x, float *y, int64_t count,
                                 const Dropout &dropout) {
    const uint32_t threshold = dropout.threshold();
    const vec scale = vec{} + dropout.scale();
    for (int64_t block = begin; block < end; block++) {
        const uint32_t key = PlaceHash::block_key(dropout.seed, block);
        const int64_t start = block * PlaceHash::block, length = std::min(PlaceHash::block, count - start);
        uvec h;
        int64_t i = 0;
        for (; i + lanes <= length; i += lanes) {
            PlaceHash::bits(key, i, h);
            store(y + start + i, h >= threshold ? load(x + start + i) * scale : vec{});
        }
        if (i == length) continue;
        PlaceHash::bits(key, i, h);
        for (int64_t j = 0; i + j < length; j++) y[start + i + j] = h[j] >= threshold ? x[start + i + j] * scale[j] : 0;
    }
}

at::Tensor drop(const at::Tensor &input, const Dropout &dropout) {
    const auto x = input.contiguous();
    auto y = at::empty_like(x);
    const int64_t count = x.numel();
    parallel((count + PlaceHash::block - 1) / PlaceHash::block, /*grain=*/16, [&](int64_t begin, int64_t end) {
        drop_blocks(begin, end, x.const_data_ptr<float>(), y.mutable_data_ptr<float>(), count, dropout);
    });
    return y;
}

struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, double probability,
                              int64_t seed) {
        const Direct direct;
        context->saved_data["probability"] = probability;
        context->saved_data["seed"] = seed;
        return drop(x, {probability, static_cast<uint64_t>(seed)});
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const Dropout dropout{context->saved_data["probability"].toDouble(),
                              static_cast<uint64_t>(context->saved_data["seed"].toInt())};
        return {drop(gradients[0], dropout), at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor dropout(const at::Tensor &x, const Dropout &how) {
    return DropoutFunction::apply(x, how.probability, static_cast<int64_t>(how.seed));
}

at::Tensor dropout_plain(const at::Tensor &x, const Dropout &how) {
    const auto bits = place_bits(x.numel(), how.seed, x.options());
    const auto kept = bits.ge(static_cast<int64_t>(how.threshold())).reshape(x.sizes());
    return x * (kept.to(x.scalar_type()) * how.scale());
}

} // namespace ct
