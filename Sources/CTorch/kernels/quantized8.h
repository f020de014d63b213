// Matrices of 8-bit codes with a scale per row: LLM.int8() (Dettmers et al. 2022).
#ifndef CT_QUANTIZED8_H
#define CT_QUANTIZED8_H

#include <cstdint>

namespace ct {

/// Dequantizes one row on this thread: code · scale · (1 / 127), in float32, then rounded to the output's type.
void dequantize8(const int8_t *codes, float scale, int64_t count, float *out);
void dequantize8(const int8_t *codes, float scale, int64_t count, uint16_t *bfloat16);

} // namespace ct

#endif
