// Shared by our attention kernel and its plain version: the keys that a row sees, and dropout's mask.
#ifndef CT_ATTENTION_H
#define CT_ATTENTION_H

#include "dropout.h"
#include "hash.h"
#include "kernels.h"
#include "vector.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace ct {

struct AttentionOptions {
    static constexpr int64_t unlimited = std::numeric_limits<int64_t>::max() / 4;

    float scale = 1, softcap = 0, dropout = 0;
    int64_t left = unlimited, right = unlimited; // number of keys that a row sees on each side
    uint64_t seed = 0;

    CT_INLINE int64_t first_key(int64_t position) const { return std::max<int64_t>(0, position - left); }
    CT_INLINE int64_t end_key(int64_t position, int64_t length) const { return std::min(length, position + right + 1); }

    CT_INLINE float dropout_scale() const { return Dropout{dropout, seed}.scale(); }
    CT_INLINE uint32_t dropout_threshold() const { return Dropout{dropout, seed}.threshold(); }
    /// The key of the mask of one row and head.
    CT_INLINE uint32_t row_key(int64_t row, int64_t head) const {
        const uint32_t a = PlaceHash::mix(static_cast<uint32_t>(seed) + static_cast<uint32_t>(row));
        return PlaceHash::mix(a ^ (static_cast<uint32_t>(seed >> 32) + static_cast<uint32_t>(head) * PlaceHash::golden));
    }
    /// Whether dropout keeps the weight of key `column`. The kernel computes sixteen columns at a time.
    bool keeps(uint32_t row_key, int64_t column) const {
        return PlaceHash::mix(static_cast<uint32_t>(column) * PlaceHash::golden ^ row_key) >= dropout_threshold();
    }

    std::vector<int64_t> packed() const {
        return {std::bit_cast<int32_t>(scale), std::bit_cast<int32_t>(softcap), std::bit_cast<int32_t>(dropout), left,
                right, static_cast<int64_t>(seed)};
    }
    static AttentionOptions unpacked(const std::vector<int64_t> &values) {
        const auto number = [&](size_t i) { return std::bit_cast<float>(static_cast<int32_t>(values[i])); };
        return {number(0), number(1), number(2), values[3], values[4], static_cast<uint64_t>(values[5])};
    }
};

/// A packed batch with queries for all or only some of the rows: sequence i has the query rows q_offsets[i] ..<
/// q_offsets[i + 1], with ascending positions among the keys k_offsets[i] ..< k_offsets[i + 1].
struct PackedQueries {
    std::vector<int64_t> q_offsets, k_offsets, positions;

    int64_t count() const { return static_cast<int64_t>(k_offsets.size()) - 1; }
    int64_t longest() const {
        int64_t length = 0;
        for (int64_t i = 0; i < count(); i++) length = std::max(length, k_offsets[i + 1] - k_offsets[i]);
        return length;
    }
};

/// Checks the arguments of attention: offsets of queries and keys, and the position of each query (null if every row is a
/// query).
PackedQueries packed_queries(const at::Tensor &q, const at::Tensor &k, const int32_t *q_offsets,
                             const int32_t *q_positions, const int32_t *k_offsets, size_t count);

bool attention_supported(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v);
/// Multiplies in the type: float32, or bfloat16 if this CPU multiplies pairs of it and a sequence is not short. Sums, and
/// weights until they are multiplied, are float32, as are the results.
at::Tensor attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const PackedQueries &rows,
                     const AttentionOptions &options, at::ScalarType type);

} // namespace ct

#endif
