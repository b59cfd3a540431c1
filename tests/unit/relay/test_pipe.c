/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two whole ends joined by a line that is slow, cut and sometimes replays, on virtual time. Each end keeps
 * what a node keeps durable (journals and cursors) and commits in turns that may fail; a process may die at
 * any moment. After every step: each lane arrived exactly once and in order, no ack is ahead of what is
 * durable, and no more is in flight than the window allows. At the end everything arrived.
 */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "relay/session.h"

#define SEEDS 400
#define ITEMS 60
#define WIRE_MAX 512
#define PARENT UINT64_C(33102300000000)
#define CHILD UINT64_C(33102300100000)

enum frame_type { HELLO, ITEM, ACK, REFUSED };

struct frame {
    enum frame_type type;
    uint8_t lane;
    uint32_t epoch;
    uint64_t number;
    uint32_t bytes;
    struct dp_hello hello;
    struct dp_acks acks;
};

/* One direction of the line: what is under way, oldest first. */
struct wire {
    struct frame *frames;
    uint32_t count;
};

struct end {
    struct dp_session s;
    /* durable */
    struct dp_lane_state kept[DP_LANES];
    uint64_t wanted[DP_LANES]; /* items that the journal gets in the end */
    uint64_t got[DP_LANES];    /* items of the peer applied for good, counted one by one */
    bool refusal[DP_LANES][ITEMS + 1];
    bool shelf[DP_LANES][ITEMS + 1]; /* what the peer refused of ours */
    uint32_t inc;
    /* this turn */
    uint64_t applied[DP_LANES];
    bool refused[DP_LANES][ITEMS + 1];
    uint8_t processes;
    struct wire in;
};

struct pipe {
    uint64_t seed;
    struct dp_rng rng;
    struct end end[2]; /* 0 = parent */
    int64_t now;
    bool calm; /* no more trouble: let it finish */
};

#define CHECK(p, cond)                                                                                       \
    do {                                                                                                     \
        if (!(cond))                                                                                         \
            fail_msg("seed %llu at %lld: %s", (unsigned long long)(p)->seed, (long long)(p)->now, #cond);    \
    } while (0)

static struct end *peer_of(struct pipe *p, struct end *e)
{
    return e == &p->end[0] ? &p->end[1] : &p->end[0];
}

/* Some items are such that the receiver cannot use them (R-ACK-2). */
static bool unusable(uint8_t lane, uint64_t number)
{
    return (number * 7 + lane) % 13 == 0;
}

static uint32_t size_of(uint8_t lane, uint64_t number)
{
    return lane == DP_LANE_BULK ? 16000 : (uint32_t)(200 + number * 37 % 3000);
}

/* ---- the line ---- */

static void put(struct pipe *p, struct end *to, const struct frame *f)
{
    CHECK(p, to->in.count < WIRE_MAX);
    to->in.frames[to->in.count++] = *f;
}

static bool take(struct end *at, struct frame *f)
{
    if (at->in.count == 0)
        return false;
    *f = at->in.frames[0];
    at->in.count--;
    memmove(&at->in.frames[0], &at->in.frames[1], at->in.count * sizeof(*f));
    return true;
}

/* A part of what is under way is lost; each end notices, or finds out by the next hello. */
static void cut(struct pipe *p)
{
    for (int i = 0; i < 2; i++) {
        struct wire *w = &p->end[i].in;
        w->count = (uint32_t)dp_rng_below(&p->rng, w->count + 1);
    }
    if (dp_rng_chance(&p->rng, 1, 2))
        dp_session_lost(&p->end[0].s);
    dp_session_lost(&p->end[1].s);
}

/* A frame comes a second time, right behind itself or at the end. */
static void replay(struct pipe *p)
{
    struct wire *w = &p->end[dp_rng_below(&p->rng, 2)].in;
    struct frame f;

    if (w->count == 0 || w->count == WIRE_MAX)
        return;
    f = w->frames[dp_rng_below(&p->rng, w->count)];
    if (f.type != HELLO)
        w->frames[w->count++] = f;
}

/* ---- one end ---- */

static void start(struct end *e, bool is_parent)
{
    const uint8_t nonce[16] = {is_parent, ++e->processes};
    const struct dp_node parent = {PARENT}, child = {CHILD};

    dp_session_init(&e->s, is_parent ? parent : child, is_parent ? child : parent, is_parent, nonce);
    for (uint8_t i = 0; i < DP_LANES; i++)
        dp_session_load(&e->s, i, &e->kept[i]);
    memset(e->applied, 0, sizeof(e->applied));
    memset(e->refused, 0, sizeof(e->refused));
}

static struct dp_hello_facts facts_of(const struct end *e)
{
    return (struct dp_hello_facts){.my_inc = e->inc};
}

static void say_hello(struct pipe *p, struct end *e)
{
    const struct dp_hello_facts facts = facts_of(e);
    const struct dp_digest cert = {{0}};
    struct frame f = {.type = HELLO};

    dp_session_hello(&e->s, &facts, p->now, true, false, &cert, 1, &f.hello);
    put(p, peer_of(p, e), &f);
    dp_session_greeted(&e->s, DP_HELLO_BYTES, p->now);
    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        for (uint64_t n = 1; n <= ITEMS; n++) {
            if (!e->refusal[lane][n])
                continue;
            f = (struct frame){.type = REFUSED, .lane = lane, .epoch = e->kept[lane].epoch_in, .number = n};
            put(p, peer_of(p, e), &f);
        }
    }
}

