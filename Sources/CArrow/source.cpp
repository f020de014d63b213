// What all files share: their columns, readers of these, failures and the memory that reading may take.
#include "source.h"

#include <arrow/c/bridge.h>

namespace ca {
namespace {

thread_local std::string last_error;

// Rows pass in batches; what is far beyond any batch is a fault or an attack.
constexpr int64_t reading_limit = int64_t(3) << 29;

using Reader = std::shared_ptr<arrow::RecordBatchReader>;

const Source &source(ca_source handle) { return *static_cast<const Source *>(handle.ctx); }

} // namespace

int fail(ca_status status, const std::string &text) {
    last_error = text;
    return status;
}

arrow::MemoryPool *pool() {
    static arrow::CappedMemoryPool pool(arrow::default_memory_pool(), reading_limit);
    return &pool;
}

} // namespace ca

using namespace ca;

const char *ca_last_error(void) { return last_error.c_str(); }

void ca_source_free(ca_source handle) { delete static_cast<Source *>(handle.ctx); }
int64_t ca_source_row_count(ca_source handle) { return source(handle).rows; }
int32_t ca_source_column_count(ca_source handle) { return source(handle).schema->num_fields(); }
const char *ca_source_column_name(ca_source handle, int32_t column) {
    return source(handle).schema->field(column)->name().c_str();
}
bool ca_source_column_is_flat(ca_source handle, int32_t column) {
    return is_flat(*source(handle).schema->field(column)->type());
}

int ca_reader_open(ca_reader *out, ca_source handle, int32_t column) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto reader, source(handle).read(column));
        out->ctx = new Reader(std::move(reader));
        return arrow::Status::OK();
    });
}

int ca_reader_next(struct ArrowArray *out, bool *done, ca_reader handle) {
    return guard([&]() -> arrow::Status {
        std::shared_ptr<arrow::RecordBatch> batch;
        ARROW_RETURN_NOT_OK((*static_cast<Reader *>(handle.ctx))->ReadNext(&batch));
        *done = batch == nullptr;
        if (!batch) return arrow::Status::OK();
        ARROW_ASSIGN_OR_RAISE(auto text, to_text(batch->column(0)));
        return arrow::ExportArray(*text, out);
    });
}

void ca_reader_free(ca_reader handle) { delete static_cast<Reader *>(handle.ctx); }
