// RMSNorm (Zhang and Sennrich 2019), float32 on the CPU: one pass forward, one backward.
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#include <cmath>

namespace ct {
namespace {

constexpr int64_t grain = 16; // rows; below that a thread costs more than it saves

CT_MULTIVERSION void forward_rows(int64_t begin, int64_t end, int64_t width, const float *x, const float *w,
                                  float epsilon, float *y, float *scales) {
    for (int64_t t = begin; t < end; t++) {
        const float *row = x + t * width;
        vec squares{};
        int64_t i = 0;
        for (; i + lanes <= width; i += lanes) squares += load(row + i) * load(row + i);
        float total = sum(squares);
        for (; i < width; i++) total += row[i] * row[i];
        const float scale = 1.0f / std::sqrt(total / static_cast<float>(width) + epsilon);
        scales[t] = scale;
        for (i = 0; i < width; i++) y[t * width + i] = w[i] * (row[i] * scale);
    }
}

// dx = s · (w·dy - x̂ · mean(w·dy·x̂)), x̂ = x·s
CT_MULTIVERSION void backward_rows(int64_t begin, int64_t end, int64_t width, const float *dy, const float *x,
                                   const float *w, const float *scales, float *dx) {
    for (int64_t t = begin; t < end; t++) {
        const float *row = x + t * width, *gradient = dy + t * width;
        vec products{};
        int64_t i = 0;
        for (; i + lanes <= width; i += lanes) products += load(gradient + i) * load(w + i) * load(row + i);
        float total = sum(products);
        for (; i < width; i++) total += gradient[i] * w[i] * row[i];
        const float scale = scales[t];
        const float shift = total * scale * scale / static_cast<float>(width);
        for (i = 0; i < width; i++) dx[t * width + i] = scale * (gradient[i] * w[i] - row[i] * shift);
    }
}

CT_MULTIVERSION void backward_columns(int64_t begin, int64_t end, int64_t rows, int64_t width, const float *dy,
                                      const float *x, const float *scales, float *dw) {
    for (int64_t i = begin; i < end; i++) dw[i] = 0;
    for (int64_t t = 0; t < rows; t++)
        for (int64_t i = begin; i < end; i++) dw[i] += dy[t * width + i] * (x[t * width + i] * scales[t]);
}

struct RMSNorm : torch::autograd::Function<RMSNorm> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                              const at::Tensor &w, double epsilon) {
        const Direct direct;
        const auto x = input.contiguous(), weight = w.contiguous();
        const int64_t width = x.size(-1), rows = x.numel() / width;
        auto y = at::empty_like(x), scales = at::empty({rows}, x.options());
        parallel(rows, grain, [&](int64_t begin, int64_t end) {
            forward_rows(begin, end, width, x.const_data_ptr<float>(), weight.const_data_ptr<float>(),
                         static_cast<float>(epsilon), y.mutable_data_ptr<float>(), scales.mutable_data_ptr<float>());
        });
        context->save_for_backward({x, weight, scales});
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto saved = context->get_saved_variables();
        const auto &x = saved[0], &w = saved[1], &scales = saved[2];
        const auto dy = gradients[0].contiguous();
        const int64_t width = x.size(-1), rows = x.numel() / width;
        auto dx = at::empty_like(x);
        parallel(rows, grain, [&](int64_t begin, int64_t end) {
            backward_rows(begin, end, width, dy.const_data_ptr<float>(), x.const_data_ptr<float>(),
                          w.const_data_ptr<float>(), scales.const_data_ptr<float>(), dx.mutable_data_ptr<float>());
        });
        at::Tensor dw;
        if (context->needs_input_grad(1)) {
            dw = at::empty_like(w);
            parallel(width, 128, [&](int64_t begin, int64_t end) {
                backward_columns(begin, end, rows, width, dy.const_data_ptr<float>(), x.const_data_ptr<float>(),
                                 scales.const_data_ptr<float>(), dw.mutable_data_ptr<float>());
            });
        }
        return {dx, dw, at::Tensor()};
    }
};

} // namespace

at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &w, double epsilon) {
    return RMSNorm::apply(x, w, epsilon);
}

} // namespace ct
