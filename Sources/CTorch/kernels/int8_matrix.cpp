// Matrices of 8-bit codes in the layout of integer products.
#include "int8_linear.h"
#include "parallel.h"
#include "vector.h"

#include <cstring>
#include <vector>

namespace ct {
namespace {

constexpr int64_t rounded_up(int64_t count, int64_t size) { return (count + size - 1) / size; }

/// Writes codes of one row of weights, and returns their scale and sum.
CT_MULTIVERSION void quantize_weights(const float *w, int64_t count, int8_t *codes, float *scale, int32_t *sum) {
    float size = 0;
    for (int64_t i = 0; i < count; i++) {
        const float own = w[i] < 0 ? -w[i] : w[i];
        size = own > size ? own : size;
    }
    *scale = size / 127;
    // Weights so small that the reciprocal is infinite are 0.
    const float inverse = *scale < 1e-37f ? 0 : 127 / size;
    if (inverse == 0) *scale = 0;
    int32_t total = 0;
    for (int64_t i = 0; i < count; i++) {
        const auto code = static_cast<int32_t>(__builtin_nearbyintf(w[i] * inverse));
        codes[i] = static_cast<int8_t>(code);
        total += code;
    }
    *sum = total;
}

/// Quantizes the rows of one panel.
void pack_panel(const float *w, int64_t rows, int64_t columns, int8_t *panel, int64_t panel_bytes, float *scales,
                int32_t *sums) {
    std::vector<int8_t> codes(static_cast<size_t>(panel_bytes / int8_outputs), 0);
    for (int64_t row = 0; row < rows; row++) {
        quantize_weights(w + row * columns, columns, codes.data(), scales + row, sums + row);
        const int8_t *group = codes.data();
        for (int64_t p = 0; p * int8_group_bytes < panel_bytes; p++, group += int8_inputs)
            std::memcpy(panel + p * int8_group_bytes + row * int8_inputs, group, int8_inputs);
    }
}

bool is_part(const at::Tensor &x, at::ScalarType type, int64_t count) {
    return x.is_cpu() && x.is_contiguous() && x.scalar_type() == type && x.numel() == count;
}

} // namespace

Int8Matrix new_int8_matrix(int64_t rows, int64_t columns) {
    TORCH_CHECK(rows > 0 && columns > 0 && columns <= int8_most_columns, "a matrix of ", rows, " by ", columns,
                " cannot be multiplied in 8-bit integers; it needs 1 to ", int8_most_columns, " columns");
    const int64_t panels = rounded_up(rows, int8_outputs), groups = rounded_up(columns, int8_inputs);
    return {at::zeros({panels, groups, int8_outputs, int8_inputs}, at::kChar), at::zeros({panels * int8_outputs}, at::kFloat),
            at::zeros({panels * int8_outputs}, at::kInt), rows, columns, 0};
}

Int8Matrix int8_matrix(const ct_int8_matrix &handles) {
    const auto part = [](ct_tensor handle) { return *static_cast<const at::Tensor *>(handle.ctx); };
    Int8Matrix matrix{part(handles.panels), part(handles.scales), part(handles.sums), handles.rows, handles.columns,
                      handles.outlier_factor};
    const int64_t panels = rounded_up(matrix.rows, int8_outputs), groups = rounded_up(matrix.columns, int8_inputs);
    TORCH_CHECK(matrix.rows > 0 && matrix.columns > 0 && matrix.columns <= int8_most_columns && matrix.panels.dim() == 4 &&
                    matrix.panels.size(0) == panels && matrix.panels.size(1) == groups &&
                    is_part(matrix.panels, at::kChar, panels * groups * int8_group_bytes) &&
                    is_part(matrix.scales, at::kFloat, panels * int8_outputs) &&
                    is_part(matrix.sums, at::kInt, panels * int8_outputs),
                "panels of ", matrix.panels.sizes(), " do not fit a matrix of ", matrix.rows, " by ", matrix.columns);
    return matrix;
}

void pack_int8(const at::Tensor &values, const Int8Matrix &matrix, int64_t first) {
    const auto w = values.contiguous();
    const int64_t rows = w.size(0), bytes = matrix.panel_bytes();
    const float *from = w.const_data_ptr<float>();
    auto *panels = matrix.panels.data_ptr<int8_t>();
    auto *scales = matrix.scales.data_ptr<float>();
    auto *sums = matrix.sums.data_ptr<int32_t>();
    parallel(rounded_up(rows, int8_outputs), /*grain=*/1, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; p++) {
            const int64_t row = p * int8_outputs, count = std::min(int8_outputs, rows - row);
            pack_panel(from + row * matrix.columns, count, matrix.columns, panels + (first / int8_outputs + p) * bytes, bytes,
                       scales + first + row, sums + first + row);
        }
    });
}

void unpack_int8(const Int8Matrix &matrix, int64_t first, const at::Tensor &out) {
    const auto *panels = matrix.panels.const_data_ptr<int8_t>();
    const float *scales = matrix.scales.const_data_ptr<float>();
    auto *values = out.data_ptr<float>();
    const int64_t columns = matrix.columns, bytes = matrix.panel_bytes();
    parallel(out.size(0), std::max<int64_t>(1, 8192 / columns), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) {
            const int64_t row = first + i;
            const int8_t *codes = panels + row / int8_outputs * bytes + row % int8_outputs * int8_inputs;
            for (int64_t j = 0; j < columns; j++) {
                const int8_t code = codes[j / int8_inputs * int8_group_bytes + j % int8_inputs];
                values[i * columns + j] = static_cast<float>(code) * scales[row];
            }
        }
    });
}

at::Tensor Int8Weight::product(const at::Tensor &x, const std::optional<at::Tensor> &bias, const Factors &) const {
    TORCH_CHECK(x.is_cpu(), "8-bit integers are multiplied on the CPU only, not on ", x.device());
    const auto rows = x.to(at::kFloat);
    auto y = at::empty({x.size(0), matrix.rows}, rows.options());
    if (x.size(0) == 0) return y;
    const auto own = bias ? bias->to(at::kFloat).contiguous() : at::Tensor();
    TORCH_CHECK(!bias || own.numel() == matrix.rows, "a bias of ", own.sizes(), " does not fit ", matrix.rows, " outputs");
    int8_product(quantized_rows(rows, matrix.outlier_factor), matrix, bias ? own.const_data_ptr<float>() : nullptr,
                 y.mutable_data_ptr<float>(), machine);
    return y;
}

at::Tensor Int8Weight::transposed_product(const at::Tensor &dy, const Factors &factors) const {
    auto dx = at::zeros({dy.size(0), matrix.columns}, dy.options().dtype(at::kFloat));
    // About 16 MB of dequantized rows at a time.
    const int64_t height = std::max<int64_t>(1, (int64_t{1} << 22) / matrix.columns);
    for (int64_t first = 0; first < matrix.rows; first += height) {
        const auto tile = at::empty({std::min(height, matrix.rows - first), matrix.columns}, at::kFloat);
        unpack_int8(matrix, first, tile);
        const auto part = dy.narrow(1, first, tile.size(0)).to(at::kFloat);
        if (factors.products.route != CT_FLOAT_MKL) dx.add_(float_product(part.contiguous(), tile.t(), std::nullopt, factors.products.route));
        else dx.addmm_(part, tile);
    }
    return dx;
}

} // namespace ct
