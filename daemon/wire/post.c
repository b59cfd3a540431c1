/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/post.h"

#include <string.h>

#include "wire/part.h"

#define CONTEXT "daipao/post/1\0\0"
#define CONTEXT_BYTES 16
#define SIG_BYTES 64
#define SIGNED_HEAD (DP_POST_HEAD_BYTES - SIG_BYTES)
#define SIGNED_MAX (CONTEXT_BYTES + 8 + SIGNED_HEAD + DP_POST_LARGE)

_Static_assert(sizeof(CONTEXT) == CONTEXT_BYTES, "the context has 16 bytes");

static void head_put(struct dp_wr *w, const struct dp_post *p)
{
    dp_wr_u8(w, DP_POST_VERSION);
    dp_wr_u64(w, p->from.v);
    dp_wr_u64(w, p->stream);
    dp_wr_u64(w, p->number);
    dp_wr_u64(w, p->offset);
    dp_wr_u64(w, p->ack.stream);
    dp_wr_u64(w, p->ack.number);
    dp_wr_u64(w, p->ack.offset);
    dp_wr_u16(w, (uint16_t)p->bytes.len);
}

/* What is signed: context 16, recipient 8, head without the signature, bytes. */
static struct dp_slice signed_bytes(const struct dp_post *p, struct dp_node to, uint8_t buf[SIGNED_MAX])
{
    struct dp_wr w = dp_wr_of(buf, SIGNED_MAX);

    dp_wr_bytes(&w, CONTEXT, CONTEXT_BYTES);
    dp_wr_u64(&w, to.v);
    head_put(&w, p);
    dp_wr_bytes(&w, p->bytes.p, p->bytes.len);
    return dp_wr_slice(&w);
}

enum dp_err dp_post_put(const struct dp_post *p, const struct dp_suite *suite, const struct dp_key *sign,
                        struct dp_node to, uint32_t size, uint8_t *out)
{
    uint8_t buf[SIGNED_MAX];
    struct dp_sig sig;
    struct dp_wr w = dp_wr_of(out, DP_POST_BODY(size));

    if ((size != DP_POST_SMALL && size != DP_POST_LARGE) || p->bytes.len > DP_POST_ROOM(size))
        return DP_TOO_BIG;
    memset(out, 0, DP_POST_BODY(size));
    enum dp_err e = suite->sign(sign, signed_bytes(p, to, buf), &sig);
    if (e != DP_OK)
        return e;
    head_put(&w, p);
    dp_wr_bytes(&w, sig.b, SIG_BYTES);
    dp_wr_bytes(&w, p->bytes.p, p->bytes.len);
    return w.err;
}

enum dp_err dp_post_get(struct dp_slice body, struct dp_post *out)
{
    struct dp_rd r = dp_rd_of(body);
    uint8_t version = dp_rd_u8(&r);

    if (body.len != DP_POST_BODY(DP_POST_SMALL) && body.len != DP_POST_BODY(DP_POST_LARGE))
        return DP_FORMAT;
    out->from.v = dp_rd_u64(&r);
    out->stream = dp_rd_u64(&r);
    out->number = dp_rd_u64(&r);
    out->offset = dp_rd_u64(&r);
    out->ack.stream = dp_rd_u64(&r);
    out->ack.number = dp_rd_u64(&r);
    out->ack.offset = dp_rd_u64(&r);
    uint16_t len = dp_rd_u16(&r);
    (void)dp_rd_take(&r, SIG_BYTES);
    out->bytes = dp_rd_take(&r, len);
    struct dp_slice rest = dp_rd_take(&r, dp_rd_left(&r));
    if (dp_rd_done(&r) != DP_OK || version != DP_POST_VERSION || out->stream == 0 || out->number == 0 ||
        out->stream > INT64_MAX || out->offset > INT64_MAX || dp_node_tier(out->from) == DP_TIER_NONE)
        return DP_FORMAT;
    for (size_t i = 0; i < rest.len; i++)
        if (rest.p[i] != 0)
            return DP_FORMAT;
    return DP_OK;
}

bool dp_post_signed(struct dp_slice body, const struct dp_post *p, const struct dp_suite *suite,
                    const struct dp_key *sign_pub, struct dp_node to)
{
    uint8_t buf[SIGNED_MAX];
    struct dp_sig sig;

    if (body.len < DP_POST_HEAD_BYTES || p->bytes.len > DP_POST_LARGE)
        return false;
    memcpy(sig.b, body.p + SIGNED_HEAD, SIG_BYTES);
    return suite->verify(sign_pub, signed_bytes(p, to, buf), &sig);
}

size_t dp_post_parcel_bytes(uint32_t size)
{
    return dp_parcel_bytes(DP_POST_BODY(size));
}

bool dp_post_is_parcel(size_t len)
{
    return len == dp_post_parcel_bytes(DP_POST_SMALL) || len == dp_post_parcel_bytes(DP_POST_LARGE);
}

enum dp_err dp_post_item(struct dp_rd *r, uint8_t *kind, struct dp_slice *body)
{
    struct dp_rd look = *r;

    if (dp_rd_left(r) < DP_POST_ITEM_HEAD)
        return DP_AGAIN;
    *kind = dp_rd_u8(&look);
    uint32_t len = dp_rd_u32(&look);
    if (*kind < DP_POST_MATTER || *kind > DP_POST_STATE)
        return DP_FORMAT;
    if (len > DP_POST_ITEM_MAX)
        return DP_TOO_BIG;
    if (dp_rd_left(&look) < len)
        return DP_AGAIN;
    *body = dp_rd_take(&look, len);
    *r = look;
    return DP_OK;
}
