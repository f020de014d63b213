// Arrow IPC files and streams, mapped.
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>

#include "source.h"

namespace ca {
namespace {

class IPCSource final : public Source {
  public:
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;

    arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> read(int column) const override {
        std::vector<std::shared_ptr<arrow::RecordBatch>> chosen;
        for (const auto &batch : batches) {
            ARROW_ASSIGN_OR_RAISE(auto one, batch->SelectColumns({column}));
            chosen.push_back(std::move(one));
        }
        return arrow::RecordBatchReader::Make(chosen, arrow::schema({schema->field(column)}));
    }
};

arrow::Status open(IPCSource &source, const std::string &path) {
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ));
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.memory_pool = pool();
    options.max_recursion_depth = 16;
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
    for (const auto &batch : source.batches) {
        // A hostile file may hold offsets that lead anywhere.
        ARROW_RETURN_NOT_OK(batch->ValidateFull());
        source.rows += batch->num_rows();
    }
    return arrow::Status::OK();
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
