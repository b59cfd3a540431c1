/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ephemeral key and one agreement serve a turn of the loop; the info of the derivation names what is
 * sealed, so that no derived key is ever used twice and the nonce may be zero.
 */
#include "wire/sealer.h"

#include <string.h>

#define INFO_BYTES_MAX 128

enum dp_err dp_sealer_init(struct dp_sealer *s, const struct dp_suite *suite, const struct dp_random *rnd,
                           struct dp_node recipient, const struct dp_key *recipient_pub)
{
    struct dp_sealer fresh = {.suite = suite, .recipient = recipient, .recipient_pub = *recipient_pub};
    struct dp_key ephemeral;
    enum dp_err e;

    rnd->fill(rnd->ctx, ephemeral.b, sizeof(ephemeral.b));
    e = suite->kex_pub(&ephemeral, &fresh.ephemeral_pub);
    if (e == DP_OK)
        e = suite->kex(&ephemeral, recipient_pub, &fresh.shared);
    if (e == DP_OK)
        *s = fresh;
    dp_wipe(&ephemeral, sizeof(ephemeral));
    dp_wipe(&fresh, sizeof(fresh));
    return e;
}

void dp_sealer_fini(struct dp_sealer *s)
{
    dp_wipe(s, sizeof(*s));
}

void dp_key_id(const struct dp_suite *suite, const struct dp_key *pub, uint8_t out[DP_KEY_ID_BYTES])
{
    struct dp_slice s = {pub->b, sizeof(pub->b)};
    struct dp_digest d;

    suite->hash(&s, 1, &d);
    memcpy(out, d.b, DP_KEY_ID_BYTES);
}

enum dp_err dp_seal_key(const struct dp_suite *suite, const struct dp_key *shared,
                        const struct dp_seal_info *info, struct dp_key *out)
{
    uint8_t bytes[INFO_BYTES_MAX];
    struct dp_wr w = dp_wr_of(bytes, sizeof(bytes));

    dp_wr_bytes(&w, info->context, strlen(info->context));
    dp_wr_bytes(&w, info->ephemeral->b, sizeof(info->ephemeral->b));
    dp_wr_bytes(&w, info->recipient_pub->b, sizeof(info->recipient_pub->b));
    dp_wr_bytes(&w, info->which.p, info->which.len);
    dp_wr_u64(&w, info->recipient.v);
    if (w.err != DP_OK)
        return DP_INTERNAL;
    return suite->hkdf(dp_slice_of(shared->b, sizeof(shared->b)), dp_slice_of(NULL, 0), dp_wr_slice(&w), out);
}

enum dp_err dp_open_key(const struct dp_suite *suite, const struct dp_key *seal_priv,
                        const uint8_t key_id[DP_KEY_ID_BYTES], struct dp_seal_info *info, struct dp_key *out)
{
    uint8_t own_id[DP_KEY_ID_BYTES];
    struct dp_key pub, shared;
    enum dp_err e = suite->kex_pub(seal_priv, &pub);

    if (e != DP_OK)
        return e;
    dp_key_id(suite, &pub, own_id);
    if (memcmp(own_id, key_id, sizeof(own_id)) != 0)
        return DP_SIGNATURE;
    e = suite->kex(seal_priv, info->ephemeral, &shared);
    if (e != DP_OK)
        return e;
    info->recipient_pub = &pub;
    e = dp_seal_key(suite, &shared, info, out);
    info->recipient_pub = NULL;
    dp_wipe(&shared, sizeof(shared));
    return e;
}
