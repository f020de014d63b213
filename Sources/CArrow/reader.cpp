// Rows read from the first to the last, and columns as text.
#include <arrow/c/bridge.h>

#include <deque>

#include "source.h"

namespace ca {
namespace {

class Reader {
  public:
    SourceRef source;
    std::vector<int> columns;
    int piece = 0;
    std::deque<Batch> waiting;

    /// The next rows; null after the last. A piece's batches are read together: they are views, or a row group's.
    arrow::Result<Batch> next() {
        while (waiting.empty() && piece < source->pieces())
            ARROW_RETURN_NOT_OK(source->read(piece++, columns, [&](const Batch &batch) {
                if (batch->num_rows() > 0) waiting.push_back(batch);
                return arrow::Status::OK();
            }));
        if (waiting.empty()) return nullptr;
        Batch batch = waiting.front();
        waiting.pop_front();
        return batch;
    }
};

} // namespace
} // namespace ca

using namespace ca;

int ca_reader_open(ca_reader *out, ca_source from, const int32_t *columns, size_t count) {
    return guard([&]() -> arrow::Status {
        auto *reader = new Reader;
        reader->source = source(from);
        reader->columns.assign(columns, columns + count);
        out->ctx = reader;
        return arrow::Status::OK();
    });
}

int ca_reader_next(struct ArrowArray *out, bool *done, ca_reader handle) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto batch, static_cast<Reader *>(handle.ctx)->next());
        *done = batch == nullptr;
        return batch ? arrow::ExportRecordBatch(*batch, out) : arrow::Status::OK();
    });
}

void ca_reader_free(ca_reader handle) { delete static_cast<Reader *>(handle.ctx); }

int ca_source_as_text(ca_source *out, ca_source from, int32_t column) {
    return guard([&]() -> arrow::Status {
        const Source &base = *source(from);
        std::vector<Batch> batches;
        const auto schema = arrow::schema({arrow::field(base.names[column], arrow::utf8())});
        for (int piece = 0; piece < base.pieces(); piece++)
            ARROW_RETURN_NOT_OK(base.read(piece, {column}, [&](const Batch &batch) -> arrow::Status {
                ARROW_ASSIGN_OR_RAISE(auto text, to_text(batch->column(0)));
                batches.push_back(arrow::RecordBatch::Make(schema, text->length(), {text}));
                return arrow::Status::OK();
            }));
        *out = handle(from_batches(schema, batches, true));
        return arrow::Status::OK();
    });
}
