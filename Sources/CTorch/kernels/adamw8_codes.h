// The codes of 8-bit moments, sixteen at a time: bitsandbytes' dynamic map without a table of its 65,536 steps.
//
// A moment's share of its block's largest magnitude is rounded to a step, and the code of a step is the rank of the nearest
// value. Within a decade the values are equally spaced, so ranks are the whole parts of a line.
#ifndef CT_ADAMW8_CODES_H
#define CT_ADAMW8_CODES_H

#include "vector.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#define CT_AVX512 __attribute__((target("avx512f")))
#endif

namespace ct {

/// The number of codes that share a largest magnitude.
constexpr int64_t codes_block = 256;

typedef uint8_t bvec __attribute__((vector_size(16), aligned(1), may_alias));

/// The ranks of one decade of values: the whole parts of distance · slope + offset, at most `last`, for distances above
/// `start`. A distance is counted in steps from the middle, 0.
struct Decade {
    float start, slope, offset, last;
};

// Slopes and offsets are fitted with few digits. The lines stay clear of whole numbers by more than float32 rounds, with
// and without fused multiplications, so every step has exactly the code of the table; tests compare all of them.
constexpr Decade first_decades[] = {{0, 1, 4, 7},
                                    {4, 0.272f, 7.1f, 15},
                                    {36, 0.05422f, 14.228f, 31},
                                    {346, 0.0108509f, 28.4444f, 63},
                                    {3369, 0.0021701714f, 56.88887f, 127}};
constexpr Decade second_decades[] = {{0, 2.35f, 6.6f, 14},
                                     {4, 0.54f, 13.28f, 30},
                                     {35, 0.10849f, 27.448f, 62},
                                     {337, 0.0217019f, 55.8883f, 126},
                                     {3323, 0.004340343f, 112.77778f, 254}};
// Distances above these have the rank of 1, which is not in a decade.
constexpr float first_one = 32652, second_one = 32710;

/// Computes numbers whose whole parts are the ranks of positive distances.
CT_INLINE void find_ranks(const vec &distance, const Decade (&decades)[5], vec &ranks) {
    ranks = distance * decades[0].slope + decades[0].offset;
    for (int i = 1; i < 5; i++) {
        const vec line = distance * decades[i].slope + decades[i].offset;
        const vec last = vec{} + decades[i - 1].last;
        ranks = distance > decades[i].start ? line : (ranks < last ? ranks : last);
    }
}

/// Computes the distances of shares of a block's largest magnitude: negative below the middle. NaN has that of -1.
CT_INLINE void find_distances(const vec &shares, vec &distances) {
    const vec one = vec{} + 1.0f;
    vec share = shares > -one ? shares : -one;
    share = share > one ? one : share;
    const ivec step = __builtin_convertvector((share + 1.0f) * 0.5f * 65535.0f + 0.5f, ivec);
    distances = __builtin_convertvector(step, vec) - 32767.5f;
}

/// The codes of first moments: 127 for 0, and as many on both sides, with 1 at the end.
struct FirstCodes {
    CT_INLINE static void encode(const vec &distance, ivec &codes) {
        const uvec size = reinterpret_cast<const uvec &>(distance) & 0x7FFFFFFFu;
        vec ranks;
        find_ranks(reinterpret_cast<const vec &>(size), first_decades, ranks);
        const vec last = vec{} + 127.0f;
        ranks = ranks < last ? ranks : last;
        // Only 1 has this rank: -1 is not a value.
        ranks = distance > first_one ? vec{} + 128.0f : ranks;
        const ivec whole = __builtin_convertvector(ranks, ivec);
        codes = distance < 0.0f ? 127 - whole : 127 + whole;
    }
};

/// The codes of second moments: 0 below the middle, where only NaN is.
struct SecondCodes {
    CT_INLINE static void encode(const vec &distance, ivec &codes) {
        vec ranks;
        find_ranks(distance, second_decades, ranks);
        ranks = distance > 0.0f ? ranks : vec{};
        ranks = distance > second_one ? vec{} + 255.0f : ranks;
        codes = __builtin_convertvector(ranks, ivec);
    }
};

/// Writes the codes of sixteen moments whose block has the largest magnitude 1 / inverse.
template <typename Codes> CT_INLINE void encode_vector(const float *moments, float inverse, uint8_t *codes) {
    vec distances;
    find_distances(load(moments) * inverse, distances);
    ivec found;
    Codes::encode(distances, found);
    *reinterpret_cast<bvec *>(codes) = __builtin_convertvector(found, bvec);
}

#if defined(CT_AVX512)
/// Decodes one block; the values of all codes are in sixteen registers.
CT_AVX512 inline void decode_by_permutations(const uint8_t *codes, const float *values, float size, float *moments) {
    __m512 table[16];
    for (int k = 0; k < 16; k++) table[k] = _mm512_loadu_ps(values + 16 * k);
    for (int64_t i = 0; i < codes_block; i += lanes) {
        const __m512i code = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(codes + i)));
        // A permutation finds one of 32 values by the code's lower bits; the upper three bits choose the permutation.
        __m512 found[8];
        for (int k = 0; k < 8; k++) found[k] = _mm512_permutex2var_ps(table[2 * k], code, table[2 * k + 1]);
        const __mmask16 bit5 = _mm512_test_epi32_mask(code, _mm512_set1_epi32(32)),
                        bit6 = _mm512_test_epi32_mask(code, _mm512_set1_epi32(64)),
                        bit7 = _mm512_test_epi32_mask(code, _mm512_set1_epi32(128));
        for (int k = 0; k < 4; k++) found[k] = _mm512_mask_mov_ps(found[2 * k], bit5, found[2 * k + 1]);
        for (int k = 0; k < 2; k++) found[k] = _mm512_mask_mov_ps(found[2 * k], bit6, found[2 * k + 1]);
        const __m512 value = _mm512_mask_mov_ps(found[0], bit7, found[1]);
        _mm512_storeu_ps(moments + i, _mm512_mul_ps(value, _mm512_set1_ps(size)));
    }
}

inline bool has_permutations() {
    static const bool result = __builtin_cpu_supports("avx512f");
    return result;
}
#endif

/// Decodes one block. Machines without registers for all values look them up one by one, in 1 KB.
CT_INLINE void decode_block(const uint8_t *codes, const float *values, float size, float *moments) {
#if defined(CT_AVX512)
    if (has_permutations()) return decode_by_permutations(codes, values, size, moments);
#endif
    for (int64_t i = 0; i < codes_block; i++) moments[i] = values[codes[i]] * size;
}

} // namespace ct

#endif
