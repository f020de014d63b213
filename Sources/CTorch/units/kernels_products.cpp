// Kernels: products, quantized matrices, 8-bit AdamW, RMSNorm.
//
// Parsing libtorch's headers takes longer than compiling these files, so they are compiled together.
#include "../kernels/adamw8.cpp"
#include "../kernels/frozen_weight.cpp"
#include "../kernels/int8_feed_forward.cpp"
#include "../kernels/int8_linear.cpp"
#include "../kernels/int8_matrix.cpp"
#include "../kernels/int8_rows.cpp"
#include "../kernels/int8_tiles.cpp"
#include "../kernels/linear.cpp"
#include "../kernels/low_rank_linear.cpp"
#include "../kernels/packed_queries.cpp"
#include "../kernels/quantized4.cpp"
#include "../kernels/quantized8.cpp"
#include "../kernels/rms_norm.cpp"
#include "../kernels/rounding.cpp"
