#include "norm.h"

#include "kernels.h"
#include "parallel.h"
#include "vector.h"

#include <cmath>

namespace ct {
namespace {

constexpr int64_t piece = 16384; // elements that one sum in float32 may have; 1,024 for each lane

/// A part of a tensor.
struct Piece {
    const float *values;
    int64_t count;
};

CT_MULTIVERSION void add_squares(int64_t begin, int64_t end, const Piece *pieces, double *sums) {
    for (int64_t n = begin; n < end; n++) {
        const auto [values, count] = pieces[n];
        vec totals[4]{};
        int64_t i = 0;
        for (; i + 4 * lanes <= count; i += 4 * lanes)
            for (int64_t k = 0; k < 4; k++) totals[k] += load(values + i + k * lanes) * load(values + i + k * lanes);
        double total = static_cast<double>(sum(totals[0])) + static_cast<double>(sum(totals[1])) +
                       static_cast<double>(sum(totals[2])) + static_cast<double>(sum(totals[3]));
        for (; i < count; i++) total += static_cast<double>(values[i]) * static_cast<double>(values[i]);
        sums[n] = total;
    }
}

} // namespace

bool total_norm_supported(const std::vector<at::Tensor> &tensors) {
    return std::all_of(tensors.begin(), tensors.end(),
                       [](const at::Tensor &x) { return is_cpu_float32(x) && x.is_contiguous(); });
}

at::Tensor total_norm(const std::vector<at::Tensor> &tensors) {
    std::vector<Piece> pieces;
    for (const auto &x : tensors)
        for (int64_t first = 0; first < x.numel(); first += piece)
            pieces.push_back({x.const_data_ptr<float>() + first, std::min(piece, x.numel() - first)});
    std::vector<double> sums(pieces.size());
    parallel(static_cast<int64_t>(pieces.size()), /*grain=*/4,
             [&](int64_t begin, int64_t end) { add_squares(begin, end, pieces.data(), sums.data()); });
    double total = 0;
    for (const double sum : sums) total += sum;
    return at::scalar_tensor(std::sqrt(total), at::kFloat);
}

} // namespace ct
