#include "int8_tiles.h"

#include "vector.h"

#include <cstring>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace ct {
namespace {

/// Calls `Version::multiply<R, C>` for the numbers of rows and panels.
template <typename Version, int R, int C> void multiply_sized(const Int8Tile &tile, int64_t rows, int64_t panels) {
    if constexpr (R > 1)
        if (rows < R) return multiply_sized<Version, R - 1, C>(tile, rows, panels);
    if constexpr (C > 1)
        if (panels < C) return multiply_sized<Version, R, C - 1>(tile, rows, panels);
    Version::template multiply<R, C>(tile);
}

template <typename Version> constexpr Int8Machine machine_of() {
    return {Version::rows, Version::panels, multiply_sized<Version, Version::rows, Version::panels>};
}

/// Vectors of sixteen 32-bit numbers, for every compiler and machine.
struct PortableSums {
    static constexpr int rows = 2, panels = 1;

    template <int R, int C> static void multiply(const Int8Tile &t) {
        ivec sums[R][C]{};
        for (int64_t p = 0; p < t.groups; p++)
            for (int j = 0; j < C; j++) {
                // The four codes of each output as 32-bit numbers. The first byte is the lowest, as on all machines with Swift.
                const ivec &group = *reinterpret_cast<const ivec *>(t.panels + j * t.panel_stride + p * int8_group_bytes);
                const ivec first = group << 24 >> 24, second = group << 16 >> 24, third = group << 8 >> 24, last = group >> 24;
                for (int r = 0; r < R; r++) {
                    const uint8_t *x = t.rows + r * t.row_stride + p * int8_inputs;
                    sums[r][j] += first * static_cast<int32_t>(x[0]) + second * static_cast<int32_t>(x[1]) +
                                  third * static_cast<int32_t>(x[2]) + last * static_cast<int32_t>(x[3]);
                }
            }
        for (int r = 0; r < R; r++)
            for (int j = 0; j < C; j++) {
                ivec &out = *reinterpret_cast<ivec *>(t.sums + r * t.sum_stride + j * int8_outputs);
                out = t.accumulate ? out + sums[r][j] : sums[r][j];
            }
    }
};

#if defined(__x86_64__) && defined(__linux__)

/// Four codes of a row.
CT_INLINE int32_t four_codes(const uint8_t *codes) {
    int32_t four;
    std::memcpy(&four, codes, sizeof four);
    return four;
}

/// AVX2 without instructions for sums of 8-bit products. Its `vpmaddubsw` saturates at 16 bits, so the codes are widened:
/// each pair of products is then exact.
struct AVX2Sums {
    static constexpr int rows = 3, panels = 1;

    template <int R, int C> __attribute__((target("avx2"))) static void multiply(const Int8Tile &t) {
        // Two sums for each of four outputs, which are added at the end.
        __m256i sums[R][4];
        for (int r = 0; r < R; r++)
            for (int j = 0; j < 4; j++) sums[r][j] = _mm256_setzero_si256();
        for (int64_t p = 0; p < t.groups; p++) {
            __m256i x[R];
            for (int r = 0; r < R; r++)
                x[r] = _mm256_cvtepu8_epi16(_mm_set1_epi32(four_codes(t.rows + r * t.row_stride + p * int8_inputs)));
            const auto *group = reinterpret_cast<const __m128i *>(t.panels + p * int8_group_bytes);
            for (int j = 0; j < 4; j++) {
                const __m256i w = _mm256_cvtepi8_epi16(_mm_loadu_si128(group + j));
                for (int r = 0; r < R; r++) sums[r][j] = _mm256_add_epi32(sums[r][j], _mm256_madd_epi16(x[r], w));
            }
        }
        for (int r = 0; r < R; r++)
            for (int half = 0; half < 2; half++) {
                // The addition works on each half of the vectors, so the middle quarters are exchanged.
                __m256i total = _mm256_hadd_epi32(sums[r][2 * half], sums[r][2 * half + 1]);
                total = _mm256_permute4x64_epi64(total, 0xD8);
                auto *out = reinterpret_cast<__m256i *>(t.sums + r * t.sum_stride + half * 8);
                if (t.accumulate) total = _mm256_add_epi32(total, _mm256_loadu_si256(out));
                _mm256_storeu_si256(out, total);
            }
    }
};

struct AVXVNNISums {
    static constexpr int rows = 6, panels = 1;

