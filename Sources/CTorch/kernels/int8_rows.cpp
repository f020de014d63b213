// Rows of inputs as 8-bit codes with their own scale and zero point.
#include "int8_linear.h"
#include "parallel.h"
#include "vector.h"

#include <limits>

namespace ct {
namespace {

typedef uint8_t codes_vec __attribute__((vector_size(16), aligned(1), may_alias));

/// The range of a row's numbers, by lanes. It includes 0, which needs an exact code. (Without initial values: a constructor would
/// be compiled for one machine only.)
struct Range {
    vec low, high, sizes; // sums of magnitudes
    ivec bits;            // of the largest magnitude; those of NaN are larger than those of infinity
};

CT_INLINE void magnitude(const vec &x, vec &size) {
    const ivec bits = reinterpret_cast<const ivec &>(x) & 0x7FFFFFFF;
    size = reinterpret_cast<const vec &>(bits);
}

CT_INLINE void include_in(Range &range, const vec &x) {
    vec size;
    magnitude(x, size);
    const ivec &bits = reinterpret_cast<const ivec &>(size);
    range.bits = bits > range.bits ? bits : range.bits;
    range.sizes += size;
    range.low = x < range.low ? x : range.low;
    range.high = x > range.high ? x : range.high;
}

/// Sixteen numbers of a row from `i` on, zeros after its end.
CT_INLINE void numbers(const float *x, int64_t count, int64_t i, vec &out) {
    if (i + lanes <= count) {
        out = load(x + i);
        return;
    }
    float rest[lanes]{};
    for (int64_t j = i; j < count; j++) rest[j - i] = x[j];
    out = load(rest);
}

CT_INLINE float smallest(const vec &v) {
    float result = v[0];
    for (int64_t i = 1; i < lanes; i++) result = v[i] < result ? v[i] : result;
    return result;
}

CT_INLINE float largest(const vec &v) {
    float result = v[0];
    for (int64_t i = 1; i < lanes; i++) result = v[i] > result ? v[i] : result;
    return result;
}

CT_INLINE bool is_finite(const Range &range) {
    bool result = true;
    for (int64_t i = 0; i < lanes; i++) result = result && range.bits[i] < 0x7F800000;
    return result;
}

/// The number of magnitudes beyond a limit.
CT_INLINE int64_t count_beyond(const float *x, int64_t count, float limit) {
    ivec found{};
    for (int64_t i = 0; i < count; i += lanes) {
        vec part, size;
        numbers(x, count, i, part);
        magnitude(part, size);
        found -= size > limit;
    }
    int64_t total = 0;
    for (int64_t i = 0; i < lanes; i++) total += found[i];
    return total;
}

/// Sets numbers beyond a limit apart, at most `most` of them, and makes the range that of the others. The limit grows until they
/// are few.
CT_INLINE int32_t set_apart(const float *x, int64_t count, float limit, int64_t most, Int8Outlier *outliers, Range &range) {
    while (count_beyond(x, count, limit) > most) limit *= 2;
    Range rest{};
    int32_t found = 0;
    for (int64_t i = 0; i < count; i += lanes) {
        vec part, size;
        numbers(x, count, i, part);
        magnitude(part, size);
        const ivec is_beyond = size > limit;
        if (has_bits(reinterpret_cast<const uvec &>(is_beyond)))
            for (int64_t j = 0; j < lanes; j++)
                if (is_beyond[j] != 0) outliers[found++] = {part[j], static_cast<int32_t>(i + j)};
        const vec kept = is_beyond ? vec{} : part;
        include_in(rest, kept);
    }
    range = rest;
    return found;
}

/// Writes the codes of a row, and of zeros after it up to the next multiple of 16.
CT_INLINE void write_codes(const float *x, int64_t count, float inverse, int32_t zero, uint8_t *codes) {
    const vec bound = vec{} + 512.0f;
    for (int64_t i = 0; i < count; i += lanes) {
        vec part;
        numbers(x, count, i, part);
        // Outliers are beyond all codes. They are bounded before the conversion, which is not defined for them.
        vec scaled = part * inverse;
        scaled = scaled > bound ? bound : scaled;
        scaled = scaled < -bound ? -bound : scaled;
        round_to_even(scaled);
        ivec code = __builtin_convertvector(scaled, ivec) + zero;
        code = code < 0 ? ivec{} : code;
        code = code > 255 ? ivec{} + 255 : code;
        *reinterpret_cast<codes_vec *>(codes + i) = __builtin_convertvector(code, codes_vec);
    }
}

CT_INLINE void quantize_row(const float *x, int64_t count, float outlier_factor, int64_t most, uint8_t *codes, Int8Row &row,
                            Int8Outlier *outliers) {
    Range range{};
    for (int64_t i = 0; i < count; i += lanes) {
        vec part;
        numbers(x, count, i, part);
        include_in(range, part);
    }
    row = {std::numeric_limits<float>::quiet_NaN(), 0, 0};
    if (!is_finite(range)) {
        std::fill_n(codes, round_up(count), uint8_t{0});
        return;
    }
    const float limit = outlier_factor * (sum(range.sizes) / static_cast<float>(count));
    if (outlier_factor > 0 && (largest(range.high) > limit || -smallest(range.low) > limit))
        row.outliers = set_apart(x, count, limit, most, outliers, range);
    const float low = smallest(range.low), high = largest(range.high);
    row.scale = high / 255 - low / 255;
    // A row of zeros, or of numbers so small that the reciprocal is infinite: only the bias counts.
    const bool is_zero = row.scale < 1e-37f;
    const float inverse = is_zero ? 0 : 1 / row.scale;
    if (is_zero) row.scale = 0;
    row.zero = static_cast<int32_t>(__builtin_nearbyintf(-low * inverse));
    write_codes(x, count, inverse, row.zero, codes);
    for (int32_t i = 0; i < row.outliers; i++) codes[outliers[i].column] = static_cast<uint8_t>(row.zero);
}

CT_MULTIVERSION void quantize_rows(int64_t begin, int64_t end, const float *x, int64_t x_stride, float outlier_factor,
                                   const Int8Rows &out, uint8_t *codes, Int8Row *rows, Int8Outlier *outliers) {
    for (int64_t i = begin; i < end; i++)
        quantize_row(x + i * x_stride, out.columns, outlier_factor, out.most_outliers, codes + i * out.stride, rows[i],
                     outliers + i * out.most_outliers);
}

/// The last rows that a thread quantized, and their storage. A weak reference lets the storage be freed as usual; as long
/// as there is a reference, no other storage has the same address.
struct LastRows {
    std::optional<c10::weak_intrusive_ptr<c10::StorageImpl>> storage;
    const void *data;
    int64_t count, columns, stride;
    int64_t version;
    float outlier_factor;
    Int8Rows rows;

