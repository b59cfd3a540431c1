/* SPDX-License-Identifier: Apache-2.0 */
/* The way into a target, for libFuzzer and for the replay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define ARENA_BYTES (8 << 20)

const struct dp_key fuzz_recipient = {{0x46, 0x5a, 0x01}};

void fuzz_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

/* ---- the hollow suite ---- */

static void hollow_hash(const struct dp_slice *parts, size_t n, struct dp_digest *out)
{
    (void)parts;
    (void)n;
    memset(out, 0x5c, sizeof(*out));
}

static enum dp_err hollow_pub(const struct dp_key *from, struct dp_key *pub)
{
    *pub = *from;
    return DP_OK;
}

static enum dp_err hollow_sign(const struct dp_key *seed, struct dp_slice msg, struct dp_sig *out)
{
    (void)seed;
    (void)msg;
    memset(out, 0x5c, sizeof(*out));
    return DP_OK;
}

static bool hollow_verify(const struct dp_key *pub, struct dp_slice msg, const struct dp_sig *sig)
{
    (void)pub;
    (void)msg;
    (void)sig;
    return true;
}

static enum dp_err hollow_kex(const struct dp_key *priv, const struct dp_key *pub, struct dp_key *shared)
{
    (void)pub;
    *shared = *priv;
    return DP_OK;
}

static enum dp_err hollow_hkdf(struct dp_slice secret, struct dp_slice salt, struct dp_slice info,
                               struct dp_key *out)
{
    (void)secret;
    (void)salt;
    (void)info;
    memset(out, 0x5c, sizeof(*out));
    return DP_OK;
}

static enum dp_err hollow_seal(const struct dp_key *key, struct dp_slice aad, struct dp_slice plain,
                               uint8_t *out)
{
    (void)key;
    (void)aad;
    if (plain.len > 0)
        memcpy(out, plain.p, plain.len);
    memset(out + plain.len, 0x5c, DP_TAG_BYTES);
    return DP_OK;
}

static enum dp_err hollow_open(const struct dp_key *key, struct dp_slice aad, struct dp_slice sealed,
                               uint8_t *out)
{
    (void)key;
    (void)aad;
    if (sealed.len < DP_TAG_BYTES)
        return DP_SIGNATURE;
    memcpy(out, sealed.p, sealed.len - DP_TAG_BYTES);
    return DP_OK;
}

const struct dp_suite fuzz_hollow = {
    .id = DP_SUITE_INTL,
    .name = "hollow",
    .hash = hollow_hash,
    .sign_pub = hollow_pub,
    .sign = hollow_sign,
    .verify = hollow_verify,
    .kex_pub = hollow_pub,
    .kex = hollow_kex,
    .hkdf = hollow_hkdf,
    .seal = hollow_seal,
    .open = hollow_open,
};

/* ---- entry ---- */

static bool run(const struct dp_suite *suite, const uint8_t *data, size_t size)
{
    struct dp_arena a;
    uint8_t *copy = malloc(size > 0 ? size : 1); /* its end is watched by the address sanitizer */

    if (copy == NULL)
        abort();
    if (size > 0)
        memcpy(copy, data, size);
    dp_arena_init(&a, ARENA_BYTES, 0);
    bool took = fuzz_one(suite, dp_slice_of(copy, size), &a);
    dp_arena_fini(&a);
    free(copy);
    return took;
}

bool fuzz_run(const uint8_t *data, size_t size)
{
    bool took = run(dp_suite_of(DP_SUITE_INTL), data, size);
    (void)run(&fuzz_hollow, data, size);
    return took;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fuzz_run(data, size);
    return 0;
}

bool fuzz_take_key(struct dp_slice *input, struct dp_key *key)
{
    if (input->len < sizeof(key->b))
        return false;
    memcpy(key->b, input->p, sizeof(key->b));
    *input = dp_slice_of(input->p + sizeof(key->b), input->len - sizeof(key->b));
    return true;
}
