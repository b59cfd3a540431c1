/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of keys of which leaves can be destroyed: see keytree.h. */
#include "crypto/keytree.h"

#include <string.h>

#include "crypto/secret.h"

#define GROW_MIN 64

static uint64_t span(unsigned depth)
{
    return DP_KEYTREE_LEAVES >> depth;
}

/* ---- keys ---- */

static void child(const struct dp_key *above, unsigned side, struct dp_key *out)
{
    static const char context[] = "daipao/tree/1";
    uint8_t bit = (uint8_t)side;
    struct dp_digest d;
    struct dp_slice in[3] = {dp_slice_of(context, sizeof(context) - 1), dp_slice_of(&bit, 1),
                             dp_slice_of(above->b, sizeof(above->b))};
    dp_suite_of(DP_SUITE_INTL)->hash(in, 3, &d);
    memcpy(out->b, d.b, sizeof(out->b));
    dp_wipe(&d, sizeof(d));
}

static unsigned side_of(uint64_t leaf, unsigned depth)
{
    return (unsigned)(leaf >> (DP_KEYTREE_BITS - 1 - depth)) & 1;
}

/* Index of the first node that ends behind `leaf`; count when there is none. */
static uint32_t find(const struct dp_keytree *t, uint64_t leaf)
{
    uint32_t lo = 0, hi = t->count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (t->node[mid].first + span(t->node[mid].depth) <= leaf)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Depth to which the last way leads to `leaf` too. */
static unsigned common(const struct dp_keytree *t, uint64_t leaf)
{
    unsigned d = t->node[t->from].depth;
    while (d < DP_KEYTREE_BITS && side_of(leaf, d) == side_of(t->at, d))
        d++;
    return d;
}

enum dp_err dp_keytree_leaf(struct dp_keytree *t, uint64_t leaf, struct dp_key *out)
{
    uint32_t i = find(t, leaf);
    if (i == t->count || t->node[i].first > leaf || leaf >= DP_KEYTREE_LEAVES)
        return DP_NOT_FOUND;
    unsigned d = t->node[i].depth;
    if (t->walked && t->from == i)
        d = common(t, leaf);
    else
        t->way[d] = t->node[i].key;
    for (; d < DP_KEYTREE_BITS; d++)
        child(&t->way[d], side_of(leaf, d), &t->way[d + 1]);
    t->walked = true;
    t->from = i;
    t->at = leaf;
    *out = t->way[DP_KEYTREE_BITS];
    return DP_OK;
}

uint64_t dp_keytree_next(const struct dp_keytree *t, uint64_t leaf)
{
    uint32_t i = find(t, leaf);
    if (i == t->count)
        return DP_KEYTREE_LEAVES;
    return t->node[i].first > leaf ? t->node[i].first : leaf;
}

/* ---- nodes ---- */

static enum dp_err add(struct dp_keytree *t, uint64_t first, unsigned depth, const struct dp_key *key)
{
    if (t->count == DP_KEYTREE_NODES_MAX)
        return DP_FULL;
    if (t->count == t->cap) {
        uint32_t cap = t->cap == 0 ? GROW_MIN : t->cap * 2;
        struct dp_keytree_node *n = dp_secret_alloc(cap * sizeof(*n));
        if (n == NULL)
            return DP_NOMEM;
        if (t->count > 0)
            memcpy(n, t->node, t->count * sizeof(*n));
        dp_secret_free(t->node, t->cap * sizeof(*n));
        t->node = n;
        t->cap = cap;
    }
    t->node[t->count++] = (struct dp_keytree_node){first, (uint8_t)depth, *key};
    return DP_OK;
}

enum dp_err dp_keytree_init(struct dp_keytree *t, const struct dp_key *root)
{
    memset(t, 0, sizeof(*t));
    return add(t, 0, 0, root);
}

void dp_keytree_fini(struct dp_keytree *t)
{
    dp_secret_free(t->node, t->cap * sizeof(t->node[0]));
    dp_wipe(t, sizeof(*t));
}

/* What is left of one key when the leaves in [lo, hi) are gone; they all lie below it. */
static enum dp_err split(struct dp_keytree *out, uint64_t first, unsigned depth, const struct dp_key *key,
                         const uint64_t *lo, const uint64_t *hi)
{
    if (lo == hi)
        return add(out, first, depth, key);
    if (depth == DP_KEYTREE_BITS)
        return DP_OK;
    const uint64_t *mid = lo;
    uint64_t right = first + span(depth + 1);
    while (mid < hi && *mid < right)
        mid++;
    struct dp_key k;
    child(key, 0, &k);
    enum dp_err e = split(out, first, depth + 1, &k, lo, mid);
    if (e == DP_OK) {
        child(key, 1, &k);
        e = split(out, right, depth + 1, &k, mid, hi);
    }
    dp_wipe(&k, sizeof(k));
    return e;
}

enum dp_err dp_keytree_without(const struct dp_keytree *t, const uint64_t *leaves, size_t n,
                               struct dp_keytree *out)
{
    const uint64_t *at = leaves, *end = n == 0 ? leaves : leaves + n; /* nothing may be no array */
    enum dp_err e = DP_OK;
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < t->count && e == DP_OK; i++) {
        const struct dp_keytree_node *x = &t->node[i];
        while (at < end && *at < x->first)
            at++; /* destroyed before */
        const uint64_t *lo = at;
        while (at < end && *at < x->first + span(x->depth))
            at++;
        e = split(out, x->first, x->depth, &x->key, lo, at);
    }
    if (e != DP_OK)
        dp_keytree_fini(out);
    return e;
}

/* ---- bytes ---- */

void dp_keytree_put(const struct dp_keytree *t, uint8_t *out)
{
    struct dp_wr w = dp_wr_of(out, (size_t)t->count * DP_KEYTREE_NODE_BYTES);
    for (uint32_t i = 0; i < t->count; i++) {
        dp_wr_u64(&w, t->node[i].first);
        dp_wr_u8(&w, t->node[i].depth);
        dp_wr_bytes(&w, t->node[i].key.b, sizeof(t->node[i].key.b));
    }
}

enum dp_err dp_keytree_get(struct dp_slice s, struct dp_keytree *out)
{
    struct dp_rd r = dp_rd_of(s);
    uint64_t end = 0;
    enum dp_err e = s.len % DP_KEYTREE_NODE_BYTES == 0 ? DP_OK : DP_FORMAT;
    memset(out, 0, sizeof(*out));
    while (e == DP_OK && dp_rd_left(&r) > 0) {
        struct dp_key key;
        uint64_t first = dp_rd_u64(&r);
        unsigned depth = dp_rd_u8(&r);
        dp_rd_copy(&r, key.b, sizeof(key.b));
        if (depth > DP_KEYTREE_BITS || first < end || first >= DP_KEYTREE_LEAVES || first % span(depth) != 0)
            e = DP_FORMAT;
        else
            e = add(out, first, depth, &key);
        end = first + span(depth <= DP_KEYTREE_BITS ? depth : 0);
        dp_wipe(&key, sizeof(key));
    }
    if (e != DP_OK)
        dp_keytree_fini(out);
    return e;
}
