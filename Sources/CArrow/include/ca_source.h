// Data files and their columns.
#ifndef CA_SOURCE_H
#define CA_SOURCE_H

#include "ca_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Opens a Parquet file. Reading a column reads only that column's part of the file.
int ca_source_open_parquet(ca_source *out, const char *path);
/// Opens and memory-maps an Arrow IPC file or stream. A column's values are checked when they are read.
int ca_source_open_ipc(ca_source *out, const char *path);
void ca_source_free(ca_source source);

/// The number of columns: those of the file, each nested one followed by its parts, which are named by paths with dots. A
/// path may pass through lists: the values in all elements become one list per row, without missing ones.
int32_t ca_source_column_count(ca_source source);
/// The name of a column; valid as long as the source.
const char *ca_source_column_name(ca_source source, int32_t column);
ca_type ca_source_column_type(ca_source source, int32_t column);
/// The number of objects on the path to a column: 0 for a column of the file.
int32_t ca_source_column_depth(ca_source source, int32_t column);

/// The kind of nested values.
typedef enum {
    /// Not nested: the column's `ca_type` gives the type of its values.
    CA_PLAIN,
    /// One object per row.
    CA_OBJECT,
    /// One list of objects per row.
    CA_OBJECTS,
    /// One list of lists per row.
    CA_LISTS,
    /// Maps, unions and other unsupported types.
    CA_UNREAD
} ca_nesting;
ca_nesting ca_source_column_nesting(ca_source source, int32_t column);

/// The value of a key in the schema's metadata; null if there is none. Valid as long as the source.
const char *ca_source_metadata(ca_source source, const char *key);
/// The number of pieces that can be read concurrently: Parquet's row groups, Arrow's record batches.
int32_t ca_source_piece_count(ca_source source);
/// The number of rows in a piece, as declared by the file; a hostile file may declare any number.
int64_t ca_source_piece_rows(ca_source source, int32_t piece);

/// The form in which a reader returns values.
typedef enum {
    /// Values of the column's `ca_type`.
    CA_VALUES,
    /// An int32 dictionary array over texts: the text of each distinct value once.
    CA_CLASSES
} ca_form;

/// Starts to read one piece of a column from its first row to its last. Several threads may use separate readers.
int ca_reader_open(ca_reader *out, ca_source source, int32_t piece, int32_t column, ca_form form);
/// Reads the next values; sets `done` instead after the last ones.
int ca_reader_next(struct ArrowArray *out, bool *done, ca_reader reader);
void ca_reader_free(ca_reader reader);

#ifdef __cplusplus
}
#endif
#endif
