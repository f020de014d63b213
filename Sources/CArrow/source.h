// Internal to CArrow: a data file.
#ifndef CA_SOURCE_INTERNAL_H
#define CA_SOURCE_INTERNAL_H

#include "support.h"

namespace ca {

/// A column of a file, or a part of a nested one.
struct Column {
    std::string name;
    /// The index of the schema field that contains it.
    int field;
    /// The path from that field: the index of a child for each object; lists in between take no step.
    std::vector<int> path;
    /// Whether the path passes through lists, so that each row holds a list.
    bool is_gathered = false;
    /// The type of the column; for a gathered part, the type of its elements.
    std::shared_ptr<arrow::DataType> type;

    ca_type value_type() const;
};

class Source {
  public:
    virtual ~Source() = default;

    std::shared_ptr<arrow::Schema> schema;
    std::vector<Column> columns;
    /// The number of rows in each piece, as declared by the file.
    std::vector<int64_t> piece_rows;

    /// A reader of the field that contains the column, for one piece, in the file's type. `as_dictionary` asks for a
    /// dictionary of distinct values if that costs nothing.
    virtual arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int piece, int column,
                                                                          bool as_dictionary) const = 0;
    /// The path from that field, as read, to the column.
    virtual std::vector<int> path(int column) const { return columns[column].path; }
};

/// Adds the columns of the schema, with the parts of nested ones.
void add_columns(Source &source);

/// Extracts the values of a column from the field that contains it.
arrow::Result<std::shared_ptr<arrow::Array>> values_at(const std::vector<int> &path,
                                                       const std::shared_ptr<arrow::Array> &field);

/// Rejects a file that declares more rows than its size in bytes allows.
arrow::Status check_rows(const Source &source, int64_t bytes);

} // namespace ca

#endif
