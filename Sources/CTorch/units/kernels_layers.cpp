// Kernels: layers that are computed together, and the conversions around their products.
//
// Parsing libtorch's headers takes longer than compiling these files, so they are compiled together.
#include "../kernels/feed_forward.cpp"
#include "../kernels/joint_linear.cpp"
#include "../kernels/narrow.cpp"
