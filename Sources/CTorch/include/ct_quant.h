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

/// A matrix of 8-bit codes from -127 to 127 with a scale per row, in the layout of integer products: panels of 16 rows.
typedef struct ct_int8_matrix {
    ct_tensor panels; // int8 [rows / 16, columns / 4, 16, 4], both rounded up; codes beyond the matrix are 0
    ct_tensor scales; // float32 [16 · rows / 16], rounded up
    ct_tensor sums;   // int32, the sum of each row's codes, as many as scales
    int64_t rows, columns;
    /// A few numbers of a row of inputs that are larger than this many times its mean magnitude are multiplied in float32; 0 for
    /// none.
    float outlier_factor;
} ct_int8_matrix;

/// The versions of the kernel for integer products.
typedef enum {
    CT_INT8_AUTOMATIC = 0, // the fastest for this machine
    CT_INT8_PORTABLE = 1,
    CT_INT8_AVX2 = 2,
    CT_INT8_AVX_VNNI = 3,
    CT_INT8_AVX512_VNNI = 4
} ct_int8_kernel;

/// Whether this machine can run a version of the kernel.
bool ct_quant_has_int8_kernel(ct_int8_kernel kernel);
/// The most columns of a matrix, so that no sum overflows.
int64_t ct_quant_int8_most_columns(void);
/// Makes the parts of a matrix of zeros.
int ct_quant_int8_new(ct_tensor *panels, ct_tensor *scales, ct_tensor *sums, int64_t rows, int64_t columns);
/// Quantizes float32 rows [n, columns] to the rows of a matrix from `first` on, a multiple of 16. n is a multiple of 16, too, except
/// for the last rows. Fails for NaN and infinity.
int ct_quant_int8_pack(ct_int8_matrix matrix, ct_tensor values, int64_t first);
/// Dequantizes rows from `first` on into `out`, which is float32 or bfloat16 [n, columns].
int ct_quant_int8_unpack(ct_tensor out, ct_int8_matrix matrix, int64_t first);

#ifdef __cplusplus
}
#endif
#endif
