/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes that people read aloud: the one-time enrolment code (R-ENR-1) and the query code on a
 * petitioner's slip. Crockford base 32 in groups of five with one check character, which finds
 * every single wrong character and every swap of two. Reading forgives case, spaces,
 * hyphens, O for 0, I and L for 1.
 */
#ifndef DP_CRYPTO_CODE_H
#define DP_CRYPTO_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "port/random.h"
#include "port/suite.h"

/* ---- enrolment ---- */

#define DP_ENROL_CHARS 20 /* id 4, secret 15 (75 bits), check 1 */
#define DP_ENROL_ID_CHARS 4
#define DP_ENROL_TEXT 24 /* "ABCD1-23456-789AB-CDEFG" and NUL */

/* The code itself, without hyphens, canonical. A secret: wipe it. */
struct dp_enrol_code {
    char c[DP_ENROL_CHARS + 1];
};

/* What both ends derive from it; the parent stores this and shows the code once. */
struct dp_enrol_keys {
    char id[DP_ENROL_ID_CHARS + 1]; /* travels in clear, to find the keys */
    struct dp_key up;               /* child to parent */
    struct dp_key down;
};

void dp_enrol_code_make(const struct dp_random *random, struct dp_enrol_code *out);
/* DP_FORMAT for a wrong length, character or check character. */
DP_MUST enum dp_err dp_enrol_code_parse(struct dp_slice s, struct dp_enrol_code *out);
void dp_enrol_code_format(const struct dp_enrol_code *c, char out[DP_ENROL_TEXT]);
/* scrypt (N 2^15, r 8, p 1: 32 MiB and about 0.1 s), then HKDF per direction. DP_NOMEM. */
DP_MUST enum dp_err dp_enrol_derive(const struct dp_enrol_code *c, struct dp_enrol_keys *out);

/* Bytes that sealing adds: salt 16, tag 16. */
#define DP_ENROL_SEAL_BYTES 32

/* `key` is keys.up or keys.down. `out` has plain.len + DP_ENROL_SEAL_BYTES. Each message has its own key. */
DP_MUST enum dp_err dp_enrol_seal(const struct dp_key *key, struct dp_slice aad, struct dp_slice plain,
                                  const struct dp_random *random, uint8_t *out);
/* `out` has sealed.len - DP_ENROL_SEAL_BYTES. DP_FORMAT when too short, DP_SIGNATURE for a wrong code. */
DP_MUST enum dp_err dp_enrol_open(const struct dp_key *key, struct dp_slice aad, struct dp_slice sealed,
                                  uint8_t *out);

/* ---- query code of a petitioner ---- */

#define DP_QUERY_CHARS 15 /* 14 random (70 bits), check 1 */
#define DP_QUERY_TEXT 18  /* "ABCD1-23456-789AB" and NUL */

struct dp_query_code {
    char c[DP_QUERY_CHARS + 1];
};

void dp_query_code_make(const struct dp_random *random, struct dp_query_code *out);
DP_MUST enum dp_err dp_query_code_parse(struct dp_slice s, struct dp_query_code *out);
void dp_query_code_format(const struct dp_query_code *c, char out[DP_QUERY_TEXT]);
/* What the register entry holds: SHA-256 of context and code. */
void dp_query_code_hash(const struct dp_query_code *c, struct dp_digest *out);

#endif
