// Convolution along each sequence of a packed batch.

#include "support.h"

#include <algorithm>

using ct::make;
using ct::tensor;

extern "C" {

int ct_nn_packed_convolution(ct_tensor *out, ct_tensor x, ct_tensor w, ct_tensor bias, const int32_t *offsets,
                             size_t count, int64_t groups) {
    return make(out, [&] {
        const auto &input = tensor(x), &weight = tensor(w);
        TORCH_CHECK(input.dim() == 2 && weight.dim() == 3 && weight.size(2) % 2 == 1 && groups > 0,
                    "input ", input.sizes(), " does not fit a weight of shape ", weight.sizes(), " in ", groups, " groups");
        TORCH_CHECK(count > 0 && offsets[0] == 0 && offsets[count] == input.size(0) &&
                        std::is_sorted(offsets, offsets + count + 1),
                    "sequence offsets must ascend from 0 to ", input.size(0));
        // All sequences are in one row, with enough zeros between them to keep them apart.
        const int64_t side = weight.size(2) / 2, zero = input.size(0);
        std::vector<int64_t> spaced, own;
        for (size_t i = 0; i < count; i++) {
            for (int64_t t = offsets[i]; t < offsets[i + 1]; t++) {
                own.push_back(static_cast<int64_t>(spaced.size()));
                spaced.push_back(t);
            }
            spaced.insert(spaced.end(), static_cast<size_t>(side), zero);
        }
        const auto longs = [&](const std::vector<int64_t> &values) {
            return at::tensor(at::ArrayRef<int64_t>(values), at::kLong).to(input.device());
        };
        const auto padded = at::cat({input, at::zeros({1, input.size(1)}, input.options())}, 0);
        const auto row = padded.index_select(0, longs(spaced)).t().unsqueeze(0); // [1, C, T']
        const auto y = at::conv1d(row, weight, ct::optional(bias), /*stride=*/1, /*padding=*/side, /*dilation=*/1, groups);
        return y.squeeze(0).t().index_select(0, longs(own)); // [T, O]
    });
}

} // extern "C"
