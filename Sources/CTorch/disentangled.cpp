// Attention that also scores the distance of query and key (DeBERTa), built from libtorch's operations and its autograd.
// Texts of similar length are computed together, so that short texts do not cost one call each.
//
// Source: `DisentangledSelfAttention` of transformers 5.23 (modeling_deberta_v2.py).

#include "support.h"

#include "kernels/attention.h"

#include <algorithm>
#include <numeric>

using ct::make;
using ct::tensor;

namespace {

at::Tensor longs(const std::vector<int64_t> &values, at::Device device) {
    return at::tensor(at::ArrayRef<int64_t>(values), at::kLong).to(device);
}

/// The row of the position tables for each distance query - key from -(longest - 1) to longest - 1.
std::vector<int64_t> rows_by_distance(int64_t longest, const ct_disentangled &how) {
    TORCH_CHECK(longest > 0 && how.max_distance > 0 && how.buckets != 1 &&
                    (how.buckets <= 0 || how.max_distance - 1 > how.buckets / 2),
                "cannot put relative positions up to ", how.max_distance, " into ", how.buckets, " buckets");
    auto distance = at::arange(-(longest - 1), longest, at::kLong);
    if (how.buckets > 0) {
        // Same float32 operations as `make_log_bucket_position`, because their rounding determines the boundaries.
        const int64_t middle = how.buckets / 2;
        const auto near = (distance < middle).logical_and(distance > -middle);
        const auto size = at::where(near, at::full_like(distance, middle - 1), distance.abs());
        const auto range = at::log(
            at::scalar_tensor(static_cast<double>(how.max_distance - 1) / static_cast<double>(middle), at::kFloat));
        const auto logarithm = at::ceil(at::log(size / middle) / range * (middle - 1)) + middle;
        distance = at::where(size <= middle, distance.to(at::kFloat), logarithm * distance.sign()).to(at::kLong);
    }
    const int64_t span = how.buckets > 0 ? how.buckets : how.max_distance;
    const auto rows = (distance + span).clamp(0, 2 * span - 1).contiguous();
    const int64_t *first = rows.const_data_ptr<int64_t>();
    return {first, first + rows.numel()};
}

/// The arguments of one call; queries and position queries are already scaled.
struct Attention {
    at::Tensor q, k, v;                 // [R, N, D], [T, N, D]
    at::Tensor pos_key, pos_query;      // [N, K, D] or none
    at::Tensor rows_by_distance;        // [2 · longest - 1], rows of the above
    int64_t longest;
    double dropout;
    const ct::PackedQueries &rows;
    ct_generator generator;

    int64_t length(int64_t i) const { return rows.k_offsets[i + 1] - rows.k_offsets[i]; }
    int64_t queries(int64_t i) const { return rows.q_offsets[i + 1] - rows.q_offsets[i]; }
    int64_t heads() const { return q.size(1); }
};

/// Sequences that are computed together, padded to the longest number of keys and of queries.
struct Group {
    std::vector<int64_t> members;
    int64_t length = 0, queries = 0;
};

/// Groups sequences of similar length, as long as their scores stay within 64 MB.
std::vector<Group> groups(const Attention &a) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < a.rows.count(); i++)
        if (a.queries(i) > 0) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](int64_t x, int64_t y) { return a.length(x) < a.length(y); });
    std::vector<Group> result;
    for (const int64_t i : order) {
        const int64_t length = a.length(i);
        if (!result.empty()) {
            Group &last = result.back();
            const int64_t shortest = a.length(last.members.front()), count = static_cast<int64_t>(last.members.size()) + 1;
            const int64_t queries = std::max(last.queries, a.queries(i));
            if (length <= shortest + std::max<int64_t>(8, shortest / 8) &&
                count * a.heads() * queries * length <= int64_t{1} << 24) {
                last.members.push_back(i);
                last.length = length;
                last.queries = queries;
                continue;
            }
        }
        result.push_back({{i}, length, a.queries(i)});
    }
    return result;
}

/// The rows of a group's sequences in a packed tensor; each sequence is padded with its first row.
std::vector<int64_t> filled(const Group &group, const std::vector<int64_t> &offsets, int64_t count) {
    std::vector<int64_t> result;
    for (const int64_t i : group.members)
        for (int64_t r = 0; r < count; r++)
            result.push_back(offsets[i] + (r < offsets[i + 1] - offsets[i] ? r : 0));
    return result;
}

