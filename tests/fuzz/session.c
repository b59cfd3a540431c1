/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole link, and a child that lies: the input is a program of what a township with all its keys does to
 * its county, one byte an action and some for its details. Everything it sends is authentic by CURVE, most of
 * it is well formed, some of it is signed. See session_world.h for the ground and session_watch.c for what
 * must hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "fuzz.h"
#include "session_world.h"
#include "support/cmocka_all.h"
#include "wire/block.h"
#include "wire/entry.h"
#include "wire/part.h"

#define ACTIONS_MAX 24
#define DAY_MS INT64_C(86400000)

/* ---- details of a lie ---- */

static bool one_in(struct dp_rd *r, unsigned n)
{
    return dp_rd_left(r) > 0 && dp_rd_u8(r) % n == 0;
}

static const struct stock_item *any(const struct stock *s, struct dp_rd *r)
{
    return &s->item[dp_rd_u8(r) % s->count];
}

/* A copy in the arena with up to three bytes changed. */
static struct dp_slice changed(struct world *w, struct dp_rd *r, struct dp_slice s)
{
    bool failed = false;
    struct dp_slice copy = dp_arena_copy(&w->arena, s, &failed);
    uint8_t *p = (uint8_t *)(uintptr_t)copy.p;
    assert_false(failed);
    for (unsigned n = dp_rd_u8(r) % 4; n > 0 && s.len > 0; n--) {
        size_t at = dp_rd_u16(r) % s.len;
        p[at] = (uint8_t)(p[at] ^ dp_rd_u8(r));
    }
    return copy;
}

static void say(struct world *w, const struct dp_frame *f)
{
    dp_buf_reset(&w->buf);
    if (dp_frame_put(f, &w->buf) == DP_OK)
        world_say(w, dp_buf_slice(&w->buf));
}

/* ---- greetings ---- */

static void greet(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_HELLO, .u.hello = w->now.hello};
    for (unsigned i = 0; i < DP_LANES; i++)
        if (f.u.hello.lane[i].my_last < w->now.sent[i])
            f.u.hello.lane[i].my_last = w->now.sent[i];
    memset(f.u.hello.nonce, dp_rd_u8(r), sizeof(f.u.hello.nonce));
    f.u.hello.clock_ms = CL_EPOCH_MS + w->c->now_ms;
    world_connect(w);
    say(w, &f);
}

static void lie_of_self(struct dp_hello *h, struct dp_rd *r)
{
    unsigned lane = dp_rd_u8(r) % DP_LANES;
    switch (dp_rd_u8(r) % 8) {
    case 0:
        h->inc ^= dp_rd_u8(r);
        break;
    case 1:
        h->head.number = dp_rd_u16(r);
        break;
    case 2:
        h->head.digest.b[0] ^= dp_rd_u8(r);
        break;
    case 3:
        h->lane[lane].my_epoch ^= dp_rd_u8(r);
        break;
    case 4:
        h->lane[lane].my_last = dp_rd_u8(r);
        break;
    case 5:
        h->clock_ms += (int64_t)(int8_t)dp_rd_u8(r) * DAY_MS;
        break;
    case 6:
        h->flags = dp_rd_u8(r);
        break;
    case 7:
        h->node.v += dp_rd_u8(r);
        break;
    }
}

/* Claims to hold what the county never signed: R-HEL-3 takes the word of a child. */
static void lie_of_county(struct world *w, struct dp_hello *h, struct dp_rd *r)
{
    unsigned lane = dp_rd_u8(r) % DP_LANES;
    w->now.lied_head = true;
    switch (dp_rd_u8(r) % 5) {
    case 0:
        h->yours.number = dp_rd_u16(r);
        break;
    case 1:
        h->yours.digest.b[0] ^= dp_rd_u8(r);
        break;
    case 2:
        h->yours.inc ^= dp_rd_u8(r);
        break;
    case 3:
        h->lane[lane].your_durable = dp_rd_u16(r);
        break;
    case 4:
        h->lane[lane].your_epoch ^= dp_rd_u8(r);
        break;
    }
}

static void greet_with_lies(struct world *w, struct dp_rd *r)
{
    struct dp_hello truth = w->now.hello;
    for (unsigned n = 1 + dp_rd_u8(r) % 3; n > 0; n--) {
        if (one_in(r, 4))
            lie_of_county(w, &w->now.hello, r);
        else
            lie_of_self(&w->now.hello, r);
    }
    greet(w, r);
    w->now.hello = truth;
}

/* ---- items ---- */

