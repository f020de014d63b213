// Inside CArrow only: what a file of rows is.
#ifndef CA_SOURCE_INTERNAL_H
#define CA_SOURCE_INTERNAL_H

#include "support.h"

namespace ca {

class Source {
  public:
    virtual ~Source() = default;

    std::shared_ptr<arrow::Schema> schema;
    int64_t rows = 0;

    /// A reader of this column alone, in the file's type.
    virtual arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int column) const = 0;
};

/// Whether values of a type can be read as text.
bool is_flat(const arrow::DataType &type);
/// Values as text.
arrow::Result<std::shared_ptr<arrow::Array>> to_text(const std::shared_ptr<arrow::Array> &array);

} // namespace ca

#endif