/// Returns [G · Q, N, D] for G sequences with Q queries each, some of which are padding.
at::Tensor attend(const Attention &a, const Group &group) {
    const auto device = a.q.device();
    const int64_t count = static_cast<int64_t>(group.members.size()), heads = a.heads(), width = a.q.size(2);
    const int64_t length = group.length, queries = group.queries;
    const auto query_rows = filled(group, a.rows.q_offsets, queries);
    const auto key_rows = longs(filled(group, a.rows.k_offsets, length), device);
    const auto q = a.q.index_select(0, longs(query_rows, device)).transpose(0, 1).contiguous(); // [N, G · Q, D]
    const auto k = a.k.index_select(0, key_rows).transpose(0, 1).contiguous();                  // [N, G · L, D]
    const auto v = a.v.index_select(0, key_rows).transpose(0, 1).contiguous();                  // [N, G · L, D]

    const auto by_sequence = [&](const at::Tensor &x, int64_t rows) { return x.view({heads, count, rows, -1}); };
    auto scores = at::matmul(by_sequence(q, queries), by_sequence(k, length).transpose(2, 3)); // [N, G, Q, L]

    std::vector<int64_t> places;
    for (const int64_t row : query_rows) places.push_back(a.rows.positions[row] + a.longest - 1);
    const auto distance = longs(places, device).view({count, queries, 1}) - at::arange(length, at::kLong).to(device);
    const auto position = at::take(a.rows_by_distance, distance).unsqueeze(0); // [1, G, Q, L]
    if (a.pos_key.defined()) {
        const auto by_position = at::matmul(q, a.pos_key.transpose(1, 2)); // [N, G · Q, K]
        scores = scores + by_sequence(by_position, queries).gather(3, position.expand({heads, -1, -1, -1}));
    }
    if (a.pos_query.defined()) {
        const auto by_position = at::matmul(k, a.pos_query.transpose(1, 2)); // [N, G · L, K]
        const auto index = position.transpose(2, 3).expand({heads, -1, -1, -1});
        scores = scores + by_sequence(by_position, length).gather(3, index).transpose(2, 3);
    }

    if (a.length(group.members.front()) < length) {
        std::vector<int64_t> lengths;
        for (const int64_t i : group.members) lengths.push_back(a.length(i));
        const auto keys = at::arange(length, at::kLong).to(device);
        scores = scores.masked_fill(keys >= longs(lengths, device).view({count, 1, 1}), -INFINITY);
    }
    auto weights = at::softmax(scores, -1);
    if (a.dropout > 0) {
        const auto kept = at::empty_like(weights).bernoulli_(1 - a.dropout, ct::generator(a.generator));
        weights = weights * kept.div_(1 - a.dropout);
    }
    const auto y = at::matmul(weights, by_sequence(v, length)); // [N, G, Q, D]
    return y.permute({1, 2, 0, 3}).reshape({count * queries, heads, width});
}

/// The results of all groups, in the order of the queries.
at::Tensor attend(const Attention &a) {
    std::vector<at::Tensor> outputs;
    std::vector<int64_t> order(static_cast<size_t>(a.q.size(0)));
    int64_t start = 0;
    for (const Group &group : groups(a)) {
        outputs.push_back(attend(a, group));
        for (const int64_t i : group.members) {
            for (int64_t r = 0; r < a.queries(i); r++) order[a.rows.q_offsets[i] + r] = start + r;
            start += group.queries;
        }
    }
    return at::cat(outputs, 0).index_select(0, longs(order, a.q.device()));
}

} // namespace

extern "C" {

int ct_nn_disentangled_rows(int64_t *first, int64_t *end, int64_t longest, ct_disentangled how) {
    return ct::guard([&] {
        const auto rows = rows_by_distance(longest, how);
        *first = rows.front();
        *end = rows.back() + 1;
    });
}

int ct_nn_disentangled_table(int64_t *out, int64_t longest, ct_disentangled how) {
    return ct::guard([&] {
        const auto rows = rows_by_distance(longest, how);
        std::copy(rows.begin(), rows.end(), out);
    });
}

int ct_nn_disentangled_attention(ct_tensor *out, ct_tensor query, ct_tensor key, ct_tensor value, ct_tensor pos_key,
                                 ct_tensor pos_query, const int32_t *q_offsets, const int32_t *q_positions,
                                 const int32_t *k_offsets, size_t count, ct_disentangled how, ct_generator generator) {
    return make(out, [&] {
        const auto &q = tensor(query), &k = tensor(key), &v = tensor(value);
        TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(1) == k.size(1) &&
                        q.size(2) == k.size(2) && q.size(0) > 0,
                    "shapes do not match: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
        TORCH_CHECK(how.dropout >= 0 && how.dropout < 1 && (how.dropout == 0 || generator.ctx != nullptr),
                    "invalid dropout ", how.dropout);
        const auto rows = ct::packed_queries(q, k, q_offsets, q_positions, k_offsets, count);
        const int64_t longest = rows.longest();
        auto table = rows_by_distance(longest, how);
        const int64_t first = table.front(), used = table.back() - first + 1;
        for (int64_t &row : table) row -= first;
        const auto positions = [&](ct_tensor handle) {
            const auto x = ct::optional(handle);
            if (!x) return at::Tensor();
            TORCH_CHECK(x->dim() == 3 && x->size(0) == used && x->size(1) == q.size(1) && x->size(2) == q.size(2),
                        "position tables are ", x->sizes(), " instead of ", used, " rows of the queries' shape");
            return x->transpose(0, 1).contiguous(); // [N, K, D]
        };
        const auto pos_q = positions(pos_query);
        return attend({q * how.scale, k, v, positions(pos_key), pos_q.defined() ? pos_q * how.scale : pos_q,
                       longs(table, q.device()), longest, how.dropout, rows, generator});
    });
}

} // extern "C"
