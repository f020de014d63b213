// Code shared by SHA-256 and SHA-1: blocks of 64 bytes, big-endian words, the padding at the end.
#ifndef CHASH_BLOCKS_H
#define CHASH_BLOCKS_H

#include <string.h>

#include "chash.h"

// Mixes whole blocks of 64 bytes into the state's words.
typedef void (*ch_compress)(ch_state *state, const uint8_t *blocks, size_t count);

static inline uint32_t ch_rotate_left(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }

static inline uint32_t ch_big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void ch_add(ch_state *state, const uint8_t *bytes, size_t count, ch_compress compress) {
    size_t held = state->byteCount % 64;
    state->byteCount += count;
    if (held > 0) {
        size_t taken = 64 - held < count ? 64 - held : count;
        memcpy(state->block + held, bytes, taken);
        bytes += taken;
        count -= taken;
        if (held + taken < 64) return;
        compress(state, state->block, 1);
    }
    compress(state, bytes, count / 64);
    if (count % 64 > 0) memcpy(state->block, bytes + count / 64 * 64, count % 64);
}

static inline void ch_close(ch_state *state, uint8_t *digest, int wordCount, ch_compress compress) {
    uint64_t bits = state->byteCount * 8;
    uint8_t padding[72] = {0x80};
    size_t length = (119 - state->byteCount % 64) % 64 + 1;
    for (int i = 0; i < 8; i++) padding[length + i] = (uint8_t)(bits >> (56 - 8 * i));
    ch_add(state, padding, length + 8, compress);
    for (int i = 0; i < 4 * wordCount; i++) digest[i] = (uint8_t)(state->words[i / 4] >> (24 - 8 * (i % 4)));
}

#endif
