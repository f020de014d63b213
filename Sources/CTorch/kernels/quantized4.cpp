// 4-bit codes: quantizing and dequantizing, bit for bit as bitsandbytes does.
#include "quantized4.h"
#include "parallel.h"
#include "vector.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#define CT_AVX2 __attribute__((target("arch=x86-64-v3")))
#endif

namespace ct {
namespace {

/// The values of the codes, and the codes of ascending values with the midpoints between them.
struct Map4 {
    std::array<float, 16> values, midpoints; // the last midpoint is unused
    std::array<uint8_t, 16> order;
};

constexpr Map4 with_midpoints(std::array<float, 16> values, std::array<uint8_t, 16> order) {
    Map4 map{values, {}, order};
    for (size_t i = 0; i < 15; i++) map.midpoints[i] = (values[order[i]] + values[order[i + 1]]) / 2;
    return map;
}

constexpr Map4 maps[] = {
    // NF4: quantiles of the normal distribution.
    with_midpoints({-1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
                    -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f,
                    0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f,
                    0.7229568362236023f, 1.0f},
                   {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}),
    // FP4: a sign, two bits of exponent and one of mantissa, divided by the largest, 12. Both codes of 0 are +0. The order
    // of the two is that of bitsandbytes' CPU backend; its CUDA backend has it the other way round, with the same values.
    with_midpoints({0.0f / 12, 0.0625f / 12, 8.0f / 12, 12.0f / 12, 4.0f / 12, 6.0f / 12, 2.0f / 12, 3.0f / 12,
                    0.0f / 12, -0.0625f / 12, -8.0f / 12, -12.0f / 12, -4.0f / 12, -6.0f / 12, -2.0f / 12, -3.0f / 12},
                   {11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3}),
};

/// The largest magnitude; NaN or infinity if there is any. The bits of magnitudes are ordered like their values.
CT_INLINE float largest_magnitude(const float *x, int64_t count) {
    uint32_t largest = 0;
    for (int64_t i = 0; i < count; i++) largest = std::max(largest, std::bit_cast<uint32_t>(x[i]) & 0x7FFFFFFFu);
    return std::bit_cast<float>(largest);
}

/// 1 / scale, but finite for a block of zeros, which then has the code of 0.
CT_INLINE float reciprocal(float scale) { return 1.0f / (scale > 1e-38f ? scale : 1e-38f); }

CT_MULTIVERSION void quantize_blocks(int64_t begin, int64_t end, const float *x, int64_t count, const Map4 &map,
                                     int64_t block, uint8_t *codes, float *scales) {
    uint8_t found[4096];
    for (int64_t b = begin; b < end; b++) {
        const int64_t start = b * block, size = std::min(block, count - start);
        const float scale = largest_magnitude(x + start, size), inverse = reciprocal(scale);
        for (int64_t i = 0; i < size; i++) {
            // Scaled values exceed ±1 by a rounding at most, and the outer midpoints are well within: no clamp is needed.
            const float value = x[start + i] * inverse;
            uint8_t rank = 0;
            for (size_t j = 0; j < 15; j++) rank += value > map.midpoints[j];
            found[i] = rank;
        }
        for (int64_t i = 0; i < size; i++) found[i] = map.order[found[i]];
        if (size % 2 != 0) found[size] = map.order[7];
        for (int64_t i = 0; i < (size + 1) / 2; i++)
            codes[start / 2 + i] = static_cast<uint8_t>(found[2 * i] << 4 | found[2 * i + 1]);
        scales[b] = scale;
    }
}

CT_INLINE float scale_of(const Scales4 &scales, int64_t block) {
    if (scales.plain != nullptr) return scales.plain[block];
    // A volatile product is rounded before the sum, as in bitsandbytes; this file is compiled with contraction.
    const volatile float product =
        scales.nested_map[scales.codes[block]] * scales.nested_scales[block >> scales.nested_shift];
    return product + scales.nested_offset;
}

/// The sixteen values of one block.
struct FloatTable {
    typedef float Value;
    alignas(64) float values[16];

    CT_INLINE void fill(const float *map, float scale) {
        store(values, load(map) * scale);
    }
#if defined(CT_AVX2)
    /// Writes 32 values for 16 bytes of codes.
    CT_AVX2 CT_INLINE void expand(const uint8_t *codes, float *out) const {
        const __m256 low = _mm256_load_ps(values), high = _mm256_load_ps(values + 8);
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(codes)), mask = _mm_set1_epi8(15);
        const __m128i even = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask), odd = _mm_and_si128(bytes, mask);
        const __m128i halves[] = {_mm_unpacklo_epi8(even, odd), _mm_unpackhi_epi8(even, odd)};
        for (int i = 0; i < 4; i++) {
            const __m128i eight = i % 2 == 0 ? halves[i / 2] : _mm_srli_si128(halves[i / 2], 8);
            const __m256i index = _mm256_cvtepu8_epi32(eight);
            const __m256 a = _mm256_permutevar8x32_ps(low, index), b = _mm256_permutevar8x32_ps(high, index);
            const __m256 is_high = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));
            _mm256_storeu_ps(out + i * 8, _mm256_blendv_ps(a, b, is_high));
        }
    }
#endif
};

struct BFloat16Table {
    typedef uint16_t Value;
    alignas(64) uint16_t values[16];

