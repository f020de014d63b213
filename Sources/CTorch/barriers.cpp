// Controls how long threads of libtorch's pool spin at a barrier before they sleep.
//
// libgomp spins for 300,000 rounds (milliseconds), which is fastest on a quiet machine. If another program uses the core that
// the awaited thread needs, those milliseconds are lost at every barrier. libgomp reads its environment before `main`, but it
// spins for only 100 rounds while the process has more threads in its pools than CPUs
// (`gomp_managed_threads`, `gomp_throttled_spin_count_var` in GCC's libgomp/config/linux/wait.h and libgomp/env.c).
// So a second pool of sleeping threads shortens the spinning while it exists.
#include "support.h"

#include "kernels/parallel.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace ct {
namespace {

/// A thread that owns a separate, idle pool. The pool ends with the thread.
class SleepingPool {
  public:
    explicit SleepingPool(unsigned threads) {
        std::unique_lock lock(mutex);
        thread = std::thread([this, threads] {
#if defined(__linux__)
            GOMP_parallel([](void *) {}, nullptr, threads, 0);
#endif
            std::unique_lock lock(mutex);
            isReady = true;
            changed.notify_all();
            changed.wait(lock, [this] { return isDone; });
        });
        changed.wait(lock, [this] { return isReady; });
    }

    ~SleepingPool() {
        {
            std::lock_guard lock(mutex);
            isDone = true;
        }
        changed.notify_all();
        thread.join();
    }

  private:
    std::mutex mutex;
    std::condition_variable changed;
    bool isReady = false, isDone = false;
    std::thread thread;
};

} // namespace
} // namespace ct

int ct_runtime_set_brief_spinning(bool isBrief, int cpuCount) {
    // Process-wide, like the pool itself.
    static std::mutex mutex;
    static std::unique_ptr<ct::SleepingPool> pool;
    return ct::guard([&] {
        std::lock_guard lock(mutex);
        if (!isBrief) {
            pool.reset();
        } else if (!pool) {
            pool = std::make_unique<ct::SleepingPool>(static_cast<unsigned>(std::max(cpuCount, 1)) + 1);
        }
    });
}
