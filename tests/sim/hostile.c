/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child that is who it says it is, and lies: entries and blocks in perfect form under its own key, sent
 * as the next item of its lane. Its own daemon knows nothing of them, so the link is lost for honest traffic.
 */
#include "sim/fault.h"

#include <stdio.h>
#include <string.h>

#include "sim/oracle.h"
#include "support/cmocka_all.h"

enum lie {
    GAP,           /* a block whose number is not the next */
    FORK,          /* another block under a number that was used */
    REPLAY,        /* an old block again */
    FOREIGN_SCOPE, /* a block of an origin that is not below it */
    OTHERS_SEQ,    /* an entry under a name of its own chain that was used before */
    WRONG_CUSTODY, /* a step in a case that it does not hold */
    LIES
};

struct forger {
    struct sim *s;
    struct cl_node *n, *parent;
    struct dp_rng *dice;
    struct dp_arena a;
    struct dp_buf wire;
    struct dp_header h;
};

/* An entry in form: a note, or a close, about some case that this node knows. */
static bool forge_entry(struct forger *f, enum dp_kind kind, uint64_t seq, struct dp_buf *out)
{
    struct dp_entry e = {
        .kind = (uint8_t)kind, .rules = 1, .officer = 1, .step = 40, .at_ms = cl_wall_ms(f->n)};
    struct dp_db db = {.kv = f->n->kv};
    struct dp_slice packed;
    e.subject.type = DP_SUBJECT_CASE;
    assert_ok(dp_db_begin(&db, false));
    bool any = dp_db_case_next(&db, &e.subject, &packed) == DP_OK;
    dp_db_abort(&db);
    e.name = (struct dp_name){f->n->id, f->n->d->own.inc, seq};
    e.office.node = f->n->id;
    snprintf(e.office.slug, sizeof(e.office.slug), "%s",
             dp_node_tier(f->n->id) == DP_TIER_VILLAGE ? "station" : "bureau");
    e.custody = kind == DP_KIND_CLOSE ? e.subject.name : (struct dp_name){0};
    e.body.code = 5;
    return any && dp_entry_encode(&e, out) == DP_OK;
}

static bool forge_block(struct forger *f, enum lie lie)
{
    struct dp_own *own = &f->n->d->own;
    struct dp_buf entry;
    struct dp_seal seal = {.suite = f->n->d->suite,
                           .sign_seed = &f->n->d->kr->sign,
                           .cert = f->n->d->id.cert.digest,
                           .origin = f->n->id,
                           .inc = own->inc,
                           .number = own->block + 1,
                           .first_seq = own->sealed_seq + 1,
                           .prev = own->head,
                           .zstd_level = 3};
    if (lie == GAP)
        seal.number += 1 + dp_rng_below(f->dice, 3);
    if (lie == FORK && own->block > 0)
        seal.number = own->block, seal.first_seq = own->sealed_seq;
    if (lie == OTHERS_SEQ && own->sealed_seq > 0)
        seal.first_seq = own->sealed_seq;
    if (lie == FOREIGN_SCOPE)
        seal.origin.v += 1;
    seal.first = seal.number == 1;
    dp_buf_init(&entry, 1u << 16);
    bool ok = forge_entry(f, lie == WRONG_CUSTODY ? DP_KIND_CLOSE : DP_KIND_NOTE, seal.first_seq, &entry);
    struct dp_slice bytes = dp_buf_slice(&entry);
    ok = ok && dp_block_seal(&seal, &bytes, 1, &f->a, &f->wire, &f->h) == DP_OK;
    dp_buf_fini(&entry);
    return ok;
}

static bool replay(struct forger *f)
{
    struct dp_db db = {.kv = f->n->kv};
    struct dp_slice wire;
    uint64_t last = f->n->d->own.block;
    if (last == 0)
        return false;
    assert_ok(dp_db_begin(&db, false));
    bool ok =
        dp_db_block(&db, f->n->id, f->n->d->own.inc, 1 + dp_rng_below(f->dice, last), 0, &wire) == DP_OK &&
        dp_buf_put(&f->wire, wire.p, wire.len) == DP_OK;
    dp_db_abort(&db);
    return ok;
}

static void send_lie(struct forger *f)
{
    const struct dp_session *s = cl_session(f->parent, f->n);
    const struct dp_lane_state *l = &s->lane[DP_LANE_CASES];
    struct dp_frame frame = {.type = DP_FRAME_ITEM};
    struct dp_slice body = dp_buf_slice(&f->wire);
    struct dp_buf b;
    frame.u.item = (struct dp_item_frame){.lane = DP_LANE_CASES,
                                          .kind = DP_ITEM_BLOCK,
                                          .epoch = l->epoch_in,
                                          .number = l->durable_in + 1,
                                          .total = (uint32_t)body.len,
                                          .body = body};
    dp_buf_init(&b, DP_FRAME_MAX);
    if (dp_frame_put(&frame, &b) == DP_OK)
        cl_inject(f->parent, f->n->id, dp_buf_slice(&b));
    dp_buf_fini(&b);
}

void hostile_act(struct sim *s, struct cl_node *n, struct dp_rng *dice)
{
    enum lie lie = (enum lie)dp_rng_below(dice, LIES);
    struct cl_link *l = cl_link_of(s->c, n);
    struct forger f = {.s = s, .n = n, .dice = dice};
    if (l == NULL || n->d == NULL || s->c->nodes[l->parent]->d == NULL)
        return;
    f.parent = s->c->nodes[l->parent];
    const struct dp_session *up = cl_session(f.parent, n);
    if (up == NULL || up->state != DP_SESSION_UP)
        return;
    dp_arena_init(&f.a, 16u << 20, 0);
    dp_buf_init(&f.wire, 1u << 20);
    if (lie == REPLAY ? replay(&f) : forge_block(&f, lie))
        send_lie(&f);
    dp_buf_fini(&f.wire);
    dp_arena_fini(&f.a);
}
