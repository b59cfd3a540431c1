/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A suite of algorithms behind one small table, stateless and deterministic: what is random
 * comes in from port/random.h, so that one seed is one history. Suite 1 `intl`: Ed25519, SHA-256,
 * X25519, HKDF-SHA256, AES-256-GCM. Number 2 is kept for `gm`.
 */
#ifndef DP_PORT_SUITE_H
#define DP_PORT_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"

#define DP_SUITE_INTL 1
#define DP_TAG_BYTES 16

struct dp_key {
    uint8_t b[32];
};

struct dp_sig {
    uint8_t b[64];
};

struct dp_suite {
    uint8_t id;
    const char *name;
    /* Digest over the concatenation of n slices. Cannot fail. */
    void (*hash)(const struct dp_slice *parts, size_t n, struct dp_digest *out);
    /* Signing key: 32-byte seed. */
    enum dp_err (*sign_pub)(const struct dp_key *seed, struct dp_key *pub);
    enum dp_err (*sign)(const struct dp_key *seed, struct dp_slice msg, struct dp_sig *out);
    bool (*verify)(const struct dp_key *pub, struct dp_slice msg, const struct dp_sig *sig);
    /* Key agreement. */
    enum dp_err (*kex_pub)(const struct dp_key *priv, struct dp_key *pub);
    enum dp_err (*kex)(const struct dp_key *priv, const struct dp_key *pub, struct dp_key *shared);
    enum dp_err (*hkdf)(struct dp_slice secret, struct dp_slice salt, struct dp_slice info,
                        struct dp_key *out);
    /* AEAD with a key used once, nonce zero. `out` has plain.len + DP_TAG_BYTES. */
    enum dp_err (*seal)(const struct dp_key *key, struct dp_slice aad, struct dp_slice plain, uint8_t *out);
    /* `out` has sealed.len - DP_TAG_BYTES; wiped unless the tag is right (DP_SIGNATURE). */
    enum dp_err (*open)(const struct dp_key *key, struct dp_slice aad, struct dp_slice sealed, uint8_t *out);
};

/* The suite of that number, or NULL. Defined by the crypto floor. */
const struct dp_suite *dp_suite_of(uint8_t id);

#endif
