/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part keys under the wrapping key, and its rotation (R-STO-2). While rotating, both the old and the
 * next key are on disk: reading picks by generation, writing takes the next.
 */
#include <string.h>

#include "crypto/keyfile.h"
#include "crypto/keyring.h"

static const struct dp_suite *suite(void)
{
    return dp_suite_of(DP_SUITE_INTL);
}

/* ---- part keys ---- */

#define SALT_BYTES 16
#define WHERE_BYTES (DP_NAME_BYTES + 1)

/* What binds a wrapped key to its place: entry name and part index. */
static struct dp_slice where(const struct dp_name *entry, uint8_t index, uint8_t out[WHERE_BYTES])
{
    dp_name_put(entry, out);
    out[DP_NAME_BYTES] = index;
    return dp_slice_of(out, WHERE_BYTES);
}

/* Salted, so that every wrapping has a key of its own and nonce zero is safe. */
static enum dp_err single_key(const struct dp_key *wrap, uint32_t generation, struct dp_slice place,
                              const uint8_t salt[SALT_BYTES], struct dp_key *out)
{
    static const char context[] = "daipao/wrap/1";
    uint8_t info[sizeof(context) - 1 + WHERE_BYTES + 4];
    struct dp_wr w = dp_wr_of(info, sizeof(info));

    dp_wr_bytes(&w, context, sizeof(context) - 1);
    dp_wr_bytes(&w, place.p, place.len);
    dp_wr_u32(&w, generation);
    return suite()->hkdf(dp_slice_of(wrap->b, sizeof(wrap->b)), dp_slice_of(salt, SALT_BYTES),
                         dp_wr_slice(&w), out);
}

static uint32_t newest(const struct dp_keyring *kr)
{
    return kr->wrap_generation + (kr->rotating ? 1 : 0);
}

enum dp_err dp_keyring_wrap(const struct dp_keyring *kr, const struct dp_name *entry, uint8_t index,
                            const struct dp_key *key, const struct dp_random *random,
                            uint8_t out[DP_WRAPPED_BYTES])
{
    uint8_t place_bytes[WHERE_BYTES], salt[SALT_BYTES], sealed[sizeof(key->b) + DP_TAG_BYTES];
    struct dp_slice place = where(entry, index, place_bytes);
    struct dp_wr w = dp_wr_of(out, DP_WRAPPED_BYTES);
    struct dp_key once;
    enum dp_err err;

    random->fill(random->ctx, salt, sizeof(salt));
    err = single_key(&kr->wrap[kr->rotating ? 1 : 0], newest(kr), place, salt, &once);
    if (err == DP_OK)
        err = suite()->seal(&once, place, dp_slice_of(key->b, sizeof(key->b)), sealed);
    dp_wipe(&once, sizeof(once));
    if (err != DP_OK)
        return err;
    dp_wr_u32(&w, newest(kr));
    dp_wr_bytes(&w, salt, sizeof(salt));
    dp_wr_bytes(&w, sealed, sizeof(sealed));
    return DP_OK;
}

static uint32_t generation_of(const uint8_t in[DP_WRAPPED_BYTES])
{
    struct dp_rd r = dp_rd_of(dp_slice_of(in, DP_WRAPPED_BYTES));

    return dp_rd_u32(&r);
}

bool dp_keyring_is_stale(const struct dp_keyring *kr, const uint8_t in[DP_WRAPPED_BYTES])
{
    return generation_of(in) != newest(kr);
}

enum dp_err dp_keyring_unwrap(const struct dp_keyring *kr, const struct dp_name *entry, uint8_t index,
                              const uint8_t in[DP_WRAPPED_BYTES], struct dp_key *out)
{
    uint32_t generation = generation_of(in);
    struct dp_slice sealed = dp_slice_of(in + 4 + SALT_BYTES, DP_WRAPPED_BYTES - 4 - SALT_BYTES);
    uint8_t place_bytes[WHERE_BYTES];
    struct dp_slice place = where(entry, index, place_bytes);
    bool is_next = kr->rotating && generation == kr->wrap_generation + 1;
    struct dp_key once, key;
    enum dp_err err;

    if (generation != kr->wrap_generation && !is_next)
        return DP_NOT_FOUND;
    err = single_key(&kr->wrap[is_next ? 1 : 0], generation, place, in + 4, &once);
    if (err == DP_OK)
        err = suite()->open(&once, place, sealed, key.b);
    if (err == DP_OK)
        *out = key;
    dp_wipe(&once, sizeof(once));
    dp_wipe(&key, sizeof(key));
    return err;
}

/* ---- rotation ---- */

static enum dp_err begin_rotation(struct dp_keyring *kr, struct dp_keydir *d, const struct dp_random *random)
{
    struct dp_key next;
    enum dp_err err;

    random->fill(random->ctx, next.b, sizeof(next.b));
    err = dp_keyfile_write(d, DP_KEYFILE_WRAP_NEXT, "wrap", kr->wrap_generation + 1,
                           dp_slice_of(next.b, sizeof(next.b)));
    if (err == DP_OK) {
        kr->wrap[1] = next;
        kr->rotating = true;
    }
    dp_wipe(&next, sizeof(next));
    return err;
}

static enum dp_err end_rotation(struct dp_keyring *kr, struct dp_keydir *d)
{
    enum dp_err err = dp_keyfile_replace(d, DP_KEYFILE_WRAP_NEXT, DP_KEYFILE_WRAP);

    if (err != DP_OK)
        return err;
    kr->wrap[0] = kr->wrap[1];
    dp_wipe(&kr->wrap[1], sizeof(kr->wrap[1]));
    kr->wrap_generation++;
    kr->rotating = false;
    return DP_OK;
}

/* R-STO-2 */
enum dp_err dp_keyring_rotate(struct dp_keyring *kr, const struct dp_random *random,
                              dp_keyring_rewrap *rewrap, void *ctx, struct dp_keyring_why *why)
{
    struct dp_keydir d;
    enum dp_err err = dp_keydir_open(&d, kr->dir, why);

    if (err != DP_OK)
        return err;
    if (!kr->rotating)
        err = begin_rotation(kr, &d, random);
    if (err == DP_OK) {
        /* The store's own errors are its caller's; the folder is fine. */
        err = rewrap(ctx, kr);
        if (err == DP_OK)
            err = end_rotation(kr, &d);
    }
    dp_keydir_close(&d);
    return err;
}