static void on_hello(struct pipe *p, struct end *e, const struct dp_hello *h)
{
    const struct dp_hello_facts facts = facts_of(e);
    enum dp_stop why;

    if (e->s.is_parent && dp_session_is_clone(&e->s, h, p->now))
        dp_session_lost(&e->s); /* it was asked, and did not answer */
    why = dp_session_on_hello(&e->s, h, &facts, p->now);
    if (why != DP_STOP_NONE)
        fail_msg("seed %llu: %s", (unsigned long long)p->seed, dp_stop_name(why));
    for (unsigned i = 0; i < DP_LANES; i++)
        e->kept[i] = e->s.lane[i];
}

static void on_item(struct pipe *p, struct end *e, const struct frame *f)
{
    switch (dp_session_on_item(&e->s, f->lane, f->epoch, f->number, e->applied[f->lane], p->now)) {
    case DP_ITEM_APPLY:
        CHECK(p, f->number == e->got[f->lane] + e->applied[f->lane] + 1); /* once and in order */
        e->applied[f->lane]++;
        e->refused[f->lane][f->number] = unusable(f->lane, f->number);
        break;
    case DP_ITEM_AGAIN:
        CHECK(p, f->number <= e->got[f->lane] + e->applied[f->lane]);
        break;
    case DP_ITEM_DROP:
        break;
    case DP_ITEM_BREACH:
        fail_msg("seed %llu: breach", (unsigned long long)p->seed);
    }
}

static void receive(struct pipe *p, struct end *e, const struct frame *f)
{
    uint8_t i;

    if (f->type == HELLO) {
        on_hello(p, e, &f->hello);
        return;
    }
    if (e->s.state == DP_SESSION_DOWN && e->s.is_parent)
        dp_session_connect(&e->s, p->now); /* the first frame came */
    dp_session_heard(&e->s, f->bytes, p->now);
    if (f->type == ITEM)
        on_item(p, e, f);
    if (f->type == REFUSED) {
        assert_ok(dp_session_on_refused(&e->s, f->lane, f->epoch, f->number, p->now));
        e->shelf[f->lane][f->number] = true;
    }
    for (i = 0; f->type == ACK && i < DP_LANES; i++) {
        if ((f->acks.lanes & 1u << i) != 0)
            assert_ok(dp_session_on_ack(&e->s, i, f->acks.lane[i].epoch, f->acks.lane[i].durable, p->now));
    }
}

/* R-STO-1: all of the turn, or nothing of it. */
static void commit(struct pipe *p, struct end *e)
{
    bool fails = !p->calm && dp_rng_chance(&p->rng, 1, 20);

    for (uint8_t lane = 0; lane < DP_LANES; lane++) {
        for (uint64_t n = 1; !fails && n <= ITEMS; n++) {
            struct frame f = {.type = REFUSED, .lane = lane, .epoch = e->s.lane[lane].epoch_in, .number = n};
            if (!e->refused[lane][n])
                continue;
            e->refusal[lane][n] = true;
            put(p, peer_of(p, e), &f);
            dp_session_refused(&e->s);
        }
        if (!fails && e->applied[lane] > 0) {
            e->got[lane] += e->applied[lane];
            dp_session_durable(&e->s, lane, e->got[lane]);
        }
        e->applied[lane] = 0;
        e->kept[lane] = e->s.lane[lane];
    }
    memset(e->refused, 0, sizeof(e->refused));
}

