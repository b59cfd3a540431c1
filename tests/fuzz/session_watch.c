/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold whatever the fallen township sends: nothing is acknowledged that is not durable (R-ACK-1) or
 * was never sent; nothing of its neighbour ever goes to it (R-DOWN-2); the county goes on issuing, and with
 * city and neighbour carries cases as before (R-GON-1); all agree on every state; no store is damaged.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/fsck.h"
#include "session_world.h"
#include "support/cmocka_all.h"
#include "wire/block.h"
#include "wire/part.h"

/* ---- frames ---- */

static void watch_ack(struct world *w, const struct dp_ack_frame *a)
{
    struct dp_db db = {.kv = w->county->kv};
    struct dp_peer_row row;
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_peer(&db, w->town->id, &row));
    dp_db_abort(&db);
    for (unsigned i = 0; i < DP_LANES; i++) {
        if ((a->lanes >> i & 1) == 0)
            continue;
        if (a->lane[i].durable > row.lane[i].durable_in)
            fail_msg("lane %u: acknowledged before it was durable", i);
        if (a->lane[i].epoch == w->now.hello.lane[i].my_epoch && a->lane[i].durable > w->now.sent[i])
            fail_msg("lane %u: acknowledged what was never sent", i);
    }
}

static void watch_pruned(struct world *w, struct dp_slice body, struct dp_arena *a)
{
    struct dp_rd r = dp_rd_of(body);
    uint16_t count = dp_rd_u16(&r);
    for (uint16_t i = 0; i < count; i++) {
        struct dp_block b;
        struct dp_slice wire = dp_rd_take(&r, dp_rd_u32(&r));
        assert_ok(dp_block_decode_pruned(dp_suite_of(DP_SUITE_INTL), wire, a, &b));
        if (dp_node_eq(b.h.origin, w->other->id))
            fail_msg("an entry of the neighbour was shown");
    }
    assert_ok(dp_rd_done(&r));
}

static void watch_item(struct world *w, const struct dp_item_frame *it, struct dp_arena *a)
{
    struct dp_node to;
    switch (it->kind) {
    case DP_ITEM_PRUNED:
        watch_pruned(w, it->body, a);
        return;
    case DP_ITEM_BLOCK:
        fail_msg("a whole block went down");
        return;
    case DP_ITEM_PARCEL:
        assert_ok(dp_parcel_recipient(it->body, &to));
        if (!dp_node_covers(w->town->id, to))
            fail_msg("a parcel for somebody else");
        return;
    default:
        return;
    }
}

/* The county says in its hello where to go on, and whether it began its journals anew (R-RSD-2). */
static void follow(struct puppet *p, const struct dp_hello *h)
{
    for (unsigned i = 0; i < DP_LANES; i++) {
        p->next[i] = h->lane[i].your_durable + 1;
        if (h->my_gen <= p->hello.your_gen)
            continue;
        p->hello.lane[i].your_epoch = h->lane[i].my_epoch;
        p->hello.lane[i].your_durable = 0;
    }
    if (h->my_gen > p->hello.your_gen)
        p->hello.your_gen = h->my_gen;
}

bool watch_frame(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct world *w = ctx;
    struct dp_arena a;
    struct dp_frame f;
    if (from != w->county || to != w->town)
        return true;
    dp_arena_init(&a, 8u << 20, 0);
    assert_ok(dp_frame_get(frame, &f));
    if (f.type == DP_FRAME_HELLO)
        follow(&w->now, &f.u.hello);
    if (f.type == DP_FRAME_ACK)
        watch_ack(w, &f.u.ack);
    if (f.type == DP_FRAME_ITEM)
        watch_item(w, &f.u.item, &a);
    dp_arena_fini(&a);
    return false; /* nobody is there to take it */
}

/* ---- the end ---- */

static void watch_store(struct cl_node *n)
{
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    assert_non_null(to);
    enum dp_err e = dp_fsck(n->kv, n->kr, to);
    fclose(to);
    if (e != DP_OK)
        fail_msg("the store of %s: %s", n->text, text);
    free(text);
}

static void watch_state(struct world *w, const struct dp_name *name)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *name};
    struct dp_digest here, above;
    assert_true(cl_digest(w->county, &s, &here) && cl_digest(w->city, &s, &above));
    if (!dp_digest_eq(&here, &above))
        fail_msg("county and city see different states of a case");
}

static void watch_up(struct cl_node *child, struct cl_node *parent)
{
    const struct dp_session *s = cl_session(child, parent);
    if (s == NULL || s->state != DP_SESSION_UP)
        fail_msg("the link of %s is down", child->text);
}

void watch_end(struct world *w, bool thorough)
{
    struct cl_command x;
    struct cl_result r;
    cl_break(w->c, w->line, false); /* it is gone, and nobody waits for it */
    w->county->clock_off_ms = 0;
    w->county->crash_next = CL_CRASH_NONE;
    if (!cluster_settle(w->c, INT64_C(3600000)))
        fail_msg("the others do not come to rest");
    watch_up(w->county, w->city);
    watch_up(w->other, w->county);
    for (unsigned i = 0; i < WORLD_CASES; i++)
        watch_state(w, &w->cases[i]);
    if (dp_daemon_stopped(w->county->d) != DP_STOP_NONE)
        fail_msg("the county issues nothing more"); /* R-HEL-6: nobody but its own key can show a loss */
    cl_intake(&x, "Li Guiying", "the well is dry");
    r = cl_must(w->county, &x);
    cluster_run(w->c, 2000);
    assert_int_equal(cl_facts(w->city, &r.name), 1);
    if (thorough) {
        watch_store(w->county);
        watch_store(w->city);
    }
}
