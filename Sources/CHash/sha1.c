#include "blocks.h"

static void compress(ch_state *state, const uint8_t *blocks, size_t count) {
    uint32_t *words = state->words;
    for (; count > 0; count--, blocks += 64) {
        uint32_t schedule[80];
        for (int i = 0; i < 16; i++) schedule[i] = ch_big_endian(blocks + 4 * i);
        for (int i = 16; i < 80; i++)
            schedule[i] = ch_rotate_left(
                schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
        uint32_t a = words[0], b = words[1], c = words[2], d = words[3], e = words[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                  : (b ^ c ^ d) + 0xca62c1d6;
            uint32_t next = ch_rotate_left(a, 5) + f + e + schedule[i];
            e = d, d = c, c = ch_rotate_left(b, 30), b = a, a = next;
        }
        words[0] += a, words[1] += b, words[2] += c, words[3] += d, words[4] += e;
    }
}

void ch_sha1_begin(ch_state *state) {
    static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    *state = (ch_state){0};
    memcpy(state->words, start, sizeof start);
}

void ch_sha1_update(ch_state *state, const void *bytes, size_t count) {
    ch_add(state, bytes, count, compress);
}

void ch_sha1_finish(ch_state *state, uint8_t *digest) { ch_close(state, digest, 5, compress); }
