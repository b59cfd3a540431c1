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
#include "session_lie.h"
#include "support/cmocka_all.h"
#include "wire/part.h"

#define ACTIONS_MAX 24
#define DAY_MS INT64_C(86400000)

/* ---- details of a lie ---- */

bool lie_one_in(struct dp_rd *r, unsigned n)
{
    return dp_rd_left(r) > 0 && dp_rd_u8(r) % n == 0;
}

const struct stock_item *lie_any(const struct stock *s, struct dp_rd *r)
{
    return &s->item[dp_rd_u8(r) % s->count];
}

struct dp_slice lie_changed(struct world *w, struct dp_rd *r, struct dp_slice s)
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

/* Claims to hold what the county never signed (R-HEL-6). */
static void lie_of_county(struct dp_hello *h, struct dp_rd *r)
{
    unsigned lane = dp_rd_u8(r) % DP_LANES;
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
        if (lie_one_in(r, 4))
            lie_of_county(&w->now.hello, r);
        else
            lie_of_self(&w->now.hello, r);
    }
    greet(w, r);
    w->now.hello = truth;
}

/* Its journals lost, or so it says: R-RSD-1, and true of the puppet from now on. */
static void begin_anew(struct world *w, struct dp_rd *r)
{
    struct dp_hello *h = &w->now.hello;
    h->my_gen++;
    for (unsigned i = 0; i < DP_LANES; i++) {
        h->lane[i].my_epoch += 1u + dp_rd_u8(r) % 3;
        h->lane[i].my_last = w->now.sent[i] = 0;
        w->now.next[i] = 1;
    }
    greet(w, r);
}

/* ---- items ---- */

void lie_send_item(struct world *w, struct dp_rd *r, uint8_t lane, uint8_t kind, struct dp_slice body)
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

/* Something it once sent or got, lie_changed, as the next item. */
static void send_stock(struct world *w, struct dp_rd *r)
{
    struct dp_frame f;
    struct dp_slice frame = lie_any(&w->frames, r)->bytes;
    uint8_t lane = dp_rd_u8(r) % DP_LANES;
    assert_ok(dp_frame_get(frame, &f));
    if (f.type == DP_FRAME_ITEM)
        lie_send_item(w, r, lane, f.u.item.kind, lie_changed(w, r, f.u.item.body));
}

static void replay(struct world *w, struct dp_rd *r)
{
    struct dp_slice frame = lie_changed(w, r, lie_any(&w->frames, r)->bytes);
    for (unsigned i = 0; i < DP_LANES; i++)
        w->now.sent[i] = UINT64_MAX; /* whatever it said */
    world_say(w, frame);
}

static void send_parcel(struct world *w, struct dp_rd *r)
{
    struct cl_node *const to = lie_one_in(r, 3) ? w->city : w->county;
    const struct dp_random rnd = dp_random_seeded(&w->town->rng);
    struct dp_sealer s;
    struct dp_buf out;
    uint8_t kind = (uint8_t)(1 + dp_rd_u8(r) % DP_PARCEL_CHUNK);
    struct dp_slice body = lie_changed(w, r, lie_any(&w->contents, r)->bytes);
    dp_buf_init(&out, 1u << 20);
    assert_ok(dp_sealer_init(&s, dp_suite_of(DP_SUITE_INTL), &rnd, to->id, &to->kr->seal_pub));
    assert_ok(dp_parcel_seal(&s, kind, body, &w->arena, &out));
    dp_sealer_fini(&s);
    lie_send_item(w, r, DP_LANE_CASES, DP_ITEM_PARCEL, dp_buf_slice(&out));
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

static struct dp_list_key any_key(const struct world *w, struct dp_rd *r, unsigned at)
{
    uint8_t bytes[DP_LIST_KEY_BYTES] = {0};
    const struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = lie_any_name(w, r, &w->names[0])};
    bytes[0] = (uint8_t)at;
    if (lie_one_in(r, 2))
        dp_subject_put(&s, bytes);
    return dp_list_key_of(bytes, sizeof(bytes));
}

