// Conversion between float32 and bfloat16 around products, on the CPU, in one pass each.
#ifndef CT_NARROW_H
#define CT_NARROW_H

#include "../libtorch.h"

namespace ct {

/// x in a narrower type; a float32 x on the CPU is rounded to bfloat16 on all cores, to nearest.
at::Tensor rounded(const at::Tensor &x, at::ScalarType type);

/// Rounds x into y, which is bfloat16 [rows, columns], perhaps some columns of a wider matrix.
void round_into(const at::Tensor &x, const at::Tensor &y);

/// y as float32, plus a bias [columns] if there is one. y is [rows, columns], perhaps some columns of a wider matrix.
at::Tensor widened(const at::Tensor &y, const std::optional<at::Tensor> &bias);

/// The sums of the columns of y [rows, columns], float32 or bfloat16, in float32. The rows are added in order.
at::Tensor column_sums(const at::Tensor &y);

} // namespace ct

#endif
