// What all files share: their columns, readers of these, failures and the memory that reading may take.
#include "source.h"
#include "types.h"

#include <algorithm>

#include <arrow/c/bridge.h>
#include <arrow/util/key_value_metadata.h>

namespace ca {
namespace {

thread_local std::string last_error;

// Rows pass in batches; what is far beyond any batch is a fault or an attack.
constexpr int64_t reading_limit = int64_t(3) << 29;

/// Rows that a file of no size may hold, and that each of its bytes may stand for: repeated values compress well, but
/// what is far beyond that is a lie that others would make room for.
constexpr int64_t least_rows = int64_t(1) << 24;
constexpr int64_t rows_per_byte = 1 << 12;

struct Reader {
    std::shared_ptr<arrow::RecordBatchReader> batches;
    ca_form form;
    /// What the column's values are to be.
    ca_type type;
    /// Where they are in the field that is read.
    std::vector<int> path;
};

const Source &source(ca_source handle) { return *static_cast<const Source *>(handle.ctx); }

} // namespace

int fail(ca_status status, const std::string &text) {
    last_error = text;
    return status;
}

arrow::Status check_rows(const Source &source, int64_t bytes) {
    int64_t room = least_rows + std::min(bytes, int64_t(1) << 40) * rows_per_byte;
    for (const int64_t rows : source.piece_rows) {
        if (rows < 0) return arrow::Status::Invalid("it declares ", rows, " rows");
        if (rows > room) return arrow::Status::Invalid("it declares more rows than a file of its size can hold");
        room -= rows;
    }
    return arrow::Status::OK();
}

arrow::MemoryPool *pool() {
    static arrow::CappedMemoryPool pool(arrow::default_memory_pool(), reading_limit);
    return &pool;
}

} // namespace ca

using namespace ca;

const char *ca_last_error(void) { return last_error.c_str(); }
int64_t ca_memory_in_use(void) { return pool()->bytes_allocated(); }
int64_t ca_memory_limit(void) { return reading_limit; }

void ca_source_free(ca_source handle) { delete static_cast<Source *>(handle.ctx); }
int32_t ca_source_column_count(ca_source handle) { return int32_t(source(handle).columns.size()); }
const char *ca_source_column_name(ca_source handle, int32_t column) {
    return source(handle).columns[column].name.c_str();
}
ca_type ca_source_column_type(ca_source handle, int32_t column) { return source(handle).columns[column].value_type(); }
int32_t ca_source_column_depth(ca_source handle, int32_t column) {
    return int32_t(source(handle).columns[column].path.size());
}
ca_nesting ca_source_column_nesting(ca_source handle, int32_t column) {
    const auto &found = source(handle).columns[column];
    if (found.value_type().kind != CA_OTHER) return CA_PLAIN;
    switch (found.type->id()) {
    case arrow::Type::STRUCT: return found.is_gathered ? CA_OBJECTS : CA_OBJECT;
    case arrow::Type::LIST: case arrow::Type::LARGE_LIST: case arrow::Type::FIXED_SIZE_LIST: {
        const auto inner = static_cast<const arrow::BaseListType &>(*found.type).value_type()->id();
        if (inner == arrow::Type::STRUCT) return CA_OBJECTS;
        const bool is_list = inner == arrow::Type::LIST || inner == arrow::Type::LARGE_LIST ||
                             inner == arrow::Type::FIXED_SIZE_LIST;
        return is_list || found.is_gathered ? CA_LISTS : CA_UNREAD;
    }
    default: return CA_UNREAD;
    }
}
const char *ca_source_metadata(ca_source handle, const char *key) {
    const auto &metadata = source(handle).schema->metadata();
    const int index = metadata ? metadata->FindKey(key) : -1;
    return index < 0 ? nullptr : metadata->value(index).c_str();
}
int32_t ca_source_piece_count(ca_source handle) { return int32_t(source(handle).piece_rows.size()); }
int64_t ca_source_piece_rows(ca_source handle, int32_t piece) { return source(handle).piece_rows[piece]; }

int ca_reader_open(ca_reader *out, ca_source handle, int32_t piece, int32_t column, ca_form form) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto batches, source(handle).read(piece, column, form == CA_CLASSES));
        out->ctx = new Reader{std::move(batches), form, ca_source_column_type(handle, column),
                              source(handle).path(column)};
        return arrow::Status::OK();
    });
}

int ca_reader_next(struct ArrowArray *out, bool *done, ca_reader handle) {
    return guard([&]() -> arrow::Status {
        auto &reader = *static_cast<Reader *>(handle.ctx);
        std::shared_ptr<arrow::RecordBatch> batch;
        ARROW_RETURN_NOT_OK(reader.batches->ReadNext(&batch));
        *done = batch == nullptr;
        if (!batch) return arrow::Status::OK();
        ARROW_ASSIGN_OR_RAISE(auto part, values_at(reader.path, batch->column(0)));
        ARROW_ASSIGN_OR_RAISE(auto values, reader.form == CA_CLASSES ? to_classes(part) : to_values(part));
        // The caller takes the memory for what the schema says.
        const auto wanted = arrow_type(reader.type);
        if (reader.form == CA_VALUES && !(wanted && values->type()->Equals(*wanted)))
            return arrow::Status::TypeError("values of type ", values->type()->ToString(), ", but the schema declares ",
                                            wanted ? wanted->ToString() : "nested ones");
        return arrow::ExportArray(*values, out);
    });
}

void ca_reader_free(ca_reader handle) { delete static_cast<Reader *>(handle.ctx); }
