// LayerNorm (Ba et al. 2016) of a sum, float32 on the CPU: one pass forward, one backward. The sum is the only stored
// intermediate.
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#include <cmath>

namespace ct {
namespace {

constexpr int64_t grain = 16; // rows; below that a thread costs more than it saves

struct Sizes {
    int64_t rows, width;
};

/// Writes x + r to `sums` if there is an r, and the mean and reciprocal deviation to `moments` [rows, 2].
CT_MULTIVERSION void forward_rows(int64_t begin, int64_t end, int64_t width, const float *x, const float *r,
                                  const float *w, const float *b, float epsilon, float *sums, float *moments, float *y) {
    const float share = 1.0f / static_cast<float>(width);
    for (int64_t t = begin; t < end; t++) {
        const float *row = x + t * width;
        if (r != nullptr) {
            for (int64_t i = 0; i < width; i++) sums[t * width + i] = row[i] + r[t * width + i];
            row = sums + t * width;
        }
        vec totals{};
        int64_t i = 0;
        for (; i + lanes <= width; i += lanes) totals += load(row + i);
        float total = sum(totals);
        for (; i < width; i++) total += row[i];
        const float mean = total * share;
        vec squares{};
        for (i = 0; i + lanes <= width; i += lanes) {
            const vec d = load(row + i) - mean;
            squares += d * d;
        }
        float square = sum(squares);
        for (; i < width; i++) square += (row[i] - mean) * (row[i] - mean);
        const float scale = 1.0f / std::sqrt(square * share + epsilon);
        moments[2 * t] = mean;
        moments[2 * t + 1] = scale;
        float *out = y + t * width;
        if (b != nullptr)
            for (i = 0; i < width; i++) out[i] = (row[i] - mean) * scale * w[i] + b[i];
        else
            for (i = 0; i < width; i++) out[i] = (row[i] - mean) * scale * w[i];
    }
}

// dx = s · (w·dy - mean(w·dy) - x̂ · mean(w·dy·x̂)), x̂ = (x - mean(x))·s
CT_MULTIVERSION void backward_rows(int64_t begin, int64_t end, int64_t width, const float *dy, const float *x,
                                   const float *w, const float *moments, float *dx) {
    const float share = 1.0f / static_cast<float>(width);
    for (int64_t t = begin; t < end; t++) {
        const float *row = x + t * width, *gradient = dy + t * width;
        const float mean = moments[2 * t], scale = moments[2 * t + 1];
        vec totals{}, products{};
        int64_t i = 0;
        for (; i + lanes <= width; i += lanes) {
            const vec g = load(gradient + i) * load(w + i);
            totals += g;
            products += g * (load(row + i) - mean);
        }
        float total = sum(totals), product = sum(products);
        for (; i < width; i++) {
            total += gradient[i] * w[i];
            product += gradient[i] * w[i] * (row[i] - mean);
        }
        const float shift = total * share, slope = product * scale * scale * share;
        for (i = 0; i < width; i++)
            dx[t * width + i] = scale * (gradient[i] * w[i] - shift - (row[i] - mean) * slope);
    }
}

CT_MULTIVERSION void backward_columns(int64_t begin, int64_t end, const Sizes &sizes, const float *dy, const float *x,
                                      const float *moments, float *dw, float *db) {
    for (int64_t i = begin; i < end; i++) dw[i] = db[i] = 0;
    for (int64_t t = 0; t < sizes.rows; t++) {
        const float *row = x + t * sizes.width, *gradient = dy + t * sizes.width;
        const float mean = moments[2 * t], scale = moments[2 * t + 1];
        for (int64_t i = begin; i < end; i++) {
            dw[i] += gradient[i] * ((row[i] - mean) * scale);
            db[i] += gradient[i];
        }
    }
}

struct LayerNorm : torch::autograd::Function<LayerNorm> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                              const std::optional<at::Tensor> &residual, const at::Tensor &w,
                              const std::optional<at::Tensor> &bias, double epsilon) {
        const Direct direct;
        const auto x = input.contiguous(), weight = w.contiguous();
        const auto r = residual ? residual->contiguous() : at::Tensor(), b = bias ? bias->contiguous() : at::Tensor();
        const int64_t width = x.size(-1), rows = x.numel() / width;
        auto sums = residual ? at::empty_like(x) : x;
        auto y = at::empty_like(x), moments = at::empty({rows, 2}, x.options());
        const float *r_data = residual ? r.const_data_ptr<float>() : nullptr;
        const float *b_data = bias ? b.const_data_ptr<float>() : nullptr;
        float *sums_data = residual ? sums.mutable_data_ptr<float>() : nullptr;
        parallel(rows, grain, [&](int64_t begin, int64_t end) {
            forward_rows(begin, end, width, x.const_data_ptr<float>(), r_data, weight.const_data_ptr<float>(), b_data,
                         static_cast<float>(epsilon), sums_data, moments.mutable_data_ptr<float>(),
                         y.mutable_data_ptr<float>());
        });
        context->save_for_backward({sums, weight, moments});
        context->saved_data["has_residual"] = residual.has_value();
        context->saved_data["has_bias"] = bias.has_value();
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto saved = context->get_saved_variables();
        const auto &x = saved[0], &w = saved[1], &moments = saved[2];
        const auto dy = gradients[0].contiguous();
        const Sizes sizes{x.numel() / x.size(-1), x.size(-1)};
        auto dx = at::empty_like(x), dw = at::empty_like(w), db = at::empty_like(w);
        parallel(sizes.rows, grain, [&](int64_t begin, int64_t end) {
            backward_rows(begin, end, sizes.width, dy.const_data_ptr<float>(), x.const_data_ptr<float>(),
                          w.const_data_ptr<float>(), moments.const_data_ptr<float>(), dx.mutable_data_ptr<float>());
        });
        parallel(sizes.width, 128, [&](int64_t begin, int64_t end) {
            backward_columns(begin, end, sizes, dy.const_data_ptr<float>(), x.const_data_ptr<float>(),
                             moments.const_data_ptr<float>(), dw.mutable_data_ptr<float>(), db.mutable_data_ptr<float>());
        });
        const bool has_residual = context->saved_data["has_residual"].toBool();
        const bool has_bias = context->saved_data["has_bias"].toBool();
        return {dx, has_residual ? dx : at::Tensor(), dw, has_bias ? db : at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor layer_norm(const at::Tensor &x, const std::optional<at::Tensor> &residual, const at::Tensor &w,
                      const std::optional<at::Tensor> &bias, double epsilon) {
    return LayerNorm::apply(x, residual, w, bias, epsilon);
}

} // namespace ct
