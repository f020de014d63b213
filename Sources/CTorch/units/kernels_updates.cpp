// Kernels: AdamW, LayerNorm, dropout, embeddings, norms.
//
// Parsing libtorch's headers takes longer than compiling these files, so they are compiled together.
#include "../kernels/adamw.cpp"
#include "../kernels/dropout.cpp"
#include "../kernels/embedding.cpp"
#include "../kernels/hash.cpp"
#include "../kernels/layer_norm.cpp"
#include "../kernels/norm.cpp"