/* In its place of the lane, or near it. */
static void send_item(struct world *w, struct dp_rd *r, uint8_t lane, uint8_t kind, struct dp_slice body)
{
    static const int off[] = {0, 0, 0, 0, 0, 1, -1, 5};
    struct dp_frame f = {.type = DP_FRAME_ITEM};
    unsigned how = dp_rd_u8(r);
    f.u.item = (struct dp_item_frame){.lane = lane,
                                      .kind = kind,
                                      .epoch = w->now.hello.lane[lane].my_epoch ^ (how == 0xff),
                                      .number = w->now.next[lane] + (uint64_t)(int64_t)off[how % 8],
                                      .total = (uint32_t)body.len,
                                      .body = body};
    if (f.u.item.number >= w->now.next[lane])
        w->now.next[lane] = f.u.item.number + 1;
    if (f.u.item.number > w->now.sent[lane] && f.u.item.number < UINT64_MAX)
        w->now.sent[lane] = f.u.item.number;
    say(w, &f);
}

/* Something it once sent or got, changed, as the next item. */
static void send_stock(struct world *w, struct dp_rd *r)
{
    struct dp_frame f;
    struct dp_slice frame = any(&w->frames, r)->bytes;
    uint8_t lane = dp_rd_u8(r) % DP_LANES;
    assert_ok(dp_frame_get(frame, &f));
    if (f.type == DP_FRAME_ITEM)
        send_item(w, r, lane, f.u.item.kind, changed(w, r, f.u.item.body));
}

static void replay(struct world *w, struct dp_rd *r)
{
    struct dp_frame f;
    struct dp_slice frame = changed(w, r, any(&w->frames, r)->bytes);
    if (dp_frame_get(frame, &f) == DP_OK && f.type == DP_FRAME_HELLO)
        w->now.lied_head = true;
    for (unsigned i = 0; i < DP_LANES; i++)
        w->now.sent[i] = UINT64_MAX; /* whatever it said */
    world_say(w, frame);
}

static void send_parcel(struct world *w, struct dp_rd *r)
{
    struct cl_node *const to = one_in(r, 3) ? w->city : w->county;
    const struct dp_random rnd = dp_random_seeded(&w->town->rng);
    struct dp_sealer s;
    struct dp_buf out;
    uint8_t kind = (uint8_t)(1 + dp_rd_u8(r) % DP_PARCEL_CHUNK);
    struct dp_slice body = changed(w, r, any(&w->contents, r)->bytes);
    dp_buf_init(&out, 1u << 20);
    assert_ok(dp_sealer_init(&s, dp_suite_of(DP_SUITE_INTL), &rnd, to->id, &to->kr->seal_pub));
    assert_ok(dp_parcel_seal(&s, kind, body, &w->arena, &out));
    dp_sealer_fini(&s);
    send_item(w, r, DP_LANE_CASES, DP_ITEM_PARCEL, dp_buf_slice(&out));
    dp_buf_fini(&out);
}

/* ---- blocks under its own signature ---- */

static struct dp_name any_name(const struct world *w, struct dp_rd *r, const struct dp_name *own)
{
    uint8_t i = dp_rd_u8(r);
    if (i >= 240)
        return (struct dp_name){own->origin, own->inc, own->seq - i % 4};
    return i == 0 ? (struct dp_name){0} : w->names[i % w->name_count];
}

static void lie_in_entry(const struct world *w, struct dp_rd *r, struct dp_entry *e)
{
    const struct cl_node *n = w->c->nodes[dp_rd_u8(r) % WORLD_NODES];
    switch (dp_rd_u8(r) % 17) {
    case 0:
        e->kind = dp_rd_u8(r) % 100;
        break;
    case 1:
        e->subject = (struct dp_subject){.type = DP_SUBJECT_CASE, .name = any_name(w, r, &e->name)};
        break;
    case 2:
        e->subject = dp_subject_of_node(n->id);
        break;
    case 3:
        e->prev = any_name(w, r, &e->name);
        break;
    case 4:
        e->custody = any_name(w, r, &e->name);
        break;
    case 5:
        e->re = any_name(w, r, &e->name);
        break;
    case 6:
        e->body.to = (struct dp_office){.node = n->id, .slug = "bureau"};
        break;
    case 7:
        e->step = dp_rd_u8(r);
        break;
    case 8:
        e->at_ms += (int64_t)(int8_t)dp_rd_u8(r) * DAY_MS;
        break;
    case 9:
        e->officer = dp_rd_u8(r);
        break;
    case 10:
        e->critical = !e->critical;
        break;
    case 11:
        e->receipt.day += (int8_t)dp_rd_u8(r);
        break;
    case 12:
        e->office = (struct dp_office){.node = n->id, .slug = "bureau"};
        break;
    case 13:
        e->body.code = dp_rd_u8(r);
        break;
    case 14:
        e->body.other = any_name(w, r, &e->name);
        break;
    case 15:
        e->body.node = n->id;
        break;
    case 16:
        e->rules = dp_rd_u8(r);
        break;
    }
}

