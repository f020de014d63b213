// A feed-forward layer in 8-bit integers.
//
// A core takes some rows through both products: the wide rows between them are a few hundred KB, and neither they nor their codes
// leave its cache.
#include "activation.h"
#include "int8_linear.h"
#include "parallel.h"
#include "vector.h"

#include <atomic>
#include <vector>

namespace ct {
namespace {

/// In place: f(gate), or f(gate) · up with the rows of `up` a group apart.
template <ct_activation A>
CT_INLINE void activate_rows(float *gate, int64_t stride, const float *up, int64_t rows, int64_t columns) {
    vec x, y, slope;
    for (int64_t r = 0; r < rows; r++) {
        float *row = gate + r * stride;
        const float *other = up != nullptr ? up + r * int8_group_outputs : nullptr;
        int64_t i = 0;
        for (; i + lanes <= columns; i += lanes) {
            x = load(row + i);
            activate<A, false>(x, y, slope);
            store(row + i, other != nullptr ? y * load(other + i) : y);
        }
        for (; i < columns; i++) {
            x = vec{} + row[i];
            activate<A, false>(x, y, slope);
            row[i] = other != nullptr ? y[0] * other[i] : y[0];
        }
    }
}

CT_MULTIVERSION void activate(ct_activation activation, float *gate, int64_t stride, const float *up, int64_t rows,
                              int64_t columns) {
    switch (activation) {
    case CT_ACTIVATION_SILU: return activate_rows<CT_ACTIVATION_SILU>(gate, stride, up, rows, columns);
    case CT_ACTIVATION_GELU: return activate_rows<CT_ACTIVATION_GELU>(gate, stride, up, rows, columns);
    case CT_ACTIVATION_GELU_TANH: return activate_rows<CT_ACTIVATION_GELU_TANH>(gate, stride, up, rows, columns);
    case CT_ACTIVATION_RELU: return activate_rows<CT_ACTIVATION_RELU>(gate, stride, up, rows, columns);
    }
}

/// The memory of one thread.
struct FeedForwardScratch {
    at::Tensor inner; // [int8_most_rows, width]
    Int8Rows codes;   // of the same rows
};

/// One thread's share of a layer.
struct FeedForwardWorker {
    const Int8FeedForward &layer;
    const Int8Rows &x;
    float *y;
    const Int8Machine &machine;
    const FeedForwardScratch &scratch;

    const Int8Matrix &last() const { return layer.layers.back(); }
    const float *bias(size_t i) const { return layer.biases.empty() ? nullptr : layer.biases[i].const_data_ptr<float>(); }

    void run(int64_t first, int64_t rows) const {
        alignas(64) int32_t sums[int8_most_rows * int8_group_outputs];
        alignas(64) float up[int8_most_rows * int8_group_outputs];
        const bool is_gated = layer.layers.size() > 2;
        const Int8Matrix &gate = layer.layers[0];
        auto *inner = scratch.inner.data_ptr<float>();
        const int64_t width = gate.rows;
        for_each_group(gate, [&](int64_t panel, int64_t panels, int64_t columns) {
            float *to = inner + panel * int8_outputs;
            int8_part({x, first, rows, gate, panel, panels, bias(0), to, width}, machine, sums);
            if (is_gated) int8_part({x, first, rows, layer.layers[1], panel, panels, bias(1), up, int8_group_outputs}, machine, sums);
            activate(layer.activation, to, width, is_gated ? up : nullptr, rows, columns);
        });
        quantize_int8_rows(inner, width, rows, last().outlier_factor, scratch.codes);
        for_each_group(last(), [&](int64_t panel, int64_t panels, int64_t) {
            float *to = y + first * last().rows + panel * int8_outputs;
            int8_part({scratch.codes, 0, rows, last(), panel, panels, bias(layer.layers.size() - 1), to, last().rows}, machine, sums);
        });
    }

    /// Calls `body(panel, panels, outputs)` for groups of panels.
    template <typename Body> static void for_each_group(const Int8Matrix &w, const Body &body) {
        const int64_t panels = w.panels.size(0);
        for (int64_t panel = 0; panel < panels; panel += int8_group_panels)
            body(panel, std::min(int8_group_panels, panels - panel),
                 std::min(int8_group_outputs, w.rows - panel * int8_outputs));
    }
};

} // namespace

at::Tensor int8_feed_forward(const at::Tensor &x, const Int8FeedForward &layer, const Int8Machine &machine) {
    const auto &first = layer.layers.front(), &last = layer.layers.back();
    const auto rows = quantized_rows(x, first.outlier_factor);
    auto y = at::empty({x.size(0), last.rows}, x.options());
    const int64_t blocks = std::max(int8_blocks(rows.count, last), std::min<int64_t>(at::get_num_threads(), rows.count));
    // Allocated outside of the parallel region, so that an out-of-memory exception can be caught.
    std::vector<FeedForwardScratch> scratch;
    for (int i = 0; i < at::get_num_threads(); i++)
        scratch.push_back({at::empty({int8_most_rows, first.rows}, x.options()), new_int8_rows(int8_most_rows, first.rows)});
    std::atomic<size_t> taken{0};
    auto *out = y.mutable_data_ptr<float>();
    parallel(blocks, 1, [&](int64_t begin, int64_t end) {
        const FeedForwardWorker worker{layer, rows, out, machine, scratch[taken.fetch_add(1)]};
        for (int64_t i = begin; i < end; i++) {
            const int64_t begins = rows.count * i / blocks;
            worker.run(begins, rows.count * (i + 1) / blocks - begins);
        }
    });
    return y;
}

} // namespace ct
