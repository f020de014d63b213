// Sources of rows, opened from files, and readers of them.
#ifndef CA_SOURCE_H
#define CA_SOURCE_H

#include "ca_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A Parquet file; columns are read when they are asked for.
int ca_source_open_parquet(ca_source *out, const char *path);
/// An Arrow IPC file or stream, mapped. What a `trusted` one holds is not checked again.
int ca_source_open_ipc(ca_source *out, const char *path, bool trusted);
void ca_source_free(ca_source source);

int64_t ca_source_row_count(ca_source source);
int32_t ca_source_column_count(ca_source source);
/// A column's name; it lives as long as the source.
const char *ca_source_column_name(ca_source source, int32_t column);
ca_type ca_source_column_type(ca_source source, int32_t column);

/// A column as text, values other than text as Python's `str` would name them, as a source of one column in memory.
int ca_source_as_text(ca_source *out, ca_source source, int32_t column);

/// Reads given columns from the first row to the last.
int ca_reader_open(ca_reader *out, ca_source source, const int32_t *columns, size_t count);
/// The next rows as a struct array with one child a column; `done` instead after the last.
int ca_reader_next(struct ArrowArray *out, bool *done, ca_reader reader);
void ca_reader_free(ca_reader reader);

#ifdef __cplusplus
}
#endif
#endif
