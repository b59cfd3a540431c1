/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of a content parcel. All leaves of an entry are carried, so that the reader can prove each part
 * against the root in the entry without the parts that were withheld.
 */
#include <string.h>

#include "wire/part.h"

static bool entry_ok(const struct dp_name *n)
{
    return n->seq > 0 && dp_node_tier(n->origin) != DP_TIER_NONE;
}

/* Rising indices below the number of leaves; grants of this entry only. */
static bool record_ok(const struct dp_content *c)
{
    if (!entry_ok(&c->entry) || c->leaf_count > DP_PARTS_MAX || c->part_count > c->leaf_count)
        return false;
    if (c->grant_count > DP_PARTS_MAX)
        return false;
    for (size_t i = 0; i < c->part_count; i++) {
        uint8_t index = c->parts[i].index;
        if (index >= c->leaf_count || (i > 0 && index <= c->parts[i - 1].index))
            return false;
    }
    for (size_t i = 0; i < c->grant_count; i++) {
        if (!dp_name_eq(&c->grants[i].entry, &c->entry) || c->grants[i].index >= DP_PARTS_MAX)
            return false;
    }
    return true;
}

static enum dp_err grants_put(const struct dp_content *c, struct dp_buf *out)
{
    uint8_t bytes[DP_GRANT_BYTES];
    enum dp_err e = dp_buf_put(out, &c->grant_count, 1);

    for (size_t i = 0; i < c->grant_count && e == DP_OK; i++) {
        dp_grant_put(&c->grants[i], bytes);
        e = dp_buf_put(out, bytes, sizeof(bytes));
    }
    return e;
}

static enum dp_err record_put(const struct dp_content *c, struct dp_buf *out)
{
    uint8_t name[DP_NAME_BYTES];
    enum dp_err e;

    dp_name_put(&c->entry, name);
    e = dp_buf_put(out, name, sizeof(name));
    if (e == DP_OK)
        e = dp_buf_put(out, &c->leaf_count, 1);
    if (e == DP_OK)
        e = dp_buf_put(out, c->leaves, c->leaf_count * sizeof(c->leaves[0]));
    if (e == DP_OK)
        e = dp_buf_put(out, &c->part_count, 1);
    for (size_t i = 0; i < c->part_count && e == DP_OK; i++)
        e = dp_part_put(&c->parts[i], out);
    return e == DP_OK ? grants_put(c, out) : e;
}

enum dp_err dp_content_put(const struct dp_content *c, struct dp_buf *out)
{
    const size_t before = out->len;
    enum dp_err e;

    if (!record_ok(c))
        return DP_RANGE;
    e = record_put(c, out);
    if (e != DP_OK)
        out->len = before;
    return e;
}

/* ---- read ---- */

static bool leaves_get(struct dp_rd *r, struct dp_content *c)
{
    c->leaf_count = dp_rd_u8(r);
    if (c->leaf_count > DP_PARTS_MAX)
        return false;
    dp_rd_copy(r, c->leaves, c->leaf_count * sizeof(c->leaves[0]));
    return true;
}

static bool parts_get(struct dp_rd *r, struct dp_content *c)
{
    c->part_count = dp_rd_u8(r);
    if (c->part_count > c->leaf_count)
        return false;
    for (size_t i = 0; i < c->part_count; i++) {
        if (dp_part_get(r, &c->parts[i]) != DP_OK)
            return false;
    }
    return true;
}

static bool grants_get(struct dp_rd *r, struct dp_content *c)
{
    c->grant_count = dp_rd_u8(r);
    if (c->grant_count > DP_PARTS_MAX)
        return false;
    for (size_t i = 0; i < c->grant_count; i++) {
        if (dp_grant_get(dp_rd_take(r, DP_GRANT_BYTES), &c->grants[i]) != DP_OK)
            return false;
    }
    return true;
}

static bool leaves_fit(const struct dp_suite *suite, const struct dp_content *c)
{
    struct dp_digest leaf;

    for (size_t i = 0; i < c->part_count; i++) {
        dp_part_leaf(suite, &c->parts[i], &leaf);
        if (!dp_digest_eq(&leaf, &c->leaves[c->parts[i].index]))
            return false;
    }
    return true;
}

enum dp_err dp_content_next(const struct dp_suite *suite, struct dp_rd *r, struct dp_content *out)
{
    uint8_t name[DP_NAME_BYTES];
    struct dp_content c;

    if (r->err != DP_OK)
        return DP_FORMAT;
    if (dp_rd_left(r) == 0)
        return DP_NOT_FOUND;
    memset(&c, 0, sizeof(c));
    dp_rd_copy(r, name, sizeof(name));
    c.entry = dp_name_get(name);
    if (!leaves_get(r, &c) || !parts_get(r, &c) || !grants_get(r, &c))
        return DP_FORMAT;
    if (r->err != DP_OK || !record_ok(&c))
        return DP_FORMAT;
    if (!leaves_fit(suite, &c))
        return DP_SIGNATURE;
    *out = c;
    return DP_OK;
}
