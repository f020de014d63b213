// Linear layers with 8-bit integers, for prediction: the weights have a scale per output and the inputs a scale per row, sums are
// 32-bit integers, and results are float32 (Dettmers et al. 2022, "LLM.int8()"; Yao et al. 2022, "ZeroQuant").
#ifndef CT_INT8_LINEAR_H
#define CT_INT8_LINEAR_H

#include "frozen_weight.h"
#include "int8_tiles.h"

namespace ct {

/// A matrix w, [rows, columns], of codes from -127 to 127, where w ≈ code · scale of the row. Padding is 0.
struct Int8Matrix {
    at::Tensor panels, scales, sums; // int8 [rows / 16, columns / 4, 16, 4], float32, int32, rounded up
    int64_t rows, columns;
    float outlier_factor;

    int64_t panel_bytes() const { return panels.size(1) * int8_group_bytes; }
};

/// No sum of this many products of codes overflows: 255 · 127 · 65,536 < 2³¹.
constexpr int64_t int8_most_columns = int64_t{1} << 16;

/// A matrix of zeros.
Int8Matrix new_int8_matrix(int64_t rows, int64_t columns);
/// The matrix of handles, after a check that its parts fit.
Int8Matrix int8_matrix(const ct_int8_matrix &handles);
/// Quantizes float32 rows to those of the matrix from `first` on, a multiple of 16.
void pack_int8(const at::Tensor &values, const Int8Matrix &matrix, int64_t first);
/// Dequantizes rows from `first` on into a contiguous float32 tensor.
void unpack_int8(const Int8Matrix &matrix, int64_t first, const at::Tensor &out);

/// A number of a row that its codes leave out, because it is so large that the others would lose precision.
struct Int8Outlier {
    float value;
    int32_t column;
};

/// A row of float32 numbers as codes: x ≈ (code - zero) · scale, except for its outliers, whose code is `zero`. The scale of a
/// row with NaN or infinity is NaN.
struct Int8Row {
    float scale;
    int32_t zero, outliers;
};

/// The rows of an input.
struct Int8Rows {
    int64_t count, columns, stride, most_outliers; // stride in bytes, a multiple of 64
    at::Tensor memory;                             // codes, rows and outliers one after another

    uint8_t *codes() const { return memory.data_ptr<uint8_t>(); }
    Int8Row *rows() const { return reinterpret_cast<Int8Row *>(codes() + count * stride); }
    Int8Outlier *outliers() const { return reinterpret_cast<Int8Outlier *>(rows() + count); }
};

/// Quantizes rows, [count, columns], float32 on the CPU, on all cores. Each row is quantized alone, so its codes do not depend on
/// its batch. The result for the last rows of this thread is kept, because several layers multiply the same rows.
Int8Rows quantized_rows(const at::Tensor &x, float outlier_factor);

/// Room for rows, which may be filled again and again.
Int8Rows new_int8_rows(int64_t count, int64_t columns);
/// Quantizes `count` float32 rows, `stride` apart, to the first ones of `out`, on this core.
void quantize_int8_rows(const float *x, int64_t stride, int64_t count, float outlier_factor, const Int8Rows &out);

/// The most rows, and the outputs, that are multiplied at a time: 24 KB of sums.
constexpr int64_t int8_most_rows = 96, int8_group_panels = 4, int8_group_outputs = int8_group_panels * int8_outputs;

/// How many blocks of rows there are for all threads.
int64_t int8_blocks(int64_t rows, const Int8Matrix &w);

/// Some rows of an input times a group of panels of a matrix.
struct Int8Part {
    const Int8Rows &x;
    int64_t first, rows; // at most int8_most_rows
    const Int8Matrix &w;
    int64_t panel, panels;
    const float *bias; // of all outputs, or null
    /// Where the first row's first output is written, and the distance of rows.
    float *y;
    int64_t stride;
};

/// Computes a part on this core. `sums` has room for int8_most_rows · int8_group_outputs.
void int8_part(const Int8Part &part, const Int8Machine &machine, int32_t *sums);

/// y = x · wᵀ + bias, on all cores; the same bits for any number of cores and any version of the kernel.
void int8_product(const Int8Rows &x, const Int8Matrix &w, const float *bias, float *y, const Int8Machine &machine);

/// A feed-forward layer in integers, for prediction.
struct Int8FeedForward {
    /// The first layer, or gate and up; then the last layer.
    std::vector<Int8Matrix> layers;
    /// Their biases, float32, or empty.
    std::vector<at::Tensor> biases;
    ct_activation activation;
};

/// Applies a feed-forward layer to rows in float32. The rows between the products stay in a core's cache.
at::Tensor int8_feed_forward(const at::Tensor &x, const Int8FeedForward &layer, const Int8Machine &machine);

/// A matrix for integer products. The gradient of the input is that of the dequantized matrix.
struct Int8Weight final : FrozenWeight {
    Int8Weight(Int8Matrix matrix, const Int8Machine &machine) : matrix(std::move(matrix)), machine(machine) {}

    at::Tensor product(const at::Tensor &x, const std::optional<at::Tensor> &bias, const Factors &factors) const override;
    at::Tensor transposed_product(const at::Tensor &dy, const Factors &factors) const override;
    int64_t rows() const override { return matrix.rows; }
    int64_t columns() const override { return matrix.columns; }

  private:
    const Int8Matrix matrix;
    const Int8Machine &machine;
};

} // namespace ct

#endif
