// Kernel: products of float32 matrices.
#include "../kernels/gemm.cpp"
