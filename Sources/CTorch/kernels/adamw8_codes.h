// The codes of 8-bit moments, sixteen at a time: bitsandbytes' dynamic map without a table of its 65,536 steps.
//
// A moment's share of its block's largest magnitude is rounded to a step, and the code of a step is the rank of the nearest
// value. Within a decade the values are equally spaced, so ranks are the whole parts of a line.
#ifndef CT_ADAMW8_CODES_H
#define CT_ADAMW8_CODES_H

#include "vector.h"

#include <algorithm>
#include <bit>

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#define CT_AVX512 __attribute__((target("avx512f")))
#define CT_VBMI __attribute__((target("avx512f,avx512bw,avx512vbmi")))
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
    static constexpr const auto &decades = first_decades;

    CT_INLINE static void of(const vec &distance, const vec &sizes, ivec &codes) {
        const vec last = vec{} + 127.0f;
        vec ranks = sizes < last ? sizes : last;
        // Only 1 has this rank: -1 is not a value.
        ranks = distance > first_one ? vec{} + 128.0f : ranks;
        const ivec whole = __builtin_convertvector(ranks, ivec);
        codes = distance < 0.0f ? 127 - whole : 127 + whole;
    }
};

/// The codes of second moments: 0 below the middle, where only NaN is.
struct SecondCodes {
    static constexpr const auto &decades = second_decades;

    CT_INLINE static void of(const vec &distance, const vec &sizes, ivec &codes) {
        vec ranks = distance > 0.0f ? sizes : vec{};
        ranks = distance > second_one ? vec{} + 255.0f : ranks;
        codes = __builtin_convertvector(ranks, ivec);
    }
};

#if defined(CT_AVX512)
/// The decades by a distance's power of two. At most one begins within each.
struct DecadesByPower {
    static constexpr int powers = 16; // 0.5 to 32767.5
    /// Where the second decade of a power begins, or more than any distance.
    alignas(64) float starts[powers];
    /// The lines of every power's first decade, then those of the second decades.
    alignas(64) float slopes[2 * powers], offsets[2 * powers], lasts[2 * powers];

    constexpr explicit DecadesByPower(const Decade (&decades)[5]) : starts(), slopes(), offsets(), lasts() {
        float begin = 0.5f;
        // The place of a power is the last four bits of its exponent in float32.
        for (int place = 126 % powers, count = 0; count < powers; count++, place = (place + 1) % powers, begin *= 2) {
            int first = 0, second = 0;
            for (int i = 1; i < 5; i++) {
                if (decades[i].start <= begin) first = i;
                if (decades[i].start < 2 * begin) second = i;
            }
            starts[place] = second > first ? decades[second].start : 1e9f;
            for (int half = 0; half < 2; half++) {
                const Decade &decade = decades[half == 0 ? first : second];
                const int at = place + half * powers;
                slopes[at] = decade.slope, offsets[at] = decade.offset, lasts[at] = decade.last;
            }
        }
    }
};

/// As `find_ranks`, by permutations instead of one comparison for each decade.
CT_AVX512 inline __m512 ranks_by_permutations(__m512 distance, const DecadesByPower &decades) {
    const __m512i power = _mm512_and_si512(_mm512_srli_epi32(_mm512_castps_si512(distance), 23), _mm512_set1_epi32(15));
    const __mmask16 is_second =
        _mm512_cmp_ps_mask(distance, _mm512_permutexvar_ps(power, _mm512_load_ps(decades.starts)), _CMP_GT_OQ);
    const __m512i place = _mm512_mask_or_epi32(power, is_second, power, _mm512_set1_epi32(DecadesByPower::powers));
    const auto found = [&](const float *values) CT_AVX512 {
        return _mm512_permutex2var_ps(_mm512_load_ps(values), place, _mm512_load_ps(values + DecadesByPower::powers));
    };
    const __m512 line = _mm512_fmadd_ps(distance, found(decades.slopes), found(decades.offsets));
    return _mm512_min_ps(line, found(decades.lasts));
}

template <typename Codes>
CT_AVX512 inline void encode_by_permutations(const float *moments, float inverse, uint8_t *codes) {
    static constexpr DecadesByPower decades(Codes::decades);
    for (int64_t i = 0; i < codes_block; i += lanes) {
        vec distance;
        find_distances(load(moments + i) * inverse, distance);
        const vec ranks = (vec)ranks_by_permutations(_mm512_abs_ps((__m512)distance), decades);
        ivec found;
        Codes::of(distance, ranks, found);
        _mm_storeu_si128(reinterpret_cast<__m128i *>(codes + i), _mm512_cvtepi32_epi8((__m512i)found));
    }
}

