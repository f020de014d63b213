// Parquet files: only the columns asked for are read.
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include <numeric>

#include "source.h"

namespace ca {
namespace {

/// Rows decoded at a time.
constexpr int64_t batch_rows = 1 << 16;

class ParquetSource final : public Source {
  public:
    std::unique_ptr<parquet::arrow::FileReader> file;

    arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int column) const override {
        std::vector<int> groups(file->num_row_groups());
        std::iota(groups.begin(), groups.end(), 0);
        // A flat column is one leaf of the file's schema.
        const int leaf = file->manifest().schema_fields[column].column_index;
        ARROW_ASSIGN_OR_RAISE(auto reader, file->GetRecordBatchReader(groups, {leaf}));
        return std::shared_ptr<arrow::RecordBatchReader>(std::move(reader));
    }
};

arrow::Status open(ParquetSource &source, const std::string &path) {
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
    parquet::ReaderProperties properties(pool());
    properties.enable_buffered_stream();
    parquet::ArrowReaderProperties arrow_properties;
    arrow_properties.set_batch_size(batch_rows);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(file, properties));
    builder.memory_pool(pool())->properties(arrow_properties);
    ARROW_ASSIGN_OR_RAISE(source.file, builder.Build());
    ARROW_RETURN_NOT_OK(source.file->GetSchema(&source.schema));
    source.rows = source.file->parquet_reader()->metadata()->num_rows();
    return arrow::Status::OK();
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
