// SHA-256 and SHA-1 of what comes in pieces: names of contents on the Hub and in caches, never secrets.
//
// Source: FIPS 180-4, https://doi.org/10.6028/NIST.FIPS.180-4.
#ifndef CHASH_H
#define CHASH_H

#include <stddef.h>
#include <stdint.h>

// The state of SHA-256 or SHA-1; SHA-1 uses five of the eight words.
typedef struct {
    uint32_t words[8];
    uint64_t byteCount;
    // Whether the CPU's own instructions are used; asked once, as a virtual machine takes long to answer.
    int isAccelerated;
    uint8_t block[64];
} ch_state;

// Starts a SHA-256.
void ch_sha256_begin(ch_state *state);
// Adds bytes.
void ch_sha256_update(ch_state *state, const void *bytes, size_t count);
// Writes the digest, 32 bytes; the state is used up.
void ch_sha256_finish(ch_state *state, uint8_t *digest);

// Starts a SHA-1.
void ch_sha1_begin(ch_state *state);
// Adds bytes.
void ch_sha1_update(ch_state *state, const void *bytes, size_t count);
// Writes the digest, 20 bytes; the state is used up.
void ch_sha1_finish(ch_state *state, uint8_t *digest);

#endif
