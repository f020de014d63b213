// Inside CArrow only: what a file of rows is.
#ifndef CA_SOURCE_INTERNAL_H
#define CA_SOURCE_INTERNAL_H

#include "support.h"

namespace ca {

/// A column of a file, or a part of a nested one.
struct Column {
    std::string name;
    /// The field of the schema that holds it.
    int field;
    /// The way from there: which child of each object, with the lists between them left out.
    std::vector<int> path;
    /// Whether lists lead to it, so that each row holds a list.
    bool is_gathered = false;
    /// Its own type, of a gathered part that of its elements.
    std::shared_ptr<arrow::DataType> type;

    ca_type value_type() const;
};

class Source {
  public:
    virtual ~Source() = default;

    std::shared_ptr<arrow::Schema> schema;
    std::vector<Column> columns;
    /// Rows by piece, as the file tells.
    std::vector<int64_t> piece_rows;

    /// A reader of the field that holds this column of this piece, in the file's type. `as_dictionary` asks for distinct
    /// values once where that costs nothing.
    virtual arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int piece, int column,
                                                                          bool as_dictionary) const = 0;
    /// The way from that field, as it is read, to the column.
    virtual std::vector<int> path(int column) const { return columns[column].path; }
};

/// Lists a schema's columns with the parts of the nested ones.
void add_columns(Source &source);

/// A column's values within the field that holds it.
arrow::Result<std::shared_ptr<arrow::Array>> values_at(const std::vector<int> &path,
                                                       const std::shared_ptr<arrow::Array> &field);

/// Refuses a file of so many bytes that tells of rows which cannot be.
arrow::Status check_rows(const Source &source, int64_t bytes);

} // namespace ca

#endif
