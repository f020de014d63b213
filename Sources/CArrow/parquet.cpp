// Parquet files: each row group is a piece, and only the columns asked for are read.
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include "source.h"

namespace ca {
namespace {

class ParquetSource final : public Source {
  public:
    std::shared_ptr<arrow::io::RandomAccessFile> file;
    std::shared_ptr<parquet::FileMetaData> footer;
    /// By column of ours, the leaves of the file's.
    std::vector<std::vector<int>> leaves;

    /// A reader of its own for each thread; they share the footer.
    arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> reader() const {
        parquet::ReaderProperties properties(pool());
        properties.enable_buffered_stream();
        properties.set_buffer_size(1 << 20);
        parquet::arrow::FileReaderBuilder builder;
        ARROW_RETURN_NOT_OK(builder.Open(file, properties, footer));
        parquet::ArrowReaderProperties arrow_properties(false);
        arrow_properties.set_batch_size(batch_rows);
        arrow_properties.set_pre_buffer(false);
        builder.memory_pool(pool())->properties(arrow_properties);
        return builder.Build();
    }

    arrow::Status read(int piece, const std::vector<int> &columns, const Visit &visit) const override {
        ARROW_ASSIGN_OR_RAISE(auto file_reader, reader());
        std::vector<int> chosen;
        for (const int column : columns) chosen.insert(chosen.end(), leaves[column].begin(), leaves[column].end());
        ARROW_ASSIGN_OR_RAISE(auto batches, file_reader->GetRecordBatchReader({piece}, chosen));
        int64_t rows = 0;
        while (true) {
            Batch batch;
            ARROW_RETURN_NOT_OK(batches->ReadNext(&batch));
            if (!batch) break;
            arrow::ArrayVector arrays;
            arrow::FieldVector fields;
            for (const int column : columns) {
                const auto inner = batch->GetColumnByName(names[column]);
                if (!inner) return arrow::Status::Invalid("column \"", names[column], "\" cannot be read");
                ARROW_ASSIGN_OR_RAISE(auto array, to_outer(inner));
                if (array->type_id() == arrow::Type::STRING)
                    if (!static_cast<const arrow::StringArray &>(*array).ValidateUTF8().ok())
                        return arrow::Status::Invalid("column \"", names[column], "\" is not UTF-8 below row ",
                                                      starts[piece] + rows + 1);
                fields.push_back(arrow::field(names[column], array->type()));
                arrays.push_back(std::move(array));
            }
            ARROW_RETURN_NOT_OK(visit(arrow::RecordBatch::Make(arrow::schema(fields), batch->num_rows(), arrays)));
            rows += batch->num_rows();
        }
        const int64_t told = starts[piece + 1] - starts[piece];
        if (rows == told) return arrow::Status::OK();
        return arrow::Status::Invalid("row group ", piece + 1, " holds ", rows, " rows where the file tells of ", told);
    }
};

/// The leaves below a field of the file's schema.
void gather(const parquet::arrow::SchemaField &field, std::vector<int> &leaves) {
    if (field.is_leaf()) leaves.push_back(field.column_index);
    for (const auto &child : field.children) gather(child, leaves);
}

arrow::Result<SourceRef> open(const std::string &path) {
    auto source = std::make_shared<ParquetSource>();
    ARROW_ASSIGN_OR_RAISE(source->file, arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
    source->footer = parquet::ReadMetaData(source->file);
    ARROW_ASSIGN_OR_RAISE(auto reader, source->reader());
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(reader->GetSchema(&schema));
    arrow::FieldVector fields;
    for (int i = 0; i < schema->num_fields(); i++) {
        const auto &field = schema->field(i);
        if (!outer_type(*field->type())) continue;
        fields.push_back(field);
        gather(reader->manifest().schema_fields[i], source->leaves.emplace_back());
    }
    source->describe(arrow::schema(fields));
    for (int i = 0; i < source->footer->num_row_groups(); i++) {
        const int64_t rows = source->footer->RowGroup(i)->num_rows();
        if (rows < 0 || rows > int64_t(1) << 40) return arrow::Status::Invalid("row group ", i + 1, " has no sound size");
        source->starts.push_back(source->rows() + rows);
    }
    return source;
}

} // namespace
} // namespace ca

int ca_source_open_parquet(ca_source *out, const char *path) {
    return ca::guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto source, ca::open(path));
        *out = ca::handle(std::move(source));
        return arrow::Status::OK();
    });
}
