#include "quantized8.h"
#include "rounding.h"
#include "vector.h"

namespace ct {
namespace {

// bitsandbytes' approximation of 1 / 127. (`int8_vectorwise_dequant` of bitsandbytes 0.50.)
constexpr float per_step = 7.874015718698502e-3f;

CT_MULTIVERSION void widen_codes(const int8_t *codes, float scale, int64_t count, float *out) {
    for (int64_t i = 0; i < count; i++) out[i] = static_cast<float>(codes[i]) * scale * per_step;
}

CT_MULTIVERSION void narrow_codes(const int8_t *codes, float scale, int64_t count, uint16_t *out) {
    for (int64_t i = 0; i < count; i++) out[i] = nearest_bfloat16(static_cast<float>(codes[i]) * scale * per_step);
}

} // namespace

void dequantize8(const int8_t *codes, float scale, int64_t count, float *out) { widen_codes(codes, scale, count, out); }

void dequantize8(const int8_t *codes, float scale, int64_t count, uint16_t *bfloat16) {
    narrow_codes(codes, scale, count, bfloat16);
}

} // namespace ct
