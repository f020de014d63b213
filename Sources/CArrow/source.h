// Inside CArrow only: what a file of rows is.
#ifndef CA_SOURCE_INTERNAL_H
#define CA_SOURCE_INTERNAL_H

#include "support.h"

namespace ca {

class Source {
  public:
    virtual ~Source() = default;

    std::shared_ptr<arrow::Schema> schema;
    /// Rows by piece, as the file tells.
    std::vector<int64_t> piece_rows;

    /// A reader of this column of this piece, in the file's type. `as_dictionary` asks for distinct values once where
    /// that costs nothing.
    virtual arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int piece, int column,
                                                                          bool as_dictionary) const = 0;
};

/// Refuses a file of so many bytes that tells of rows which cannot be.
arrow::Status check_rows(const Source &source, int64_t bytes);

} // namespace ca

#endif
