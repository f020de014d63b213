// Incremental SHA-256 and SHA-1, for naming contents on the Hub and in caches, not for secrets.
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
    // Whether the CPU's SHA instructions are used. Checked once, because the check is slow on a virtual machine.
    int isAccelerated;
    uint8_t block[64];
} ch_state;

// Starts a SHA-256 hash.
void ch_sha256_begin(ch_state *state);
// Adds bytes.
void ch_sha256_update(ch_state *state, const void *bytes, size_t count);
// Writes the 32-byte digest. The state must not be used afterwards.
void ch_sha256_finish(ch_state *state, uint8_t *digest);

// Starts a SHA-1 hash.
void ch_sha1_begin(ch_state *state);
// Adds bytes.
void ch_sha1_update(ch_state *state, const void *bytes, size_t count);
// Writes the 20-byte digest. The state must not be used afterwards.
void ch_sha1_finish(ch_state *state, uint8_t *digest);

#endif
