// Random bits computed from an element's index: independent of threads, and recomputed instead of stored.
#ifndef CT_HASH_H
#define CT_HASH_H

#include "../libtorch.h"
#include "vector.h"

#include <cstdint>

namespace ct {

/// Murmur3's 32-bit finalizer and its constants.
struct PlaceHash {
    static constexpr uint32_t golden = 0x9E3779B1, first = 0x85EBCA6B, second = 0xC2B2AE35;

    CT_INLINE static uint32_t mix(uint32_t h) {
        h ^= h >> 16;
        h *= first;
        h ^= h >> 13;
        h *= second;
        return h ^ h >> 16;
    }

    /// Mixes sixteen numbers in place.
    CT_INLINE static void mix(uvec &h) {
        h ^= h >> 16;
        h *= first;
        h ^= h >> 13;
        h *= second;
        h ^= h >> 16;
    }

    /// Computes the bits of sixteen elements from index `place` on, for one key.
    CT_INLINE static void bits(uint32_t key, int64_t place, uvec &h) {
        for (int64_t i = 0; i < lanes; i++) h[i] = static_cast<uint32_t>(place + i);
        h = h * golden ^ key;
        mix(h);
    }

    /// The number of elements that share one key.
    static constexpr int64_t block = 256;

    /// The key of a block of elements.
    CT_INLINE static uint32_t block_key(uint64_t key, int64_t block) {
        const uint32_t a = mix(static_cast<uint32_t>(key) + static_cast<uint32_t>(block));
        return mix(a ^ static_cast<uint32_t>(key >> 32));
    }
};

/// The 32 bits of elements 0 ..< count, as int64, with libtorch's operations on every device.
at::Tensor place_bits(int64_t count, uint64_t key, const at::TensorOptions &options);

} // namespace ct

#endif