/* What do you hold of mine: any page of any part. */
static void send_ask(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_ASK};
    f.u.ask.part = (uint8_t)(1 + dp_rd_u8(r) % 4);
    f.u.ask.gen = w->now.hello.my_gen + dp_rd_u8(r) / 250u;
    f.u.ask.after = any_key(w, r, dp_rd_u8(r));
    say(w, &f);
}

/* I hold this of yours: rows that rise, and are not so. */
static void send_list(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_LIST};
    struct dp_buf rows;
    dp_buf_init(&rows, DP_FRAME_MAX);
    f.u.list.part = (uint8_t)(1 + dp_rd_u8(r) % 4);
    f.u.list.gen = w->now.hello.your_gen + dp_rd_u8(r) % 2;
    f.u.list.through = dp_list_key_end();
    for (unsigned n = dp_rd_u8(r) % 4, at = 1; n > 0; n--, at += 50) {
        struct dp_list_row row = {.key = any_key(w, r, at), .count = dp_rd_u8(r)};
        memset(row.digest, dp_rd_u8(r), sizeof(row.digest));
        assert_ok(dp_list_row_put(f.u.list.part, &row, &rows));
    }
    f.u.list.rows = dp_buf_slice(&rows);
    if (dp_list_frame_ok(&f.u.list))
        say(w, &f);
    dp_buf_fini(&rows);
}

static void send_bye(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_BYE, .u.bye = {.reason = dp_rd_u8(r) % 20}};
    say(w, &f);
}

/* A header out of what it sent or got, as it was or changed; or none. */
static void send_proof(struct world *w, struct dp_rd *r)
{
    struct dp_frame f = {.type = DP_FRAME_PROOF}, of;
    assert_ok(dp_frame_get(lie_any(&w->frames, r)->bytes, &of));
    size_t at = of.type == DP_FRAME_ITEM && of.u.item.kind == DP_ITEM_PRUNED ? 6 : 0; /* count, length */
    if (of.type == DP_FRAME_ITEM && of.u.item.body.len >= at + DP_HEADER_BYTES)
        f.u.proof.header = lie_changed(w, r, dp_slice_of(of.u.item.body.p + at, DP_HEADER_BYTES));
    say(w, &f);
}

static void send_keep(struct world *w, struct dp_rd *r)
{
    uint8_t what = dp_rd_u8(r);
    struct dp_frame f = {.type = DP_FRAME_KEEP, .u.keep = what & 1};
    if ((what & 6) == 2)
        f = (struct dp_frame){.type = DP_FRAME_PROVE};
    if ((what & 6) == 6)
        send_proof(w, r);
    else
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
    cl_break(w->c, w->line, lie_one_in(r, 2));
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

/* R-RSD-1: the journals to the township are given up, and what it says that it holds decides what goes again.
 */
static void repair(struct world *w, struct dp_rd *r)
{
    (void)r;
    cl_renew(w->county, w->town);
    world_run(w, 10);
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
    struct dp_slice frame = lie_any(&w->frames, r)->bytes;
    for (unsigned i = 0; i < DP_LANES; i++)
        w->now.sent[i] = UINT64_MAX;
    for (unsigned n = dp_rd_u8(r) % 16; n > 0; n--)
        world_say(w, frame);
}

static void (*const actions[])(struct world *w, struct dp_rd *r) = {
    greet,          greet,          greet_with_lies, send_stock, replay,       send_parcel, lie_send_block,
    lie_send_block, lie_send_block, send_ack,        send_bye,   send_refused, send_keep,   hang_up,
    wait,           crash,          turn_clock,      command,    send_bytes,   flood,       send_stock,
    lie_send_block, command,        send_parcel,     neighbour,  neighbour,    begin_anew,  send_ask,
    send_list,      send_list,      repair,
};

/* ---- entry ---- */

void fuzz_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

/* Of the programs, however alike: a search that favours some of them still looks at few stores. */
static bool one_in_16(const uint8_t *data, size_t size)
{
    uint32_t h = (uint32_t)size;
    for (size_t i = 0; i < size; i++)
        h = (h ^ data[i]) * 16777619u;
    return h >> 28 == 0;
}

bool fuzz_run(const uint8_t *data, size_t size)
{
    struct world *w = world_get();
    struct dp_rd r = dp_rd_of(dp_slice_of(data, size));
    bool thorough = one_in_16(data, size);
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
