/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a list goes on, told to nobody (R-N3-9). The place is hidden by a key that follows from the place
 * itself, so that one place has one text: two nodes of one history answer with the same bytes, and nothing is
 * drawn or kept for it.
 */
#include <string.h>

#include "node/sight.h"

#define TAG_BYTES 16

static const char context[] = "daipao/bookmark/1";

/* Of this node, this office, this list. */
static enum dp_err base_key(struct dp_daemon *d, const struct dp_caller *c, const char *list,
                            struct dp_key *out)
{
    uint8_t whose[1 + 8 + DP_SLUG_MAX + 1 + 16] = {0};
    struct dp_wr w = dp_wr_of(whose, sizeof whose);
    if (d->kr == NULL)
        return DP_NOT_ENROLLED;
    dp_wr_u8(&w, c->has_office);
    dp_wr_u64(&w, c->office.node.v);
    dp_wr_bytes(&w, c->office.slug, sizeof c->office.slug);
    size_t n = strlen(list);
    dp_wr_bytes(&w, list, n < 16 ? n : 16);
    return d->suite->hkdf(dp_slice_of(d->kr->sign.b, sizeof d->kr->sign.b), dp_wr_slice(&w),
                          dp_slice_str(context), out);
}

/* The tag of a place, and what covers it. */
static enum dp_err derive(struct dp_daemon *d, const struct dp_key *base, struct dp_slice salt,
                          const char *what, struct dp_key *out)
{
    return d->suite->hkdf(dp_slice_of(base->b, sizeof base->b), salt, dp_slice_str(what), out);
}

static void cover(uint8_t *bytes, const struct dp_key *with)
{
    for (size_t i = 0; i < DP_BOOKMARK_BYTES; i++)
        bytes[i] ^= with->b[i];
}

enum dp_err dp_bookmark_make(struct dp_daemon *d, const struct dp_caller *c, const char *list,
                             const uint8_t place[DP_BOOKMARK_BYTES], char out[DP_BOOKMARK_TEXT])
{
    uint8_t bytes[TAG_BYTES + DP_BOOKMARK_BYTES];
    struct dp_key base, tag, mask;
    enum dp_err e = base_key(d, c, list, &base);
    if (e == DP_OK)
        e = derive(d, &base, dp_slice_of(place, DP_BOOKMARK_BYTES), "tag", &tag);
    if (e == DP_OK)
        e = derive(d, &base, dp_slice_of(tag.b, TAG_BYTES), "cover", &mask);
    dp_wipe(&base, sizeof base);
    if (e != DP_OK)
        return e;
    memcpy(bytes, tag.b, TAG_BYTES);
    memcpy(bytes + TAG_BYTES, place, DP_BOOKMARK_BYTES);
    cover(bytes + TAG_BYTES, &mask);
    dp_hex(bytes, sizeof bytes, out);
    return DP_OK;
}

enum dp_err dp_bookmark_open(struct dp_daemon *d, const struct dp_caller *c, const char *list,
                             const char *text, uint8_t place[DP_BOOKMARK_BYTES])
{
    uint8_t bytes[TAG_BYTES + DP_BOOKMARK_BYTES];
    struct dp_key base, tag, mask;
    enum dp_err e = dp_unhex(text, strlen(text), bytes, sizeof bytes) == DP_OK ? DP_OK : DP_USAGE;
    if (e == DP_OK)
        e = base_key(d, c, list, &base);
    if (e != DP_OK)
        return e;
    e = derive(d, &base, dp_slice_of(bytes, TAG_BYTES), "cover", &mask);
    if (e == DP_OK) {
        cover(bytes + TAG_BYTES, &mask);
        e = derive(d, &base, dp_slice_of(bytes + TAG_BYTES, DP_BOOKMARK_BYTES), "tag", &tag);
    }
    dp_wipe(&base, sizeof base);
    if (e == DP_OK && !dp_secret_eq(tag.b, bytes, TAG_BYTES))
        e = DP_USAGE;
    if (e == DP_OK)
        memcpy(place, bytes + TAG_BYTES, DP_BOOKMARK_BYTES);
    return e;
}