    template <int R, int C> __attribute__((target("avx2,avxvnni"))) static void multiply(const Int8Tile &t) {
        __m256i sums[R][2];
        for (int r = 0; r < R; r++)
            for (int j = 0; j < 2; j++) {
                const auto *old = reinterpret_cast<const __m256i *>(t.sums + r * t.sum_stride + j * 8);
                sums[r][j] = t.accumulate ? _mm256_loadu_si256(old) : _mm256_setzero_si256();
            }
        for (int64_t p = 0; p < t.groups; p++) {
            const auto *group = reinterpret_cast<const __m256i *>(t.panels + p * int8_group_bytes);
            const __m256i w[2] = {_mm256_loadu_si256(group), _mm256_loadu_si256(group + 1)};
            for (int r = 0; r < R; r++) {
                const __m256i x = _mm256_set1_epi32(four_codes(t.rows + r * t.row_stride + p * int8_inputs));
                for (int j = 0; j < 2; j++) sums[r][j] = _mm256_dpbusd_avx_epi32(sums[r][j], x, w[j]);
            }
        }
        for (int r = 0; r < R; r++)
            for (int j = 0; j < 2; j++)
                _mm256_storeu_si256(reinterpret_cast<__m256i *>(t.sums + r * t.sum_stride + j * 8), sums[r][j]);
    }
};

struct AVX512VNNISums {
    // 24 sums, 4 vectors of weights and one of a row: 29 of 32 registers, with ten loads for 24 products.
    static constexpr int rows = 6, panels = 4;

    template <int R, int C>
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) static void multiply(const Int8Tile &t) {
        __m512i sums[R][C];
        for (int r = 0; r < R; r++)
            for (int j = 0; j < C; j++)
                sums[r][j] = t.accumulate ? _mm512_loadu_si512(t.sums + r * t.sum_stride + j * int8_outputs)
                                          : _mm512_setzero_si512();
        for (int64_t p = 0; p < t.groups; p++) {
            __m512i w[C];
            for (int j = 0; j < C; j++) w[j] = _mm512_loadu_si512(t.panels + j * t.panel_stride + p * int8_group_bytes);
            for (int r = 0; r < R; r++) {
                const __m512i x = _mm512_set1_epi32(four_codes(t.rows + r * t.row_stride + p * int8_inputs));
                for (int j = 0; j < C; j++) sums[r][j] = _mm512_dpbusd_epi32(sums[r][j], x, w[j]);
            }
        }
        for (int r = 0; r < R; r++)
            for (int j = 0; j < C; j++) _mm512_storeu_si512(t.sums + r * t.sum_stride + j * int8_outputs, sums[r][j]);
    }
};

bool has_avx2() { return __builtin_cpu_supports("avx2"); }

bool has_avx512_vnni() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}

/// Not every compiler knows this feature's name. It needs no more of the system than AVX2.
bool has_avx_vnni() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & 1u << 4) != 0;
}

#endif

} // namespace

const Int8Machine *int8_machine(ct_int8_kernel kernel) {
    static constexpr Int8Machine portable = machine_of<PortableSums>();
#if defined(__x86_64__) && defined(__linux__)
    static constexpr Int8Machine avx2 = machine_of<AVX2Sums>(), avx_vnni = machine_of<AVXVNNISums>(),
                                 avx512_vnni = machine_of<AVX512VNNISums>();
    static const bool can_avx2 = has_avx2(), can_avx_vnni = has_avx_vnni(), can_avx512_vnni = has_avx512_vnni();
    switch (kernel) {
    case CT_INT8_AUTOMATIC:
        return can_avx512_vnni ? &avx512_vnni : can_avx_vnni ? &avx_vnni : can_avx2 ? &avx2 : &portable;
    case CT_INT8_PORTABLE: return &portable;
    case CT_INT8_AVX2: return can_avx2 ? &avx2 : nullptr;
    case CT_INT8_AVX_VNNI: return can_avx_vnni ? &avx_vnni : nullptr;
    case CT_INT8_AVX512_VNNI: return can_avx512_vnni ? &avx512_vnni : nullptr;
    }
    return nullptr;
#else
    return kernel == CT_INT8_AUTOMATIC || kernel == CT_INT8_PORTABLE ? &portable : nullptr;
#endif
}

} // namespace ct
