#include "tensor_heap.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ct {

namespace {

/// Smaller tensors use the C library: they are numerous and need little memory.
constexpr size_t smallest = 64 << 10;
/// Alignment of tensors, as libtorch's vector kernels require. Page alignment would make rows of different tensors collide
/// in the cache.
constexpr size_t alignment = 64;
/// The unit that is returned to the system: a huge page, because a part of it would stay resident.
constexpr size_t unit = 2 << 20;
/// Size of the address range: larger than any machine's memory, since addresses cost nothing.
constexpr size_t region = size_t{1} << 40;
/// Pages are returned once this multiple of the peak of live tensors was allocated, which is several training steps. Pages that
/// are returned within a step are cleared again in the next: in bfloat16 that took a sixth of the time.
constexpr uint64_t late = 8;
/// Beyond this multiple of the usual share, pages are returned at once.
constexpr double patience = 2;

TensorHeap *shared = nullptr;

uintptr_t address(const void *block) { return reinterpret_cast<uintptr_t>(block); }

} // namespace

TensorHeap *tensor_heap() { return shared; }

void use_tensor_heap(double slack) {
#if defined(__linux__)
    static std::once_flag once;
    std::call_once(once, [&] {
        try {
            shared = new TensorHeap(slack);
        } catch (const std::bad_alloc &) {
            // The address space is limited: keep libtorch's allocator.
            return;
        }
        // Never freed, because tensors may outlive every static object.
        c10::SetCPUAllocator(shared, 1);
    });
#endif
}

TensorHeap::TensorHeap(double slack) : start(0), slack(slack), resident(region / unit) {
#if defined(__linux__)
    void *reserved =
        mmap(nullptr, region + unit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED) throw std::bad_alloc();
    start = (address(reserved) + unit - 1) / unit * unit;
    // Clearing and mapping 4 KB pages took a twentieth of a step. A kernel without huge pages refuses, which is harmless.
    madvise(reinterpret_cast<void *>(start), region, MADV_HUGEPAGE);
    insert_free(start, region);
#else
    throw std::bad_alloc();
#endif
}

c10::DataPtr TensorHeap::allocate(size_t size) {
    void *block = size >= smallest ? take(size) : nullptr;
    if (block == nullptr) {
        block = c10::GetDefaultCPUAllocator()->raw_allocate(size);
    } else {
        c10::profiledCPUMemoryReporter().New(block, size);
    }
    return {block, block, &release, c10::Device(c10::DeviceType::CPU)};
}

void TensorHeap::release(void *block) {
    if (!shared->contains(block)) return c10::GetDefaultCPUAllocator()->raw_deallocate(block);
    c10::profiledCPUMemoryReporter().Delete(block);
    shared->give(block);
}

TensorHeap::Use TensorHeap::use() const {
    std::lock_guard<std::mutex> lock(mutex);
    return {
        static_cast<int64_t>(live), static_cast<int64_t>(highest_live),
        static_cast<int64_t>(resident_units * unit)
    };
}

bool TensorHeap::contains(const void *block) const { return address(block) - start < region; }

size_t TensorHeap::limit(double slack) const {
    return highest_live + static_cast<size_t>(slack * static_cast<double>(highest_live));
}

void *TensorHeap::take(size_t size) {
    if (size > region) return nullptr;
    const size_t rounded = (size + alignment - 1) / alignment * alignment;
    std::lock_guard<std::mutex> lock(mutex);
    const auto fit = free_by_size.lower_bound({rounded, 0});
    if (fit == free_by_size.end()) return nullptr;
    const auto [available, begin] = *fit;
    erase_free(free_by_address.find(begin));
    if (available > rounded) insert_free(begin + rounded, available - rounded);
    taken.emplace(begin, rounded);
    live += rounded;
    highest_live = std::max(highest_live, live);
    touch(begin, rounded);
    clock += rounded;
    if (resident_units * unit > limit(slack)) trim_excess();
    return reinterpret_cast<void *>(begin);
}

void TensorHeap::give(void *block) {
    std::lock_guard<std::mutex> lock(mutex);
    const auto entry = taken.find(address(block));
    const size_t size = entry->second;
    taken.erase(entry);
    live -= size;
    insert_free(address(block), size);
}

void TensorHeap::shrink() {
    std::lock_guard<std::mutex> lock(mutex);
    highest_live = live;
    trim(limit(slack), clock + 1);
}

void TensorHeap::insert_free(uintptr_t begin, size_t size) {
    auto next = free_by_address.lower_bound(begin);
    if (next != free_by_address.end() && next->first == begin + size) {
        size += next->second;
        erase_free(next++);
    }
    if (next != free_by_address.begin()) {
        const auto previous = std::prev(next);
        if (previous->first + previous->second == begin) {
            begin = previous->first;
            size += previous->second;
            erase_free(previous);
        }
    }
    free_by_address.emplace(begin, size);
    free_by_size.emplace(size, begin);
}

void TensorHeap::erase_free(std::map<uintptr_t, size_t>::iterator stretch) {
    free_by_size.erase({stretch->second, stretch->first});
    free_by_address.erase(stretch);
}

void TensorHeap::touch(uintptr_t begin, size_t size) {
    const size_t last = (begin + size - 1 - start) / unit;
    top = std::max(top, last + 1);
    last_use.resize(std::max(last_use.size(), top));
    for (size_t index = (begin - start) / unit; index <= last; index++) {
        if (!resident[index]) resident_units++;
        resident[index] = true;
        last_use[index] = clock;
    }
}

void TensorHeap::trim_excess() {
    const uint64_t age = late * highest_live;
    if (clock >= next_trim) {
        trim(limit(slack), clock > age ? clock - age : 0);
        // The ranges are not searched at every allocation.
        next_trim = clock + highest_live / 4;
    }
    if (resident_units * unit > limit(patience * slack)) trim(limit(patience * slack), clock + 1);
}

void TensorHeap::trim(size_t limit, uint64_t before) {
#if defined(__linux__)
    // From the end, because that part is used least often.
    for (auto stretch = free_by_address.rbegin(); stretch != free_by_address.rend(); ++stretch) {
        size_t index = (stretch->first - start + unit - 1) / unit;
        const size_t end = std::min((stretch->first + stretch->second - start) / unit, top);
        while (index < end) {
            if (!resident[index] || last_use[index] >= before) {
                index++;
                continue;
            }
            const size_t first = index;
            while (index < end && resident[index] && last_use[index] < before && resident_units * unit > limit) {
                resident[index++] = false;
                resident_units--;
            }
            if (index == first) return;
            madvise(reinterpret_cast<void *>(start + first * unit), (index - first) * unit, MADV_DONTNEED);
        }
    }
#endif
}

} // namespace ct