    bool are(const at::Tensor &x, float factor) const {
        return storage && storage->_unsafe_get_target() == x.storage().unsafeGetStorageImpl() && data == x.const_data_ptr() &&
               count == x.size(0) && columns == x.size(1) && stride == x.stride(0) && version == x._version() &&
               outlier_factor == factor;
    }
};

} // namespace

Int8Rows new_int8_rows(int64_t count, int64_t columns) {
    Int8Rows rows{count, columns, (columns + 63) / 64 * 64, std::clamp<int64_t>(columns / 128, 1, 8), {}};
    const auto row_bytes = rows.stride + static_cast<int64_t>(sizeof(Int8Row)) +
                           rows.most_outliers * static_cast<int64_t>(sizeof(Int8Outlier));
    rows.memory = at::empty({count * row_bytes}, at::kByte);
    return rows;
}

void quantize_int8_rows(const float *x, int64_t stride, int64_t count, float outlier_factor, const Int8Rows &out) {
    quantize_rows(0, count, x, stride, outlier_factor, out, out.codes(), out.rows(), out.outliers());
}

Int8Rows quantized_rows(const at::Tensor &input, float outlier_factor) {
    const auto x = input.stride(1) == 1 || input.size(1) == 1 ? input : input.contiguous();
    // A tensor for inference only does not record changes.
    const bool keeps = !x.is_inference();
    thread_local LastRows last;
    if (keeps && last.are(x, outlier_factor)) return last.rows;
    last = {};
    const auto rows = new_int8_rows(x.size(0), x.size(1));
    const float *from = x.const_data_ptr<float>();
    uint8_t *codes = rows.codes();
    Int8Row *facts = rows.rows();
    Int8Outlier *outliers = rows.outliers();
    const int64_t stride = x.stride(0), grain_rows = std::max<int64_t>(1, 16384 / x.size(1));
    parallel(rows.count, grain_rows, [&](int64_t begin, int64_t end) {
        quantize_rows(begin, end, from, stride, outlier_factor, rows, codes, facts, outliers);
    });
    if (keeps)
        last = {x.storage().getWeakStorageImpl(), from, x.size(0), x.size(1), stride, x._version(), outlier_factor, rows};
    return rows;
}

} // namespace ct
