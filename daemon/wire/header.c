/* SPDX-License-Identifier: Apache-2.0 */
/* Block headers: a fixed layout, so that the signed bytes can be rebuilt from the fields (R-BLK-1). */
#include <string.h>

#include "wire/block.h"

#define CONTEXT_BYTES 16
#define FLAG_FIRST 1

static const uint8_t context[CONTEXT_BYTES] = "daipao/block/1";

void dp_header_put(const struct dp_header *h, uint8_t out[DP_HEADER_BYTES])
{
    struct dp_wr w = dp_wr_of(out, DP_HEADER_BYTES);

    dp_wr_bytes(&w, context, CONTEXT_BYTES);
    dp_wr_u8(&w, h->suite);
    dp_wr_u8(&w, h->first ? FLAG_FIRST : 0);
    dp_wr_u16(&w, h->count);
    dp_wr_u32(&w, h->inc);
    dp_wr_u64(&w, h->origin.v);
    dp_wr_u64(&w, h->number);
    dp_wr_u64(&w, h->first_seq);
    dp_wr_bytes(&w, h->cert.b, sizeof(h->cert.b));
    dp_wr_bytes(&w, h->prev.b, sizeof(h->prev.b));
    dp_wr_bytes(&w, h->root.b, sizeof(h->root.b));
    dp_wr_bytes(&w, h->sig.b, sizeof(h->sig.b));
}

/* R-BLK-3: number 1, seq 1 and the flag go together. */
static bool numbers_ok(const struct dp_header *h)
{
    if (h->count < 1 || h->count > DP_BLOCK_ENTRIES_MAX || h->inc == 0)
        return false;
    if (h->number == 0 || h->first_seq < h->number || h->first_seq > UINT64_MAX - h->count)
        return false;
    return h->first == (h->number == 1) && h->first == (h->first_seq == 1);
}

enum dp_err dp_header_get(struct dp_slice s, struct dp_header *out)
{
    struct dp_rd r = dp_rd_of(s);
    struct dp_slice seen = dp_rd_take(&r, CONTEXT_BYTES);
    struct dp_header h = {.suite = dp_rd_u8(&r)};
    uint8_t flags = dp_rd_u8(&r);

    h.first = flags & FLAG_FIRST;
    h.count = dp_rd_u16(&r);
    h.inc = dp_rd_u32(&r);
    h.origin.v = dp_rd_u64(&r);
    h.number = dp_rd_u64(&r);
    h.first_seq = dp_rd_u64(&r);
    dp_rd_copy(&r, h.cert.b, sizeof(h.cert.b));
    dp_rd_copy(&r, h.prev.b, sizeof(h.prev.b));
    dp_rd_copy(&r, h.root.b, sizeof(h.root.b));
    dp_rd_copy(&r, h.sig.b, sizeof(h.sig.b));
    if (dp_rd_done(&r) != DP_OK || !dp_slice_eq(seen, dp_slice_of(context, CONTEXT_BYTES)))
        return DP_FORMAT;
    if (h.suite != DP_SUITE_INTL || (flags & ~FLAG_FIRST) != 0)
        return DP_FORMAT;
    if (!numbers_ok(&h) || dp_node_tier(h.origin) == DP_TIER_NONE)
        return DP_FORMAT;
    *out = h;
    return DP_OK;
}

void dp_header_digest(const struct dp_suite *suite, const struct dp_header *h, struct dp_digest *out)
{
    uint8_t bytes[DP_HEADER_BYTES];
    struct dp_slice content = {bytes, DP_HEADER_SIGNED};

    dp_header_put(h, bytes);
    suite->hash(&content, 1, out);
}

bool dp_header_verify(const struct dp_suite *suite, const struct dp_header *h, const struct dp_key *pub)
{
    uint8_t bytes[DP_HEADER_BYTES];

    dp_header_put(h, bytes);
    return suite->verify(pub, dp_slice_of(bytes, DP_HEADER_SIGNED), &h->sig);
}
