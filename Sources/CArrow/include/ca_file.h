// Writing of data files, and decompression of input files.
#ifndef CA_FILE_H
#define CA_FILE_H

#include "ca_base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { CA_FORMAT_PARQUET, CA_FORMAT_IPC } ca_format;

/// Receives the next bytes of a file; returns nonzero if they cannot be written, which ends the file.
typedef int (*ca_write)(void *context, const void *bytes, int64_t count);

/// Starts a file of columns and passes its bytes to `write`. `metadata` holds `metadata_count` alternating keys and values,
/// which are stored in the schema.
int ca_writer_open(ca_writer *out, ca_write write, void *context, ca_format format, int32_t column_count,
                   const char *const *names, const ca_type *types, int32_t metadata_count,
                   const char *const *metadata);
/// Adds rows: one array per column, all of the same length.
int ca_writer_append(ca_writer writer, const struct ArrowArray *const *columns);
/// Writes the rest of the file; without this call the file is incomplete.
int ca_writer_close(ca_writer writer);
void ca_writer_free(ca_writer writer);

typedef enum { CA_CODEC_NONE, CA_CODEC_GZIP, CA_CODEC_ZSTD, CA_CODEC_BZ2, CA_CODEC_LZ4 } ca_codec;

/// Opens a file for reading once from the start.
int ca_input_open(ca_input *out, const char *path, ca_codec codec);
/// Reads up to `capacity` bytes; `count` is 0 only at the end.
int ca_input_read(int64_t *count, ca_input input, void *buffer, int64_t capacity);
void ca_input_free(ca_input input);

#ifdef __cplusplus
}
#endif
#endif
