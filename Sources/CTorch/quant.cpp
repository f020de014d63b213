#include "support.h"

#include "kernels/int8_linear.h"
#include "kernels/parallel.h"
#include "kernels/quantized4.h"
#include "kernels/quantized8.h"
#include "kernels/rounding.h"

#include <bit>

using ct::tensor;

namespace {

/// The number of elements that are converted or dequantized at a time, so that temporary copies stay small.
constexpr int64_t chunk = int64_t{1} << 20;

int64_t quotient(int64_t count, int64_t size) { return (count + size - 1) / size; }

void require_block(int64_t block) {
    TORCH_CHECK(block >= 32 && block <= 4096 && std::has_single_bit(static_cast<uint64_t>(block)), "blocks of ", block,
                " elements are not supported; use a power of two from 32 to 4096");
}

void require_values(const at::Tensor &values) {
    const auto type = values.scalar_type();
    TORCH_CHECK(values.is_cpu() && (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf), "cannot quantize ",
                type, " on ", values.device(), "; quantization needs float32, bfloat16 or float16 on the CPU");
}

/// Whether `x` is a contiguous CPU tensor of `count` elements of a type.
bool fits(const at::Tensor &x, at::ScalarType type, int64_t count) {
    return x.is_cpu() && x.is_contiguous() && x.scalar_type() == type && x.numel() == count;
}

/// Checks a matrix whose parts may come from a file, so that no kernel reads beyond them.
ct::Quantized4 checked(const ct_quantized4 &handles) {
    require_block(handles.block);
    TORCH_CHECK(handles.map == CT_NF4 || handles.map == CT_FP4, "unknown 4-bit codes");
    int64_t count = 0;
    TORCH_CHECK(handles.rows >= 0 && handles.columns >= 0 && !__builtin_mul_overflow(handles.rows, handles.columns, &count),
                "a matrix of ", handles.rows, " by ", handles.columns, " is not possible");
    const int64_t blocks = quotient(count, handles.block);
    const auto &codes = tensor(handles.codes), &scales = tensor(handles.scales);
    TORCH_CHECK(fits(codes, at::kByte, quotient(count, 2)), "4-bit codes of ", codes.scalar_type(), " ", codes.sizes(),
                " do not fit a matrix of ", handles.rows, " by ", handles.columns);
    const auto map = ct::optional(handles.nested_map), nested = ct::optional(handles.nested_scales);
    TORCH_CHECK(fits(scales, nested ? at::kByte : at::kFloat, blocks), "scales of ", scales.scalar_type(), " ",
                scales.sizes(), " do not fit ", blocks, " blocks");
    ct::Quantized4 matrix{codes.const_data_ptr<uint8_t>(), {}, handles.block, handles.map};
    if (!nested) {
        matrix.scales.plain = scales.const_data_ptr<float>();
        return matrix;
    }
    TORCH_CHECK(std::has_single_bit(static_cast<uint64_t>(handles.nested_block)) && handles.nested_block > 0 && fits(*nested, at::kFloat, quotient(blocks, handles.nested_block)) && map &&
                    fits(*map, at::kFloat, 256),
                "nested scales do not fit ", blocks, " blocks");
    matrix.scales = {nullptr,
                     scales.const_data_ptr<uint8_t>(),
                     map->const_data_ptr<float>(),
                     nested->const_data_ptr<float>(),
                     handles.nested_offset,
                     std::countr_zero(static_cast<uint64_t>(handles.nested_block))};
    return matrix;
}

/// Checks that `out` can receive rows of a matrix from `first` on.
void require_output(const at::Tensor &out, int64_t first, int64_t rows, int64_t columns) {
    const auto type = out.scalar_type();
    TORCH_CHECK(out.is_cpu() && out.is_contiguous() && (type == at::kFloat || type == at::kBFloat16), "cannot dequantize to ",
                type, " on ", out.device(), "; the output must be contiguous float32 or bfloat16 on the CPU");
    TORCH_CHECK(out.dim() == 2 && out.size(1) == columns && first >= 0 && out.size(0) <= rows && first <= rows - out.size(0),
                "cannot dequantize rows ", first, " ..< ", first + (out.dim() > 0 ? out.size(0) : 0), " of ", rows, " by ",
                columns, " into ", out.sizes());
}

/// Increments the version counter, which our kernels do not.
void bump_version(const at::Tensor &x) {
    if (!x.is_inference()) x.unsafeGetTensorImpl()->bump_version();
}

} // namespace

