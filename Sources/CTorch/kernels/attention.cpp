// Attention over a packed batch, float32 on the CPU, exact.
//
// One task is one sequence and one key/value head (with all the query heads that share it), so nothing is shared
// between tasks. Query rows are processed in blocks: a block's scores for all keys that any of its rows may see stay in the
// cache. The backward pass recomputes the scores from the saved log-sum-exp (Dao et al. 2022, FlashAttention, section
// 3.1) instead of keeping [L, L] matrices, and dropout's mask from its seed.
#include "attention.h"

#include "parallel.h"
#include "transpose.h"
#include "vector.h"

#include <atomic>
#include <cmath>

namespace ct {
namespace {

constexpr int64_t block = 64; // query rows

struct Shape {
    int64_t heads, kv_heads, width; // N, M, D
    AttentionOptions options;

    CT_INLINE int64_t q_row() const { return heads * width; }
    CT_INLINE int64_t kv_row() const { return kv_heads * width; }
};

/// One sequence's rows: queries from `first_query`, `queries` of them, at `positions`; keys from `first_key`, `length`
/// of them.
struct Sequence {
    int64_t first_query, queries, first_key, length;
    const int64_t *positions;
};

/// Buffers of one thread: transposed keys and values [D, L'], scores and their gradients [block, L'], where L' is L
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

/// The keys [begin, end) that any row of a block sees; `begin` is a multiple of the vector width.
struct Span {
    int64_t begin, end;
};

CT_INLINE Span span_of(const AttentionOptions &options, const Sequence &sequence, int64_t first, int64_t rows) {
    return {options.first_key(sequence.positions[first]) / lanes * lanes,
            options.end_key(sequence.positions[first + rows - 1], sequence.length)};
}

/// Writes `length` rows of `width` numbers as columns, with zeros up to whole vectors.
CT_INLINE void transpose(const float *rows, int64_t row, int64_t length, int64_t width, float *columns) {
    const int64_t padded = round_up(length), whole = width / lanes * lanes;
    for (int64_t j = 0; j < length; j += lanes) {
        const int64_t count = std::min(lanes, length - j);
        for (int64_t d = 0; d < whole; d += lanes) {
            vec square[lanes];
            for (int64_t r = 0; r < lanes; r++) square[r] = r < count ? load(rows + (j + r) * row + d) : vec{};
            transpose_square(square);
            for (int64_t r = 0; r < lanes; r++) store(columns + (d + r) * padded + j, square[r]);
        }
    }
    for (int64_t d = whole; d < width; d++) {
        for (int64_t j = 0; j < length; j++) columns[d * padded + j] = rows[j * row + d];
        for (int64_t j = length; j < padded; j++) columns[d * padded + j] = 0;
    }
}

/// Dropout's mask for sixteen weights from `column` on: 1 / (1 - p) or 0 each.
CT_INLINE void kept(uint32_t row_key, int64_t column, const AttentionOptions &options, vec &scale) {
    uvec h;
    PlaceHash::bits(row_key, column, h);
    const uint32_t threshold = options.dropout_threshold();
    scale = h >= threshold ? vec{} + options.dropout_scale() : vec{};
}

/// In place: raw scores → scaled and soft-capped scores.
CT_INLINE void cap(float *scores, int64_t columns, const AttentionOptions &options) {
    const float inward = options.scale / options.softcap;
    for (int64_t j = 0; j < columns; j += lanes) {
        vec t = load(scores + j) * inward;
        tanh(t);
        store(scores + j, t * options.softcap);
    }
}

/// In place: scores → probabilities over `visible_begin ..< visible_end` of `columns` without their common factor `inverse`, zero
/// elsewhere; returns the log-sum-exp.
CT_INLINE float softmax(float *scores, int64_t visible_begin, int64_t visible_end, int64_t columns, float scale, float &inverse) {
    for (int64_t j = 0; j < visible_begin; j++) scores[j] = -INFINITY;
    for (int64_t j = visible_end; j < columns; j++) scores[j] = -INFINITY;
    vec high = vec{} - INFINITY, totals{};
    for (int64_t j = 0; j < columns; j += lanes) {
        const vec &s = load(scores + j);
        high = s > high ? s : high;
    }
    float largest = -INFINITY;
    for (int64_t i = 0; i < lanes; i++) largest = high[i] > largest ? high[i] : largest;
    for (int64_t j = 0; j < columns; j += lanes) {
        vec e = (load(scores + j) - largest) * scale;
        exp(e);
        store(scores + j, e);
        totals += e;
    }
    const float total = sum(totals);
    inverse = 1.0f / total;
    return largest * scale + std::log(total);
}

/// Outputs and log-sum-exps of one sequence and key/value head.
struct ForwardTask {
    Shape shape;
    const float *q, *k, *v;
    float *y, *lse;