static void grow(struct pipe *p, struct end *e)
{
    uint8_t lane = (uint8_t)dp_rng_below(&p->rng, DP_LANES);
    uint64_t more = dp_rng_below(&p->rng, 9), last = e->kept[lane].journal_last + more;

    e->kept[lane].journal_last = last < e->wanted[lane] ? last : e->wanted[lane];
    dp_session_journal(&e->s, lane, e->kept[lane].journal_last);
}

/* R-LAN-3: what is sent stays within the window of this moment, but for a frame that goes alone. */
static void check_window(struct pipe *p, const struct end *e, const struct frame *f)
{
    bool low = f->lane >= DP_LANE_CASES, alone = true;
    uint64_t bytes = f->bytes, window = dp_session_window(&e->s);

    for (uint32_t i = 0; i < e->s.flight_count; i++) {
        if ((e->s.flight[i].lane >= DP_LANE_CASES) != low)
            continue;
        bytes += e->s.flight[i].bytes;
        alone = false;
    }
    CHECK(p, alone || bytes <= (low ? window / 2 : window));
}

static void send_one(struct pipe *p, struct end *e)
{
    struct end *to = peer_of(p, e);
    struct frame f = {.type = ACK};
    uint8_t i;

    if (e->s.state != DP_SESSION_DOWN && !e->s.greeted) {
        say_hello(p, e);
        return;
    }
    if (dp_session_acks(&e->s, &f.acks)) {
        for (i = 0; i < DP_LANES; i++)
            CHECK(p, f.acks.lane[i].durable <= e->got[i]);
        put(p, to, &f);
        dp_session_said(&e->s, 50, p->now);
    }
    f = (struct frame){.type = ITEM};
    if (to->in.count > WIRE_MAX / 2 || !dp_session_next(&e->s, &f.lane, &f.number))
        return;
    for (i = 0; i < f.lane; i++) /* R-LAN-1 */
        CHECK(p, e->s.next[i] > e->s.lane[i].journal_last);
    f.bytes = size_of(f.lane, f.number);
    f.epoch = e->s.lane[f.lane].epoch_out;
    if (!dp_session_fits(&e->s, f.lane, f.bytes))
        return;
    check_window(p, e, &f);
    put(p, to, &f);
    dp_session_sent(&e->s, f.lane, f.number, f.bytes, p->now);
}

/* ---- what must hold after each step ---- */

static void check_end(struct pipe *p, struct end *e)
{
    struct end *to = peer_of(p, e);
    uint64_t low = 0, bytes = 0, oldest = 0;
    uint32_t lows = 0;

    CHECK(p, e->s.state != DP_SESSION_STOPPED);
    for (unsigned i = 0; i < DP_LANES; i++) {
        CHECK(p, e->s.lane[i].acked <= to->got[i]); /* R-ACK-1 */
        CHECK(p, to->got[i] <= e->kept[i].journal_last);
        CHECK(p, e->s.next[i] > e->s.lane[i].acked);
        CHECK(p, e->s.next[i] <= e->kept[i].journal_last + 1);
    }
    for (uint32_t i = 0; i < e->s.flight_count; i++) {
        bytes += e->s.flight[i].bytes;
        CHECK(p, (uint64_t)e->s.flight[i].sent_ms >= oldest);
        oldest = (uint64_t)e->s.flight[i].sent_ms;
        if (e->s.flight[i].lane >= DP_LANE_CASES) {
            low += e->s.flight[i].bytes;
            lows++;
        }
    }
    CHECK(p, bytes == e->s.flight_bytes);
    CHECK(p, e->s.flight_count <= DP_FLIGHT_MAX && lows <= DP_FLIGHT_LOW_MAX);
    CHECK(p, bytes <= e->s.window_bytes); /* R-LAN-3 */
    CHECK(p, low <= e->s.window_bytes / 2);
}

