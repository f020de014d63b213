// Packing the operands of a float32 product into panels, in the order in which tiles read them.
#ifndef CT_GEMM_PACK_H
#define CT_GEMM_PACK_H

#include "gemm_tiles.h"
#include "transpose.h"

#include <cstring>

namespace ct::tiles {

/// A part of an operand to be packed: `depth` values of k by `count` rows of a or columns of b.
struct Source {
    const float *from;
    int64_t row; // floats to the next row
    int64_t depth, count;
    float *to;
};

/// Copies columns of a transposed a into panels of R. A narrower last panel is as wide, with gaps.
struct PackLeft {
    template <typename Machine> CT_INLINE void run(const Source &source) const {
        constexpr int64_t width = Shape<Machine>::rows, group = 8;
        // A few rows at a time, which are read as streams, and written to whole cache lines.
        for (int64_t p = 0; p < source.depth; p += group) {
            const int64_t end = std::min(p + group, source.depth);
            int64_t i = 0;
            for (; i + width <= source.count; i += width)
                for (int64_t q = p; q < end; q++)
                    std::memcpy(source.to + i * source.depth + q * width, source.from + q * source.row + i,
                                width * sizeof(float));
            for (int64_t q = p; q < end; q++)
                for (int64_t r = i; r < source.count; r++)
                    source.to[i * source.depth + q * width + r - i] = source.from[q * source.row + r];
        }
    }
};

/// The vectors of a panel, for the remaining columns.
template <typename Machine> int64_t panel_vectors(int64_t columns) {
    constexpr int vectors = Shape<Machine>::vectors;
    const int64_t rest = (columns + lanes - 1) / lanes;
    return rest == vectors + 1 && vectors > 2 ? vectors - 1 : std::min<int64_t>(rest, vectors); // 2 + 2 rather than 3 + 1
}

/// Copies k rows of columns into panels.
struct PackRight {
    template <int V> static CT_INLINE void copy(const float *from, int64_t row, int64_t depth, float *to) {
        for (int64_t q = 0; q < depth; q++)
            for (int j = 0; j < V; j++) {
                __builtin_prefetch(from + (q + 8) * row + j * lanes);
                store(to + (q * V + j) * lanes, load(from + q * row + j * lanes));
            }
    }

    static CT_INLINE void copy_part(const float *from, int64_t row, int64_t depth, int64_t width, int64_t count, float *to) {
        for (int64_t q = 0; q < depth; q++)
            for (int64_t i = 0; i < width; i++) to[q * width + i] = i < count ? from[q * row + i] : 0.0f;
    }

    template <typename Machine> CT_INLINE void run(const Source &source) const {
        constexpr int64_t group = 8;
        for (int64_t p = 0; p < source.depth; p += group) {
            const int64_t depth = std::min(group, source.depth - p);
            for (int64_t i = 0, vectors; i < source.count; i += vectors * lanes) {
                vectors = panel_vectors<Machine>(source.count - i);
                const float *from = source.from + p * source.row + i;
                float *to = source.to + i * source.depth + p * vectors * lanes;
                if (i + vectors * lanes > source.count)
                    copy_part(from, source.row, depth, vectors * lanes, source.count - i, to);
                else if (vectors == 3) copy<3>(from, source.row, depth, to);
                else if (vectors == 2) copy<2>(from, source.row, depth, to);
                else copy<1>(from, source.row, depth, to);
            }
        }
    }
};

/// Copies the columns of a transposed b, which are rows in memory, into panels.
struct PackTransposed {
    template <typename Machine> CT_INLINE void run(const Source &source) const {
        for (int64_t i = 0, vectors; i < source.count; i += vectors * lanes) {
            vectors = panel_vectors<Machine>(source.count - i);
            const int64_t width = vectors * lanes;
            float *panel = source.to + i * source.depth;
            for (int64_t j = 0; j < width; j += lanes)
                pack(source.from + (i + j) * source.row, source.row, std::min(lanes, source.count - i - j), source.depth,
                     panel + j, width);
        }
    }

    /// `count` rows of `depth` floats become 16 columns of a panel.
    static CT_INLINE void pack(const float *from, int64_t row, int64_t count, int64_t depth, float *to, int64_t width) {
        vec block[16];
        int64_t p = 0;
        for (; p + lanes <= depth && count == lanes; p += lanes) {
            for (int64_t r = 0; r < lanes; r++) block[r] = load(from + r * row + p);
            for (int64_t r = 0; r < lanes; r++) __builtin_prefetch(from + r * row + p + 4 * lanes);
            transpose_square(block);
            for (int64_t r = 0; r < lanes; r++) store(to + (p + r) * width, block[r]);
        }
        for (; p < depth; p++)
            for (int64_t r = 0; r < lanes; r++) to[p * width + r] = r < count ? from[r * row + p] : 0.0f;
    }
};

} // namespace ct::tiles

#endif
