// Rotary position embedding (Su et al. 2021) in the half-split layout, float32 on the CPU.
//
// y[:h] = x[:h]·cos[:h] - x[h:]·sin[:h], y[h:] = x[h:]·cos[h:] + x[:h]·sin[h:], h = D/2; the gradient is the
// transposed rotation. If cosines and sines are narrower than a head, the rest of the head is copied.
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

namespace ct {
namespace {

constexpr int64_t grain = 8; // tokens

CT_MULTIVERSION void rotate_tokens(int64_t begin, int64_t end, int64_t heads, int64_t width, int64_t rotary,
                                   const float *x, const float *cosine, const float *sine, bool back, float *y) {
    const int64_t half = rotary / 2;
    for (int64_t t = begin; t < end; t++) {
        const float *c = cosine + t * rotary, *s = sine + t * rotary;
        for (int64_t n = 0; n < heads; n++) {
            const float *from = x + (t * heads + n) * width;
            float *to = y + (t * heads + n) * width;
            if (back) {
                for (int64_t i = 0; i < half; i++) {
                    to[i] = from[i] * c[i] + from[i + half] * s[i + half];
                    to[i + half] = from[i + half] * c[i + half] - from[i] * s[i];
                }
            } else {
                for (int64_t i = 0; i < half; i++) {
                    to[i] = from[i] * c[i] - from[i + half] * s[i];
                    to[i + half] = from[i + half] * c[i + half] + from[i] * s[i + half];
                }
            }
            for (int64_t i = rotary; i < width; i++) to[i] = from[i];
        }
    }
}

at::Tensor rotate(const at::Tensor &input, const at::Tensor &cosine, const at::Tensor &sine, bool back) {
    const auto x = input.contiguous();
    auto y = at::empty_like(x);
    parallel(x.size(0), grain, [&](int64_t begin, int64_t end) {
        rotate_tokens(begin, end, x.size(1), x.size(2), cosine.size(1), x.const_data_ptr<float>(),
                      cosine.const_data_ptr<float>(), sine.const_data_ptr<float>(), back, y.mutable_data_ptr<float>());
    });
    return y;
}

struct RoPE : torch::autograd::Function<RoPE> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                              const at::Tensor &cosine, const at::Tensor &sine) {
        const Direct direct;
        const auto c = cosine.contiguous(), s = sine.contiguous();
        context->save_for_backward({c, s});
        return rotate(x, c, s, false);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto saved = context->get_saved_variables();
        return {rotate(gradients[0], saved[0], saved[1], true), at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor rope(const at::Tensor &x, const at::Tensor &cosine, const at::Tensor &sine) {
    return RoPE::apply(x, cosine, sine);
}

} // namespace ct