    template <typename Machine>
    void run(int64_t kv_head, const Sequence &sequence, const Scratch &scratch) const;
};

template <typename Machine>
CT_INLINE void ForwardTask::run(int64_t kv_head, const Sequence &sequence, const Scratch &scratch) const {
    const auto &options = shape.options;
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, length = sequence.length;
    const int64_t padded = round_up(length), kv_offset = sequence.first_key * shape.kv_row() + kv_head * width;
    const float scale = options.softcap > 0 ? 1.0f : options.scale;
    transpose(k + kv_offset, shape.kv_row(), length, width, scratch.keys);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < sequence.queries; first += block) {
            const int64_t rows = std::min(block, sequence.queries - first);
            const Span span = span_of(options, sequence, first, rows);
            const int64_t columns = round_up(span.end - span.begin);
            const int64_t offset = (sequence.first_query + first) * shape.q_row() + head * width;
            float inverses[block];
            multiply<Machine>(rows, columns, width, q + offset, shape.q_row(), 1, scratch.keys + span.begin, padded,
                              scratch.scores, padded, false);
            for (int64_t r = 0; r < rows; r++) {
                const int64_t row = sequence.first_query + first + r, position = sequence.positions[first + r];
                float *scores = scratch.scores + r * padded;
                if (options.softcap > 0) cap(scores, columns, options);
                lse[row * shape.heads + head] =
                    softmax(scores, options.first_key(position) - span.begin,
                            options.end_key(position, length) - span.begin, columns, scale, inverses[r]);
                if (options.dropout > 0) {
                    const uint32_t key = options.row_key(row, head);
                    vec m;
                    for (int64_t j = 0; j < columns; j += lanes) {
                        kept(key, span.begin + j, options, m);
                        store(scores + j, load(scores + j) * m);
                    }
                }
            }
            multiply<Machine>(rows, width, span.end - span.begin, scratch.scores, padded, 1,
                              v + kv_offset + span.begin * shape.kv_row(), shape.kv_row(), y + offset, shape.q_row(), false);
            // The probabilities' factors are cheaper in the result than in all of the scores.
            for (int64_t r = 0; r < rows; r++)
                for (int64_t d = 0; d < width; d += lanes) {
                    float *at = y + offset + r * shape.q_row() + d;
                    store(at, load(at) * inverses[r]);
                }
        }
    }
}

/// In place, over the visible columns: raw scores → the weights of the values; gradients of the weights → gradients of the
/// raw scores.
///
/// With P the probabilities, m dropout's mask and δ = Σ P·m·dP = dy·y: dS = P·(m·dP - δ)·scale, and a soft-cap adds
/// the factor 1 - t², where t is its tanh.
CT_INLINE void score_gradients(float *scores, float *gradients, int64_t visible_begin, int64_t visible_end,
                               int64_t columns, int64_t first_column, float lse, float delta, uint32_t row_key,
                               const AttentionOptions &options) {
    for (int64_t j = 0; j < columns; j += lanes) {
        vec p = load(scores + j) * options.scale, slope = vec{} + options.scale, m = vec{} + 1.0f;
        if (options.softcap > 0) {
            vec t = p / options.softcap;
            tanh(t);
            p = t * options.softcap;
            slope = slope * (1.0f - t * t);
        }
        if (j < visible_begin || j + lanes > visible_end) {
            for (int64_t i = 0; i < lanes; i++)
                if (j + i < visible_begin || j + i >= visible_end) p[i] = -INFINITY;
        }
        p -= lse;
        exp(p);
        if (options.dropout > 0) kept(row_key, first_column + j, options, m);
        store(scores + j, p * m);
        store(gradients + j, p * (load(gradients + j) * m - delta) * slope);
    }
}

/// Gradients of one sequence and key/value head.
struct BackwardTask {
    Shape shape;
    const float *dy, *q, *k, *v, *y, *lse;
    float *dq, *dk, *dv;

    template <typename Machine>
    void run(int64_t kv_head, const Sequence &sequence, const Scratch &scratch) const;
};

