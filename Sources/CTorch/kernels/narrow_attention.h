// Attention whose products multiply pairs of bfloat16, for CPUs that have an instruction for it. Sums and weights are float32.
//
// The two numbers of a pair are neighbors in the dimension that is summed. So keys, values and queries are packed as the
// products need them, and weights are rounded either by rows, for sums over keys, or two rows at a time, for sums over queries.
#ifndef CT_NARROW_ATTENTION_H
#define CT_NARROW_ATTENTION_H

#include "attention_rows.h"
#include "gemm_pack.h"

#if defined(__x86_64__) && defined(__linux__)
namespace ct::narrow_attention {

using namespace attention_rows;

/// The columns of a panel, unless it is one of the last two.
constexpr int64_t panel_width = tiles::Shape<AVX512>::vectors * lanes;

/// A packed right operand: `depth` pairs of values of k by `columns`, in panels.
struct Panels {
    float *words;
    int64_t depth, columns;

    static int64_t size(int64_t depth, int64_t columns) { return depth * round_up(columns); }
    /// The last start of a panel at or before a column. Panels are narrower if one vector would be left for the last.
    int64_t start(int64_t column) const {
        const int64_t start = column / panel_width * panel_width;
        return start > 0 && round_up(columns) - start == lanes ? start - panel_width : start;
    }
};

/// A left operand, in pairs: rows of them, or, if adjacent, columns, whose values for a pair are adjacent.
struct Left {
    const float *words;
    int64_t row;
};

/// Rounded rows of one head, one after another.
struct Rows {
    uint16_t *numbers;
    int64_t count, width;

    /// The floats of memory for them.
    static int64_t size(int64_t count, int64_t width) { return count * width / 2; }
    /// The same rows as the left operand of sums along a row.
    Left left() const { return {reinterpret_cast<const float *>(numbers), width / 2}; }
};

/// Packs rows as columns: sums run along a row.
CT_INLINE void pack_columns(const Rows &rows, const Panels &panels) {
    tiles::PackTransposed().run<AVX512>(
        tiles::Source<uint16_t>{rows.numbers, rows.width, panels.depth, panels.columns, rows.width, panels.words});
}

/// Packs rows as they are: sums run along a column.
CT_INLINE void pack_rows(const Rows &rows, const Panels &panels) {
    tiles::PackRight().run<AVX512>(
        tiles::Source<uint16_t>{rows.numbers, rows.width, panels.depth, panels.columns, rows.count, panels.words});
}

/// All rows of one panel, in tiles of R, then half as many, down to one.
template <int R, int V, bool adjacent> CT_INLINE void multiply_panel(int64_t rows, tiles::Tile<float> tile) {
    for (; rows >= R; rows -= R) {
        tiles::PairTask<R, V, adjacent, float>().run(tile);
        tile.a += adjacent ? R : R * tile.a_row;
        tile.c += R * tile.c_row;
    }
    if constexpr (R > 1)
        if (rows > 0) multiply_panel<R / 2, V, adjacent>(rows, tile);
}

/// Writes or adds `rows` of a · b to c, in all panels from the column `first`, a panel's start, to `end`; of k, the pairs from
/// `pair` on, `pairs` of them.
template <bool adjacent>
CT_INLINE void multiply_pairs(int64_t rows, int64_t first, int64_t end, int64_t pair, int64_t pairs, const Left &a,
                              const Panels &b, float *c, int64_t c_row, bool add) {
    constexpr int R = tiles::Shape<AVX512>::rows;
    tiles::Streams none;
    tiles::Tile<float> tile{};
    tile.depth = pairs;
    tile.a = a.words;
    tile.a_row = a.row;
    tile.c_row = c_row;
    tile.add = add;
    tile.next = &none;
    for (int64_t j = first, vectors; j < end; j += vectors * lanes) {
        vectors = tiles::panel_vectors<AVX512>(b.columns - j);
        tile.b = b.words + j * b.depth + pair * vectors * lanes;
        tile.c = c + (j - first);
        if (vectors == 3) multiply_panel<R, 3, adjacent>(rows, tile);
        else if (vectors == 2) multiply_panel<R, 2, adjacent>(rows, tile);
        else multiply_panel<R, 1, adjacent>(rows, tile);
    }
}

/// Rounds a row; `to` may be the row's own memory.
CT_PAIRS inline void round_row(const float *from, uint16_t *to, int64_t columns) {
    for (int64_t j = 0; j < columns; j += lanes)
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + j), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(from + j)));
}

