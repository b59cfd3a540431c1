/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) of a stream of bytes. It gives a row of a register without numbers
 * a name that stays the same at every import. The command line holds no keys and links no
 * cryptography; nothing here is used as such.
 */
#ifndef DP_CLI_SHA256_H
#define DP_CLI_SHA256_H

#include <stdint.h>

#include "base/slice.h"

struct dp_sha256 {
    uint32_t h[8];
    uint8_t block[64];
    uint64_t len_bytes;
};

void dp_sha256_init(struct dp_sha256 *s);
void dp_sha256_add(struct dp_sha256 *s, struct dp_slice bytes);
/* Ends the stream; `s` has to be initialised before it is used again. */
void dp_sha256_end(struct dp_sha256 *s, uint8_t out[32]);

#endif
