/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks and their proofs. The tree is that of RFC 6962, built level by level: a node without a neighbour
 * goes up as it is, which is the same as splitting at the largest power of two.
 */
#include "wire/chunk.h"

#include <string.h>

#include "wire/merkle.h"

void dp_chunk_leaf(const struct dp_suite *suite, uint32_t index, struct dp_slice sealed,
                   struct dp_digest *out)
{
    uint8_t at[4];
    struct dp_wr w = dp_wr_of(at, sizeof(at));
    struct dp_slice rest[] = {{at, sizeof(at)}, sealed};

    dp_wr_u32(&w, index);
    dp_merkle_hash(suite, DP_MERKLE_CHUNK, rest, 2, out);
}

/* ---- the tree ---- */

enum dp_err dp_chunk_tree_make(const struct dp_suite *suite, const struct dp_digest *leaves, uint32_t count,
                               struct dp_arena *a, struct dp_chunk_tree *out)
{
    const struct dp_digest *below = leaves;
    uint32_t n = count;

    if (count == 0 || count > DP_CHUNKS_MAX)
        return DP_RANGE;
    *out = (struct dp_chunk_tree){.count = count};
    out->level[0] = DP_NEW_ARRAY(a, struct dp_digest, count);
    if (out->level[0] == NULL)
        return DP_NOMEM;
    memcpy(out->level[0], leaves, count * sizeof(*leaves));
    for (unsigned k = 1; n > 1; k++) {
        uint32_t width = (n + 1) / 2;
        struct dp_digest *level = DP_NEW_ARRAY(a, struct dp_digest, width);
        if (level == NULL)
            return DP_NOMEM;
        for (uint32_t i = 0; i < n / 2; i++)
            dp_merkle_node(suite, &below[2 * i], &below[2 * i + 1], &level[i]);
        if (n % 2 != 0)
            level[width - 1] = below[n - 1];
        out->level[k] = level;
        below = level;
        n = width;
    }
    return DP_OK;
}

void dp_chunk_prove(const struct dp_chunk_tree *t, uint32_t index, struct dp_chunk *out)
{
    uint32_t n = t->count, i = index;
    unsigned k = 0;

    out->count = t->count;
    out->index = index;
    out->path_count = 0;
    for (; n > 1; n = (n + 1) / 2, i /= 2, k++) {
        if ((i ^ 1) < n)
            out->path[out->path_count++] = t->level[k][i ^ 1];
    }
    out->root = t->level[k][0];
}

struct dp_digest dp_chunk_root(const struct dp_chunk_tree *t)
{
    unsigned k = 0;

    for (uint32_t n = t->count; n > 1; n = (n + 1) / 2)
        k++;
    return t->level[k][0];
}

/* ---- the proof ---- */

static uint8_t path_count(uint32_t count, uint32_t index)
{
    uint8_t steps = 0;

    for (uint32_t n = count, i = index; n > 1; n = (n + 1) / 2, i /= 2)
        steps = (uint8_t)(steps + ((i ^ 1) < n));
    return steps;
}

static bool proves(const struct dp_suite *suite, const struct dp_chunk *c)
{
    struct dp_digest d;
    uint8_t step = 0;

    dp_chunk_leaf(suite, c->index, c->sealed, &d);
    for (uint32_t n = c->count, i = c->index; n > 1; n = (n + 1) / 2, i /= 2) {
        struct dp_digest below = d;
        if ((i ^ 1) >= n)
            continue;
        if ((i & 1) != 0)
            dp_merkle_node(suite, &c->path[step++], &below, &d);
        else
            dp_merkle_node(suite, &below, &c->path[step++], &d);
    }
    return dp_digest_eq(&d, &c->root);
}

/* ---- wire form ---- */

size_t dp_chunk_wire_bytes(uint32_t count, uint32_t index, size_t sealed_len)
{
    return sizeof(struct dp_digest) * (1u + path_count(count, index)) + 8 + sealed_len;
}

enum dp_err dp_chunk_put(const struct dp_chunk *c, struct dp_wr *w)
{
    dp_wr_bytes(w, c->root.b, sizeof(c->root.b));
    dp_wr_u32(w, c->count);
    dp_wr_u32(w, c->index);
    for (uint8_t i = 0; i < c->path_count; i++)
        dp_wr_bytes(w, c->path[i].b, sizeof(c->path[i].b));
    dp_wr_bytes(w, c->sealed.p, c->sealed.len);
    return w->err;
}

static enum dp_err record_get(struct dp_rd *r, struct dp_chunk *c)
{
    c->count = dp_rd_u32(r);
    c->index = dp_rd_u32(r);
    if (r->err != DP_OK || c->count > DP_CHUNKS_MAX || c->index >= c->count)
        return DP_FORMAT;
    c->path_count = path_count(c->count, c->index);
    for (uint8_t i = 0; i < c->path_count; i++)
        dp_rd_copy(r, c->path[i].b, sizeof(c->path[i].b));
    c->sealed = dp_rd_take(r, dp_rd_left(r));
    if (dp_rd_done(r) != DP_OK || c->sealed.len <= DP_TAG_BYTES ||
        c->sealed.len > DP_CHUNK_BYTES + DP_TAG_BYTES)
        return DP_FORMAT;
    /* Only the last one is short. */
    return c->index + 1 == c->count || c->sealed.len == DP_CHUNK_BYTES + DP_TAG_BYTES ? DP_OK : DP_FORMAT;
}

enum dp_err dp_chunk_get(const struct dp_suite *suite, struct dp_slice wire, struct dp_chunk *out)
{
    struct dp_rd r = dp_rd_of(wire);

    dp_rd_copy(&r, out->root.b, sizeof(out->root.b));
    if (record_get(&r, out) != DP_OK)
        return DP_FORMAT;
    return proves(suite, out) ? DP_OK : DP_SIGNATURE;
}

enum dp_err dp_chunk_sealed(struct dp_slice record, struct dp_slice *out)
{
    struct dp_rd r = dp_rd_of(record);
    struct dp_chunk c;
    enum dp_err e = record_get(&r, &c);

    if (e == DP_OK)
        *out = c.sealed;
    return e;
}
