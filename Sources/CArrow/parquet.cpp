// Parquet files, of which only the requested columns are read.
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include "source.h"

namespace ca {
namespace {

/// Rows decoded at a time.
constexpr int64_t batch_rows = 1 << 16;
/// Bytes of a column chunk read at a time.
constexpr int64_t buffer_bytes = 1 << 18;

class ParquetSource final : public Source {
  public:
    std::shared_ptr<arrow::io::RandomAccessFile> file;
    std::shared_ptr<parquet::FileMetaData> metadata;
    /// For each column, its leaf in the file's schema; flat columns, lists of flat values and parts have exactly one.
    std::vector<int> leaves;

    /// A separate reader, because Parquet's reader must not be shared between threads.
    arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> reader(int dictionary_leaf) const {
        parquet::ReaderProperties properties(pool());
        properties.enable_buffered_stream();
        properties.set_buffer_size(buffer_bytes);
        parquet::ArrowReaderProperties arrow_properties;
        arrow_properties.set_batch_size(batch_rows);
        arrow_properties.set_pre_buffer(false);
        if (dictionary_leaf >= 0) arrow_properties.set_read_dictionary(dictionary_leaf, true);
        parquet::arrow::FileReaderBuilder builder;
        ARROW_RETURN_NOT_OK(builder.Open(file, properties, metadata));
        builder.memory_pool(pool())->properties(arrow_properties);
        return builder.Build();
    }

    arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int piece, int column,
                                                                  bool as_dictionary) const override {
        const int leaf = leaves[column];
        if (leaf < 0) return arrow::Status::TypeError("nested values");
        // Arrow preserves only the dictionaries of byte arrays.
        const bool is_text = metadata->schema()->Column(leaf)->physical_type() == parquet::Type::BYTE_ARRAY;
        const bool is_flat = columns[size_t(column)].path.empty() && columns[size_t(column)].type->num_fields() == 0;
        ARROW_ASSIGN_OR_RAISE(auto owner, reader(as_dictionary && is_text && is_flat ? leaf : -1));
        ARROW_ASSIGN_OR_RAISE(auto batches, owner->GetRecordBatchReader({piece}, {leaf}));
        return std::make_shared<Owning>(std::move(owner), std::move(batches));
    }

    /// Only the child on the path to the leaf is read from each object.
    std::vector<int> path(int column) const override { return std::vector<int>(columns[size_t(column)].path.size(), 0); }

  private:
    /// Batches that keep the reader of their file alive.
    class Owning final : public arrow::RecordBatchReader {
      public:
        Owning(std::shared_ptr<parquet::arrow::FileReader> owner, std::shared_ptr<arrow::RecordBatchReader> batches)
            : owner(std::move(owner)), batches(std::move(batches)) {}
        std::shared_ptr<arrow::Schema> schema() const override { return batches->schema(); }
        arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch> *batch) override { return batches->ReadNext(batch); }

      private:
        std::shared_ptr<parquet::arrow::FileReader> owner;
        std::shared_ptr<arrow::RecordBatchReader> batches;
    };
};

/// The only leaf below a field; -1 if there are several or none.
int only_leaf(const parquet::arrow::SchemaField &field) {
    if (field.is_leaf()) return field.column_index;
    return field.children.size() == 1 ? only_leaf(field.children[0]) : -1;
}

/// The leaf of a column. The path through the file's schema has one level per list.
int leaf_of(const parquet::arrow::SchemaField &field, const std::vector<int> &path, size_t step) {
    const auto *at = &field;
    while (at->field->type()->id() != arrow::Type::STRUCT && at->children.size() == 1) at = &at->children[0];
    if (step == path.size()) return only_leaf(field);
    if (at->field->type()->id() != arrow::Type::STRUCT || size_t(path[step]) >= at->children.size()) return -1;
    return leaf_of(at->children[size_t(path[step])], path, step + 1);
}

arrow::Status open(ParquetSource &source, const std::string &path) {
    // Not memory-mapped: if another program truncates the file, that must be an error, not a signal.
    ARROW_ASSIGN_OR_RAISE(source.file, arrow::io::ReadableFile::Open(path, pool()));
    ARROW_ASSIGN_OR_RAISE(auto reader, source.reader(-1));
    source.metadata = reader->parquet_reader()->metadata();
    ARROW_RETURN_NOT_OK(reader->GetSchema(&source.schema));
    add_columns(source);
    for (const auto &column : source.columns)
        source.leaves.push_back(leaf_of(reader->manifest().schema_fields[size_t(column.field)], column.path, 0));
    for (int i = 0; i < source.metadata->num_row_groups(); i++)
        source.piece_rows.push_back(source.metadata->RowGroup(i)->num_rows());
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, source.file->GetSize());
    return check_rows(source, bytes);
}

} // namespace
} // namespace ca

int ca_source_open_parquet(ca_source *out, const char *path) {
    return ca::guard([&]() -> arrow::Status {
        auto source = std::make_unique<ca::ParquetSource>();
        ARROW_RETURN_NOT_OK(ca::open(*source, path));
        out->ctx = static_cast<ca::Source *>(source.release());
        return arrow::Status::OK();
    });
}