/// Rounds two rows to pairs of their values in a column. Without a second row, its values are 0.
CT_PAIRS inline void round_pair(const float *first, const float *second, float *to, int64_t columns) {
    for (int64_t j = 0; j < columns; j += lanes) {
        const auto low = (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(first + j));
        const auto high = second ? (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(second + j)) : _mm256_setzero_si256();
        const auto pairs = _mm512_or_si512(_mm512_cvtepu16_epi32(low), _mm512_slli_epi32(_mm512_cvtepu16_epi32(high), 16));
        _mm512_storeu_si512(to + j, pairs);
    }
}

CT_INLINE Rows rounded(const float *from, int64_t row, int64_t count, int64_t width, float *memory) {
    const Rows rows{reinterpret_cast<uint16_t *>(memory), count, width};
    for (int64_t r = 0; r < count; r++) round_row(from + r * row, rows.numbers + r * width, width);
    return rows;
}

/// A thread's memory, of which parts are taken one after another.
struct Memory {
    float *next;

    float *take(int64_t count) {
        float *part = next;
        next += round_up(count);
        return part;
    }
    Panels panels(int64_t depth, int64_t columns) { return {take(Panels::size(depth, columns)), depth, columns}; }
    Rows rows(const float *from, int64_t row, int64_t count, int64_t width) {
        return rounded(from, row, count, width, take(Rows::size(count, width)));
    }
};

/// The floats of memory that `forward` needs for one sequence.
inline int64_t forward_size(int64_t width, int64_t longest) {
    return Panels::size(width / 2, longest) + Panels::size((longest + 1) / 2, width) + 2 * Rows::size(longest + 1, width) +
           Rows::size(block, width) + block * stride_of(longest) + 8 * lanes;
}

/// Outputs and log-sum-exps of one sequence and key/value head.
CT_INLINE void forward(const ForwardOperands &all, int64_t kv_head, const Sequence &sequence, float *first_memory) {
    const Shape &shape = all.shape;
    const auto &options = shape.options;
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, length = sequence.length;
    const int64_t q_row = shape.q_row(), kv_row = shape.kv_row(), kv_offset = sequence.first_key * kv_row + kv_head * width;
    const int64_t stride = stride_of(length);
    const float scale = options.softcap > 0 ? 1.0f : options.scale;
    Memory memory{first_memory};
    const Panels keys = memory.panels(width / 2, length), values = memory.panels((length + 1) / 2, width);
    pack_columns(memory.rows(all.k + kv_offset, kv_row, length, width), keys);
    pack_rows(memory.rows(all.v + kv_offset, kv_row, length, width), values);
    float *all_scores = memory.take(block * stride), *queries = memory.take(Rows::size(block, width));
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < sequence.queries; first += block) {
            const int64_t rows = std::min(block, sequence.queries - first);
            const Span seen = span_of(options, sequence, first, rows);
            const int64_t begin = keys.start(seen.begin), columns = round_up(seen.end - begin);
            const int64_t offset = (sequence.first_query + first) * q_row + head * width;
            float inverses[block];
            multiply_pairs<false>(rows, begin, seen.end, 0, keys.depth,
                                  rounded(all.q + offset, q_row, rows, width, queries).left(), keys, all_scores, stride, false);
            for (int64_t r = 0; r < rows; r++) {
                const int64_t row = sequence.first_query + first + r, position = sequence.positions[first + r];
                float *scores = all_scores + r * stride;
                if (options.softcap > 0) cap(scores, columns, options);
                all.lse[row * shape.heads + head] =
                    softmax(scores, options.first_key(position) - begin, options.end_key(position, length) - begin, columns,
                            scale, inverses[r]);
                if (options.dropout > 0) drop(scores, columns, begin, options.row_key(row, head), options);
                round_row(scores, reinterpret_cast<uint16_t *>(scores), columns);
            }
            float *y = all.y + offset;
            multiply_pairs<false>(rows, 0, width, begin / 2, (seen.end - begin + 1) / 2, {all_scores, stride}, values, y, q_row,
                                  false);
            multiply_rows_by(inverses, rows, y, q_row, width);
        }
    }
}

/// The keys whose scores a backward pass computes at a time: whole panels, and perhaps one narrower one more.
constexpr int64_t chunk = 5 * panel_width, chunk_stride = stride_of(chunk + lanes);

/// The floats of memory that `backward` needs for one sequence.
inline int64_t backward_size(int64_t width, int64_t longest) {
    return 2 * Panels::size(width / 2, longest) + Panels::size((longest + 1) / 2, width) + 2 * Rows::size(longest + 1, width) +
           2 * Panels::size(block / 2, width) + 2 * Rows::size(block, width) + 7 * block / 2 * chunk_stride + 16 * lanes;
}

