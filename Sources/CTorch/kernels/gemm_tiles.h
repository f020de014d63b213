// The tiles of a product that are kept in registers.
#ifndef CT_GEMM_TILES_H
#define CT_GEMM_TILES_H

#include "vector.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#endif

namespace ct::tiles {

/// The rows and vectors of a tile, whose sums are kept in registers, and the floats of a slab of b and of an a that stays in
/// the second cache. 8 x 3 on 32 registers loads 11 vectors for 24 multiplications, and most layers' widths are multiples of
/// its 48 columns.
template <typename Machine> struct Shape {
    static constexpr int rows = Machine::rows, vectors = Machine::vectors;
    static constexpr int64_t left = 24;                        // rows of a transposed a that are packed at a time
    static constexpr int64_t slab = 72 << 10, near = 32 << 10; // for second caches of 512 KB
};
#if defined(__x86_64__) && defined(__linux__)
template <> struct Shape<AVX512> {
    static constexpr int rows = 8, vectors = 3;
    static constexpr int64_t left = 16;                         // a cache line
    static constexpr int64_t slab = 162 << 10, near = 96 << 10; // for 1 MB
};
#endif

constexpr int64_t max_depth = 576;      // of a block of k
constexpr int64_t max_sum = 288;        // terms added up before they are added to c: longer sums are less exact
constexpr int64_t near_slab = 27 << 10; // floats of a slab next to an a that stays in the second cache

/// Runs a task compiled for a machine.
template <typename Machine, typename Task, typename... Arguments>
void run_on(const Task &task, const Arguments &...arguments) {
#if defined(__x86_64__) && defined(__linux__)
    if constexpr (std::is_same_v<Machine, AVX512>) return run_avx512(task, arguments...);
    if constexpr (std::is_same_v<Machine, AVX2>) return run_avx2(task, arguments...);
#endif
    task.template run<Machine>(arguments...);
}

/// The values of k in a word of 32 bits, the unit of packed operands.
template <typename Factor> constexpr int64_t per_word = sizeof(float) / sizeof(Factor);

/// Memory that is needed soon, which tiles prefetch a few lines at a time. Many at once would occupy the buffers through which
/// the operands of the tile itself come from the second cache.
struct Stream {
    const float *line = nullptr;
    int64_t lines = 0;   // that are left
    int64_t columns = 0; // lines of a row
    int64_t column = 0;  // of the next line
    int64_t row = 0;     // floats from the end of a row to the start of the next
    int64_t density = 0; // lines for each 16 values of k

    Stream() = default;
    /// `count` rows of `width` numbers, to be prefetched during `steps` times 16 words of k.
    template <typename T>
    Stream(const T *from, int64_t row, int64_t count, int64_t width, int64_t steps) : line(reinterpret_cast<const float *>(from)) {
        const int64_t offset = reinterpret_cast<uintptr_t>(from) / sizeof(float) % lanes; // in the first line
        line -= offset;
        columns = (offset + width / per_word<T> + lanes - 1) / lanes;
        this->row = row / per_word<T> - columns * lanes;
        lines = count * columns;
        density = (lines + std::max<int64_t>(steps, 1) - 1) / std::max<int64_t>(steps, 1);
    }

