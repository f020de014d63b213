// Internal to CTorch: the heap for large CPU tensors, once a program adopts it.
#ifndef CT_TENSOR_HEAP_H
#define CT_TENSOR_HEAP_H

#include <c10/core/Allocator.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ct {

/// A reserved address range from which tensors are allocated by best fit.
///
/// A training step frees memory that the next step needs. The C library either returns such pages, and the kernel clears them
/// again in an eighth of the step's time, or it keeps them, and batches of different lengths fragment the heap: it grew to half
/// more than the tensors ever took. This heap merges free neighbors. Beyond the peak of live tensors plus a given share of it, it
/// returns the pages of free ranges that no tensor has used for several steps, and beyond twice that share any.
class TensorHeap final : public c10::Allocator {
public:
    /// Reserves the addresses. Throws `std::bad_alloc` if the system refuses.
    explicit TensorHeap(double slack);

    c10::DataPtr allocate(size_t size) override;
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void *to, const void *from, size_t size) const override { default_copy_data(to, from, size); }

    struct Use {
        /// Bytes of live tensors.
        int64_t live;
        /// The peak of `live`.
        int64_t highest_live;
        /// Upper bound on the bytes of resident pages.
        int64_t resident;
    };
    Use use() const;

    /// Returns the pages of free ranges, and forgets the peak: a model was freed, and the next one may be smaller.
    void shrink();

private:
    static void release(void *block);

    bool contains(const void *block) const;
    void *take(size_t size);
    void give(void *block);
    /// Merges a free range with its free neighbors.
    void insert_free(uintptr_t begin, size_t size);
    void erase_free(std::map<uintptr_t, size_t>::iterator stretch);
    void touch(uintptr_t begin, size_t size);
    /// Returns pages of free ranges, if they were last used before a time, until no more than the limit is resident.
    void trim(size_t limit, uint64_t before);
    /// Returns what is too much: first what was not used for long.
    void trim_excess();
    size_t limit(double slack) const;

    mutable std::mutex mutex;
    uintptr_t start;
    double slack;
    size_t live = 0;
    size_t highest_live = 0;
    size_t resident_units = 0;
    /// The units of the region that may have pages, and the end of the units that ever had any.
    std::vector<bool> resident;
    size_t top = 0;
    /// The bytes of all tensors so far, which serve as a clock, and the time of each unit's last tensor.
    uint64_t clock = 0, next_trim = 0;
    std::vector<uint64_t> last_use;
    std::unordered_map<uintptr_t, size_t> taken;
    std::map<uintptr_t, size_t> free_by_address;
    std::set<std::pair<size_t, uintptr_t>> free_by_size;
};

/// The process's heap, null before `use_tensor_heap`.
TensorHeap *tensor_heap();
/// Makes libtorch allocate there. A second call has no effect.
void use_tensor_heap(double slack);

} // namespace ct

#endif