/// Gradients of one sequence and key/value head.
CT_INLINE void backward(const BackwardOperands &all, int64_t kv_head, const Sequence &sequence, float *first_memory) {
    constexpr int64_t stride = chunk_stride;
    const Shape &shape = all.shape;
    const auto &options = shape.options;
    const int64_t width = shape.width, group = shape.heads / shape.kv_heads, length = sequence.length;
    const int64_t q_row = shape.q_row(), kv_row = shape.kv_row(), kv_offset = sequence.first_key * kv_row + kv_head * width;
    Memory memory{first_memory};
    const Panels keys = memory.panels(width / 2, length), values = memory.panels(width / 2, length),
                 key_rows = memory.panels((length + 1) / 2, width);
    const Rows narrow_keys = memory.rows(all.k + kv_offset, kv_row, length, width);
    pack_columns(narrow_keys, keys);
    pack_rows(narrow_keys, key_rows);
    pack_columns(memory.rows(all.v + kv_offset, kv_row, length, width), values);
    float *queries = memory.take(Rows::size(block, width)), *changes = memory.take(Rows::size(block, width));
    float *query_panels = memory.take(Panels::size(block / 2, width));
    float *change_panels = memory.take(Panels::size(block / 2, width));
    float *scores = memory.take(block * stride), *gradients = memory.take(block * stride);
    // The weights and the scores' gradients in pairs of rows, and the latter also by rows.
    float *weight_pairs = memory.take(block / 2 * stride), *gradient_pairs = memory.take(block / 2 * stride);
    float *gradient_rows = memory.take(block / 2 * stride);
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (int64_t first = 0; first < sequence.queries; first += block) {
            const int64_t rows = std::min(block, sequence.queries - first), pairs = (rows + 1) / 2;
            const Span seen = span_of(options, sequence, first, rows);
            const int64_t offset = (sequence.first_query + first) * q_row + head * width;
            const Rows q = rounded(all.q + offset, q_row, rows, width, queries);
            const Rows dy = rounded(all.dy + offset, q_row, rows, width, changes);
            const Panels right_q{query_panels, pairs, width}, right_dy{change_panels, pairs, width};
            pack_rows(q, right_q);
            pack_rows(dy, right_dy);
            const int64_t start = keys.start(seen.begin);
            for (int64_t begin = start, end; begin < seen.end; begin = end) {
                end = begin + chunk < seen.end ? keys.start(begin + chunk) : seen.end;
                const int64_t count = end - begin, columns = round_up(count);
                multiply_pairs<false>(rows, begin, end, 0, keys.depth, q.left(), keys, scores, stride, false);
                multiply_pairs<false>(rows, begin, end, 0, values.depth, dy.left(), values, gradients, stride, false);
                for (int64_t r = 0; r < rows; r++) {
                    const int64_t row = sequence.first_query + first + r, position = sequence.positions[first + r];
                    score_gradients(scores + r * stride, gradients + r * stride, options.first_key(position) - begin,
                                    options.end_key(position, length) - begin, columns, begin,
                                    all.lse[row * shape.heads + head], all.deltas[row * shape.heads + head],
                                    options.row_key(row, head), options);
                    round_row(gradients + r * stride, reinterpret_cast<uint16_t *>(gradient_rows + r * (stride / 2)), columns);
                }
                for (int64_t r = 0; r < rows; r += 2) {
                    const bool is_last = r + 1 == rows;
                    const int64_t from = r * stride, to = r / 2 * stride;
                    round_pair(scores + from, is_last ? nullptr : scores + from + stride, weight_pairs + to, columns);
                    round_pair(gradients + from, is_last ? nullptr : gradients + from + stride, gradient_pairs + to, columns);
                }
                const int64_t kv_at = kv_offset + begin * kv_row;
                multiply_pairs<false>(rows, 0, width, begin / 2, (count + 1) / 2, {gradient_rows, stride / 2}, key_rows,
                                      all.dq + offset, q_row, begin > start);
                multiply_pairs<true>(count, 0, width, 0, pairs, {gradient_pairs, stride}, right_q, all.dk + kv_at, kv_row, true);
                multiply_pairs<true>(count, 0, width, 0, pairs, {weight_pairs, stride}, right_dy, all.dv + kv_at, kv_row, true);
            }
        }
    }
}

template <typename Machine> constexpr bool has_pairs = std::is_same_v<Machine, AVX512>;

} // namespace ct::narrow_attention

#else
namespace ct::narrow_attention {

// Never called.
template <typename Machine> constexpr bool has_pairs = false;
inline int64_t forward_size(int64_t, int64_t) { return 0; }
inline int64_t backward_size(int64_t, int64_t) { return 0; }
inline void forward(const attention_rows::ForwardOperands &, int64_t, const attention_rows::Sequence &, float *) {}
inline void backward(const attention_rows::BackwardOperands &, int64_t, const attention_rows::Sequence &, float *) {}

} // namespace ct::narrow_attention
#endif

#endif
