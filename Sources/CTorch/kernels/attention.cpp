// Attention over a packed batch, float32 on the CPU, exact.
//
// One task is one sequence and one key/value head (with all the query heads that share it), so nothing is shared
// between tasks. Query rows go in blocks: a block's scores against all its keys stay in the cache, and a block below
// the diagonal ends stops at its last visible key. The backward pass recomputes the scores from the saved
// log-sum-exp (Dao et al. 2022, FlashAttention, section 3.1) instead of keeping [L, L] matrices.
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#include <atomic>
#include <cmath>

namespace ct {
namespace {

constexpr int64_t block = 64; // query rows

struct Shape {
    int64_t heads, kv_heads, width; // N, M, D
    float scale;
    bool causal;

    int64_t q_row() const { return heads * width; }
    int64_t kv_row() const { return kv_heads * width; }
    /// Keys that the query rows before `end` may see, of `length`.
    int64_t visible(int64_t end, int64_t length) const { return causal ? end : length; }
};

/// What one thread works in: transposed keys and values [D, L'], scores and their gradients [block, L'], L' = L
/// rounded up to whole vectors.
struct Scratch {
    float *keys, *values, *scores, *gradients;

    static int64_t size(int64_t width, int64_t longest) { return (2 * width + 2 * block) * round_up(longest); }

    Scratch(float *memory, int64_t width, int64_t longest) {
        const int64_t padded = round_up(longest);
        keys = memory;
        values = keys + width * padded;
        scores = values + width * padded;
        gradients = scores + block * padded;
    }
};

CT_INLINE void transpose(const float *rows, int64_t row, int64_t length, int64_t width, float *columns) {
    const int64_t padded = round_up(length);
    for (int64_t d = 0; d < width; d++) {
        for (int64_t j = 0; j < length; j++) columns[d * padded + j] = rows[j * row + d];
        for (int64_t j = length; j < padded; j++) columns[d * padded + j] = 0;
    }
}

/// In place: scores → probabilities over the first `visible` of `padded`, zero after; returns the log-sum-exp.
CT_INLINE float softmax(float *scores, int64_t visible, int64_t padded, float scale) {
    float largest = -INFINITY;
    for (int64_t j = 0; j < visible; j++) largest = scores[j] > largest ? scores[j] : largest;
    for (int64_t j = visible; j < padded; j++) scores[j] = -INFINITY;
    vec totals{};
    for (int64_t j = 0; j < padded; j += lanes) {
        vec e = (load(scores + j) - largest) * scale;
        exp(e);
        store(scores + j, e);
        totals += e;
    }
    const float total = sum(totals), inverse = 1.0f / total;
    for (int64_t j = 0; j < padded; j++) scores[j] *= inverse;
    return largest * scale + std::log(total);
}

CT_MULTIVERSION void forward_task(const Shape &shape, int64_t kv_head, int64_t start, int64_t length, const float *q,
                                  const float *k, const float *v, float *y, float *lse, const Scratch &scratch) {
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, padded = round_up(length);
    const float *values = v + start * shape.kv_row() + kv_head * width;
    transpose(k + start * shape.kv_row() + kv_head * width, shape.kv_row(), length, width, scratch.keys);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < length; first += block) {
            const int64_t rows = std::min(block, length - first), seen = shape.visible(first + rows, length);
            const int64_t offset = (start + first) * shape.q_row() + head * width;
            multiply(rows, round_up(seen), width, q + offset, shape.q_row(), 1, scratch.keys, padded, scratch.scores,
                     padded, false);
            for (int64_t r = 0; r < rows; r++)
                lse[(start + first + r) * shape.heads + head] =
                    softmax(scratch.scores + r * padded, shape.visible(first + r + 1, length), round_up(seen),
                            shape.scale);
            multiply(rows, width, seen, scratch.scores, padded, 1, values, shape.kv_row(), y + offset, shape.q_row(),
                     false);
        }
    }
}

struct Saved {
    const float *dy, *q, *k, *v, *y, *lse;
    float *dq, *dk, *dv;
};

/// scores → probabilities P from the saved log-sum-exp; gradients dP → dS = P·(dP - δ)·scale.
CT_INLINE void score_gradients(float *scores, float *gradients, int64_t visible, int64_t padded, float lse,
                               float delta, float scale) {
    for (int64_t j = visible; j < padded; j++) scores[j] = -INFINITY;
    for (int64_t j = 0; j < padded; j += lanes) {
        vec p = load(scores + j) * scale - lse;
        exp(p);
        store(scores + j, p);
        store(gradients + j, p * (load(gradients + j) - delta) * scale);
    }
}

