/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parent that lies to its children: pruned blocks of others in perfect form that nobody signed, or with
 * other entries under a true signature. Its own daemon knows nothing of them, so the link is lost for honest
 * traffic. What a child takes of it is an entry that its origin never wrote (I3).
 */
#include "sim/fault.h"

#include <stdlib.h>
#include <string.h>

#include "sim/oracle.h"
#include "support/cluster_inner.h"
#include "support/cmocka_all.h"

enum lie {
    POSED,   /* the next block of another node, signed by who sends it */
    SWAPPED, /* a true header over another entry */
    LIES
};

struct liar {
    struct sim *s;
    struct cl_node *n, *child;
    struct dp_rng dice;
    struct dp_arena a;
    struct dp_buf out; /* body of the item */
};

/* Whom it speaks for: somebody outside the child's subtree, and one above it rather than one beside, whom it
 * knows. */
static struct cl_node *other(struct liar *f)
{
    struct cl_node *chosen = NULL;
    uint64_t seen = 0;
    bool above = dp_rng_below(&f->dice, 4) > 0;
    for (uint32_t i = 0; i < f->s->c->node_count; i++) {
        struct cl_node *n = f->s->c->nodes[i];
        if (n->d == NULL || dp_node_eq(n->id, f->n->id) || dp_node_covers(f->child->id, n->id) ||
            (above && !dp_node_covers(n->id, f->n->id)))
            continue;
        if (dp_rng_below(&f->dice, ++seen) == 0)
            chosen = n;
    }
    return chosen;
}

/* The last block of its chain, read in its own store: the liar knows all that there is. */
static bool last_block(struct liar *f, struct cl_node *of, struct dp_block *out)
{
    struct dp_db db = {.kv = of->kv};
    struct dp_slice wire;
    assert_ok(dp_db_begin(&db, false));
    bool ok = dp_db_block(&db, of->id, of->d->own.inc, of->d->own.block, 0, &wire) == DP_OK &&
              dp_block_decode(f->n->d->suite, wire, &f->a, out) == DP_OK && out->shown_count > 0;
    for (uint16_t i = 0; ok && i < out->shown_count; i++) { /* it is used after the transaction */
        bool failed = false;
        out->shown[i].bytes = dp_arena_copy(&f->a, out->shown[i].bytes, &failed);
        assert_false(failed);
    }
    dp_db_abort(&db);
    return ok;
}

static bool pruned(struct liar *f, const struct dp_block *b, struct dp_buf *out)
{
    uint16_t index = b->shown[dp_rng_below(&f->dice, b->shown_count)].index;
    return dp_block_prune(f->n->d->suite, b, &index, 1, &f->a, out) == DP_OK;
}

static bool posed(struct liar *f, const struct dp_block *last, struct dp_buf *out)
{
    struct dp_seal seal = {.suite = f->n->d->suite,
                           .sign_seed = &f->n->d->kr->sign,
                           .cert = last->h.cert,
                           .origin = last->h.origin,
                           .inc = last->h.inc,
                           .number = last->h.number + 1,
                           .first_seq = last->h.first_seq + last->h.count,
                           .zstd_level = 3};
    struct dp_buf wire;
    struct dp_header h;
    struct dp_block b;
    dp_header_digest(f->n->d->suite, &last->h, &seal.prev);
    dp_buf_init(&wire, 1u << 20);
    bool ok = dp_block_seal(&seal, &last->shown[0].bytes, 1, &f->a, &wire, &h) == DP_OK &&
              dp_block_decode(f->n->d->suite, dp_buf_slice(&wire), &f->a, &b) == DP_OK && pruned(f, &b, out);
    dp_buf_fini(&wire);
    return ok;
}

/* Header, count 2, index 2, salt, length 2 and bytes of the one entry (R-BLK-5): its last byte becomes
 * another. */
static bool swapped(struct liar *f, const struct dp_block *b, struct dp_buf *out)
{
    size_t entry = DP_HEADER_BYTES + 2 + 2 + DP_SALT_BYTES;
    if (!pruned(f, b, out) || out->len < entry + 2)
        return false;
    size_t len = (size_t)out->p[entry] << 8 | out->p[entry + 1];
    if (out->len < entry + 2 + len || len == 0)
        return false;
    out->p[entry + 1 + len] ^= 1;
    return true;
}

static bool forge(struct liar *f, enum lie lie)
{
    uint8_t head[6] = {0, 1};
    struct dp_block b;
    struct dp_buf block;
    dp_buf_init(&block, 1u << 20);
    struct cl_node *of = other(f);
    bool ok =
        of != NULL && last_block(f, of, &b) && (lie == POSED ? posed(f, &b, &block) : swapped(f, &b, &block));
    struct dp_wr w = dp_wr_of(head + 2, 4);
    dp_wr_u32(&w, (uint32_t)block.len);
    ok = ok && dp_buf_put(&f->out, head, sizeof(head)) == DP_OK &&
         dp_buf_put(&f->out, block.p, block.len) == DP_OK;
    dp_buf_fini(&block);
    return ok;
}

static void send_down(struct liar *f)
{
    const struct dp_lane_state *l = &cl_session(f->child, f->n)->lane[DP_LANE_CASES];
    struct dp_slice body = dp_buf_slice(&f->out);
    struct dp_frame frame = {.type = DP_FRAME_ITEM};
    struct dp_buf b;
    frame.u.item = (struct dp_item_frame){.lane = DP_LANE_CASES,
                                          .kind = DP_ITEM_PRUNED,
                                          .epoch = l->epoch_in,
                                          .number = l->durable_in + 1,
                                          .total = (uint32_t)body.len,
                                          .body = body};
    dp_buf_init(&b, DP_FRAME_MAX);
    if (dp_frame_put(&frame, &b) == DP_OK)
        cl_inject(f->child, f->n->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
}

/* A child that listens; NULL when there is none. */
static struct cl_node *listener(struct liar *f)
{
    struct cl_node *chosen = NULL;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < f->n->line_count; i++) {
        struct cl_node *c = f->s->c->nodes[f->n->lines[i]->child];
        const struct dp_session *up = c == f->n || c->d == NULL ? NULL : cl_session(c, f->n);
        if (up != NULL && up->state == DP_SESSION_UP && dp_rng_below(&f->dice, ++seen) == 0)
            chosen = c;
    }
    return chosen;
}

bool hostile_above(struct sim *s, struct cl_node *n)
{
    struct liar f = {.s = s, .n = n, .dice = sim_stream(s->opt.seed, "above", (uint32_t)(s->c->now_ms))};
    if (n->d == NULL || n->d->kr == NULL || dp_rng_below(&f.dice, 2) == 0)
        return false;
    f.child = listener(&f);
    if (f.child == NULL)
        return false;
    dp_arena_init(&f.a, 16u << 20, 0);
    dp_buf_init(&f.out, 1u << 20);
    if (forge(&f, (enum lie)dp_rng_below(&f.dice, LIES)))
        send_down(&f);
    dp_buf_fini(&f.out);
    dp_arena_fini(&f.a);
    return true;
}
