// Tensors, memory, autograd, threads.
//
// Parsing libtorch's headers takes longer than compiling these files, so they are compiled together.
#include "../autograd.cpp"
#include "../barriers.cpp"
#include "../base.cpp"
#include "../checkpoint.cpp"
#include "../memory.cpp"
#include "../on_demand.cpp"
#include "../tensor.cpp"
#include "../tensor_heap.cpp"
