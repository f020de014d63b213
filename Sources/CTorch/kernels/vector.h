// Sixteen floats at a time, with the machine's vector width.
#ifndef CT_VECTOR_H
#define CT_VECTOR_H

#include <algorithm>
#include <cstdint>

// Compiles a function for AVX-512, AVX2 and the baseline; the loader picks one.
#if defined(__x86_64__) && defined(__linux__)
// (Not "arch=x86-64-v4": that prefers vectors of half the width.)
#define CT_MULTIVERSION __attribute__((target_clones("avx512f", "arch=x86-64-v3", "default")))
#else
#define CT_MULTIVERSION
#endif
// Helpers of such a function must be inlined to be compiled for the same machine. Vectors are passed by reference, because
// passing them by value depends on the machine.
#define CT_INLINE inline __attribute__((always_inline))

namespace ct {

constexpr int64_t lanes = 16;
typedef float vec __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t uvec __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint16_t hvec __attribute__((vector_size(32), aligned(2), may_alias));

CT_INLINE const vec &load(const float *p) { return *reinterpret_cast<const vec *>(p); }

CT_INLINE void store(float *p, const vec &v) { *reinterpret_cast<vec *>(p) = v; }

CT_INLINE float sum(const vec &v) {
    float total = 0;
    for (int64_t i = 0; i < lanes; i++) total += v[i];
    return total;
}

// GCC, which compiles these kernels on machines without Swift, lacks Clang's operations on whole vectors.
#if __has_builtin(__builtin_elementwise_roundeven)
/// In place: the nearest whole number, even if two are as near.
CT_INLINE void round_to_even(vec &x) { x = __builtin_elementwise_roundeven(x); }

/// In place: the square root.
CT_INLINE void square_root(vec &x) { x = __builtin_elementwise_sqrt(x); }

/// Whether a bit is set in any lane.
CT_INLINE bool has_bits(const uvec &x) { return __builtin_reduce_or(x) != 0; }
#else
CT_INLINE void round_to_even(vec &x) {
    for (int64_t i = 0; i < lanes; i++) x[i] = __builtin_nearbyintf(x[i]);
}

CT_INLINE void square_root(vec &x) {
    for (int64_t i = 0; i < lanes; i++) x[i] = __builtin_sqrtf(x[i]);
}

CT_INLINE bool has_bits(const uvec &x) {
    uint32_t bits = 0;
    for (int64_t i = 0; i < lanes; i++) bits |= x[i];
    return bits != 0;
}
#endif

/// In place: e^x to 2 ulp; 0 below -87.3, e^88.3 above 88.3 (never infinite). Cephes' `expf`: reduction by ln 2 in two
/// parts, a polynomial of degree 5.
CT_INLINE void exp(vec &x) {
    const vec low = vec{} - 87.33654f;
    const ivec underflow = x < low;
    x = underflow ? low : x;
    x = x > vec{} + 88.3f ? vec{} + 88.3f : x;
    vec n = x * 1.44269504f;
    round_to_even(n);
    x = x - n * 0.693359375f;
    x = x + n * 2.12194440e-4f;
    vec y = vec{} + 1.9875691500e-4f;
    y = y * x + 1.3981999507e-3f;
    y = y * x + 8.3334519073e-3f;
    y = y * x + 4.1665795894e-2f;
    y = y * x + 1.6666665459e-1f;
    y = y * x + 5.0000001201e-1f;
    y = y * (x * x) + x + 1.0f;
    const ivec exponent = (__builtin_convertvector(n, ivec) + 127) << 23;
    const vec power = reinterpret_cast<const vec &>(exponent);
    x = underflow ? vec{} : y * power;
}

/// In place: tanh x to 2 ulp. Cephes' `tanhf`: a polynomial near 0, exponentials elsewhere.
CT_INLINE void tanh(vec &x) {
    const vec z = x * x;
    vec near = vec{} - 5.70498872745e-3f;
    near = near * z + 2.06390887954e-2f;
    near = near * z - 5.37397155531e-2f;
    near = near * z + 1.33314422036e-1f;
    near = near * z - 3.33332819422e-1f;
    near = near * z * x + x;
    const vec size = x < 0.0f ? -x : x;
    vec e = size * -2.0f;
    exp(e);
    const vec far = (1.0f - e) / (1.0f + e);
    x = size < 0.625f ? near : (x < 0.0f ? -far : far);
}

/// In place: erf x to 4 ulp. Eigen's quotient of polynomials, which reaches 1 at 4.
CT_INLINE void erf(vec &x) {
    x = x < -4.0f ? vec{} - 4.0f : x;
    x = x > 4.0f ? vec{} + 4.0f : x;
    const vec z = x * x;
    vec p = vec{} - 2.72614225801306e-10f;
    p = p * z + 2.77068142495902e-08f;
    p = p * z - 2.10102402082508e-06f;
    p = p * z - 5.69250639462346e-05f;
    p = p * z - 7.34990630326855e-04f;
    p = p * z - 2.95459980854025e-03f;
    p = p * z - 1.60960333262415e-02f;
    vec q = vec{} - 1.45660718464996e-05f;
    q = q * z - 2.13374055278905e-04f;
    q = q * z - 1.68282697438203e-03f;
    q = q * z - 7.37332916720468e-03f;
    q = q * z - 1.42647390514189e-02f;
    x = x * p / q;
}

/// Stores sixteen floats as bfloat16, each rounded to nearest, ties to even; NaN stays NaN.
CT_INLINE void store_bfloat16(uint16_t *p, const vec &v) {
    const uvec bits = reinterpret_cast<const uvec &>(v);
    const uvec rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
    const uvec result = (bits & 0x7FFFFFFFu) > 0x7F800000u ? bits | 0x400000u : rounded;
    *reinterpret_cast<hvec *>(p) = __builtin_convertvector(result >> 16, hvec);
}

/// Loads sixteen bfloat16.
CT_INLINE void load_bfloat16(const uint16_t *p, vec &x) {
    const uvec bits = __builtin_convertvector(*reinterpret_cast<const hvec *>(p), uvec) << 16;
    x = reinterpret_cast<const vec &>(bits);
}

constexpr int64_t round_up(int64_t n) { return (n + lanes - 1) / lanes * lanes; }

/// The rows and vectors of a product's tile that fit into a machine's registers.
struct Baseline {
#if defined(__aarch64__)
    static constexpr int rows = 6, vectors = 1;
#else
    static constexpr int rows = 2, vectors = 1;
#endif
};
struct AVX2 {
    static constexpr int rows = 6, vectors = 1;
};
struct AVX512 {
    static constexpr int rows = 6, vectors = 4;
};

#if defined(__x86_64__) && defined(__linux__)
template <typename Task, typename... Arguments>
__attribute__((target("avx512f"))) void run_avx512(const Task &task, const Arguments &...arguments) {
    task.template run<AVX512>(arguments...);
}

template <typename Task, typename... Arguments>
__attribute__((target("arch=x86-64-v3"))) void run_avx2(const Task &task, const Arguments &...arguments) {
    task.template run<AVX2>(arguments...);
}
#endif

/// Calls `task.run<Machine>(arguments…)` compiled for this machine. It replaces CT_MULTIVERSION for code whose shape depends
/// on the registers. `run` must be CT_INLINE.
template <typename Task, typename... Arguments>
void run_on_this_machine(const Task &task, const Arguments &...arguments) {
#if defined(__x86_64__) && defined(__linux__)
    static const int level = __builtin_cpu_supports("avx512f") ? 2 : __builtin_cpu_supports("x86-64-v3") ? 1 : 0;
    if (level == 2) return run_avx512(task, arguments...);
    if (level == 1) return run_avx2(task, arguments...);
#endif
    task.template run<Baseline>(arguments...);
}

/// One tile of the product below: R rows by C vectors, kept in registers for all of k.
template <int R, int C>
CT_INLINE void multiply_tile(int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
                             float *c, int64_t c_row, bool accumulate) {
    vec sums[R][C];
    for (int r = 0; r < R; r++)
        for (int j = 0; j < C; j++) sums[r][j] = accumulate ? load(c + r * c_row + j * lanes) : vec{};
    for (int64_t p = 0; p < k; p++) {
        vec columns[C];
        for (int j = 0; j < C; j++) columns[j] = load(b + p * b_row + j * lanes);
        for (int r = 0; r < R; r++) {
            const float x = a[r * a_row + p * a_column];
            for (int j = 0; j < C; j++) sums[r][j] += x * columns[j];
        }
    }
    for (int r = 0; r < R; r++)
        for (int j = 0; j < C; j++) store(c + r * c_row + j * lanes, sums[r][j]);
}

/// C vectors of columns of the product below, in tiles of R rows, then half as many, down to one.
template <int R, int C>
CT_INLINE void multiply_columns(int64_t m, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
                                int64_t b_row, float *c, int64_t c_row, bool accumulate) {
    int64_t i = 0;
    for (; i + R <= m; i += R)
        multiply_tile<R, C>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, accumulate);
    if constexpr (R > 1)
        multiply_columns<R / 2, C>(m - i, k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, accumulate);
}

