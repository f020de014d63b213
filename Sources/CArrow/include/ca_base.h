// Types and errors: what every other header of this target leans on.
//
// Rules of this boundary (the only one to Arrow C++):
// - Every function that can fail returns a status: 0 is success, anything else is a `ca_status`; its text is
//   `ca_last_error()`, valid on the same thread until the next call. No C++ exception crosses.
// - Out-parameters come first and are written only on success. A handle written there is owned by the caller.
// - Values leave by the Arrow C data interface; whoever receives an array calls its `release`. An array that is
//   passed in is only looked at during the call.
#ifndef CA_BASE_H
#define CA_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Source: the Arrow C data interface, https://arrow.apache.org/docs/format/CDataInterface.html
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif

/// What a call returns.
typedef enum {
    CA_OK = 0,
    /// The file cannot be read; the text says why.
    CA_INVALID = 1,
    /// More memory would be needed than reading may take.
    CA_OUT_OF_MEMORY = 2
} ca_status;

/// The text of this thread's last failure; never null.
const char *ca_last_error(void);

/// Bytes that all columns in memory take together, and the most that they may.
int64_t ca_memory_in_use(void);
int64_t ca_memory_limit(void);

/// What the values of a column are. Other types become one of these: numbers the next wider one, dates, times and
/// decimals the text that Arrow writes.
typedef enum {
    /// UTF-8 with 32-bit offsets.
    CA_STRING,
    CA_BOOL,
    CA_INT32,
    CA_INT64,
    CA_FLOAT64,
    /// Nested values, which nothing here reads.
    CA_OTHER
} ca_kind;
typedef struct {
    ca_kind kind;
    /// Whether each value is a list of that kind, with 32-bit offsets.
    bool is_list;
} ca_type;

/// A file of rows; free with `ca_source_free`.
typedef struct { void *ctx; } ca_source;
/// A column being read; free with `ca_reader_free`.
typedef struct { void *ctx; } ca_reader;
/// A file of rows being written; free with `ca_writer_free`.
typedef struct { void *ctx; } ca_writer;
/// A file's bytes, decompressed; free with `ca_input_free`.
typedef struct { void *ctx; } ca_input;

#ifdef __cplusplus
}
#endif
#endif