/* Bytes of the entry that will stand at `name`: one of the stock as it is, or with lies that still encode. */
static struct dp_slice make_entry(struct world *w, struct dp_rd *r, const struct dp_name *name)
{
    struct dp_slice bytes = any(&w->entries, r)->bytes;
    struct dp_slice made = bytes;
    struct dp_entry e;
    struct dp_buf b;
    bool failed = false;
    unsigned lies = dp_rd_u8(r) % 5;
    if (lies == 0)
        return changed(w, r, bytes);
    assert_ok(dp_entry_decode(bytes, name, &w->arena, &e));
    for (; lies > 0; lies--)
        lie_in_entry(w, r, &e);
    dp_buf_init(&b, DP_ENTRY_BYTES_MAX);
    if (dp_entry_encode(&e, &b) == DP_OK)
        made = dp_arena_copy(&w->arena, dp_buf_slice(&b), &failed);
    dp_buf_fini(&b);
    assert_false(failed);
    return made;
}

static void lie_in_header(const struct world *w, struct dp_rd *r, struct dp_seal *s)
{
    switch (dp_rd_u8(r) % 8) {
    case 0:
        s->number += dp_rd_u8(r);
        break;
    case 1:
        s->number -= dp_rd_u8(r) % s->number;
        break;
    case 2:
        s->first_seq += dp_rd_u8(r);
        break;
    case 3:
        s->prev.b[0] ^= dp_rd_u8(r);
        break;
    case 4:
        s->origin = w->c->nodes[dp_rd_u8(r) % WORLD_NODES]->id;
        break;
    case 5:
        s->inc ^= dp_rd_u8(r);
        break;
    case 6:
        s->first = !s->first;
        break;
    case 7:
        s->cert.b[0] ^= dp_rd_u8(r);
        break;
    }
}

static void go_on(struct puppet *p, const struct dp_header *h)
{
    dp_header_digest(p->seal.suite, h, &p->seal.prev);
    p->seal.number = h->number + 1;
    p->seal.first_seq = h->first_seq + h->count;
    p->hello.head = (struct dp_head){.inc = h->inc, .number = h->number, .digest = p->seal.prev};
}

static void send_block(struct world *w, struct dp_rd *r)
{
    struct dp_seal seal = w->now.seal;
    struct dp_slice entries[4];
    struct dp_header h;
    struct dp_buf out;
    bool lies = one_in(r, 5);
    uint16_t n = (uint16_t)(1 + dp_rd_u8(r) % 4);
    for (uint16_t i = 0; i < n; i++) {
        struct dp_name name = {seal.origin, seal.inc, seal.first_seq + i};
        entries[i] = make_entry(w, r, &name);
    }
    if (lies)
        lie_in_header(w, r, &seal);
    dp_buf_init(&out, DP_FRAME_MAX);
    if (dp_block_seal(&seal, entries, n, &w->arena, &out, &h) == DP_OK) {
        if (!lies)
            go_on(&w->now, &h);
        send_item(w, r, DP_LANE_CASES, DP_ITEM_BLOCK, dp_buf_slice(&out));
    }
    dp_buf_fini(&out);
}

/* ---- the small frames ---- */

static void send_ack(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_ACK, .u.ack.lanes = dp_rd_u8(r) & 15};
    for (unsigned i = 0; i < DP_LANES; i++) {
        f.u.ack.lane[i].epoch = w->now.hello.lane[i].your_epoch;
        f.u.ack.lane[i].durable = dp_rd_u8(r);
    }
    say(w, &f);
}

static void send_refused(struct world *w, struct dp_rd *r)
{
    uint8_t lane = dp_rd_u8(r) % DP_LANES;
    struct dp_frame f = {.type = DP_FRAME_REFUSED,
                         .u.refused = {.lane = lane,
                                       .epoch = w->now.hello.lane[lane].your_epoch,
                                       .number = dp_rd_u8(r),
                                       .code = dp_rd_u8(r)}};
    say(w, &f);
}

static void send_bye(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_BYE, .u.bye = {.reason = dp_rd_u8(r) % 20}};
    say(w, &f);
}

static void send_keep(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_KEEP, .u.keep = dp_rd_u8(r) & 1};
    say(w, &f);
}

