// Writing of data files, and decompression of input files.
#include <arrow/c/bridge.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/ipc/api.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>

#include "types.h"

namespace ca {
namespace {

/// Rows per Parquet row group: enough to compress well, few enough for several cores to share a file.
constexpr int64_t group_rows = 1 << 16;

/// Passes a file's bytes to the caller, so that the destination need not be seekable, for example a pipe.
class Sink final : public arrow::io::OutputStream {
  public:
    Sink(ca_write write, void *context) : write_(write), context_(context) {}

    arrow::Status Close() override {
        closed_ = true;
        return arrow::Status::OK();
    }
    bool closed() const override { return closed_; }
    arrow::Result<int64_t> Tell() const override { return position_; }

    arrow::Status Write(const void *bytes, int64_t count) override {
        if (closed_) return arrow::Status::IOError("the file is closed");
        if (count > 0 && write_(context_, bytes, count) != 0) {
            closed_ = true;
            return arrow::Status::IOError("the bytes cannot be written");
        }
        position_ += count;
        return arrow::Status::OK();
    }

  private:
    ca_write write_;
    void *context_;
    int64_t position_ = 0;
    bool closed_ = false;
};

struct Writer {
    std::vector<ca_type> types;
    std::shared_ptr<arrow::Schema> schema;
    std::shared_ptr<Sink> file;
    /// Exactly one of the two is set.
    std::unique_ptr<parquet::arrow::FileWriter> parquet;
    std::shared_ptr<arrow::ipc::RecordBatchWriter> ipc;
};

struct Input {
    /// Must outlive the stream that uses it.
    std::unique_ptr<arrow::util::Codec> codec;
    std::shared_ptr<arrow::io::InputStream> stream;
};

Writer &writer(ca_writer handle) { return *static_cast<Writer *>(handle.ctx); }

arrow::Status open(Writer &writer, ca_format format) {
    if (format == CA_FORMAT_IPC) {
        ARROW_ASSIGN_OR_RAISE(writer.ipc, arrow::ipc::MakeFileWriter(writer.file, writer.schema));
        return arrow::Status::OK();
    }
    parquet::WriterProperties::Builder properties;
    properties.compression(arrow::Compression::SNAPPY)->max_row_group_length(group_rows)->memory_pool(pool());
    parquet::ArrowWriterProperties::Builder arrow_properties;
    arrow_properties.store_schema();
    ARROW_ASSIGN_OR_RAISE(writer.parquet,
                          parquet::arrow::FileWriter::Open(*writer.schema, pool(), writer.file, properties.build(),
                                                           arrow_properties.build()));
    return arrow::Status::OK();
}

arrow::Status append(Writer &writer, const ArrowArray *const *columns) {
    std::vector<ArrayPtr> arrays;
    int64_t rows = 0;
    for (size_t i = 0; i < writer.types.size(); i++) {
        ARROW_ASSIGN_OR_RAISE(auto array, borrow(columns[i], writer.types[i]));
        rows = array->length();
        arrays.push_back(std::move(array));
    }
    const auto batch = arrow::RecordBatch::Make(writer.schema, rows, std::move(arrays));
    return writer.ipc ? writer.ipc->WriteRecordBatch(*batch) : writer.parquet->WriteRecordBatch(*batch);
}

arrow::Compression::type compression(ca_codec codec) {
    switch (codec) {
    case CA_CODEC_GZIP: return arrow::Compression::GZIP;
    case CA_CODEC_ZSTD: return arrow::Compression::ZSTD;
    case CA_CODEC_BZ2: return arrow::Compression::BZ2;
    case CA_CODEC_LZ4: return arrow::Compression::LZ4_FRAME;
    case CA_CODEC_NONE: break;
    }
    return arrow::Compression::UNCOMPRESSED;
}

} // namespace
} // namespace ca

using namespace ca;

int ca_writer_open(ca_writer *out, ca_write write, void *context, ca_format format, int32_t column_count,
                   const char *const *names, const ca_type *types, int32_t metadata_count,
                   const char *const *metadata) {
    return guard([&]() -> arrow::Status {
        auto made = std::make_unique<Writer>();
        arrow::FieldVector fields;
        for (int32_t i = 0; i < column_count; i++) {
            const auto type = arrow_type(types[i]);
            if (!type) return arrow::Status::TypeError("nested values");
            fields.push_back(arrow::field(names[i], type));
            made->types.push_back(types[i]);
        }
        auto pairs = std::make_shared<arrow::KeyValueMetadata>();
        for (int32_t i = 0; i < metadata_count; i++) pairs->Append(metadata[2 * i], metadata[2 * i + 1]);
        made->schema = arrow::schema(fields, metadata_count > 0 ? pairs : nullptr);
        made->file = std::make_shared<Sink>(write, context);
        ARROW_RETURN_NOT_OK(open(*made, format));
        out->ctx = made.release();
        return arrow::Status::OK();
    });
}

int ca_writer_append(ca_writer handle, const ArrowArray *const *columns) {
    return guard([&] { return append(writer(handle), columns); });
}

int ca_writer_close(ca_writer handle) {
    return guard([&]() -> arrow::Status {
        auto &made = writer(handle);
        ARROW_RETURN_NOT_OK(made.ipc ? made.ipc->Close() : made.parquet->Close());
        return made.file->Close();
    });
}

void ca_writer_free(ca_writer handle) {
    auto *made = static_cast<Writer *>(handle.ctx);
    // An unclosed writer would write the end of the file here, after the caller has stopped receiving bytes.
    if (made) (void)made->file->Close();
    delete made;
}

int ca_input_open(ca_input *out, const char *path, ca_codec codec) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path, pool()));
        auto input = std::make_unique<Input>();
        if (codec == CA_CODEC_NONE) {
            input->stream = file;
        } else {
            ARROW_ASSIGN_OR_RAISE(input->codec, arrow::util::Codec::Create(compression(codec)));
            ARROW_ASSIGN_OR_RAISE(input->stream,
                                  arrow::io::CompressedInputStream::Make(input->codec.get(), file, pool()));
        }
        out->ctx = input.release();
        return arrow::Status::OK();
    });
}

int ca_input_read(int64_t *count, ca_input handle, void *buffer, int64_t capacity) {
    return guard([&]() -> arrow::Status {
        ARROW_ASSIGN_OR_RAISE(*count, static_cast<Input *>(handle.ctx)->stream->Read(capacity, buffer));
        return arrow::Status::OK();
    });
}

void ca_input_free(ca_input handle) { delete static_cast<Input *>(handle.ctx); }
