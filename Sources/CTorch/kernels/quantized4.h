// Matrices of 4-bit codes with a scale per block: NF4 and FP4 (Dettmers et al. 2023, "QLoRA").
#ifndef CT_QUANTIZED4_H
#define CT_QUANTIZED4_H

#include "../libtorch.h"

#include "../include/ct_quant.h"

#include <cstdint>

namespace ct {

/// The scale of each block: float32, or 8-bit codes that are decoded when they are used.
struct Scales4 {
    const float *plain;         // null if nested
    const uint8_t *codes;       // null if plain
    const float *nested_map;    // 256 values
    const float *nested_scales; // one per 2^nested_shift codes
    float nested_offset;
    int nested_shift;
};

/// Codes and scales of consecutive elements in row-major order. Element i has the high half of byte i / 2 if i is even.
struct Quantized4 {
    const uint8_t *codes;
    Scales4 scales;
    int64_t block; // even
    ct_map4 map;
};

/// The sixteen values of a map, in the order of the codes.
///
/// Source: `get_4bit_type` of bitsandbytes 0.50.
const float *map4(ct_map4 map);

/// Quantizes `count` elements, which begin at a block. Writes (count + 1) / 2 bytes; the last half byte of an odd count is the
/// code of 0. The scale of a block with NaN or infinity is not finite. `block` is even.
void quantize4(const float *x, int64_t count, ct_map4 map, int64_t block, uint8_t *codes, float *scales);

/// Dequantizes elements begin ..< end on this thread: map[code] · scale in float32, then rounded to the output's type.
void dequantize4(const Quantized4 &matrix, int64_t begin, int64_t end, float *out);
void dequantize4(const Quantized4 &matrix, int64_t begin, int64_t end, uint16_t *bfloat16);

/// Quantizes `count` values, which begin at a block, to the nearest of 256 ascending values of `map`, with one scale per block.
void quantize_scales(const float *x, int64_t count, const float *map, int64_t block, uint8_t *codes, float *scales);

} // namespace ct

#endif