    CT_INLINE void fill(const float *map, float scale) {
        store_bfloat16(values, load(map) * scale);
    }
#if defined(CT_AVX2)
    CT_AVX2 CT_INLINE void expand(const uint8_t *codes, uint16_t *out) const {
        const __m128i first = _mm_load_si128(reinterpret_cast<const __m128i *>(values)),
                      second = _mm_load_si128(reinterpret_cast<const __m128i *>(values + 8));
        // The sixteen low bytes and the sixteen high bytes, each looked up by a byte shuffle.
        const __m128i byte = _mm_set1_epi16(255);
        const __m128i low = _mm_packus_epi16(_mm_and_si128(first, byte), _mm_and_si128(second, byte)),
                      high = _mm_packus_epi16(_mm_srli_epi16(first, 8), _mm_srli_epi16(second, 8));
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(codes)), mask = _mm_set1_epi8(15);
        const __m128i even = _mm_and_si128(_mm_srli_epi16(bytes, 4), mask), odd = _mm_and_si128(bytes, mask);
        const __m128i halves[] = {_mm_unpacklo_epi8(even, odd), _mm_unpackhi_epi8(even, odd)};
        auto *to = reinterpret_cast<__m128i *>(out);
        for (int i = 0; i < 2; i++) {
            const __m128i a = _mm_shuffle_epi8(low, halves[i]), b = _mm_shuffle_epi8(high, halves[i]);
            _mm_storeu_si128(to + 2 * i, _mm_unpacklo_epi8(a, b));
            _mm_storeu_si128(to + 2 * i + 1, _mm_unpackhi_epi8(a, b));
        }
    }
#endif
};

/// Expands elements begin ..< end of one block, which has the values of `table`.
template <typename Table>
CT_INLINE void expand_singly(const Table &table, const uint8_t *codes, int64_t begin, int64_t end,
                             typename Table::Value *out) {
    for (int64_t i = begin; i < end; i++)
        out[i - begin] = table.values[i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15];
}

template <typename Table> CT_INLINE Table table_of(const Quantized4 &matrix, int64_t block) {
    Table table;
    table.fill(maps[matrix.map].values.data(), scale_of(matrix.scales, block));
    return table;
}

template <typename Table>
void dequantize_singly(const Quantized4 &matrix, int64_t begin, int64_t end, typename Table::Value *out) {
    for (int64_t i = begin; i < end;) {
        const int64_t block = i / matrix.block, last = std::min(end, (block + 1) * matrix.block);
        expand_singly(table_of<Table>(matrix, block), matrix.codes, i, last, out + (i - begin));
        i = last;
    }
}

#if defined(CT_AVX2)
template <typename Table>
CT_AVX2 void dequantize_by_vectors(const Quantized4 &matrix, int64_t begin, int64_t end, typename Table::Value *out) {
    for (int64_t i = begin; i < end;) {
        const int64_t block = i / matrix.block, last = std::min(end, (block + 1) * matrix.block);
        const auto table = table_of<Table>(matrix, block);
        // Vectors begin at a whole byte.
        const int64_t even = std::min(last, i + i % 2);
        expand_singly(table, matrix.codes, i, even, out + (i - begin));
        for (i = even; i + 32 <= last; i += 32) table.expand(matrix.codes + i / 2, out + (i - begin));
        expand_singly(table, matrix.codes, i, last, out + (i - begin));
        i = last;
    }
}
#endif

template <typename Table>
void dequantize(const Quantized4 &matrix, int64_t begin, int64_t end, typename Table::Value *out) {
#if defined(CT_AVX2)
    static const bool has_vectors = __builtin_cpu_supports("x86-64-v3");
    if (has_vectors) return dequantize_by_vectors<Table>(matrix, begin, end, out);
#endif
    dequantize_singly<Table>(matrix, begin, end, out);
}

} // namespace

const float *map4(ct_map4 map) { return maps[map].values.data(); }

void quantize4(const float *x, int64_t count, ct_map4 map, int64_t block, uint8_t *codes, float *scales) {
    parallel((count + block - 1) / block, /*grain=*/std::max<int64_t>(1, 4096 / block), [&](int64_t begin, int64_t end) {
        quantize_blocks(begin, end, x, count, maps[map], block, codes, scales);
    });
}

void dequantize4(const Quantized4 &matrix, int64_t begin, int64_t end, float *out) {
    dequantize<FloatTable>(matrix, begin, end, out);
}

void dequantize4(const Quantized4 &matrix, int64_t begin, int64_t end, uint16_t *bfloat16) {
    dequantize<BFloat16Table>(matrix, begin, end, bfloat16);
}

void quantize_scales(const float *x, int64_t count, const float *map, int64_t block, uint8_t *codes, float *scales) {
    std::array<float, 255> midpoints;
    for (size_t i = 0; i < midpoints.size(); i++) midpoints[i] = (map[i] + map[i + 1]) / 2;
    parallel((count + block - 1) / block, /*grain=*/16, [&](int64_t begin, int64_t end) {
        for (int64_t b = begin; b < end; b++) {
            const int64_t start = b * block, size = std::min(block, count - start);
            scales[b] = largest_magnitude(x + start, size);
            const float inverse = reciprocal(scales[b]);
            for (int64_t i = start; i < start + size; i++) {
                const auto place = std::lower_bound(midpoints.begin(), midpoints.end(), x[i] * inverse);
                codes[i] = static_cast<uint8_t>(place - midpoints.begin());
            }
        }
    });
}

} // namespace ct
