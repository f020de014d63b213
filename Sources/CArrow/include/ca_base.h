// Types and errors, used by every other header of this target.
//
// Rules of this boundary (the only one to Arrow C++):
// - Every function that can fail returns a status: 0 is success, any other value is a `ca_status`. Its text is
//   `ca_last_error()`, valid on the same thread until the next call. No C++ exception crosses the boundary.
// - Out-parameters come first and are written only on success. The caller owns a handle that is written there.
// - Values are exported through the Arrow C data interface; the receiver of an array calls its `release`. An array
//   argument is only read, and only during the call.
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

/// The status that a call returns.
typedef enum {
    CA_OK = 0,
    /// The file cannot be read; the text says why.
    CA_INVALID = 1,
    /// Reading would exceed the memory limit.
    CA_OUT_OF_MEMORY = 2
} ca_status;

/// The text of the current thread's last error; never null.
const char *ca_last_error(void);

/// The total size of all columns in memory, and its limit, in bytes.
int64_t ca_memory_in_use(void);
int64_t ca_memory_limit(void);

/// The kind of a column's values. Other types are converted: numbers to the next wider type; dates, times and decimals to
/// the text that Arrow writes.
typedef enum {
    /// UTF-8 with 32-bit offsets.
    CA_STRING,
    CA_BOOL,
    CA_INT32,
    CA_INT64,
    CA_FLOAT64,
    /// Nested values, which are not supported.
    CA_OTHER
} ca_kind;
typedef struct {
    ca_kind kind;
    /// Whether each value is a list of this kind, with 32-bit offsets.
    bool is_list;
} ca_type;

/// A data file; free with `ca_source_free`.
typedef struct { void *ctx; } ca_source;
/// A column being read; free with `ca_reader_free`.
typedef struct { void *ctx; } ca_reader;
/// A data file being written; free with `ca_writer_free`.
typedef struct { void *ctx; } ca_writer;
/// The decompressed bytes of a file; free with `ca_input_free`.
typedef struct { void *ctx; } ca_input;

#ifdef __cplusplus
}
#endif
#endif
