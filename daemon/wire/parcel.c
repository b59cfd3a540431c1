/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parcels: sealed for one node and padded, so that whoever passes one on learns its recipient and a size in
 * steps of 512 bytes and nothing else (R-PARC-1). The number keeps keys apart when one ephemeral key serves
 * several.
 */
#include <string.h>

#include "wire/sealer.h"

#define CONTEXT "daipao/parcel/1"
#define VERSION 1
#define HEAD_BYTES 58 /* version 1, suite 1, recipient 8, key id 8, ephemeral 32, number 4, length 4 */
#define PLAIN_HEAD_BYTES 5

struct head {
    uint8_t version, suite;
    struct dp_node recipient;
    uint8_t key_id[DP_KEY_ID_BYTES];
    struct dp_key ephemeral;
    uint32_t number, len;
};

static void head_put(const struct head *h, uint8_t out[HEAD_BYTES])
{
    struct dp_wr w = dp_wr_of(out, HEAD_BYTES);

    dp_wr_u8(&w, h->version);
    dp_wr_u8(&w, h->suite);
    dp_wr_u64(&w, h->recipient.v);
    dp_wr_bytes(&w, h->key_id, sizeof(h->key_id));
    dp_wr_bytes(&w, h->ephemeral.b, sizeof(h->ephemeral.b));
    dp_wr_u32(&w, h->number);
    dp_wr_u32(&w, h->len);
}

static enum dp_err head_get(struct dp_slice parcel, struct head *out, struct dp_slice *sealed)
{
    struct dp_rd r = dp_rd_of(parcel);
    struct head h = {.version = dp_rd_u8(&r)};

    h.suite = dp_rd_u8(&r);
    h.recipient.v = dp_rd_u64(&r);
    dp_rd_copy(&r, h.key_id, sizeof(h.key_id));
    dp_rd_copy(&r, h.ephemeral.b, sizeof(h.ephemeral.b));
    h.number = dp_rd_u32(&r);
    h.len = dp_rd_u32(&r);
    *sealed = dp_rd_take(&r, h.len);
    if (dp_rd_done(&r) != DP_OK || h.version != VERSION || h.suite != DP_SUITE_INTL)
        return DP_FORMAT;
    if (h.len > DP_PARCEL_PLAIN_MAX + DP_TAG_BYTES)
        return DP_TOO_BIG;
    if (h.len < DP_PARCEL_PAD + DP_TAG_BYTES || (h.len - DP_TAG_BYTES) % DP_PARCEL_PAD != 0)
        return DP_FORMAT;
    if (dp_node_tier(h.recipient) == DP_TIER_NONE)
        return DP_FORMAT;
    *out = h;
    return DP_OK;
}

static bool kind_ok(uint8_t kind)
{
    return kind >= DP_PARCEL_CONTENT && kind <= DP_PARCEL_STATE;
}

static size_t padded(size_t body_len)
{
    return (PLAIN_HEAD_BYTES + body_len + DP_PARCEL_PAD - 1) / DP_PARCEL_PAD * DP_PARCEL_PAD;
}

size_t dp_parcel_bytes(size_t body_len)
{
    return HEAD_BYTES + padded(body_len) + DP_TAG_BYTES;
}

/* Which of the parcels under one ephemeral key. */
static struct dp_slice which(uint32_t number, uint8_t out[4])
{
    struct dp_wr w = dp_wr_of(out, 4);

    dp_wr_u32(&w, number);
    return dp_wr_slice(&w);
}

/* ---- seal ---- */

static struct dp_slice plain_make(uint8_t kind, struct dp_slice body, struct dp_arena *a)
{
    size_t len = padded(body.len);
    uint8_t *p = dp_arena_alloc(a, len);
    struct dp_wr w = dp_wr_of(p, len);

    if (p == NULL)
        return dp_slice_of(NULL, 0);
    dp_wr_u32(&w, (uint32_t)body.len);
    dp_wr_u8(&w, kind);
    dp_wr_bytes(&w, body.p, body.len);
    return dp_slice_of(p, len);
}

