// Files of rows and their columns.
#ifndef CA_SOURCE_H
#define CA_SOURCE_H

#include "ca_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A Parquet file; of a column only its own part of the file is read.
int ca_source_open_parquet(ca_source *out, const char *path);
/// An Arrow IPC file or stream, mapped; all its contents are checked.
int ca_source_open_ipc(ca_source *out, const char *path);
void ca_source_free(ca_source source);

/// The number of rows that the file tells of; a hostile file may tell anything.
int64_t ca_source_row_count(ca_source source);
int32_t ca_source_column_count(ca_source source);
/// A column's name; it lives as long as the source.
const char *ca_source_column_name(ca_source source, int32_t column);
/// Whether a column's values can be read as text; lists and nested values cannot.
bool ca_source_column_is_flat(ca_source source, int32_t column);

/// Reads a flat column from the first row to the last.
int ca_reader_open(ca_reader *out, ca_source source, int32_t column);
/// The next values as an array of UTF-8 strings with 32-bit offsets; `done` instead after the last. Numbers and
/// booleans are written as Python's `str` writes them, dates, times and decimals as Arrow does.
int ca_reader_next(struct ArrowArray *out, bool *done, ca_reader reader);
void ca_reader_free(ca_reader reader);

#ifdef __cplusplus
}
#endif
#endif
