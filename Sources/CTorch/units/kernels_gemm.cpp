// Kernel: products of float32 and bfloat16 matrices.
#include "../kernels/gemm.cpp"
