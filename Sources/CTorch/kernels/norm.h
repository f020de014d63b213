// The norm of many tensors together.
#ifndef CT_NORM_H
#define CT_NORM_H

#include "../libtorch.h"

namespace ct {

bool total_norm_supported(const std::vector<at::Tensor> &tensors);

/// The square root of the sum of all squares, float32. All cores read all tensors together; the result is the same for any number
/// of cores.
at::Tensor total_norm(const std::vector<at::Tensor> &tensors);

} // namespace ct

#endif
