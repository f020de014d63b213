// Kernels: attention and rotary embedding.
//
// Parsing libtorch's headers takes longer than compiling these files, so they are compiled together.
#include "../kernels/attention.cpp"
#include "../kernels/rope.cpp"
