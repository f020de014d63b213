// The tiles of a float32 product that are kept in registers.
#ifndef CT_GEMM_TILES_H
#define CT_GEMM_TILES_H

#include "vector.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

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

/// The epilogue of a layer without an activation. Another functor could compute one in place.
struct Identity {
    CT_INLINE void operator()(vec &) const {}
};

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
    /// `count` rows of `width` floats, to be prefetched during `steps` times 16 values of k.
    Stream(const float *from, int64_t row, int64_t count, int64_t width, int64_t steps) : line(from) {
        const int64_t offset = reinterpret_cast<uintptr_t>(from) / sizeof(float) % lanes; // in the first line
        line -= offset;
        columns = (offset + width + lanes - 1) / lanes;
        this->row = row - columns * lanes;
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

/// The operands of one tile: R rows of a by one panel of b, for one block of k.
struct Tile {
    int64_t depth;
    const float *a;
    int64_t a_row;     // floats to the next row of a, or to the next value of k if the rows are adjacent
    const float *b;
    float *c;
    int64_t c_row;
    bool add;          // to c, as for every block of k but the first
    bool last;         // block of k
    const float *bias; // or null; added to the last block
    Streams *next;
};

/// Computes a tile of R rows by V vectors. In a, either a row's values are adjacent, or a column's.
template <int R, int V, bool adjacent, typename Activation> struct TileTask {
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

    template <typename Machine> CT_INLINE void run(const Tile &tile) const {
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

    /// Adds to c, and calls the epilogue.
    template <int... i>
    static CT_INLINE void finish(vec (&sums)[R][V], const Tile &tile, std::integer_sequence<int, i...>) {
        float *c = tile.c;
        const int64_t c_row = tile.c_row;
        if (tile.add)
            for (int r = 0; r < R; r++)
                for (int j = 0; j < V; j++) sums[r][j] += load(c + r * c_row + j * lanes);
        if (tile.bias)
            for (int j = 0; j < V; j++)
                for (int r = 0; r < R; r++) sums[r][j] += load(tile.bias + j * lanes);
        // Expanded rather than a loop, which the compiler might keep, with the sums in memory for all of k.
        if (tile.last) (Activation()(sums[i / V][i % V]), ...);
        (store(c + i / V * c_row + i % V * lanes, sums[i / V][i % V]), ...);
    }
};

} // namespace ct::tiles

#endif
