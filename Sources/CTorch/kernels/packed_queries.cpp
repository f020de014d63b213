#include "attention.h"

namespace ct {

PackedQueries packed_queries(const at::Tensor &q, const at::Tensor &k, const int32_t *q_offsets,
                             const int32_t *q_positions, const int32_t *k_offsets, size_t count) {
    const auto bounds = [&](const int32_t *offsets, int64_t end, const char *what) {
        const std::vector<int64_t> values(offsets, offsets + count + 1);
        TORCH_CHECK(std::is_sorted(values.begin(), values.end()) && values.front() == 0 && values.back() == end,
                    "sequence offsets must ascend from 0 to ", end, " ", what);
        return values;
    };
    PackedQueries rows{bounds(q_offsets, q.size(0), "queries"), bounds(k_offsets, k.size(0), "keys"), {}};
    rows.positions.reserve(static_cast<size_t>(q.size(0)));
    for (size_t i = 0; i < count; i++) {
        const int64_t start = rows.q_offsets[i], queries = rows.q_offsets[i + 1] - start;
        const int64_t length = rows.k_offsets[i + 1] - rows.k_offsets[i];
        TORCH_CHECK(q_positions != nullptr || queries == length, "sequence ", i, " has ", queries, " queries for ",
                    length, " keys and no positions");
        for (int64_t r = 0; r < queries; r++) {
            const int64_t position = q_positions ? q_positions[start + r] : r;
            TORCH_CHECK(position >= 0 && position < length && (r == 0 || position > rows.positions.back()),
                        "query positions of sequence ", i, " must ascend within its ", length, " keys");
            rows.positions.push_back(position);
        }
    }
    return rows;
}

} // namespace ct
