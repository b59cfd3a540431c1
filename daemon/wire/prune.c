/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pruned blocks (R-BLK-5). One walk of the tree from the top serves to verify and to prune again: a subtree
 * without a shown entry is one digest, and nothing else is, so a block has exactly one pruned form per
 * choice.
 */
#include <string.h>

#include "case/entry.h"
#include "wire/merkle.h"

/* A walk over a block from left to right. */
struct tree {
    const struct dp_suite *suite;
    const struct dp_block *b;
    uint16_t shown;  /* next shown entry */
    uint16_t hidden; /* next hidden digest */
    bool short_of;   /* a digest was missing */
};

static bool shows_below(const struct tree *t, size_t end)
{
    return t->shown < t->b->shown_count && t->b->shown[t->shown].index < end;
}

static void leaf_digest(struct tree *t, struct dp_digest *out)
{
    const struct dp_shown *s = &t->b->shown[t->shown++];

    if (t->b->leaves != NULL)
        *out = t->b->leaves[s->index];
    else
        dp_merkle_leaf(t->suite, s->salt, s->bytes, out);
}

/* Digest of the n leaves from `lo`, as far as the block holds them. */
static void subtree_digest(struct tree *t, size_t lo, size_t n, struct dp_digest *out)
{
    struct dp_digest left, right;

    if (!shows_below(t, lo + n)) {
        if (t->hidden < t->b->hidden_count)
            *out = t->b->hidden[t->hidden++];
        else
            t->short_of = true;
        return;
    }
    if (n == 1) {
        leaf_digest(t, out);
        return;
    }
    left = right = (struct dp_digest){{0}};
    subtree_digest(t, lo, dp_merkle_split(n), &left);
    subtree_digest(t, lo + dp_merkle_split(n), n - dp_merkle_split(n), &right);
    dp_merkle_node(t->suite, &left, &right, out);
}

/* ---- decode ---- */

static enum dp_err shown_get(struct dp_rd *r, struct dp_arena *a, struct dp_block *b)
{
    uint16_t n = dp_rd_u16(r);

    if (n == 0 || n > b->h.count)
        return DP_FORMAT;
    b->shown = DP_NEW_ARRAY(a, struct dp_shown, n);
    if (b->shown == NULL)
        return DP_NOMEM;
    for (uint16_t i = 0; i < n; i++) {
        struct dp_shown *s = &b->shown[i];
        uint16_t len;

        s->index = dp_rd_u16(r);
        dp_rd_copy(r, s->salt, DP_SALT_BYTES);
        len = dp_rd_u16(r);
        s->bytes = dp_rd_take(r, len);
        if (r->err != DP_OK || len == 0 || len > DP_ENTRY_BYTES_MAX || s->index >= b->h.count)
            return DP_FORMAT;
        if (i > 0 && s->index <= s[-1].index)
            return DP_FORMAT;
    }
    b->shown_count = n;
    return DP_OK;
}

static enum dp_err hidden_get(struct dp_rd *r, struct dp_arena *a, struct dp_block *b)
{
    size_t n = dp_rd_left(r) / sizeof(struct dp_digest);

    if (dp_rd_left(r) % sizeof(struct dp_digest) != 0 || n >= b->h.count)
        return DP_FORMAT;
    b->hidden = DP_NEW_ARRAY(a, struct dp_digest, n);
    if (b->hidden == NULL)
        return DP_NOMEM;
    b->hidden_count = (uint16_t)n;
    dp_rd_copy(r, b->hidden, n * sizeof(struct dp_digest));
    return DP_OK;
}

/* Complete and minimal: the walk uses every digest that came and misses none. */
static enum dp_err pruned_check(const struct dp_suite *suite, const struct dp_block *b)
{
    struct tree t = {.suite = suite, .b = b};
    struct dp_digest root = {{0}};

    subtree_digest(&t, 0, b->h.count, &root);
    if (t.short_of || t.hidden != b->hidden_count)
        return DP_FORMAT;
    return dp_digest_eq(&root, &b->h.root) ? DP_OK : DP_SIGNATURE;
}

