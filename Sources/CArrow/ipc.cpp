// Memory-mapped Arrow IPC files and streams.
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>

#include <algorithm>

#include "source.h"

namespace ca {
namespace {

/// Rows per returned batch.
constexpr int64_t batch_rows = 1 << 16;

class IPCSource final : public Source {
  public:
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;

    arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int piece, int column, bool) const override {
        ARROW_ASSIGN_OR_RAISE(auto batch, batches[piece]->SelectColumns({columns[size_t(column)].field}));
        // A hostile file may contain arbitrary offsets.
        ARROW_RETURN_NOT_OK(batch->ValidateFull());
        std::vector<std::shared_ptr<arrow::RecordBatch>> slices;
        for (int64_t row = 0; row < batch->num_rows(); row += batch_rows)
            slices.push_back(batch->Slice(row, std::min(batch_rows, batch->num_rows() - row)));
        return arrow::RecordBatchReader::Make(slices, batch->schema());
    }
};

arrow::Status open(IPCSource &source, const std::string &path) {
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.memory_pool = pool();
    options.max_recursion_depth = 16;
    // A hostile file may place numbers at unaligned addresses.
    options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
    ARROW_ASSIGN_OR_RAISE(auto magic, file->ReadAt(0, 6));
    if (magic->ToString() == "ARROW1") {
        ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
        source.schema = reader->schema();
        for (int i = 0; i < reader->num_record_batches(); i++) {
            ARROW_ASSIGN_OR_RAISE(auto batch, reader->ReadRecordBatch(i));
            source.batches.push_back(std::move(batch));
        }
    } else {
        ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(file, options));
        source.schema = reader->schema();
        ARROW_ASSIGN_OR_RAISE(source.batches, reader->ToRecordBatches());
    }
    add_columns(source);
    for (const auto &batch : source.batches) source.piece_rows.push_back(batch->num_rows());
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, file->GetSize());
    return check_rows(source, bytes);
}

} // namespace
} // namespace ca

int ca_source_open_ipc(ca_source *out, const char *path) {
    return ca::guard([&]() -> arrow::Status {
        auto source = std::make_unique<ca::IPCSource>();
        ARROW_RETURN_NOT_OK(ca::open(*source, path));
        out->ctx = static_cast<ca::Source *>(source.release());
        return arrow::Status::OK();
    });
}