static enum dp_err sealed_put(struct dp_sealer *s, struct dp_slice plain, struct dp_buf *out)
{
    struct head h = {VERSION,
                     s->suite->id,
                     s->recipient,
                     {0},
                     s->ephemeral_pub,
                     (uint32_t)s->counter,
                     (uint32_t)(plain.len + DP_TAG_BYTES)};
    uint8_t which_bytes[4];
    struct dp_seal_info info = {CONTEXT, &s->ephemeral_pub, &s->recipient_pub, which(h.number, which_bytes),
                                s->recipient};
    enum dp_err e = dp_buf_reserve(out, HEAD_BYTES + h.len);
    struct dp_key key;
    uint8_t *head;

    if (e != DP_OK)
        return e;
    head = out->p + out->len;
    dp_key_id(s->suite, &s->recipient_pub, h.key_id);
    head_put(&h, head);
    e = dp_seal_key(s->suite, &s->shared, &info, &key);
    if (e == DP_OK)
        e = s->suite->seal(&key, dp_slice_of(head, HEAD_BYTES), plain, head + HEAD_BYTES);
    if (e == DP_OK)
        out->len += HEAD_BYTES + h.len;
    dp_wipe(&key, sizeof(key));
    return e;
}

enum dp_err dp_parcel_seal(struct dp_sealer *s, uint8_t kind, struct dp_slice body, struct dp_arena *a,
                           struct dp_buf *out)
{
    struct dp_slice plain;
    enum dp_err e;

    if (!kind_ok(kind) || s->counter > UINT32_MAX)
        return DP_RANGE;
    if (body.len > DP_PARCEL_BODY_MAX)
        return DP_TOO_BIG;
    plain = plain_make(kind, body, a);
    if (plain.p == NULL)
        return DP_NOMEM;
    e = sealed_put(s, plain, out);
    s->counter++; /* spent, whatever became of it */
    return e;
}

/* ---- open ---- */

enum dp_err dp_parcel_recipient(struct dp_slice parcel, struct dp_node *out)
{
    struct dp_slice sealed;
    struct head h;
    enum dp_err e = head_get(parcel, &h, &sealed);

    if (e == DP_OK)
        *out = h.recipient;
    return e;
}

/* The padding is exactly as long as the rule says, and zero. */
static enum dp_err plain_get(struct dp_slice plain, uint8_t *kind, struct dp_slice *body)
{
    struct dp_rd r = dp_rd_of(plain);
    uint32_t len = dp_rd_u32(&r);
    uint8_t seen = dp_rd_u8(&r);
    struct dp_slice s = dp_rd_take(&r, len);

    if (r.err != DP_OK || !kind_ok(seen) || padded(len) != plain.len)
        return DP_FORMAT;
    for (const uint8_t *p = r.p; p < r.end; p++) {
        if (*p != 0)
            return DP_FORMAT;
    }
    *kind = seen;
    *body = s;
    return DP_OK;
}

enum dp_err dp_parcel_open(const struct dp_suite *suite, struct dp_slice parcel,
                           const struct dp_key *seal_priv, struct dp_arena *a, uint8_t *kind,
                           struct dp_slice *body)
{
    struct dp_slice sealed;
    struct dp_seal_info info;
    uint8_t which_bytes[4];
    struct dp_key key;
    struct head h;
    uint8_t *plain;
    enum dp_err e = head_get(parcel, &h, &sealed);

    if (e != DP_OK)
        return e;
    info = (struct dp_seal_info){CONTEXT, &h.ephemeral, NULL, which(h.number, which_bytes), h.recipient};
    plain = dp_arena_alloc(a, sealed.len - DP_TAG_BYTES);
    if (plain == NULL)
        return DP_NOMEM;
    e = dp_open_key(suite, seal_priv, h.key_id, &info, &key);
    if (e != DP_OK)
        return e;
    e = suite->open(&key, dp_slice_of(parcel.p, HEAD_BYTES), sealed, plain);
    dp_wipe(&key, sizeof(key));
    return e == DP_OK ? plain_get(dp_slice_of(plain, sealed.len - DP_TAG_BYTES), kind, body) : e;
}
