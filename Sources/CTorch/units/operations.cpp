// Operations of networks, optimizers and quantized matrices.
//
// Parsing libtorch's headers takes longer than compiling these files, so they are compiled together.
#include "../convolution.cpp"
#include "../disentangled.cpp"
#include "../math.cpp"
#include "../nn.cpp"
#include "../optim.cpp"
#include "../probe.cpp"
#include "../quant.cpp"
#include "../kernels/swiglu.cpp"
