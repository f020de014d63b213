// Packing the operands of a product into panels, in the order in which tiles read them.
#ifndef CT_GEMM_PACK_H
#define CT_GEMM_PACK_H

#include "gemm_tiles.h"
#include "transpose.h"

#include <bit>
#include <cstring>

namespace ct::tiles {

/// A part of an operand to be packed: `depth` words of k by `count` rows of a or columns of b.
template <typename Factor> struct Source {
    const Factor *from;
    int64_t row; // numbers to the next row
    int64_t depth, count;
    int64_t values; // of k; an odd number leaves half of the last word empty
    float *to;

    /// The word of a value of k and the next, for one row of a or column of b. Only for operands stored by rows of k.
    CT_INLINE float word(int64_t q, int64_t i) const {
        if constexpr (per_word<Factor> == 1) {
            return from[q * row + i];
        } else {
            const uint32_t low = from[2 * q * row + i], high = 2 * q + 1 < values ? from[(2 * q + 1) * row + i] : 0;
            return std::bit_cast<float>(low | high << 16);
        }
    }
    /// Sixteen of them.
    CT_INLINE void words(int64_t q, int64_t i, vec &result) const {
        if constexpr (per_word<Factor> == 1) {
            result = load(from + q * row + i);
        } else {
            const auto *at = from + 2 * q * row + i;
            uvec bits = __builtin_convertvector(*reinterpret_cast<const hvec *>(at), uvec);
            if (2 * q + 1 < values) bits |= __builtin_convertvector(*reinterpret_cast<const hvec *>(at + row), uvec) << 16;
            result = reinterpret_cast<const vec &>(bits);
        }
    }
    CT_INLINE void prefetch(int64_t q, int64_t i) const {
        for (int64_t v = 0; v < per_word<Factor>; v++) __builtin_prefetch(from + (q * per_word<Factor> + v) * row + i);
    }
};

/// Copies columns of a transposed a into panels of R. A narrower last panel is as wide, with gaps.
struct PackLeft {
    template <typename Machine, typename Factor> CT_INLINE void run(const Source<Factor> &source) const {
        constexpr int64_t width = Shape<Machine>::rows, group = 8;
        // A few rows at a time, which are read as streams, and written to whole cache lines.
        for (int64_t p = 0; p < source.depth; p += group) {
            const int64_t end = std::min(p + group, source.depth);
            int64_t i = 0;
            if constexpr (per_word<Factor> == 1) {
                for (; i + width <= source.count; i += width)
                    for (int64_t q = p; q < end; q++)
                        std::memcpy(source.to + i * source.depth + q * width, source.from + q * source.row + i,
                                    width * sizeof(float));
            } else if constexpr (lanes % width == 0) {
                for (; i + lanes <= source.count; i += lanes)
                    for (int64_t q = p; q < end; q++) {
                        vec words;
                        source.words(q, i, words);
                        for (int64_t r = 0; r < lanes; r += width)
                            std::memcpy(source.to + (i + r) * source.depth + q * width,
                                        reinterpret_cast<const float *>(&words) + r, width * sizeof(float));
                    }
            }
            for (; i < source.count; i += width)
                for (int64_t q = p; q < end; q++)
                    for (int64_t r = i; r < std::min(i + width, source.count); r++)
                        source.to[i * source.depth + q * width + r - i] = source.word(q, r);
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
    template <int V, typename Factor>
    static CT_INLINE void copy(const Source<Factor> &source, int64_t p, int64_t depth, int64_t i, float *to) {
        for (int64_t q = 0; q < depth; q++)
            for (int j = 0; j < V; j++) {
                vec words;
                source.prefetch(p + q + 8, i + j * lanes);
                source.words(p + q, i + j * lanes, words);
                store(to + (q * V + j) * lanes, words);
            }
    }

    template <typename Factor>
    static CT_INLINE void copy_part(const Source<Factor> &source, int64_t p, int64_t depth, int64_t i, int64_t width, float *to) {
        for (int64_t q = 0; q < depth; q++)
            for (int64_t j = 0; j < width; j++) to[q * width + j] = i + j < source.count ? source.word(p + q, i + j) : 0.0f;
    }

    template <typename Machine, typename Factor> CT_INLINE void run(const Source<Factor> &source) const {
        constexpr int64_t group = 8;
        for (int64_t p = 0; p < source.depth; p += group) {
            const int64_t depth = std::min(group, source.depth - p);
            for (int64_t i = 0, vectors; i < source.count; i += vectors * lanes) {
                vectors = panel_vectors<Machine>(source.count - i);
                float *to = source.to + i * source.depth + p * vectors * lanes;
                if (i + vectors * lanes > source.count) copy_part(source, p, depth, i, vectors * lanes, to);
                else if (vectors == 3) copy<3>(source, p, depth, i, to);
                else if (vectors == 2) copy<2>(source, p, depth, i, to);
                else copy<1>(source, p, depth, i, to);
            }
        }
    }
};

/// Copies the columns of a transposed b, which are rows in memory, into panels.
struct PackTransposed {
    template <typename Machine, typename Factor> CT_INLINE void run(const Source<Factor> &source) const {
        constexpr int64_t per = per_word<Factor>;
        const auto *from = reinterpret_cast<const float *>(source.from);
        for (int64_t i = 0, vectors; i < source.count; i += vectors * lanes) {
            vectors = panel_vectors<Machine>(source.count - i);
            const int64_t width = vectors * lanes;
            float *panel = source.to + i * source.depth;
            for (int64_t j = 0; j < width; j += lanes)
                pack(from + (i + j) * source.row / per, source.row / per, std::min(lanes, source.count - i - j), source.depth,
                     panel + j, width);
        }
    }

    /// `count` rows of `depth` words become 16 columns of a panel.
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