CT_MULTIVERSION void backward_task(const Shape &shape, int64_t kv_head, int64_t start, int64_t length, const Saved &saved,
                                   const Scratch &scratch) {
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, padded = round_up(length);
    const int64_t q_row = shape.q_row(), kv_row = shape.kv_row(), kv_offset = start * kv_row + kv_head * width;
    transpose(saved.k + kv_offset, kv_row, length, width, scratch.keys);
    transpose(saved.v + kv_offset, kv_row, length, width, scratch.values);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < length; first += block) {
            const int64_t rows = std::min(block, length - first), seen = shape.visible(first + rows, length);
            const int64_t columns = round_up(seen), offset = (start + first) * q_row + head * width;
            const float *dy = saved.dy + offset, *y = saved.y + offset;
            multiply(rows, columns, width, saved.q + offset, q_row, 1, scratch.keys, padded, scratch.scores, padded,
                     false);
            multiply(rows, columns, width, dy, q_row, 1, scratch.values, padded, scratch.gradients, padded, false);
            for (int64_t r = 0; r < rows; r++) {
                vec products{};
                for (int64_t d = 0; d < width; d += lanes)
                    products += load(dy + r * q_row + d) * load(y + r * q_row + d);
                score_gradients(scratch.scores + r * padded, scratch.gradients + r * padded,
                                shape.visible(first + r + 1, length), columns,
                                saved.lse[(start + first + r) * shape.heads + head], sum(products), shape.scale);
            }
            multiply(rows, width, seen, scratch.gradients, padded, 1, saved.k + kv_offset, kv_row, saved.dq + offset,
                     q_row, false);
            multiply(seen, width, rows, scratch.gradients, 1, padded, saved.q + offset, q_row, saved.dk + kv_offset,
                     kv_row, true);
            multiply(seen, width, rows, scratch.scores, 1, padded, dy, q_row, saved.dv + kv_offset, kv_row, true);
        }
    }
}

int64_t longest(const std::vector<int64_t> &offsets) {
    int64_t length = 0;
    for (size_t i = 0; i + 1 < offsets.size(); i++) length = std::max(length, offsets[i + 1] - offsets[i]);
    return length;
}

/// Runs `task(kv_head, start, length, scratch)` for every sequence and key/value head.
template <typename Task> void each_task(const Shape &shape, const std::vector<int64_t> &offsets, const Task &task) {
    const int64_t sequences = static_cast<int64_t>(offsets.size()) - 1;
    const int64_t length = longest(offsets), size = Scratch::size(shape.width, length);
    // Allocated out here, where running out of memory is an exception that somebody catches.
    auto memory = at::empty({at::get_num_threads(), size}, at::TensorOptions().dtype(at::kFloat));
    float *start_of_memory = memory.mutable_data_ptr<float>();
    std::atomic<int64_t> taken{0};
    parallel(sequences * shape.kv_heads, 1, [&](int64_t begin, int64_t end) {
        const Scratch scratch(start_of_memory + taken.fetch_add(1) * size, shape.width, length);
        for (int64_t i = begin; i < end; i++) {
            const int64_t sequence = i / shape.kv_heads, start = offsets[sequence];
            task(i % shape.kv_heads, start, offsets[sequence + 1] - start, scratch);
        }
    });
}

Shape shape_of(const at::Tensor &q, const at::Tensor &k, double scale, bool causal) {
    return Shape{q.size(1), k.size(1), q.size(2), static_cast<float>(scale), causal};
}

struct Attention : torch::autograd::Function<Attention> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &query,
                              const at::Tensor &key, const at::Tensor &value, std::vector<int64_t> offsets,
                              double scale, bool causal) {
        const auto q = query.contiguous(), k = key.contiguous(), v = value.contiguous();
        auto y = at::empty_like(q), lse = at::empty({q.size(0), q.size(1)}, q.options());
        const auto shape = shape_of(q, k, scale, causal);
        each_task(shape, offsets, [&](int64_t head, int64_t start, int64_t length, const Scratch &scratch) {
            forward_task(shape, head, start, length, q.const_data_ptr<float>(), k.const_data_ptr<float>(),
                         v.const_data_ptr<float>(), y.mutable_data_ptr<float>(), lse.mutable_data_ptr<float>(), scratch);
        });
        context->save_for_backward({q, k, v, y, lse});
        context->saved_data["offsets"] = offsets;
        context->saved_data["scale"] = scale;
        context->saved_data["causal"] = causal;
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &y = saved[3], &lse = saved[4];
        const auto offsets = context->saved_data["offsets"].toIntVector();
        const auto shape = shape_of(q, k, context->saved_data["scale"].toDouble(), context->saved_data["causal"].toBool());
        const auto dy = gradients[0].contiguous();
        auto dq = at::empty_like(q), dk = at::zeros_like(k), dv = at::zeros_like(v);
        const Saved memory{dy.const_data_ptr<float>(), q.const_data_ptr<float>(), k.const_data_ptr<float>(),
                           v.const_data_ptr<float>(), y.const_data_ptr<float>(), lse.const_data_ptr<float>(),
                           dq.mutable_data_ptr<float>(), dk.mutable_data_ptr<float>(), dv.mutable_data_ptr<float>()};
        each_task(shape, offsets, [&](int64_t head, int64_t start, int64_t length, const Scratch &scratch) {
            backward_task(shape, head, start, length, memory, scratch);
        });
        return {dq, dk, dv, at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

} // namespace

bool attention_supported(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v) {
    return is_cpu_float32(q) && is_cpu_float32(k) && is_cpu_float32(v) && q.size(2) % lanes == 0;
}

at::Tensor attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, std::vector<int32_t> offsets,
                     double scale, bool causal) {
    return Attention::apply(q, k, v, std::vector<int64_t>(offsets.begin(), offsets.end()), scale, causal);
}

} // namespace ct
