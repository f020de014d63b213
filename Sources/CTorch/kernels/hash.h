// Random bits out of a place: the same whatever thread computes it, and computed again where they were not kept.
#ifndef CT_HASH_H
#define CT_HASH_H

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
};

} // namespace ct

#endif