    template <int locality> CT_INLINE void advance() {
        for (int64_t count = std::min(density, lines); count > 0; count--, lines--) {
            __builtin_prefetch(line, 0, locality);
            line += lanes;
            if (++column == columns) column = 0, line += row;
        }
    }
};

/// Operands that are needed next: rows of a, a slab of b, and c.
struct Streams {
    Stream left, right, result;
};

/// The operands of one tile: R rows of a by one panel of b, for one block of k, in words.
template <typename Result> struct Tile {
    int64_t depth;
    const float *a;
    int64_t a_row;     // floats to the next row of a, or to the next value of k if the rows are adjacent
    const float *b;
    Result *c;
    int64_t c_row;
    bool add;          // to c, as for every block of k but the first
    const float *bias; // or null; given with the last block
    Streams *next;
};

/// Computes a tile of R rows by V vectors. In a, either a row's values are adjacent, or a column's.
template <int R, int V, bool adjacent> struct TileTask {
    static CT_INLINE void step(vec (&sums)[R][V], const float *a, int64_t a_row, const float *b) {
        vec columns[V];
        for (int j = 0; j < V; j++) columns[j] = load(b + j * lanes);
        for (int r = 0; r < R; r++) {
            const float x = a[adjacent ? r : r * a_row];
            for (int j = 0; j < V; j++) sums[r][j] += x * columns[j];
        }
    }

    template <int count> static CT_INLINE void steps(vec (&sums)[R][V], const float *a, int64_t a_row, const float *b) {
        // Each value of k is in another line, too far apart for the hardware to guess the next.
        if constexpr (adjacent) __builtin_prefetch(a + 24 * a_row);
        step(sums, a, a_row, b);
        if constexpr (count > 1) steps<count - 1>(sums, a + (adjacent ? a_row : 1), a_row, b + V * lanes);
    }

    template <typename Machine> CT_INLINE void run(const Tile<float> &tile) const {
        constexpr int64_t b_step = V * lanes;
        vec sums[R][V] = {};
        const float *a = tile.a, *b = tile.b;
        const int64_t a_row = tile.a_row;
        const int64_t a_step = adjacent ? a_row : 1;
        int64_t p = 0;
        for (; p + 16 <= tile.depth; p += 16) {
            tile.next->left.template advance<2>();
            tile.next->right.template advance<2>();
            tile.next->result.template advance<3>();
            for (int i = 0; i < 4; i++, a += 4 * a_step, b += 4 * b_step) steps<4>(sums, a, a_row, b);
        }
        for (; p < tile.depth; p++, a += a_step, b += b_step) steps<1>(sums, a, a_row, b);
        finish(sums, tile, std::make_integer_sequence<int, R * V>());
    }

    /// Adds to c, and the bias.
    template <int... i>
    static CT_INLINE void finish(vec (&sums)[R][V], const Tile<float> &tile, std::integer_sequence<int, i...>) {
        float *c = tile.c;
        const int64_t c_row = tile.c_row;
        if (tile.add)
            for (int r = 0; r < R; r++)
                for (int j = 0; j < V; j++) sums[r][j] += load(c + r * c_row + j * lanes);
        if (tile.bias)
            for (int j = 0; j < V; j++)
                for (int r = 0; r < R; r++) sums[r][j] += load(tile.bias + j * lanes);
        // Expanded rather than a loop, which the compiler might keep, with the sums in memory for all of k.
        (store(c + i / V * c_row + i % V * lanes, sums[i / V][i % V]), ...);
    }
};

#if defined(__x86_64__) && defined(__linux__)
#define CT_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define CT_PAIRS_INLINE CT_PAIRS inline __attribute__((always_inline))

/// The same for words of two bfloat16: an instruction multiplies both and adds the products to a sum in float32. The loop is written
/// again, because code for this CPU cannot be inlined into code for others.
template <int R, int V, bool adjacent, typename Result> struct PairTask {
    typedef uint32_t word __attribute__((may_alias));

    static CT_PAIRS_INLINE void step(__m512 (&sums)[R][V], const word *a, int64_t a_row, const float *b) {
        __m512bh columns[V];
        for (int j = 0; j < V; j++) columns[j] = (__m512bh)_mm512_loadu_ps(b + j * lanes);
        for (int r = 0; r < R; r++) {
            const auto x = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[adjacent ? r : r * a_row]));
            for (int j = 0; j < V; j++) sums[r][j] = _mm512_dpbf16_ps(sums[r][j], x, columns[j]);
        }
    }

    template <int count> static CT_PAIRS_INLINE void steps(__m512 (&sums)[R][V], const word *a, int64_t a_row, const float *b) {
        step(sums, a, a_row, b);
        if constexpr (count > 1) steps<count - 1>(sums, a + (adjacent ? a_row : 1), a_row, b + V * lanes);
    }

    CT_PAIRS void run(const Tile<Result> &tile) const {
        constexpr int64_t b_step = V * lanes;
        __m512 sums[R][V];
        for (int r = 0; r < R; r++)
            for (int j = 0; j < V; j++) sums[r][j] = _mm512_setzero_ps();
        const auto *a = reinterpret_cast<const word *>(tile.a);
        const float *b = tile.b;
        const int64_t a_row = tile.a_row, a_step = adjacent ? a_row : 1;
        int64_t p = 0;
        for (; p + 16 <= tile.depth; p += 16) {
            tile.next->left.template advance<2>();
            tile.next->right.template advance<2>();
            tile.next->result.template advance<3>();
            for (int i = 0; i < 4; i++, a += 4 * a_step, b += 4 * b_step) steps<4>(sums, a, a_row, b);
        }
        for (; p < tile.depth; p++, a += a_step, b += b_step) steps<1>(sums, a, a_row, b);
        finish(sums, tile, std::make_integer_sequence<int, R * V>());
    }

    /// Expanded, as above.
    template <int... i>
    static CT_PAIRS_INLINE void finish(__m512 (&sums)[R][V], const Tile<Result> &tile, std::integer_sequence<int, i...>) {
        (finish(sums[i / V][i % V], tile, tile.c + i / V * tile.c_row + i % V * lanes, i % V * lanes), ...);
    }

    /// Adds to sixteen columns of c, and their bias.
    static CT_PAIRS_INLINE void finish(__m512 sum, const Tile<Result> &tile, Result *c, int64_t column) {
        if (tile.bias != nullptr) sum = _mm512_add_ps(sum, _mm512_loadu_ps(tile.bias + column));
        if constexpr (std::is_same_v<Result, float>) {
            if (tile.add) sum = _mm512_add_ps(sum, _mm512_loadu_ps(c));
            _mm512_storeu_ps(c, sum);
        } else {
            _mm256_storeu_si256(reinterpret_cast<__m256i *>(c), (__m256i)_mm512_cvtneps_pbh(sum));
        }
    }
};
#endif

} // namespace ct::tiles

#endif
