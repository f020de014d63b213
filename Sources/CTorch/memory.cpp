#include "support.h"
#include "tensor_heap.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <mutex>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {

/// Receives the reports of libtorch's allocators, like libtorch's profiler.
class Recorder : public c10::MemoryReportingInfoBase {
public:
    void reportMemoryUsage(void *, int64_t size, size_t, size_t, c10::Device) override {
        // A backward pass on a GPU runs on another thread.
        std::lock_guard<std::mutex> lock(mutex);
        live += size;
        if (size > 0) trace.push_back(live);
    }

    void reportOutOfMemory(int64_t, size_t, size_t, c10::Device) override {}

    bool memoryProfilingEnabled() const override { return true; }

    std::mutex mutex;
    int64_t live = 0;
    std::vector<int64_t> trace;
};

thread_local std::shared_ptr<Recorder> recorder;

Recorder &current() {
    TORCH_CHECK(recorder != nullptr, "memory is not being recorded");
    return *recorder;
}

} // namespace

extern "C" {

int ct_memory_start(void) {
    return ct::guard([&] {
        TORCH_CHECK(recorder == nullptr, "memory is already being recorded");
        auto made = std::make_shared<Recorder>();
        c10::ThreadLocalDebugInfo::_push(c10::DebugInfoKind::PROFILER_STATE, made);
        recorder = made;
    });
}

int ct_memory_stop(void) {
    return ct::guard([&] {
        current();
        c10::ThreadLocalDebugInfo::_pop(c10::DebugInfoKind::PROFILER_STATE);
        recorder = nullptr;
    });
}

int ct_memory_live(int64_t *out) {
    return ct::guard([&] {
        std::lock_guard<std::mutex> lock(current().mutex);
        *out = recorder->live;
    });
}

int ct_memory_take_trace(size_t *count, int64_t *out, size_t capacity) {
    return ct::guard([&] {
        std::lock_guard<std::mutex> lock(current().mutex);
        auto &trace = recorder->trace;
        *count = trace.size();
        std::copy_n(trace.begin(), std::min(capacity, trace.size()), out);
        if (capacity >= trace.size()) trace.clear();
    });
}

int ct_memory_heap(int64_t *in_use) {
    return ct::guard([&] {
        *in_use = 0;
#if defined(__GLIBC__)
        const auto heap = mallinfo2();
        *in_use = static_cast<int64_t>(heap.uordblks + heap.hblkhd);
#endif
    });
}

void ct_memory_tensor_heap(int64_t *live, int64_t *highest_live, int64_t *resident) {
    const auto *heap = ct::tensor_heap();
    const auto use = heap ? heap->use() : ct::TensorHeap::Use{};
    *live = use.live;
    *highest_live = use.highest_live;
    *resident = use.resident;
}

} // extern "C"