extern "C" {

void ct_quant_map4(float *out, ct_map4 map) { std::copy_n(ct::map4(map), 16, out); }

int ct_quant_quantize4(ct_tensor *codes, ct_tensor *scales, ct_tensor values, ct_map4 map, int64_t block) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        require_block(block);
        require_values(tensor(values));
        const auto flat = tensor(values).contiguous().reshape({-1});
        const int64_t count = flat.numel();
        auto packed = at::empty({quotient(count, 2), 1}, at::kByte);
        auto sizes = at::empty({quotient(count, block)}, at::kFloat);
        for (int64_t start = 0; start < count; start += chunk) {
            const auto part = flat.narrow(0, start, std::min(chunk, count - start)).to(at::kFloat);
            ct::quantize4(part.const_data_ptr<float>(), part.numel(), map, block,
                          packed.mutable_data_ptr<uint8_t>() + start / 2, sizes.mutable_data_ptr<float>() + start / block);
        }
        TORCH_CHECK(at::isfinite(sizes).all().item<bool>(), "cannot quantize NaN or infinity");
        *codes = ct::handle(packed);
        *scales = ct::handle(sizes);
    });
}

int ct_quant_nest(ct_tensor *codes, ct_tensor *scales, float *offset, ct_tensor values, ct_tensor map, int64_t block) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        const auto x = tensor(values).reshape({-1});
        TORCH_CHECK(block > 0 && fits(x, at::kFloat, x.numel()) && fits(tensor(map), at::kFloat, 256),
                    "cannot quantize scales of ", x.scalar_type());
        const auto mean = x.numel() > 0 ? x.mean() : at::zeros({}, at::kFloat);
        const auto differences = (x - mean).contiguous();
        auto found = at::empty_like(x, at::kByte);
        auto sizes = at::empty({quotient(x.numel(), block)}, at::kFloat);
        ct::quantize_scales(differences.const_data_ptr<float>(), x.numel(), tensor(map).const_data_ptr<float>(), block,
                            found.mutable_data_ptr<uint8_t>(), sizes.mutable_data_ptr<float>());
        TORCH_CHECK(at::isfinite(sizes).all().item<bool>(), "cannot quantize scales that are NaN or infinite");
        *offset = mean.item<float>();
        *codes = ct::handle(found);
        *scales = ct::handle(sizes);
    });
}

int ct_quant_dequantize4(ct_tensor out, ct_quantized4 matrix, int64_t first) {
    return ct::guard([&] {
        const auto checked_matrix = checked(matrix);
        const auto &result = tensor(out);
        require_output(result, first, matrix.rows, matrix.columns);
        const int64_t count = result.numel(), start = first * matrix.columns;
        // Parts are whole blocks of the matrix, except the first and last.
        constexpr int64_t part = 8192;
        ct::parallel(quotient(start + count, part) - start / part, /*grain=*/1, [&](int64_t begin, int64_t end) {
            const int64_t from = std::max(start, (start / part + begin) * part),
                          to = std::min(start + count, (start / part + end) * part);
            if (result.scalar_type() == at::kFloat)
                ct::dequantize4(checked_matrix, from, to, result.mutable_data_ptr<float>() + (from - start));
            else
                ct::dequantize4(checked_matrix, from, to, ct::bits(result) + (from - start));
        });
        bump_version(result);
    });
}

