// Parallel loops on libtorch's OpenMP pool.
#ifndef CT_PARALLEL_H
#define CT_PARALLEL_H

#include "../libtorch.h"

#include <algorithm>
#include <cstdint>

#if defined(__linux__)
extern "C" void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern "C" int omp_get_thread_num(void);
extern "C" int omp_get_num_threads(void);
#endif

namespace ct {

/// Calls `body(begin, end)` for a static partition of 0 ..< count, with at least `grain` indices per thread.
///
/// In code compiled without OpenMP `at::parallel_for` runs on one thread, so this calls libgomp through its ABI
/// (1.6 µs per call; a second OpenMP runtime would compete with libtorch's for the cores). `body` must not throw, and its
/// result for an index must not depend on the partition, so that results are the same for any thread count.
template <typename Body> void parallel(int64_t count, int64_t grain, const Body &body) {
#if defined(__linux__)
    const int64_t threads = std::min<int64_t>(at::get_num_threads(), count / std::max<int64_t>(grain, 1));
    if (threads > 1) {
        struct Work {
            const Body &body;
            int64_t count;
        } work{body, count};
        GOMP_parallel(
            [](void *data) {
                const auto &work = *static_cast<Work *>(data);
                const int64_t thread = omp_get_thread_num(), threads = omp_get_num_threads();
                const int64_t begin = work.count * thread / threads, end = work.count * (thread + 1) / threads;
                if (begin < end) work.body(begin, end);
            },
            &work, static_cast<unsigned>(threads), 0);
        return;
    }
#endif
    if (count > 0) body(0, count);
}

} // namespace ct

#endif
