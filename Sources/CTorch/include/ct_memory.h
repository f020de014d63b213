// Memory of tensors: a recorder of this thread's allocations, and the size of the heaps.
#ifndef CT_MEMORY_H
#define CT_MEMORY_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Starts recording libtorch's allocations for this thread, including backward passes, from 0 bytes. Memory allocated before
/// is not counted when it is freed.
int ct_memory_start(void);
/// Stops recording.
int ct_memory_stop(void);
/// Bytes allocated since the start and not freed.
int ct_memory_live(int64_t *out);
/// Copies the live bytes after each allocation since the last call, at most `capacity` numbers, and sets `count` to their
/// total number. If `capacity` suffices, the record is cleared.
int ct_memory_take_trace(size_t *count, int64_t *out, size_t capacity);
/// Bytes in use on the C heap (0 if the C library does not report them).
int ct_memory_heap(int64_t *in_use);
/// The heap of large tensors: live bytes, their peak, and an upper bound on the bytes of resident pages. All 0 if there is
/// no such heap.
void ct_memory_tensor_heap(int64_t *live, int64_t *highest_live, int64_t *resident);

#ifdef __cplusplus
}
#endif
#endif
