// Inside CArrow only: what a source of rows is.
#ifndef CA_SOURCE_INTERNAL_H
#define CA_SOURCE_INTERNAL_H

#include <arrow/compute/api.h>

#include <functional>

#include "support.h"

namespace ca {

using Batch = std::shared_ptr<arrow::RecordBatch>;

/// Rows in pieces, each of which can be read by itself, from several threads at once.
class Source {
  public:
    virtual ~Source() = default;

    /// Names and types as files have them; values leave as `outer` types.
    std::shared_ptr<arrow::Schema> schema;
    /// Piece `i` holds the rows from `starts[i]` to `starts[i + 1]`.
    std::vector<int64_t> starts{0};
    /// Names of the columns, kept for the C side.
    std::vector<std::string> names;

    int64_t rows() const { return starts.back(); }
    int pieces() const { return static_cast<int>(starts.size()) - 1; }
    void describe(std::shared_ptr<arrow::Schema> schema);

    using Visit = std::function<arrow::Status(const Batch &)>;
    /// Calls `visit` with the rows of a piece in order, of `columns` only and in outer types.
    virtual arrow::Status read(int piece, const std::vector<int> &columns, const Visit &visit) const = 0;
};

using SourceRef = std::shared_ptr<const Source>;

inline const SourceRef &source(ca_source handle) { return *static_cast<const SourceRef *>(handle.ctx); }
inline ca_source handle(SourceRef source) { return ca_source{new SourceRef(std::move(source))}; }

/// Rows at a time.
constexpr int64_t batch_rows = 1 << 16;

/// The type that values of `type` leave in; null where they cannot.
std::shared_ptr<arrow::DataType> outer_type(const arrow::DataType &type);
ca_type kind(const arrow::DataType &outer);
/// An array in its outer type.
arrow::Result<std::shared_ptr<arrow::Array>> to_outer(const std::shared_ptr<arrow::Array> &array);
/// An array of outer type as text, as Python's `str` names its values.
arrow::Result<std::shared_ptr<arrow::Array>> to_text(const std::shared_ptr<arrow::Array> &array);

/// Rows in memory or mapped.
SourceRef from_batches(std::shared_ptr<arrow::Schema> schema, const std::vector<Batch> &batches, bool trusted);

} // namespace ca

#endif
