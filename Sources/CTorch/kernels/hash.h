// Random bits out of a place: the same whatever thread computes it, and computed again where they were not kept.
#ifndef CT_HASH_H
#define CT_HASH_H

#include "../libtorch.h"
#include "vector.h"

#include <cstdint>

namespace ct {

/// Murmur3's 32-bit finaliser and its constants.
struct PlaceHash {
    static constexpr uint32_t golden = 0x9E3779B1, first = 0x85EBCA6B, second = 0xC2B2AE35;

    CT_INLINE static uint32_t mix(uint32_t h) {
        h ^= h >> 16;
        h *= first;
        h ^= h >> 13;
        h *= second;
        return h ^ h >> 16;
    }

    /// Of sixteen numbers at once, in place.
    CT_INLINE static void mix(uvec &h) {
        h ^= h >> 16;
        h *= first;
        h ^= h >> 13;
        h *= second;
        h ^= h >> 16;
    }

    /// The bits of sixteen places from `place` on under one key.
    CT_INLINE static void bits(uint32_t key, int64_t place, uvec &h) {
        for (int64_t i = 0; i < lanes; i++) h[i] = static_cast<uint32_t>(place + i);
        h = h * golden ^ key;
        mix(h);
    }

    /// Elements of a tensor whose bits follow from one key.
    static constexpr int64_t block = 256;

    /// The key of a block of elements.
    CT_INLINE static uint32_t block_key(uint64_t key, int64_t block) {
        const uint32_t a = mix(static_cast<uint32_t>(key) + static_cast<uint32_t>(block));
        return mix(a ^ static_cast<uint32_t>(key >> 32));
    }
};

/// The 32 bits of a tensor's elements 0 ..< count, as int64, by libtorch's operations on every device.
at::Tensor place_bits(int64_t count, uint64_t key, const at::TensorOptions &options);

} // namespace ct

#endif
