// How much memory tensors take: a recorder of this thread's allocations, and what the C heap holds.
#ifndef CT_MEMORY_H
#define CT_MEMORY_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Begins to record what libtorch allocates and frees for this thread, backward passes included, from 0 bytes on. What was
/// allocated before and is freed now counts nothing.
int ct_memory_start(void);
/// Ends it.
int ct_memory_stop(void);
/// Bytes allocated since the start and not freed.
int ct_memory_live(int64_t *out);
/// The live bytes after each allocation since the last call, at most `capacity` of them; `count` tells how many there are.
/// With enough room the record begins anew.
int ct_memory_take_trace(size_t *count, int64_t *out, size_t capacity);
/// Bytes that the C heap holds for the program (0 where the C library does not tell).
int ct_memory_heap(int64_t *in_use);
/// The heap of large tensors: bytes of them now, the most there were at once, and bytes of the pages held for them at most.
/// All 0 where there is none.
void ct_memory_tensor_heap(int64_t *live, int64_t *highest_live, int64_t *resident);

#ifdef __cplusplus
}
#endif
#endif