static bool finished(const struct pipe *p)
{
    for (int i = 0; i < 2; i++) {
        const struct end *e = &p->end[i], *to = &p->end[1 - i];
        for (unsigned lane = 0; lane < DP_LANES; lane++) {
            if (e->s.lane[lane].acked != e->wanted[lane] || to->got[lane] != e->wanted[lane])
                return false;
        }
    }
    return true;
}

static void trouble(struct pipe *p)
{
    unsigned which = (unsigned)dp_rng_below(&p->rng, 2);

    if (dp_rng_chance(&p->rng, 1, 60))
        cut(p);
    if (dp_rng_chance(&p->rng, 1, 25))
        replay(p);
    if (dp_rng_chance(&p->rng, 1, 150)) { /* a process dies and comes back with what is durable */
        p->end[which].in.count = 0;
        p->end[1 - which].in.count = (uint32_t)dp_rng_below(&p->rng, p->end[1 - which].in.count + 1);
        start(&p->end[which], which == 0);
        if (which == 0 || dp_rng_chance(&p->rng, 1, 2))
            dp_session_lost(&p->end[1 - which].s);
    }
}

static void step(struct pipe *p)
{
    struct end *e = &p->end[dp_rng_below(&p->rng, 2)];
    struct frame f;
    uint64_t turns;

    p->now += (int64_t)dp_rng_below(&p->rng, 50);
    if (!p->calm)
        trouble(p);
    if (dp_session_tick(&e->s, p->now) == DP_TICK_LOST)
        dp_session_stop(&e->s, DP_STOP_SILENT);
    if (!e->s.is_parent && e->s.state == DP_SESSION_DOWN)
        dp_session_connect(&e->s, p->now);
    grow(p, e);
    for (turns = dp_rng_below(&p->rng, 6); turns > 0 && take(e, &f); turns--)
        receive(p, e, &f);
    commit(p, e);
    for (turns = dp_rng_below(&p->rng, 6); turns > 0; turns--)
        send_one(p, e);
    check_end(p, &p->end[0]);
    check_end(p, &p->end[1]);
}

static void check_shelves(struct pipe *p)
{
    for (int i = 0; i < 2; i++) {
        struct end *e = &p->end[i];
        for (uint8_t lane = 0; lane < DP_LANES; lane++) {
            for (uint64_t n = 1; n <= e->wanted[lane]; n++)
                CHECK(p, e->shelf[lane][n] == unusable(lane, n)); /* R-ACK-2: no refusal is lost */
        }
    }
}

static void run(uint64_t seed, struct frame *left, struct frame *right)
{
    struct pipe *p = calloc(1, sizeof(*p));
    uint32_t steps = 0;

    assert_non_null(p);
    p->seed = seed;
    dp_rng_seed(&p->rng, seed);
    p->end[0].in.frames = left;
    p->end[1].in.frames = right;
    for (uint32_t i = 0; i < 2; i++) {
        p->end[i].inc = 100 + i;
        for (uint8_t lane = 0; lane < DP_LANES; lane++) {
            p->end[i].kept[lane].epoch_out = 1 + i * 10 + lane;
            p->end[i].wanted[lane] = dp_rng_below(&p->rng, ITEMS + 1);
        }
        start(&p->end[i], i == 0);
    }
    while (!finished(p)) {
        p->calm = steps > 3000; /* N1: whatever happened, it comes through in the end */
        step(p);
        CHECK(p, ++steps < 40000);
    }
    /* One quiet greeting more, so that refusals lost with a cut are said again. */
    p->end[0].in.count = p->end[1].in.count = 0;
    p->calm = true;
    dp_session_lost(&p->end[0].s);
    dp_session_lost(&p->end[1].s);
    for (steps = 0; steps < 400; steps++)
        step(p);
    CHECK(p, finished(p));
    check_shelves(p);
    free(p);
}

/* R-JRN-1, R-HEL-1, R-HEL-2, R-ACK-1, R-ACK-2, R-ACK-3, R-LAN-1, R-LAN-3 */
static void everything_arrives_once_and_in_order(void **state)
{
    struct frame *left = calloc(WIRE_MAX, sizeof(*left)), *right = calloc(WIRE_MAX, sizeof(*right));
    const char *only = getenv("DP_SEED");

    (void)state;
    assert_non_null(left);
    assert_non_null(right);
    if (only != NULL) {
        run(strtoull(only, NULL, 10), left, right);
    } else {
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            run(seed, left, right);
    }
    free(left);
    free(right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_once_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
