#include "narrow.h"

#include "kernels.h"
#include "parallel.h"
#include "rounding.h"
#include "vector.h"

namespace ct {
namespace {

constexpr int64_t copy_grain = 16384; // elements

/// A matrix whose rows are consecutive numbers, `stride` apart.
template <typename T> struct Rows {
    T *data;
    int64_t stride;
};

CT_MULTIVERSION void widen_rows(int64_t begin, int64_t end, int64_t width, const Rows<const uint16_t> &x, const float *bias,
                                float *y) {
    vec value;
    for (int64_t t = begin; t < end; t++) {
        const uint16_t *row = x.data + t * x.stride;
        float *to = y + t * width;
        int64_t i = 0;
        for (; i + lanes <= width; i += lanes) {
            load_bfloat16(row + i, value);
            store(to + i, bias != nullptr ? value + load(bias + i) : value);
        }
        widen(row + i, to + i, width - i);
        if (bias != nullptr)
            for (; i < width; i++) to[i] += bias[i];
    }
}

CT_MULTIVERSION void round_rows(int64_t begin, int64_t end, int64_t width, const float *x, const Rows<uint16_t> &y) {
    for (int64_t t = begin; t < end; t++) {
        const float *row = x + t * width;
        uint16_t *to = y.data + t * y.stride;
        int64_t i = 0;
        for (; i + lanes <= width; i += lanes) store_bfloat16(to + i, load(row + i));
        for (; i < width; i++) to[i] = nearest_bfloat16(row[i]);
    }
}

CT_MULTIVERSION void add_rows(int64_t begin, int64_t end, int64_t count, const Rows<const float> &x, float *sums) {
    for (int64_t i = begin; i < end; i++) sums[i] = 0;
    for (int64_t t = 0; t < count; t++)
        for (int64_t i = begin; i < end; i++) sums[i] += x.data[t * x.stride + i];
}

CT_MULTIVERSION void add_narrow_rows(int64_t begin, int64_t end, int64_t count, const Rows<const uint16_t> &x, float *sums) {
    for (int64_t i = begin; i < end; i++) sums[i] = 0;
    vec value;
    for (int64_t t = 0; t < count; t++) {
        const uint16_t *row = x.data + t * x.stride;
        int64_t i = begin;
        for (; i + lanes <= end; i += lanes) {
            load_bfloat16(row + i, value);
            store(sums + i, load(sums + i) + value);
        }
        for (; i < end; i++) sums[i] += std::bit_cast<float>(static_cast<uint32_t>(row[i]) << 16);
    }
}

bool has_dense_rows(const at::Tensor &x) { return x.dim() == 2 && (x.stride(1) == 1 || x.size(1) == 1); }

Rows<const uint16_t> narrow_rows(const at::Tensor &x) { return {bits(x), x.stride(0)}; }

} // namespace

at::Tensor rounded(const at::Tensor &x, at::ScalarType type) {
    if (type != at::kBFloat16 || !is_cpu_float32(x)) return x.to(type);
    const auto y = at::empty(x.sizes(), x.options().dtype(type).requires_grad(false));
    const int64_t width = x.dim() == 0 ? 1 : x.size(-1);
    if (x.numel() > 0) round_into(x.reshape({-1, width}), y.view({-1, width}));
    return y;
}

void round_into(const at::Tensor &x, const at::Tensor &y) {
    if (!is_cpu_float32(x) || y.scalar_type() != at::kBFloat16 || !has_dense_rows(y)) {
        y.copy_(x);
        return;
    }
    const auto from = x.contiguous();
    const Rows<uint16_t> to{bits(y), y.stride(0)};
    const int64_t width = y.size(1);
    parallel(y.size(0), copy_grain / std::max<int64_t>(width, 1) + 1, [&](int64_t begin, int64_t end) {
        round_rows(begin, end, width, from.const_data_ptr<float>(), to);
    });
}

at::Tensor widened(const at::Tensor &y, const std::optional<at::Tensor> &bias) {
    const bool is_supported = y.is_cpu() && y.scalar_type() == at::kBFloat16 && has_dense_rows(y) &&
                              (!bias || (is_cpu_float32(*bias) && bias->is_contiguous()));
    if (!is_supported) {
        auto wide = y.to(at::kFloat);
        return bias ? wide.add_(*bias) : wide;
    }
    auto wide = at::empty(y.sizes(), y.options().dtype(at::kFloat));
    const float *added = bias ? bias->const_data_ptr<float>() : nullptr;
    const int64_t width = y.size(1);
    parallel(y.size(0), copy_grain / std::max<int64_t>(width, 1) + 1, [&](int64_t begin, int64_t end) {
        widen_rows(begin, end, width, narrow_rows(y), added, wide.mutable_data_ptr<float>());
    });
    return wide;
}

at::Tensor column_sums(const at::Tensor &y) {
    if (!y.is_cpu() || !has_dense_rows(y) || (y.scalar_type() != at::kFloat && y.scalar_type() != at::kBFloat16))
        return y.sum(0, /*keepdim=*/false, at::kFloat);
    auto sums = at::empty({y.size(1)}, y.options().dtype(at::kFloat));
    // Whole vectors for every thread, so that a sum does not depend on their number.
    parallel((y.size(1) + lanes - 1) / lanes, /*grain=*/8, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * lanes, last = std::min(end * lanes, y.size(1));
        if (y.scalar_type() == at::kFloat)
            add_rows(first, last, y.size(0), {y.const_data_ptr<float>(), y.stride(0)}, sums.mutable_data_ptr<float>());
        else
            add_narrow_rows(first, last, y.size(0), narrow_rows(y), sums.mutable_data_ptr<float>());
    });
    return sums;
}

} // namespace ct
