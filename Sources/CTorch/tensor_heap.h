// Inside CTorch only: where large tensors on the CPU live once the program asks for it.
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

/// One reserved stretch of addresses from which tensors are cut, best fit first, and to which they return.
///
/// A training step frees what the next one needs. The C library either gives such pages back, and the kernel clears them
/// again for an eighth of the step's time, or keeps them, and batches of different lengths leave the heap full of holes: a
/// half more than the tensors ever took. Here neighbours that are free become one, and the pages of free stretches go back
/// only as far as is needed to hold no more than the most that tensors took at once and a given share of it.
class TensorHeap final : public c10::Allocator {
public:
    /// Reserves the addresses. Throws `std::bad_alloc` where the system refuses.
    explicit TensorHeap(double slack);

    c10::DataPtr allocate(size_t size) override;
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void *to, const void *from, size_t size) const override { default_copy_data(to, from, size); }

    struct Use {
        /// Bytes of tensors.
        int64_t live;
        /// The most that there ever were at once.
        int64_t highest_live;
        /// Bytes of the pages that the system holds for them, at most.
        int64_t resident;
    };
    Use use() const;

private:
    static void release(void *block);

    bool contains(const void *block) const;
    void *take(size_t size);
    void give(void *block);
    /// Joins a free stretch to its free neighbours.
    void insert_free(uintptr_t begin, size_t size);
    void erase_free(std::map<uintptr_t, size_t>::iterator stretch);
    void touch(uintptr_t begin, size_t size);
    /// Gives pages of free stretches back until no more than the limit is resident.
    void trim();
    size_t limit() const;

    mutable std::mutex mutex;
    uintptr_t start;
    double slack;
    size_t live = 0;
    size_t highest_live = 0;
    size_t resident_units = 0;
    /// Which units of the region may have pages, and the end of those that ever had.
    std::vector<bool> resident;
    size_t top = 0;
    std::unordered_map<uintptr_t, size_t> taken;
    std::map<uintptr_t, size_t> free_by_address;
    std::set<std::pair<size_t, uintptr_t>> free_by_size;
};

/// The process's heap, null before `use_tensor_heap`.
TensorHeap *tensor_heap();
/// Makes libtorch allocate there. The second call changes nothing.
void use_tensor_heap(double slack);

} // namespace ct

#endif