/// The permutations of this CPU: of bytes 2, of numbers 1, or none.
inline int permutations() {
    static const int result = __builtin_cpu_supports("avx512vbmi") ? 2 : __builtin_cpu_supports("avx512f") ? 1 : 0;
    return result;
}
#endif

/// Writes the codes of one block whose largest magnitude is 1 / inverse.
template <typename Codes> CT_INLINE void encode_block(const float *moments, float inverse, uint8_t *codes) {
#if defined(CT_AVX512)
    if (permutations() >= 1) return encode_by_permutations<Codes>(moments, inverse, codes);
#endif
    for (int64_t i = 0; i < codes_block; i += lanes) {
        vec distance, ranks;
        find_distances(load(moments + i) * inverse, distance);
        const uvec size = reinterpret_cast<const uvec &>(distance) & 0x7FFFFFFFu;
        find_ranks(reinterpret_cast<const vec &>(size), Codes::decades, ranks);
        ivec found;
        Codes::of(distance, ranks, found);
        *reinterpret_cast<bvec *>(codes + i) = __builtin_convertvector(found, bvec);
    }
}

/// The values of all codes, as numbers and, one after another, as the first to fourth bytes of all numbers.
struct CodeValues {
    alignas(64) float numbers[256];
    alignas(64) uint8_t bytes[4][256];

    explicit CodeValues(const float *from) {
        std::copy_n(from, 256, numbers);
        for (int i = 0; i < 256; i++)
            for (int k = 0; k < 4; k++) bytes[k][i] = static_cast<uint8_t>(std::bit_cast<uint32_t>(from[i]) >> 8 * k);
    }
};

#if defined(CT_AVX512)
/// Decodes one block; the bytes of all values are in sixteen registers. A permutation finds 64 bytes among 128.
CT_VBMI inline void decode_by_bytes(const uint8_t *codes, const CodeValues &values, float size, float *moments) {
    __m512i table[4][4];
    for (int k = 0; k < 4; k++)
        for (int j = 0; j < 4; j++) table[k][j] = _mm512_load_si512(values.bytes[k] + 64 * j);
    // Bytes are joined to numbers within each quarter of a register, so the codes of a vector begin in all four quarters.
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    for (int64_t i = 0; i < codes_block; i += 4 * lanes) {
        const __m512i code = _mm512_permutexvar_epi32(order, _mm512_loadu_si512(codes + i));
        const __mmask64 is_upper = _mm512_movepi8_mask(code); // the codes from 128 on
        __m512i found[4];
        for (int k = 0; k < 4; k++)
            found[k] = _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(table[k][0], code, table[k][1]), is_upper,
                                            _mm512_permutex2var_epi8(table[k][2], code, table[k][3]));
        const __m512i low = _mm512_unpacklo_epi8(found[0], found[1]), low_high = _mm512_unpackhi_epi8(found[0], found[1]),
                      high = _mm512_unpacklo_epi8(found[2], found[3]), high_high = _mm512_unpackhi_epi8(found[2], found[3]);
        const __m512i numbers[4] = {_mm512_unpacklo_epi16(low, high), _mm512_unpackhi_epi16(low, high),
                                    _mm512_unpacklo_epi16(low_high, high_high), _mm512_unpackhi_epi16(low_high, high_high)};
        for (int v = 0; v < 4; v++)
            _mm512_storeu_ps(moments + i + v * lanes, _mm512_mul_ps(_mm512_castsi512_ps(numbers[v]), _mm512_set1_ps(size)));
    }
}

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
#endif

/// Decodes one block. Machines without registers for all values look them up one by one, in 1 KB.
CT_INLINE void decode_block(const uint8_t *codes, const CodeValues &values, float size, float *moments) {
#if defined(CT_AVX512)
    if (permutations() == 2) return decode_by_bytes(codes, values, size, moments);
    if (permutations() == 1) return decode_by_permutations(codes, values.numbers, size, moments);
#endif
    for (int64_t i = 0; i < codes_block; i++) moments[i] = values.numbers[codes[i]] * size;
}

} // namespace ct

#endif
