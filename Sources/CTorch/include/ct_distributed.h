// Several processes: a store of keys and values, and collectives on tensors (libtorch's c10d).
//
// A call that loses its connection to another process returns CT_DISCONNECTED, and one that waits for too long CT_TIMED_OUT.
// After either of them a group is unusable. Freeing never blocks: a group with unfinished work, or after such a failure, is
// kept until the process ends.
#ifndef CT_DISTRIBUTED_H
#define CT_DISTRIBUTED_H

#include "ct_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A connection to a store; free with `ct_store_free`. Any thread may use it.
typedef struct { void *ctx; } ct_store;
/// This process's end of a group; free with `ct_group_free`.
typedef struct { void *ctx; } ct_group;
/// A collective that was started; free with `ct_work_free`.
typedef struct { void *ctx; } ct_work;

/// How corresponding elements of all processes are combined.
typedef enum { CT_REDUCE_SUM = 0, CT_REDUCE_MAX = 1, CT_REDUCE_MIN = 2 } ct_collective_reduction;

/// Connects to the store at `host`, for up to 2.4 times `timeout_ms`. With `is_server` this process also hosts it; port 0 is
/// then a free one.
int ct_store_new(ct_store *out, const char *host, int port, bool is_server, int64_t timeout_ms);
/// The keys of `store` that begin with `prefix/`, under their names without it.
int ct_store_prefix(ct_store *out, const char *prefix, ct_store store);
/// A host's store ends with its last handle.
void ct_store_free(ct_store store);
int ct_store_port(ct_store store);
int ct_store_set(ct_store store, const char *key, const uint8_t *value, size_t count);
/// The value of `key`, or null if it is not set within `timeout_ms`; free with `ct_store_free_value`.
int ct_store_get(uint8_t **out, size_t *count, ct_store store, const char *key, int64_t timeout_ms);
void ct_store_free_value(uint8_t *value);
int ct_store_contains(bool *out, ct_store store, const char *key);
/// Adds `amount` to the number under `key`, 0 if there is none yet; returns the sum.
int ct_store_add(int64_t *out, ct_store store, const char *key, int64_t amount);

/// A group for CPU tensors. Every process calls it with a store of the same keys. Connects to all others within `connect_ms`;
/// afterwards one collective may take `timeout_ms`. The group listens on `address`, unless GLOO_SOCKET_IFNAME names an
/// interface; null is the address of this host's name.
int ct_group_new_gloo(ct_group *out, ct_store store, int rank, int size, const char *address, int64_t connect_ms,
                      int64_t timeout_ms);
/// A group for tensors of the CUDA device with this index; needs `ct_runtime_open_cuda`.
int ct_group_new_nccl(ct_group *out, ct_store store, int rank, int size, int device, int64_t timeout_ms);
/// A group that compares operation, shape and dtype among all processes by `second` before each collective of `group`, which
/// therefore starts only when all processes have come to it.
int ct_group_new_checked(ct_group *out, ct_group group, ct_group second);
void ct_group_free(ct_group group);

/// Collectives on contiguous tensors, which must not be used until the work is done. All processes call the same ones in the
/// same order with equal shapes.
int ct_group_all_reduce(ct_work *out, ct_group group, ct_tensor tensor, ct_collective_reduction reduction);
int ct_group_broadcast(ct_work *out, ct_group group, ct_tensor tensor, int root);
/// Adds up corresponding elements on `root`; the tensor is undefined afterwards in other processes.
int ct_group_reduce(ct_work *out, ct_group group, ct_tensor tensor, int root);
/// Part s of `output` on `root` is the `input` of process s; the other processes pass a null tensor as `output`.
int ct_group_gather(ct_work *out, ct_group group, ct_tensor input, ct_tensor output, int root);
/// Part r of `input` along dimension 0 goes to process r; part s of `output` is the one from process s.
int ct_group_all_to_all(ct_work *out, ct_group group, ct_tensor input, ct_tensor output);
int ct_group_send(ct_work *out, ct_group group, ct_tensor tensor, int rank, int tag);
int ct_group_receive(ct_work *out, ct_group group, ct_tensor tensor, int rank, int tag);

/// Waits for up to `timeout_ms`; `done` is false if the work is still running, which it continues to do.
int ct_work_wait(bool *done, ct_work work, int64_t timeout_ms);
/// Begins to measure the time until `work` completes, which may be before it is waited for. Has no effect on NCCL's work.
int ct_work_measure(ct_work work);
/// The nanoseconds from `ct_work_measure` to the completion; -1 if the work is running or is not measured.
int64_t ct_work_nanoseconds(ct_work work);
/// Tensors of unfinished work stay in memory until it is finished.
void ct_work_free(ct_work work);

#ifdef __cplusplus
}
#endif
#endif
