// Attention over a packed batch, float32 on the CPU, exact.
#include "attention.h"

#include "attention_rows.h"
#include "narrow_attention.h"
#include "transpose.h"

namespace ct {
namespace {

using namespace attention_rows;

/// Buffers of one thread: transposed keys and values [D, L'], scores and their gradients [block, L'], where L' is the stride of
/// L keys.
struct Scratch {
    float *keys, *values, *scores, *gradients;

    static int64_t size(int64_t width, int64_t longest) { return (2 * width + 2 * block) * stride_of(longest); }

    Scratch(float *memory, int64_t width, int64_t longest) {
        const int64_t padded = stride_of(longest);
        keys = memory;
        values = keys + width * padded;
        scores = values + width * padded;
        gradients = scores + block * padded;
    }
};

/// Writes `length` rows of `width` numbers as columns, with zeros up to whole vectors.
CT_INLINE void transpose(const float *rows, int64_t row, int64_t length, int64_t width, float *columns) {
    const int64_t padded = stride_of(length);
    for (int64_t j = 0; j < length; j += lanes) {
        const int64_t count = std::min(lanes, length - j);
        for (int64_t d = 0; d < width; d += lanes) {
            vec square[lanes];
            for (int64_t r = 0; r < lanes; r++) square[r] = r < count ? load(rows + (j + r) * row + d) : vec{};
            transpose_square(square);
            for (int64_t r = 0; r < lanes; r++) store(columns + (d + r) * padded + j, square[r]);
        }
    }
}

/// Outputs and log-sum-exps of one sequence and key/value head.
template <typename Machine>
CT_INLINE void forward(const ForwardOperands &all, int64_t kv_head, const Sequence &sequence, float *memory) {
    const Shape &shape = all.shape;
    const Scratch scratch(memory, shape.width, sequence.length);
    const auto &options = shape.options;
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, length = sequence.length;
    const int64_t padded = stride_of(length), kv_offset = sequence.first_key * shape.kv_row() + kv_head * width;
    const float scale = options.softcap > 0 ? 1.0f : options.scale;
    transpose(all.k + kv_offset, shape.kv_row(), length, width, scratch.keys);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < sequence.queries; first += block) {
            const int64_t rows = std::min(block, sequence.queries - first);
            const Span span = span_of(options, sequence, first, rows);
            const int64_t columns = round_up(span.end - span.begin);
            const int64_t offset = (sequence.first_query + first) * shape.q_row() + head * width;
            float inverses[block];
            multiply<Machine>(rows, columns, width, all.q + offset, shape.q_row(), 1, scratch.keys + span.begin, padded,
                              scratch.scores, padded, false);
            for (int64_t r = 0; r < rows; r++) {
                const int64_t row = sequence.first_query + first + r, position = sequence.positions[first + r];
                float *scores = scratch.scores + r * padded;
                if (options.softcap > 0) cap(scores, columns, options);
                all.lse[row * shape.heads + head] =
                    softmax(scores, options.first_key(position) - span.begin,
                            options.end_key(position, length) - span.begin, columns, scale, inverses[r]);
                if (options.dropout > 0) drop(scores, columns, span.begin, options.row_key(row, head), options);
            }
            multiply<Machine>(rows, width, span.end - span.begin, scratch.scores, padded, 1,
                              all.v + kv_offset + span.begin * shape.kv_row(), shape.kv_row(), all.y + offset,
                              shape.q_row(), false);
            multiply_rows_by(inverses, rows, all.y + offset, shape.q_row(), width);
        }
    }
}

/// Gradients of one sequence and key/value head.
template <typename Machine>
CT_INLINE void backward(const BackwardOperands &all, int64_t kv_head, const Sequence &sequence, float *memory) {
    const Shape &shape = all.shape;
    const Scratch scratch(memory, shape.width, sequence.length);
    const auto &options = shape.options;
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, length = sequence.length;
    const int64_t padded = stride_of(length), q_row = shape.q_row(), kv_row = shape.kv_row();
    const int64_t kv_offset = sequence.first_key * kv_row + kv_head * width;
    transpose(all.k + kv_offset, kv_row, length, width, scratch.keys);
    transpose(all.v + kv_offset, kv_row, length, width, scratch.values);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < sequence.queries; first += block) {
            const int64_t rows = std::min(block, sequence.queries - first);
            const Span span = span_of(options, sequence, first, rows);
            const int64_t columns = round_up(span.end - span.begin), seen = span.end - span.begin;
            const int64_t offset = (sequence.first_query + first) * q_row + head * width;
            const int64_t kv_seen = kv_offset + span.begin * kv_row;
            const float *dy = all.dy + offset;
            multiply<Machine>(rows, columns, width, all.q + offset, q_row, 1, scratch.keys + span.begin, padded,
                              scratch.scores, padded, false);
            multiply<Machine>(rows, columns, width, dy, q_row, 1, scratch.values + span.begin, padded, scratch.gradients,
                              padded, false);
            for (int64_t r = 0; r < rows; r++) {
                const int64_t row = sequence.first_query + first + r, position = sequence.positions[first + r];
                score_gradients(scratch.scores + r * padded, scratch.gradients + r * padded,
                                options.first_key(position) - span.begin,
                                options.end_key(position, length) - span.begin, columns, span.begin,
                                all.lse[row * shape.heads + head], all.deltas[row * shape.heads + head],
                                options.row_key(row, head), options);
            }
            multiply<Machine>(rows, width, seen, scratch.gradients, padded, 1, all.k + kv_seen, kv_row, all.dq + offset,
                              q_row, false);
            multiply<Machine>(seen, width, rows, scratch.gradients, 1, padded, all.q + offset, q_row, all.dk + kv_seen,
                              kv_row, true);
            multiply<Machine>(seen, width, rows, scratch.scores, 1, padded, dy, q_row, all.dv + kv_seen, kv_row, true);
        }
    }
}

