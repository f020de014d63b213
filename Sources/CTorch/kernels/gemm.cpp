// Products of matrices, for linear layers.
//
// The structure is that of GotoBLAS, for caches whose second level feeds the multipliers as well as the first. A thread owns a
// rectangle of c. It packs a slab of b, which fills most of the second cache, into panels as wide as a tile; then every few
// rows of a pass by all panels. So a and c cross the slower caches as rarely as possible. Tiles read a in place, transposed or
// not, except for a few unfavourable layouts. They also prefetch what comes next, because the first touch waits for memory.
#include "gemm.h"

#include "gemm_pack.h"
#include "gemm_tiles.h"
#include "parallel.h"

#include <memory>
#include <new>

namespace ct {
namespace {

using namespace tiles;

/// The rows of a transposed a that are packed at a time: a cache line.
template <typename Machine, typename Factor> constexpr int64_t left_rows = Shape<Machine>::left * per_word<Factor>;

/// A thread's buffers for packed operands, 0.7 MB.
template <typename Machine> struct Buffers {
    struct Free {
        void operator()(float *p) const { ::operator delete(p, std::align_val_t(4096)); }
    };
    using Buffer = std::unique_ptr<float, Free>;
    static Buffer make(int64_t count) {
        return Buffer(static_cast<float *>(::operator new(count * sizeof(float), std::align_val_t(4096))));
    }
    Buffer left = make((left_rows<Machine, uint16_t> + Shape<Machine>::rows) * max_depth), right = make(Shape<Machine>::slab);

    static Buffers &of_thread() {
        static thread_local Buffers buffers;
        return buffers;
    }
};

/// Rows or columns of c, or a block of k.
struct Range {
    int64_t begin, end;
    int64_t count() const { return end - begin; }
    /// How many parts of at most `size` it takes.
    int64_t parts(int64_t size) const { return std::max<int64_t>(1, (count() + size - 1) / size); }
    /// One of `parts` equal parts, in multiples of `unit`.
    Range part(int64_t index, int64_t parts, int64_t unit) const {
        const int64_t units = (count() + unit - 1) / unit;
        return {std::min(end, begin + units * index / parts * unit), std::min(end, begin + units * (index + 1) / parts * unit)};
    }
};

/// The products of one thread.
template <typename Machine, typename Factor, typename Result> class Worker {
  public:
    using Product = ProductOf<Factor, Result>;

    /// Starts at a row in the middle, so that threads with neighboring columns do not use the same rows of a and c at a time.
    Worker(const Product &product, Range rows, Range columns, int64_t start)
        : product(product), rows(rows), columns(columns), start(start), words((product.k + per - 1) / per) {
        // Sums of a narrow result stay in registers.
        blocks = std::is_same_v<Result, float> ? Range{0, words}.parts(max_depth) : 1;
        const int64_t depth = std::max<int64_t>(16, ((words + 15) / 16 + blocks - 1) / blocks * 16);
        // If a stays in the cache, small slabs can be prefetched while the ones before are used.
        const bool near = rows.count() * depth <= Shape<Machine>::near;
        const int64_t panels = (near ? near_slab : Shape<Machine>::slab) / depth / width;
        slabs = columns.parts(std::max<int64_t>(1, panels) * width);
        // The lines of a few values of k would displace each other if they are in the same few sets of the cache, and R
        // values should be in one line.
        const int64_t offset = (reinterpret_cast<uintptr_t>(product.a) / sizeof(float) + rows.begin) % R;
        const bool is_favourable = per == 1 && product.a_row % 512 != 0 && product.a_row % R == 0 && offset == 0;
        packs_left = product.a_transposed && !is_favourable;
    }

    void run() {
        for (int64_t i = 0; i < slabs * blocks; i++) {
            const Range slab = this->slab(i / blocks), depth = block(i % blocks);
            pack_right(slab, depth);
            rows_before = INT64_MAX;
            if (i + 1 < slabs * blocks) follow(slab, depth, this->slab((i + 1) / blocks), block((i + 1) % blocks));
            run_slab(slab, depth);
        }
    }

  private:
    static constexpr int R = Shape<Machine>::rows;
    static constexpr int64_t width = Shape<Machine>::vectors * lanes;
    static constexpr int64_t per = per_word<Factor>;
    static constexpr int64_t left_height = left_rows<Machine, Factor>;
    static constexpr int64_t strip = 4 * left_height; // rows of a transposed a that are prefetched together
    const Product &product;
    const Range rows, columns;
    const int64_t start, words; // of k
    int64_t slabs, blocks;
    bool packs_left;
    Buffers<Machine> &buffers = Buffers<Machine>::of_thread();
    Streams next;
    Stream following; // what `next.right` will be after some rows
    int64_t rows_before = 0;

    Range slab(int64_t index) const { return columns.part(index, slabs, width); }
    /// Words of k.
    Range block(int64_t index) const { return Range{0, words}.part(index, blocks, 16); }
    int64_t values(Range depth) const { return std::min(product.k, depth.end * per) - depth.begin * per; }

    const Factor *right_from(Range slab, Range depth) const {
        const int64_t k = depth.begin * per;
        return product.b_transposed ? product.b + slab.begin * product.b_row + k : product.b + k * product.b_row + slab.begin;
    }

    void pack_right(Range slab, Range depth) {
        const Source<Factor> source{right_from(slab, depth), product.b_row, depth.count(), slab.count(), values(depth),
                                    buffers.right.get()};
        if (product.b_transposed) run_on<Machine>(PackTransposed(), source);
        else run_on<Machine>(PackRight(), source);
    }

    /// Plans to prefetch a slab during another, as late as possible: both do not fit into the cache for long.
    void follow(Range slab, Range depth, Range next_slab, Range next_depth) {
        const Factor *from = right_from(next_slab, next_depth);
        const int64_t count = product.b_transposed ? next_slab.count() : values(next_depth);
        const int64_t width = product.b_transposed ? values(next_depth) : next_slab.count();
        const int64_t steps = std::max<int64_t>(1, slab.parts(this->width) * (depth.count() / 16)); // for R rows of c
        following = {from, product.b_row, count, width, 0};
        const int64_t groups = following.lines / (3 * steps) + 1;
        following = {from, product.b_row, count, width, steps * std::min(groups, rows.parts(R))};
        rows_before = std::max<int64_t>(0, rows.count() - groups * R);
    }

    void run_slab(Range slab, Range depth) {
        run_rows({start, rows.end}, slab, depth);
        run_rows({rows.begin, start}, slab, depth);
    }

    void run_rows(Range rows, Range slab, Range depth) {
        const int64_t row = product.a_row;
        if (!product.a_transposed) {
            const auto *from = reinterpret_cast<const float *>(product.a + rows.begin * row + depth.begin * per);
            return run_rows<false>(rows, slab, depth, from, row / per, row / per);
        }
        for (int64_t i = rows.begin; i < rows.end; i += left_height) {
            const Range part{i, std::min(rows.end, i + left_height)};
            const Factor *from = product.a + depth.begin * per * row + i;
            if ((i - rows.begin) % strip == 0)
                next.left = {from + strip, row, values(depth), strip, strip / R * slab.parts(width) * (depth.count() / 16)};
            if (packs_left) {
                run_on<Machine>(PackLeft(), Source<Factor>{from, row, depth.count(), part.count(), values(depth), buffers.left.get()});
                run_rows<true>(part, slab, depth, buffers.left.get(), depth.count(), R);
            } else {
                run_rows<true>(part, slab, depth, reinterpret_cast<const float *>(from), 1, row);
            }
        }
    }

    /// Multiplies rows of a, which are `distance` apart, by a slab.
    template <bool adjacent>
    void run_rows(Range rows, Range slab, Range depth, const float *a, int64_t distance, int64_t a_row) {
        Tile<Result> tile{};
        tile.depth = depth.count();
        tile.a_row = a_row;
        tile.next = &next;
        tile.add = product.accumulate || depth.begin > 0;
        const bool is_last = depth.end == words;
        for (int64_t i = rows.begin; i < rows.end; i += R) {
            tile.a = a + (i - rows.begin) * distance;
            if (!adjacent)
                next.left = {tile.a + R * distance, a_row, R, depth.count(), slab.parts(width) * (depth.count() / 16)};
            if (rows_before <= 0) next.right = following, rows_before = INT64_MAX;
            rows_before -= R;
            for (int64_t j = slab.begin, vectors; j < slab.end; j += vectors * lanes) {
                vectors = panel_vectors<Machine>(slab.end - j);
                tile.b = buffers.right.get() + (j - slab.begin) * depth.count();
                tile.c_row = product.c_row;
                tile.c = product.c + i * product.c_row + j;
                tile.bias = product.bias && is_last ? product.bias + j : nullptr;
                const Result *c = j + vectors * lanes < slab.end ? tile.c + vectors * lanes
                                                                : product.c + (i + R) * product.c_row + slab.begin;
                next.result = {c, product.c_row, R, vectors * lanes, depth.count() / 16};
                choose<Shape<Machine>::vectors, adjacent>(vectors, std::min<int64_t>(R, rows.end - i), slab.end - j, tile);
            }
        }
    }

    /// Chooses the code for a panel's width.
    template <int V, bool adjacent> void choose(int64_t vectors, int64_t rows, int64_t columns, Tile<Result> &tile) {
        if (vectors < V) {
            if constexpr (V > 1) choose<V - 1, adjacent>(vectors, rows, columns, tile);
        } else if (columns < V * lanes) {
            run_edge<V, adjacent>(rows, columns, tile);
        } else {
            run_tile<R, V, adjacent>(rows, tile);
        }
    }

    /// The right edge of c is computed in a copy, so that tiles need no masks.
    template <int V, bool adjacent> void run_edge(int64_t rows, int64_t columns, Tile<Result> tile) {
        constexpr int64_t width = V * lanes;
        float bias[width] = {};
        Result copy[R * width] = {};
        Result *c = tile.c;
        const int64_t c_row = tile.c_row;
        if (tile.bias) tile.bias = std::copy_n(tile.bias, columns, bias) - columns;
        if (tile.add)
            for (int64_t r = 0; r < rows; r++) std::copy_n(c + r * c_row, columns, copy + r * width);
        tile.c = copy;
        tile.c_row = width;
        run_tile<R, V, adjacent>(rows, tile);
        for (int64_t r = 0; r < rows; r++) std::copy_n(copy + r * width, columns, c + r * c_row);
    }

    /// Up to R rows: all at once, or by halves.
    template <int Rows, int V, bool adjacent> void run_tile(int64_t count, Tile<Result> tile) {
        for (; count >= Rows; count -= Rows) {
            run_sums<Rows, V, adjacent>(tile);
            tile.a += adjacent ? Rows : Rows * tile.a_row;
            tile.c += Rows * tile.c_row;
        }
        if constexpr (Rows > 1)
            if (count > 0) run_tile<Rows / 2, V, adjacent>(count, tile);
    }

    /// All of a tile's depth: of float32 by sums of limited length.
    template <int Rows, int V, bool adjacent> void run_sums(Tile<Result> tile) {
        if constexpr (per > 1) {
            PairTask<Rows, V, adjacent, Result>().run(tile);
        } else {
            const Range depth{0, tile.depth};
            const float *a = tile.a, *b = tile.b, *bias = tile.bias;
            for (int64_t i = 0, parts = depth.parts(max_sum); i < parts; i++) {
                const Range part = depth.part(i, parts, 16);
                tile.depth = part.count();
                tile.a = a + part.begin * (adjacent ? tile.a_row : 1);
                tile.b = b + part.begin * V * lanes;
                tile.bias = i + 1 == parts ? bias : nullptr;
                run_on<Machine>(TileTask<Rows, V, adjacent>(), tile);
                tile.add = true;
            }
        }
    }
};

/// How the threads divide c, as rows x columns of parts.
struct Grid {
    int64_t rows, columns;
};

/// Chooses the division with the least work for the slowest thread. Packing a float of b costs as much as some ten
/// multiplications, and threads above each other pack the same columns. Threads with neighboring columns write to the same rows of c,
/// which costs as much as fifteen values of k.
template <typename Machine, typename Product> Grid best_grid(const Product &product, int64_t threads) {
    Grid best{1, 1};
    double least = 0;
    for (int64_t r = 1; r <= threads; r++) {
        const int64_t c = threads / r;
        const double height = static_cast<double>(Range{0, product.m}.part(r - 1, r, Shape<Machine>::rows).count());
        const double width = static_cast<double>(Range{0, product.n}.part(c - 1, c, lanes).count());
        const double neighbour = c > 1 ? 15.0 / static_cast<double>(std::max<int64_t>(product.k, 1)) : 0;
        const double cost = height * width * (1 + neighbour) + 10 * width + 2 * height;
        if (r == 1 || cost < least) best = {r, c}, least = cost;
    }
    return best;
}

template <typename Machine, typename Factor, typename Result> void multiply(const ProductOf<Factor, Result> &product) {
    constexpr double smallest = 1 << 18; // multiplications for which another thread is worth its start
    const double work = static_cast<double>(product.m) * product.n * std::max<int64_t>(product.k, 1);
    const int64_t threads = std::clamp<int64_t>(static_cast<int64_t>(work / smallest), 1, at::get_num_threads());
    const Grid grid = best_grid<Machine>(product, threads);
    parallel(grid.rows * grid.columns, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
            const Range rows = Range{0, product.m}.part(i / grid.columns, grid.rows, Shape<Machine>::rows);
            const Range columns = Range{0, product.n}.part(i % grid.columns, grid.columns, lanes);
            const int64_t start = rows.part(i % grid.columns, grid.columns, Shape<Machine>::rows).begin;
            Worker<Machine, Factor, Result>(product, rows, columns, start).run();
        }
    });
}

template <typename Result> void multiply_pairs(const ProductOf<uint16_t, Result> &product) {
#if defined(__x86_64__) && defined(__linux__)
    if (product.m > 0 && product.n > 0) multiply<AVX512>(product);
#endif
}

} // namespace

void gemm(const Product &product) {
    if (product.m <= 0 || product.n <= 0) return;
#if defined(__x86_64__) && defined(__linux__)
    static const int level = __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("x86-64-v3") ? 1 : 0;
    if (level == 2) return multiply<AVX512>(product);
    if (level >= 1) return multiply<AVX2>(product);
#endif
    multiply<Baseline>(product);
}

void gemm(const NarrowProduct &product) { multiply_pairs(product); }
void gemm(const NarrowestProduct &product) { multiply_pairs(product); }

bool has_bfloat16_pairs() {
#if defined(__x86_64__) && defined(__linux__)
    static const bool result = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
                               __builtin_cpu_supports("avx512vl") && !__builtin_cpu_supports("amx-bf16");
    return result;
#else
    return false;
#endif
}

} // namespace ct
