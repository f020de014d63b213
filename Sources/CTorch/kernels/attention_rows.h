// What both attention kernels share: the division into tasks, and the way from scores to weights and their gradients.
//
// One task is one sequence and one key/value head (with all the query heads that share it), so nothing is shared
// between tasks. Query rows are processed in blocks: a block's scores for all keys that any of its rows may see stay in the
// cache. The backward pass recomputes the scores from the saved log-sum-exp (Dao et al. 2022, FlashAttention, section
// 3.1) instead of keeping [L, L] matrices, and dropout's mask from its seed.
#ifndef CT_ATTENTION_ROWS_H
#define CT_ATTENTION_ROWS_H

#include "attention.h"

#include "parallel.h"
#include "vector.h"

#include <cmath>
#include <vector>

namespace ct::attention_rows {

constexpr int64_t block = 64; // query rows

/// The numbers of a row that holds `length`: whole cache lines, and an odd number of them, so that the lines of a column are in
/// different sets of the cache.
constexpr int64_t stride_of(int64_t length) { return (round_up(length) / lanes | 1) * lanes; }

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

/// Queries [R, N, D], keys and values [T, M, D]; outputs [R, N, D] and log-sum-exps [R, N].
struct ForwardOperands {
    Shape shape;
    const float *q, *k, *v;
    float *y, *lse;
};

/// The same with the outputs' gradients, and their products with the outputs [R, N]; the gradients of queries, keys and values.
/// Those of keys and values are added.
struct BackwardOperands {
    Shape shape;
    const float *dy, *q, *k, *v, *lse, *deltas;
    float *dq, *dk, *dv;
};

/// The keys [begin, end) that any row of a block sees; `begin` is a multiple of the vector width.
struct Span {
    int64_t begin, end;
};

CT_INLINE Span span_of(const AttentionOptions &options, const Sequence &sequence, int64_t first, int64_t rows) {
    return {options.first_key(sequence.positions[first]) / lanes * lanes,
            options.end_key(sequence.positions[first + rows - 1], sequence.length)};
}

/// Dropout's mask for sixteen weights from `column` on: 1 / (1 - p) or 0 each.
CT_INLINE void kept(uint32_t row_key, int64_t column, const AttentionOptions &options, vec &scale) {
    uvec h;
    PlaceHash::bits(row_key, column, h);
    const uint32_t threshold = options.dropout_threshold();
    scale = h >= threshold ? vec{} + options.dropout_scale() : vec{};
}

/// In place: the weights of the keys from `first_column` on, without those that dropout zeroes.
CT_INLINE void drop(float *weights, int64_t columns, int64_t first_column, uint32_t row_key, const AttentionOptions &options) {
    vec m;
    for (int64_t j = 0; j < columns; j += lanes) {
        kept(row_key, first_column + j, options, m);
        store(weights + j, load(weights + j) * m);
    }
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

/// In place: scores → probabilities over `visible_begin ..< visible_end` of `columns` without their common factor `inverse`,
/// zero elsewhere; returns the log-sum-exp.
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

/// In place: each of `rows` rows times its factor, such as the probabilities' common factor, which is cheaper in the result
/// than in all of the scores.
CT_INLINE void multiply_rows_by(const float *factors, int64_t rows, float *y, int64_t row, int64_t width) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t d = 0; d < width; d += lanes) {
            float *at = y + r * row + d;
            store(at, load(at) * factors[r]);
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

/// The first task of each thread, and the end of the last one's: consecutive tasks of about the same work together. Threads
/// that computed consecutive rows of the operands have them in their caches.
inline std::vector<int64_t> divide(const PackedQueries &rows, int64_t heads, int64_t threads) {
    const auto work = [&](int64_t n) {
        const double queries = rows.q_offsets[n + 1] - rows.q_offsets[n], keys = rows.k_offsets[n + 1] - rows.k_offsets[n];
        return (queries + 16) * (keys + 16); // short rows do not fill vectors
    };
    double part = 0, before = 0; // of each thread; of the tasks so far
    for (int64_t n = 0; n < rows.count(); n++) part += static_cast<double>(heads) * work(n) / static_cast<double>(threads);
    std::vector<int64_t> starts(threads + 1, rows.count() * heads);
    starts[0] = 0;
    for (int64_t i = 0, thread = 1; thread < threads && i < rows.count() * heads; i++) {
        before += work(i / heads);
        while (thread < threads && before >= part * static_cast<double>(thread)) starts[thread++] = i + 1;
    }
    return starts;
}

/// Runs a task for every sequence and key/value head, each with a thread's memory.
template <typename Task> void run_all(const Task &task, const PackedQueries &rows) {
    const int64_t heads = task.all.shape.kv_heads, size = round_up(task.memory_size(rows.longest()));
    const int64_t threads = std::max<int64_t>(1, std::min<int64_t>(rows.count() * heads, at::get_num_threads()));
    // Allocated outside of the parallel region, so that an out-of-memory exception can be caught.
    auto memory = at::empty({threads, size}, at::TensorOptions().dtype(at::kFloat));
    float *start_of_memory = memory.mutable_data_ptr<float>();
    const auto starts = divide(rows, heads, threads);
    parallel(threads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = starts[begin]; i < starts[end]; i++) {
            const int64_t n = i / heads, first_query = rows.q_offsets[n], first_key = rows.k_offsets[n];
            const Sequence sequence{first_query, rows.q_offsets[n + 1] - first_query, first_key,
                                    rows.k_offsets[n + 1] - first_key, rows.positions.data() + first_query};
            run_on_this_machine(task, i % heads, sequence, start_of_memory + begin * size);
        }
    });
}

} // namespace ct::attention_rows

#endif
