/* SPDX-License-Identifier: Apache-2.0 */
/* Making the ground of the session target, and going back to it: see session_world.h. */
#include "session_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "control/request.h"
#include "support/cluster_inner.h"
#include "support/cmocka_all.h"
#include "wire/block.h"
#include "wire/part.h"

#define STEPS_AT_ONCE                                                                                        \
    400 /* of one run: a daemon that turns without end is found by the time limit of the fuzzer */

static struct world world;

/* ---- the stock ---- */

static void stock_put(struct stock *s, struct dp_slice bytes, const struct dp_name *name)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (dp_slice_eq(s->item[i].bytes, bytes))
            return;
    if (s->count == STOCK_MAX)
        return;
    uint8_t *copy = malloc(bytes.len + 1);
    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.p, bytes.len);
    s->item[s->count].bytes = dp_slice_of(copy, bytes.len);
    s->item[s->count++].name = name != NULL ? *name : (struct dp_name){0};
}

static void stock_block(struct world *w, struct dp_slice wire)
{
    struct dp_block b;
    if (dp_block_decode(dp_suite_of(DP_SUITE_INTL), wire, &w->arena, &b) != DP_OK)
        return;
    for (uint16_t i = 0; i < b.shown_count; i++) {
        struct dp_name n = {b.h.origin, b.h.inc, b.h.first_seq + b.shown[i].index};
        stock_put(&w->entries, b.shown[i].bytes, &n);
        if (w->name_count < STOCK_MAX)
            w->names[w->name_count++] = n;
    }
}

/* A parcel is the puppet's to copy; what is in it, to seal again, changed. */
static void stock_parcel(struct world *w, const struct cl_node *to, struct dp_slice wire)
{
    struct dp_slice body;
    uint8_t kind;
    stock_put(&w->parcels, wire, NULL);
    if (dp_parcel_open(dp_suite_of(DP_SUITE_INTL), wire, &dp_daemon_keyring(to->d)->seal, &w->arena, &kind,
                       &body) == DP_OK)
        stock_put(&w->contents, body, NULL);
}

/* Sees the honest years. */
static bool collect(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct world *w = ctx;
    struct dp_frame f;
    assert_ok(dp_frame_get(frame, &f));
    if (from == w->town || to == w->town)
        stock_put(&w->frames, frame, NULL);
    if (from == w->town && f.type == DP_FRAME_HELLO)
        w->honest.hello = f.u.hello;
    if (f.type == DP_FRAME_ITEM && f.u.item.kind == DP_ITEM_BLOCK)
        stock_block(w, f.u.item.body);
    if (f.type == DP_FRAME_ITEM && f.u.item.kind == DP_ITEM_PARCEL)
        stock_parcel(w, to, f.u.item.body);
    dp_arena_reset(&w->arena);
    return true;
}

/* ---- the honest years ---- */

static struct cl_result take_in(struct cl_node *n, const char *respondent)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Wang Cuihua", "the roof of the school leaks");
    if (respondent != NULL) {
        in->purpose = DP_PURPOSE_ACCUSATION;
        in->respondents[0] = respondent;
        in->respondent_count = 1;
    }
    return cl_must(n, &x);
}

static void settle(struct world *w)
{
    assert_true(cluster_settle(w->c, 3600000));
}

static void live(struct world *w)
{
    struct cl_command x;
    struct cl_result up = take_in(w->town, NULL), down = take_in(w->county, NULL),
                     own = take_in(w->town, NULL);
    take_in(w->town, WORLD_OTHER "/bureau");
    struct cl_result foreign = take_in(w->other, NULL); /* never to be seen by the township */
    take_in(w->other, WORLD_TOWN "/bureau");
    settle(w);
    cl_go(w->town, DP_KIND_REFER_UP, up.number, WORLD_COUNTY "/bureau");
    cl_go(w->county, DP_KIND_TRANSFER, down.number, WORLD_TOWN "/bureau");
    settle(w);
    cl_go(w->county, DP_KIND_SIGN, up.number, "");
    cl_go(w->county, DP_KIND_ACCEPT, up.number, "");
    cl_go(w->town, DP_KIND_SIGN, down.number, "");
    cl_go(w->town, DP_KIND_ACCEPT, down.number, "");
    cl_step(&x, DP_KIND_NOTE, own.number);
    cl_text(&x, "a letter came");
    cl_must(w->town, &x);
    settle(w);
    struct dp_step *s = cl_step(&x, DP_KIND_SUPERVISE, down.number);
    s->to = WORLD_TOWN "/bureau";
    s->due = (struct dp_date){20560};
    (void)cl_do(w->county, &x);
    settle(w);
    const struct cl_result *known[WORLD_CASES] = {&up, &down, &own, &foreign};
    for (unsigned i = 0; i < WORLD_CASES; i++) {
        w->cases[i] = known[i]->name;
        snprintf(w->numbers[i], sizeof(w->numbers[i]), "%s", known[i]->number);
    }
    cl_break(w->c, w->line, false); /* a last greeting, with all there is */
    settle(w);
}

/* ---- the turn of things ---- */

/* Whatever the county counts as delivered to the puppet is the puppet's word, and no concern of
 * cluster_check. */