static void send_bytes(struct world *w, struct dp_rd *r)
{
    size_t len = dp_rd_u8(r) % 64;
    world_say(w, dp_rd_take(r, len < dp_rd_left(r) ? len : dp_rd_left(r)));
}

/* ---- the world around ---- */

static void hang_up(struct world *w, struct dp_rd *r)
{
    cl_break(w->c, w->line, one_in(r, 2));
    world_run(w, 5);
}

static void wait(struct world *w, struct dp_rd *r)
{
    world_run(w, INT64_C(1) << dp_rd_u8(r) % 31);
}

static void crash(struct world *w, struct dp_rd *r)
{
    unsigned how = dp_rd_u8(r);
    if (how % 4 == 0)
        cl_kill(w->county, how);
    else
        w->county->crash_next = how % 2 == 0 ? CL_CRASH_BEFORE_COMMIT : CL_CRASH_AFTER_COMMIT;
    world_run(w, how % 8 * 100);
}

static void turn_clock(struct world *w, struct dp_rd *r)
{
    w->county->clock_off_ms = (int64_t)(int8_t)dp_rd_u8(r) * DAY_MS;
}

/* People at the county go on working, also with cases of the township. */
static void command(struct world *w, struct dp_rd *r)
{
    static const enum dp_kind kinds[] = {DP_KIND_NOTE,   DP_KIND_TRANSFER, DP_KIND_ASSIGN, DP_KIND_TAKE,
                                         DP_KIND_ACCEPT, DP_KIND_SIGN,     DP_KIND_LIFT,   DP_KIND_SUPERVISE,
                                         DP_KIND_CLOSE,  DP_KIND_OPINION,  DP_KIND_UNMASK, DP_KIND_WITHDRAW};
    struct cl_command x;
    unsigned which = dp_rd_u8(r);
    if (w->county->d == NULL)
        return;
    if (which % 5 == 0) {
        cl_intake(&x, "Zhao Min", "no bus comes any more");
    } else {
        unsigned of = dp_rd_u8(r) % WORLD_CASES;
        struct dp_step *s = cl_step(&x, kinds[which % 12], w->numbers[of]);
        if (which % 12 == 1 || which % 12 == 2 || which % 12 == 7)
            s->to = of == WORLD_FOREIGN ? WORLD_OTHER "/bureau" : WORLD_TOWN "/bureau";
        cl_text(&x, "so it was decided");
    }
    (void)cl_do(w->county, &x);
    world_run(w, 50);
}

/* The other township lives on; the county hears of it, the fallen one must not. */
static void neighbour(struct world *w, struct dp_rd *r)
{
    struct cl_command x;
    unsigned which = dp_rd_u8(r) % 4;
    if (which == 0)
        cl_intake(&x, "Zhou Lan", "the bridge is closed");
    else if (which == 1)
        cl_step(&x, DP_KIND_REFER_UP, w->numbers[WORLD_FOREIGN])->to = WORLD_COUNTY "/bureau";
    else
        cl_step(&x, which == 2 ? DP_KIND_NOTE : DP_KIND_ACCEPT, w->numbers[WORLD_FOREIGN]);
    if (which == 2)
        cl_text(&x, "an engineer came");
    (void)cl_do(w->other, &x);
    world_run(w, 200);
}

static void flood(struct world *w, struct dp_rd *r)
{
    struct dp_slice frame = any(&w->frames, r)->bytes;
    for (unsigned i = 0; i < DP_LANES; i++)
        w->now.sent[i] = UINT64_MAX;
    for (unsigned n = dp_rd_u8(r) % 16; n > 0; n--)
        world_say(w, frame);
}

static void (*const actions[])(struct world *w, struct dp_rd *r) = {
    greet,      greet,      greet_with_lies, send_stock, replay,       send_parcel, send_block,
    send_block, send_block, send_ack,        send_bye,   send_refused, send_keep,   hang_up,
    wait,       crash,      turn_clock,      command,    send_bytes,   flood,       send_stock,
    send_block, command,    send_parcel,     neighbour,  neighbour,
};

/* ---- entry ---- */

void fuzz_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

bool fuzz_run(const uint8_t *data, size_t size)
{
    struct world *w = world_get();
    struct dp_rd r = dp_rd_of(dp_slice_of(data, size));
    bool thorough = one_in(&r, 16);
    world_reset(w);
    for (unsigned i = 0; i < ACTIONS_MAX && dp_rd_left(&r) > 0; i++) {
        actions[dp_rd_u8(&r) % (sizeof(actions) / sizeof(actions[0]))](w, &r);
        dp_arena_reset(&w->arena);
    }
    watch_end(w, thorough);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fuzz_run(data, size);
    return 0;
}
