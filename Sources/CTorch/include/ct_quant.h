// Matrices of 4-bit and 8-bit codes, as bitsandbytes stores them.
#ifndef CT_QUANT_H
#define CT_QUANT_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The sixteen values of 4-bit codes.
typedef enum { CT_NF4 = 0, CT_FP4 = 1 } ct_map4;

/// A matrix of 4-bit codes. Blocks of `block` consecutive elements, in row-major order and across rows, share a scale.
typedef struct ct_quantized4 {
    ct_tensor codes;         // uint8, two codes per byte, the first in the high half
    ct_tensor scales;        // the largest magnitude per block: float32, or uint8 codes if nested
    ct_tensor nested_map;    // float32 [256], the values of the scales' codes; null handle if not nested
    ct_tensor nested_scales; // float32, one per `nested_block` scales; null handle if not nested
    float nested_offset;     // added to every decoded scale
    int64_t nested_block; // a power of two
    int64_t block;
    int64_t rows, columns;
    ct_map4 map;
} ct_quantized4;

/// Writes the sixteen values of a map, in the order of the codes.
void ct_quant_map4(float *out, ct_map4 map);
/// Quantizes float32, bfloat16 or float16 values: codes uint8 [(count + 1) / 2, 1] and scales float32 [blocks].
/// Fails for NaN and infinity.
int ct_quant_quantize4(ct_tensor *codes, ct_tensor *scales, ct_tensor values, ct_map4 map, int64_t block);
/// Quantizes scales to 8 bits with `map` (float32 [256], ascending): their mean becomes `offset`, and blocks of `block`
/// differences from it share a scale.
int ct_quant_nest(ct_tensor *codes, ct_tensor *scales, float *offset, ct_tensor values, ct_tensor map, int64_t block);
/// Dequantizes rows from `first` on into `out`, which is float32 or bfloat16 [rows, columns].
int ct_quant_dequantize4(ct_tensor out, ct_quantized4 matrix, int64_t first);

/// Quantizes the rows of a matrix to codes from -127 to 127 in int8 [rows, columns], and scales in float32 [rows]: the
/// largest magnitude per row of the values rounded to float16. Fails for values that float16 cannot hold.
int ct_quant_quantize8(ct_tensor *codes, ct_tensor *scales, ct_tensor values);
/// Dequantizes rows from `first` on into `out`, which is float32 or bfloat16 [rows, columns].
int ct_quant_dequantize8(ct_tensor out, ct_tensor codes, ct_tensor scales, int64_t first);

#ifdef __cplusplus
}
#endif
#endif
