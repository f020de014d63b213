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
    return std::all_of(tensors.begin(), tensors.end(), [](const at::Tensor &x) { return x.is_cpu(); });
}

namespace {

bool is_plain_array(const at::Tensor &x) { return is_cpu_float32(x) && x.is_contiguous(); }

/// The norm of each tensor, in float32 for every type: a norm in bfloat16 has only three digits.
std::vector<float> norms(const std::vector<at::Tensor> &tensors) {
    std::vector<Piece> pieces;
    for (const auto &x : tensors)
        for (int64_t first = 0; is_plain_array(x) && first < x.numel(); first += piece)
            pieces.push_back({x.const_data_ptr<float>() + first, std::min(piece, x.numel() - first)});
    std::vector<double> sums(pieces.size());
    parallel(static_cast<int64_t>(pieces.size()), /*grain=*/4,
             [&](int64_t begin, int64_t end) { add_squares(begin, end, pieces.data(), sums.data()); });
    std::vector<float> results;
    auto sum = sums.begin();
    for (const auto &x : tensors) {
        if (!is_plain_array(x)) {
            results.push_back(at::linalg_vector_norm(x, 2, std::nullopt, /*keepdim=*/false, at::kFloat).item<float>());
            continue;
        }
        double total = 0;
        for (int64_t first = 0; first < x.numel(); first += piece) total += *sum++;
        results.push_back(static_cast<float>(std::sqrt(total)));
    }
    return results;
}

} // namespace

at::Tensor total_norm(const std::vector<at::Tensor> &tensors) {
    const auto all = norms(tensors);
    if (all.size() == 1) return at::scalar_tensor(all[0], at::kFloat);
    // The norm of the norms, so that a caller who has only one tensor at a time gets the same bits.
    return at::scalar_tensor(norms({at::tensor(all)})[0], at::kFloat);
}

} // namespace ct
