// Rows in memory, or mapped from an Arrow IPC file.
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>

#include <atomic>

#include "source.h"

namespace ca {

void Source::describe(std::shared_ptr<arrow::Schema> described) {
    schema = std::move(described);
    names = schema->field_names();
}

namespace {

class BatchSource final : public Source {
  public:
    std::vector<Batch> batches;
    /// By batch, whether its contents were found sound.
    mutable std::vector<std::atomic<bool>> checked;

    explicit BatchSource(size_t count) : checked(count) {}

    arrow::Status read(int piece, const std::vector<int> &columns, const Visit &visit) const override {
        if (!checked[piece]) {
            // A hostile file may hold offsets that lead anywhere.
            ARROW_RETURN_NOT_OK(batches[piece]->ValidateFull());
            checked[piece] = true;
        }
        arrow::ArrayVector arrays;
        arrow::FieldVector fields;
        for (const int column : columns) {
            ARROW_ASSIGN_OR_RAISE(auto array, to_outer(batches[piece]->column(column)));
            fields.push_back(arrow::field(names[column], array->type()));
            arrays.push_back(std::move(array));
        }
        return visit(arrow::RecordBatch::Make(arrow::schema(fields), batches[piece]->num_rows(), arrays));
    }
};

/// The columns that can leave.
std::vector<int> readable(const arrow::Schema &schema) {
    std::vector<int> columns;
    for (int i = 0; i < schema.num_fields(); i++) {
        if (outer_type(*schema.field(i)->type())) columns.push_back(i);
    }
    return columns;
}

} // namespace

SourceRef from_batches(std::shared_ptr<arrow::Schema> schema, const std::vector<Batch> &batches, bool trusted) {
    std::vector<Batch> parts;
    const auto columns = readable(*schema);
    for (const auto &batch : batches) {
        const auto chosen = *batch->SelectColumns(columns);
        for (int64_t start = 0; start < chosen->num_rows(); start += batch_rows)
            parts.push_back(chosen->Slice(start, batch_rows));
    }
    auto source = std::make_shared<BatchSource>(parts.size());
    arrow::FieldVector fields;
    for (const int column : columns) fields.push_back(schema->field(column));
    source->describe(arrow::schema(fields));
    for (const auto &part : parts) source->starts.push_back(source->rows() + part->num_rows());
    for (auto &flag : source->checked) flag = trusted;
    source->batches = std::move(parts);
    return source;
}

} // namespace ca

using namespace ca;

int ca_source_open_ipc(ca_source *out, const char *path, bool trusted) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
        auto options = arrow::ipc::IpcReadOptions::Defaults();
        options.memory_pool = pool();
        options.max_recursion_depth = 16;
        std::vector<Batch> batches;
        std::shared_ptr<arrow::Schema> schema;
        ARROW_ASSIGN_OR_RAISE(auto magic, file->ReadAt(0, 6));
        if (magic->ToString() == "ARROW1") {
            ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
            schema = reader->schema();
            for (int i = 0; i < reader->num_record_batches(); i++) {
                ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(i));
                batches.push_back(std::move(batch));
            }
        } else {
            ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(file, options));
            schema = reader->schema();
            ARROW_ASSIGN_OR_RAISE(batches, reader->ToRecordBatches());
        }
        for (const auto &batch : batches) ARROW_RETURN_NOT_OK(batch->Validate());
        *out = handle(from_batches(schema, batches, trusted));
        return arrow::Status::OK();
    });
}

void ca_source_free(ca_source handle) { delete static_cast<SourceRef *>(handle.ctx); }

int64_t ca_source_row_count(ca_source handle) { return source(handle)->rows(); }
int32_t ca_source_column_count(ca_source handle) { return source(handle)->schema->num_fields(); }
const char *ca_source_column_name(ca_source handle, int32_t column) { return source(handle)->names[column].c_str(); }
ca_type ca_source_column_type(ca_source handle, int32_t column) {
    return kind(*outer_type(*source(handle)->schema->field(column)->type()));
}