/// All columns of the product below, in groups of as many vectors as fit, then fewer.
template <typename Machine, int C = Machine::vectors>
CT_INLINE void multiply_rows(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column,
                             const float *b, int64_t b_row, float *c, int64_t c_row, bool accumulate) {
    int64_t j = 0;
    for (; j + C * lanes <= n; j += C * lanes)
        multiply_columns<Machine::rows, C>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row, accumulate);
    if constexpr (C > 1)
        multiply_rows<Machine, C / 2>(m, n - j, k, a, a_row, a_column, b + j, b_row, c + j, c_row, accumulate);
}

/// Computes c [m, n] = a [m, k] · b [k, n], added to c if `accumulate`. n is a multiple of 16. a may have any strides, so a
/// transposed a costs nothing; b and c have rows of consecutive floats.
///
/// Sums always run over k in order, independent of tiles, so that machines with the same arithmetic agree to the bit.
template <typename Machine>
CT_INLINE void multiply(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column,
                        const float *b, int64_t b_row, float *c, int64_t c_row, bool accumulate) {
    constexpr int64_t depth = 128; // rows of b, 32 KB for 64 columns, which stay in the nearest cache for every row of a
    int64_t p = 0;
    do {
        multiply_rows<Machine>(m, n, std::min(depth, k - p), a + p * a_column, a_row, a_column, b + p * b_row, b_row, c,
                               c_row, accumulate || p > 0);
        p += depth;
    } while (p < k);
}

} // namespace ct

#endif