int ct_quant_quantize8(ct_tensor *codes, ct_tensor *scales, ct_tensor values) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        const auto &x = tensor(values);
        require_values(x);
        TORCH_CHECK(x.dim() == 2, "cannot quantize the rows of shape ", x.sizes());
        const int64_t rows = x.size(0), columns = x.size(1);
        auto found = at::zeros({rows, columns}, at::kChar);
        auto sizes = at::zeros({rows}, at::kFloat);
        const int64_t step = std::max<int64_t>(1, chunk / std::max<int64_t>(1, columns));
        for (int64_t row = 0; row < rows && columns > 0; row += step) {
            const int64_t count = std::min(step, rows - row);
            const auto part = x.narrow(0, row, count).to(at::kHalf).to(at::kFloat);
            const auto size = at::amax(part.abs(), {1});
            TORCH_CHECK(at::isfinite(size).all().item<bool>(),
                        "cannot quantize NaN, infinity or values beyond 65504, the largest of float16, to 8 bits");
            sizes.narrow(0, row, count).copy_(size);
            // PyTorch divides a number by a tensor in these two roundings. A row of zeros has the scale 0 and the codes 0.
            const auto factors = at::where(size > 0, at::reciprocal(size) * 127.0f, at::zeros_like(size)).unsqueeze(1);
            found.narrow(0, row, count).copy_(part.mul(factors).round_());
        }
        *codes = ct::handle(found);
        *scales = ct::handle(sizes);
    });
}

int ct_quant_dequantize8(ct_tensor out, ct_tensor codes, ct_tensor scales, int64_t first) {
    return ct::guard([&] {
        const auto &q = tensor(codes), &s = tensor(scales), &result = tensor(out);
        TORCH_CHECK(q.dim() == 2 && fits(q, at::kChar, q.numel()) && fits(s, at::kFloat, q.size(0)), "8-bit codes of ",
                    q.scalar_type(), " ", q.sizes(), " do not fit scales of ", s.scalar_type(), " ", s.sizes());
        const int64_t columns = q.size(1);
        require_output(result, first, q.size(0), columns);
        const auto *from = q.const_data_ptr<int8_t>() + first * columns;
        const auto *sizes = s.const_data_ptr<float>() + first;
        const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, columns));
        ct::parallel(result.size(0), grain, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; row++) {
                const int64_t start = row * columns;
                if (result.scalar_type() == at::kFloat)
                    ct::dequantize8(from + start, sizes[row], columns, result.mutable_data_ptr<float>() + start);
                else
                    ct::dequantize8(from + start, sizes[row], columns, ct::bits(result) + start);
            }
        });
        bump_version(result);
    });
}

bool ct_quant_has_int8_kernel(ct_int8_kernel kernel) { return ct::int8_machine(kernel) != nullptr; }

int64_t ct_quant_int8_most_columns(void) { return ct::int8_most_columns; }

int ct_quant_int8_new(ct_tensor *panels, ct_tensor *scales, ct_tensor *sums, int64_t rows, int64_t columns) {
    return ct::guard([&] {
        const auto matrix = ct::new_int8_matrix(rows, columns);
        *panels = ct::handle(matrix.panels);
        *scales = ct::handle(matrix.scales);
        *sums = ct::handle(matrix.sums);
    });
}

int ct_quant_int8_pack(ct_int8_matrix matrix, ct_tensor values, int64_t first) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        const auto packed = ct::int8_matrix(matrix);
        const auto &x = tensor(values);
        require_values(x);
        TORCH_CHECK(x.dim() == 2 && x.size(1) == packed.columns && first >= 0 && first % ct::int8_outputs == 0 &&
                        x.size(0) <= packed.rows && first <= packed.rows - x.size(0) &&
                        (x.size(0) % ct::int8_outputs == 0 || first + x.size(0) == packed.rows),
                    "rows ", x.sizes(), " from ", first, " on do not fit panels of a matrix of ", packed.rows, " by ",
                    packed.columns);
        const auto wide = x.to(at::kFloat);
        TORCH_CHECK(at::isfinite(wide).all().item<bool>(), "cannot quantize NaN or infinity");
        ct::pack_int8(wide, packed, first);
    });
}

int ct_quant_int8_unpack(ct_tensor out, ct_int8_matrix matrix, int64_t first) {
    return ct::guard([&] {
        at::NoGradGuard no_grad;
        const auto packed = ct::int8_matrix(matrix);
        const auto &result = tensor(out);
        require_output(result, first, packed.rows, packed.columns);
        if (result.scalar_type() == at::kFloat) {
            ct::unpack_int8(packed, first, result);
        } else {
            const auto wide = at::empty(result.sizes(), at::kFloat);
            ct::unpack_int8(packed, first, wide);
            result.copy_(wide);
        }
        bump_version(result);
    });
}

} // extern "C"
