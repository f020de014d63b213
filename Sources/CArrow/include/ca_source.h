// Files of rows and their columns.
#ifndef CA_SOURCE_H
#define CA_SOURCE_H

#include "ca_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A Parquet file; of a column only its own part of the file is read.
int ca_source_open_parquet(ca_source *out, const char *path);
/// An Arrow IPC file or stream, mapped; a column's values are checked when they are read.
int ca_source_open_ipc(ca_source *out, const char *path);
void ca_source_free(ca_source source);

/// Columns: the file's, each nested one followed by its parts, whose names are paths with dots. A path leads through
/// lists: its values in all elements become one list a row, without those that are missing.
int32_t ca_source_column_count(ca_source source);
/// A column's name; it lives as long as the source.
const char *ca_source_column_name(ca_source source, int32_t column);
ca_type ca_source_column_type(ca_source source, int32_t column);
/// How many objects lead to a column: 0 for the file's own.
int32_t ca_source_column_depth(ca_source source, int32_t column);

/// What nested values are.
typedef enum {
    /// None: the column's `ca_type` says what its values are.
    CA_PLAIN,
    /// An object a row.
    CA_OBJECT,
    /// A list of objects a row.
    CA_OBJECTS,
    /// A list of lists a row.
    CA_LISTS,
    /// Maps, unions and others.
    CA_UNREAD
} ca_nesting;
ca_nesting ca_source_column_nesting(ca_source source, int32_t column);

/// A value that the schema carries under this key; null where there is none. It lives as long as the source.
const char *ca_source_metadata(ca_source source, const char *key);
/// A file's parts that can be read side by side: Parquet's row groups, Arrow's record batches.
int32_t ca_source_piece_count(ca_source source);
/// The rows of a piece that the file tells of; a hostile file may tell anything.
int64_t ca_source_piece_rows(ca_source source, int32_t piece);

/// In which form a reader gives values.
typedef enum {
    /// As the column's `ca_type` says.
    CA_VALUES,
    /// As an int32 dictionary array over texts: each distinct value's text once.
    CA_CLASSES
} ca_form;

/// Reads one piece of a column from its first row to its last. Several readers may run on several threads.
int ca_reader_open(ca_reader *out, ca_source source, int32_t piece, int32_t column, ca_form form);
/// The next values; `done` instead after the last.
int ca_reader_next(struct ArrowArray *out, bool *done, ca_reader reader);
void ca_reader_free(ca_reader reader);

#ifdef __cplusplus
}
#endif
#endif