static void never_short(struct cl_node *town, struct dp_node of)
{
    struct dp_db db = {.kv = town->kv};
    struct dp_peer_row row;
    assert_ok(dp_db_begin(&db, true));
    assert_ok(dp_db_peer(&db, of, &row));
    for (unsigned i = 0; i < DP_LANES; i++)
        row.lane[i].durable_in = UINT64_MAX;
    dp_db_peer_put(&db, of, &row);
    assert_ok(dp_db_commit(&db));
}

static void fall(struct world *w)
{
    const struct dp_daemon *d = w->town->d;
    struct puppet *p = &w->honest;
    char keys[CL_DIR_MAX + 8];
    p->seal = (struct dp_seal){.suite = dp_suite_of(DP_SUITE_INTL),
                               .cert = d->id.cert.digest,
                               .origin = w->town->id,
                               .inc = d->own.inc,
                               .number = d->own.block + 1,
                               .first_seq = d->own.sealed_seq + 1,
                               .prev = d->own.head,
                               .zstd_level = 1};
    for (unsigned i = 0; i < DP_LANES; i++) {
        p->sent[i] = p->hello.lane[i].my_last;
        p->next[i] = p->hello.lane[i].my_last + 1;
    }
    cl_kill(w->town, -1);
    for (uint32_t i = 0; i < WORLD_NODES; i++) {
        struct cl_node *n = w->c->nodes[i];
        snprintf(keys, sizeof(keys), "%s/keys", n->dir);
        if (n->d != NULL)
            cl_kill(n, -1);
        if (n->kr == NULL)
            assert_ok(dp_keyring_load(keys, &n->kr, NULL)); /* once, for all lives */
        if (n != w->town)
            dp_kv_mem_mark(n->kv);
    }
    p->seal.sign_seed = &w->town->kr->sign;
    never_short(w->town, w->county->id);
    w->before_ms = w->c->now_ms;
}

struct world *world_get(void)
{
    struct world *w = &world;
    if (w->c != NULL)
        return w;
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion is a finding, with its stack */
    dp_arena_init(&w->arena, 32u << 20, 0);
    dp_buf_init(&w->buf, 1u << 20);
    w->c = cluster_new(77);
    dp_log_set(NULL, NULL, DP_LOG_ERROR);
    w->city = cl_root(w->c, WORLD_CITY);
    w->county = cl_enroll(w->c, w->city, WORLD_COUNTY);
    w->town = cl_enroll(w->c, w->county, WORLD_TOWN);
    w->other = cl_enroll(w->c, w->county, WORLD_OTHER);
    w->line = cl_link_of(w->c, w->town);
    w->c->tap = collect;
    w->c->tap_ctx = w;
    live(w);
    w->c->tap = watch_frame;
    fall(w);
    return w;
}

/* ---- again and again ---- */

static void clear_link(struct world *w, struct cl_link *l)
{
    cl_queue_clear(&l->q[0]);
    cl_queue_clear(&l->q[1]);
    cl_queue_init(&l->q[0]);
    cl_queue_init(&l->q[1]);
    l->cut = l->up = l->refused = l->parent_knows = l->heard = false;
    l->child_up_due = l->child_down_due = l->parent_down_due = false;
    l->dial_ms = w->before_ms;
}

/* The township's own store is only asked for its row of the county, which never changes. */
static void back_to_before(struct world *w, uint32_t i)
{
    struct cl_node *n = w->c->nodes[i];
    cl_kill(n, -1);
    n->clock_off_ms = 0;
    if (n != w->town)
        dp_kv_mem_rewind(n->kv);
}

void world_reset(struct world *w)
{
    struct cluster *c = w->c;
    for (uint32_t i = 0; i < WORLD_NODES; i++)
        back_to_before(w, i);
    for (uint32_t i = 0; i < c->link_count; i++)
        clear_link(w, c->links[i]);
    c->now_ms = w->before_ms;
    c->now_us = w->before_ms * 1000;
    c->swapped = false;
    cluster_reseed(c, 1);
    w->now = w->honest;
    for (uint32_t i = 0; i < WORLD_NODES; i++)
        if (c->nodes[i] != w->town)
            cl_start(c->nodes[i]);
    world_run(w, 500);
}

void world_run(struct world *w, int64_t ms)
{
    int64_t until = w->c->now_ms + ms;
    for (unsigned i = 0; i < STEPS_AT_ONCE && cluster_step(w->c, until); i++)
        ;
}

void world_connect(struct world *w)
{
    struct cl_link *l = w->line;
    if (l->up && l->parent_knows) /* the transport gives the newer connection the older one's place */
        cl_break(w->c, l, false);
    world_run(w, 1);
    l->up = true;
    l->serial = ++w->c->serial;
    l->parent_knows = false;
}

void world_say(struct world *w, struct dp_slice frame)
{
    if (!w->line->up)
        world_connect(w);
    if (w->county->d != NULL) {
        cl_queue_put(&w->line->q[0], dp_slice_of(NULL, 0), frame, w->c->now_us, w->c->now_us);
        cl_want(w->county, w->c->now_us);
    }
    world_run(w, 2);
}