enum dp_err dp_block_decode_pruned(const struct dp_suite *suite, struct dp_slice wire, struct dp_arena *a,
                                   struct dp_block *out)
{
    struct dp_rd r = dp_rd_of(wire);
    struct dp_slice head = dp_rd_take(&r, DP_HEADER_BYTES);
    struct dp_block b = {.whole = false};
    enum dp_err e;

    if (r.err != DP_OK || dp_header_get(head, &b.h) != DP_OK || b.h.suite != suite->id)
        return DP_FORMAT;
    e = shown_get(&r, a, &b);
    if (e == DP_OK)
        e = hidden_get(&r, a, &b);
    if (e == DP_OK)
        e = pruned_check(suite, &b);
    if (e == DP_OK)
        *out = b;
    return e;
}

/* ---- prune ---- */

struct pruner {
    struct tree t;
    const uint16_t *indices;
    uint16_t n, next;
    struct dp_digest *hidden;
    size_t hidden_count;
};

/* Gather the digests of what is hidden among the n leaves from `lo`. */
static void hide(struct pruner *p, size_t lo, size_t n)
{
    if (p->next == p->n || p->indices[p->next] >= lo + n) {
        subtree_digest(&p->t, lo, n, &p->hidden[p->hidden_count++]);
    } else if (n == 1) {
        p->next++;
        p->t.shown++;
    } else {
        hide(p, lo, dp_merkle_split(n));
        hide(p, lo + dp_merkle_split(n), n - dp_merkle_split(n));
    }
}

/* The shown entry of that index, from *at on; NULL when it is hidden. */
static const struct dp_shown *shown_at(const struct dp_block *b, uint16_t index, uint16_t *at)
{
    while (*at < b->shown_count && b->shown[*at].index < index)
        (*at)++;
    return *at < b->shown_count && b->shown[*at].index == index ? &b->shown[*at] : NULL;
}

static enum dp_err choice_check(const struct dp_block *b, const uint16_t *indices, uint16_t n, size_t *bytes)
{
    uint16_t at = 0;

    *bytes = DP_HEADER_BYTES + 2;
    for (uint16_t i = 0; i < n; i++) {
        const struct dp_shown *s = shown_at(b, indices[i], &at);
        if (i > 0 && indices[i] <= indices[i - 1])
            return DP_RANGE;
        if (s == NULL)
            return DP_NOT_FOUND;
        *bytes += 2 + DP_SALT_BYTES + 2 + s->bytes.len;
    }
    return n > 0 ? DP_OK : DP_RANGE;
}

static void pruned_put(const struct pruner *p, struct dp_wr *w)
{
    const struct dp_block *b = p->t.b;
    uint8_t head[DP_HEADER_BYTES];
    uint16_t at = 0;

    dp_header_put(&b->h, head);
    dp_wr_bytes(w, head, sizeof(head));
    dp_wr_u16(w, p->n);
    for (uint16_t i = 0; i < p->n; i++) {
        const struct dp_shown *s = shown_at(b, p->indices[i], &at);
        dp_wr_u16(w, s->index);
        dp_wr_bytes(w, s->salt, DP_SALT_BYTES);
        dp_wr_u16(w, (uint16_t)s->bytes.len);
        dp_wr_bytes(w, s->bytes.p, s->bytes.len);
    }
    dp_wr_bytes(w, p->hidden, p->hidden_count * sizeof(*p->hidden));
}

enum dp_err dp_block_prune(const struct dp_suite *suite, const struct dp_block *b, const uint16_t *indices,
                           uint16_t n, struct dp_arena *a, struct dp_buf *out)
{
    struct pruner p = {.t = {.suite = suite, .b = b}, .indices = indices, .n = n};
    struct dp_wr w;
    size_t bytes;
    enum dp_err e = choice_check(b, indices, n, &bytes);

    if (e != DP_OK)
        return e;
    p.hidden = DP_NEW_ARRAY(a, struct dp_digest, b->h.count);
    if (p.hidden == NULL)
        return DP_NOMEM;
    hide(&p, 0, b->h.count);
    bytes += p.hidden_count * sizeof(*p.hidden);
    e = dp_buf_reserve(out, bytes);
    if (e != DP_OK)
        return e;
    w = dp_wr_of(out->p + out->len, bytes);
    pruned_put(&p, &w);
    out->len += w.len;
    return w.err;
}