/// Whether a sequence's products multiply pairs of bfloat16. Packing takes as long as they save if it is short; and the choice
/// depends on nothing else, so that a text has the same result in every batch.
CT_INLINE bool multiplies_pairs(at::ScalarType type, const Sequence &sequence) {
    constexpr int64_t shortest = 64;
    return type == at::kBFloat16 && sequence.length >= shortest;
}

/// Writes dy · y of each row and head, [R, N]. One pass over whole rows, which the CPU foresees: the outputs were written long
/// ago.
CT_MULTIVERSION void multiply_heads(const float *dy, const float *y, int64_t width, int64_t begin, int64_t end, float *deltas) {
    for (int64_t i = begin; i < end; i++) {
        vec products{};
        for (int64_t d = 0; d < width; d += lanes) products += load(dy + i * width + d) * load(y + i * width + d);
        deltas[i] = sum(products);
    }
}

struct ForwardTask {
    ForwardOperands all;
    at::ScalarType type; // of the products

    int64_t memory_size(int64_t longest) const {
        const int64_t width = all.shape.width, narrow = type == at::kFloat ? 0 : narrow_attention::forward_size(width, longest);
        return std::max(Scratch::size(width, longest), narrow);
    }
    template <typename Machine> CT_INLINE void run(int64_t kv_head, const Sequence &sequence, float *memory) const {
        if constexpr (narrow_attention::has_pairs<Machine>)
            if (multiplies_pairs(type, sequence)) return narrow_attention::forward(all, kv_head, sequence, memory);
        forward<Machine>(all, kv_head, sequence, memory);
    }
};

struct BackwardTask {
    BackwardOperands all;
    at::ScalarType type;

    int64_t memory_size(int64_t longest) const {
        const int64_t width = all.shape.width, narrow = type == at::kFloat ? 0 : narrow_attention::backward_size(width, longest);
        return std::max(Scratch::size(width, longest), narrow);
    }
    template <typename Machine> CT_INLINE void run(int64_t kv_head, const Sequence &sequence, float *memory) const {
        if constexpr (narrow_attention::has_pairs<Machine>)
            if (multiplies_pairs(type, sequence)) return narrow_attention::backward(all, kv_head, sequence, memory);
        backward<Machine>(all, kv_head, sequence, memory);
    }
};

struct Attention : torch::autograd::Function<Attention> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &query,
                              const at::Tensor &key, const at::Tensor &value, const PackedQueries &rows,
                              const AttentionOptions &options, at::ScalarType type) {
        const Direct direct;
        const auto q = query.contiguous(), k = key.contiguous(), v = value.contiguous();
        auto y = at::empty_like(q), lse = at::empty({q.size(0), q.size(1)}, q.options());
        const Shape shape{q.size(1), k.size(1), q.size(2), options};
        run_all(ForwardTask{{shape, q.const_data_ptr<float>(), k.const_data_ptr<float>(), v.const_data_ptr<float>(),
                             y.mutable_data_ptr<float>(), lse.mutable_data_ptr<float>()},
                            type},
                rows);
        context->save_for_backward({q, k, v, y, lse});
        context->saved_data["q_offsets"] = rows.q_offsets;
        context->saved_data["k_offsets"] = rows.k_offsets;
        context->saved_data["positions"] = rows.positions;
        context->saved_data["options"] = options.packed();
        context->saved_data["type"] = static_cast<int64_t>(type);
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto saved = context->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &y = saved[3], &lse = saved[4];
        auto &data = context->saved_data;
        const PackedQueries rows{data["q_offsets"].toIntVector(), data["k_offsets"].toIntVector(),
                                 data["positions"].toIntVector()};
        const Shape shape{q.size(1), k.size(1), q.size(2), AttentionOptions::unpacked(data["options"].toIntVector())};
        const auto dy = gradients[0].contiguous();
        auto deltas = at::empty_like(lse);
        parallel(lse.numel(), /*grain=*/1024, [&](int64_t begin, int64_t end) {
            multiply_heads(dy.const_data_ptr<float>(), y.const_data_ptr<float>(), shape.width, begin, end,
                           deltas.mutable_data_ptr<float>());
        });
        auto dq = at::empty_like(q), dk = at::zeros_like(k), dv = at::zeros_like(v);
        run_all(BackwardTask{{shape, dy.const_data_ptr<float>(), q.const_data_ptr<float>(), k.const_data_ptr<float>(),
                              v.const_data_ptr<float>(), lse.const_data_ptr<float>(), deltas.const_data_ptr<float>(),
                              dq.mutable_data_ptr<float>(), dk.mutable_data_ptr<float>(), dv.mutable_data_ptr<float>()},
                             static_cast<at::ScalarType>(data["type"].toInt())},
                rows);
        return {dq, dk, dv, at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

} // namespace

bool attention_supported(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v) {
    return is_cpu_float32(q) && is_cpu_float32(k) && is_cpu_float32(v) && q.size(2) % lanes == 0;
}

at::Tensor attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const PackedQueries &rows,
                     const AttentionOptions &options, at::ScalarType type) {
    return Attention::apply(q, k, v, rows, options, type);
}

} // namespace ct