template <typename Machine>
CT_INLINE void BackwardTask::run(int64_t kv_head, const Sequence &sequence, const Scratch &scratch) const {
    const auto &options = shape.options;
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, length = sequence.length;
    const int64_t padded = round_up(length), q_row = shape.q_row(), kv_row = shape.kv_row();
    const int64_t kv_offset = sequence.first_key * kv_row + kv_head * width;
    transpose(k + kv_offset, kv_row, length, width, scratch.keys);
    transpose(v + kv_offset, kv_row, length, width, scratch.values);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < sequence.queries; first += block) {
            const int64_t rows = std::min(block, sequence.queries - first);
            const Span span = span_of(options, sequence, first, rows);
            const int64_t columns = round_up(span.end - span.begin), seen = span.end - span.begin;
            const int64_t offset = (sequence.first_query + first) * q_row + head * width;
            const int64_t kv_seen = kv_offset + span.begin * kv_row;
            const float *dy = this->dy + offset, *y = this->y + offset;
            multiply<Machine>(rows, columns, width, q + offset, q_row, 1, scratch.keys + span.begin, padded,
                              scratch.scores, padded, false);
            multiply<Machine>(rows, columns, width, dy, q_row, 1, scratch.values + span.begin, padded, scratch.gradients,
                              padded, false);
            for (int64_t r = 0; r < rows; r++) {
                const int64_t row = sequence.first_query + first + r, position = sequence.positions[first + r];
                vec products{};
                for (int64_t d = 0; d < width; d += lanes)
                    products += load(dy + r * q_row + d) * load(y + r * q_row + d);
                score_gradients(scratch.scores + r * padded, scratch.gradients + r * padded,
                                options.first_key(position) - span.begin,
                                options.end_key(position, length) - span.begin, columns, span.begin,
                                lse[row * shape.heads + head], sum(products), options.row_key(row, head),
                                options);
            }
            multiply<Machine>(rows, width, seen, scratch.gradients, padded, 1, k + kv_seen, kv_row, dq + offset,
                              q_row, false);
            multiply<Machine>(seen, width, rows, scratch.gradients, 1, padded, q + offset, q_row, dk + kv_seen,
                              kv_row, true);
            multiply<Machine>(seen, width, rows, scratch.scores, 1, padded, dy, q_row, dv + kv_seen, kv_row, true);
        }
    }
}

/// Runs a task for every sequence and key/value head.
template <typename Task> void run_all(const Task &task, const PackedQueries &rows) {
    const Shape &shape = task.shape;
    const int64_t length = rows.longest(), size = Scratch::size(shape.width, length);
    // Allocated outside of the parallel region, so that an out-of-memory exception can be caught.
    auto memory = at::empty({at::get_num_threads(), size}, at::TensorOptions().dtype(at::kFloat));
    float *start_of_memory = memory.mutable_data_ptr<float>();
    std::atomic<int64_t> taken{0};
    parallel(rows.count() * shape.kv_heads, 1, [&](int64_t begin, int64_t end) {
        const Scratch scratch(start_of_memory + taken.fetch_add(1) * size, shape.width, length);
        for (int64_t i = begin; i < end; i++) {
            const int64_t n = i / shape.kv_heads, first_query = rows.q_offsets[n], first_key = rows.k_offsets[n];
            const Sequence sequence{first_query, rows.q_offsets[n + 1] - first_query, first_key,
                                    rows.k_offsets[n + 1] - first_key, rows.positions.data() + first_query};
            run_on_this_machine(task, i % shape.kv_heads, sequence, scratch);
        }
    });
}

struct Attention : torch::autograd::Function<Attention> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &query,
                              const at::Tensor &key, const at::Tensor &value, const PackedQueries &rows,
                              const AttentionOptions &options) {
        const auto q = query.contiguous(), k = key.contiguous(), v = value.contiguous();
        auto y = at::empty_like(q), lse = at::empty({q.size(0), q.size(1)}, q.options());
        const Shape shape{q.size(1), k.size(1), q.size(2), options};
        run_all(ForwardTask{shape, q.const_data_ptr<float>(), k.const_data_ptr<float>(), v.const_data_ptr<float>(),
                            y.mutable_data_ptr<float>(), lse.mutable_data_ptr<float>()},
                rows);
        context->save_for_backward({q, k, v, y, lse});
        context->saved_data["q_offsets"] = rows.q_offsets;
        context->saved_data["k_offsets"] = rows.k_offsets;
        context->saved_data["positions"] = rows.positions;
        context->saved_data["options"] = options.packed();
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &y = saved[3], &lse = saved[4];
        auto &data = context->saved_data;
        const PackedQueries rows{data["q_offsets"].toIntVector(), data["k_offsets"].toIntVector(),
                                 data["positions"].toIntVector()};
        const Shape shape{q.size(1), k.size(1), q.size(2), AttentionOptions::unpacked(data["options"].toIntVector())};
        const auto dy = gradients[0].contiguous();
        auto dq = at::empty_like(q), dk = at::zeros_like(k), dv = at::zeros_like(v);
        run_all(BackwardTask{shape, dy.const_data_ptr<float>(), q.const_data_ptr<float>(), k.const_data_ptr<float>(),
                             v.const_data_ptr<float>(), y.const_data_ptr<float>(), lse.const_data_ptr<float>(),
                             dq.mutable_data_ptr<float>(), dk.mutable_data_ptr<float>(), dv.mutable_data_ptr<float>()},
                rows);
        return {dq, dk, dv, at::Tensor(), at::Tensor()};
    }
};

} // namespace

bool attention_supported(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v) {
    return is_cpu_float32(q) && is_cpu_float32(k) && is_cpu_float32(v) && q.size(2) % lanes == 0;
}

at::Tensor attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const PackedQueries &rows,
                     const AttentionOptions &options) {
    return Attention::apply(q, k, v, rows, options);
}

} // namespace ct
