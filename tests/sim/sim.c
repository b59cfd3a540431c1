/* SPDX-License-Identifier: Apache-2.0 */
/* A history from its seed to its rest: see sim.h. */
#include "sim/sim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "sim/fault.h"
#include "sim/oracle.h"
#include "sim/roster.h"
#include "sim/work.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_US INT64_C(3600000000)
#define REST_DAYS 21 /* at most, until everything is at rest after the last fault */

/* ---- chance ---- */

struct dp_rng sim_stream(uint64_t seed, const char *word, uint64_t number)
{
    struct dp_rng r;
    uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + number;
    for (; *word != '\0'; word++)
        x = (x ^ (uint8_t)*word) * UINT64_C(0x100000001b3);
    dp_rng_seed(&r, x);
    return r;
}

int64_t sim_spread(struct dp_rng *r, int64_t low, int64_t high)
{
    int64_t top = low > 0 ? low : 1;
    uint64_t steps = 1;
    if (high <= low)
        return low;
    for (int64_t x = top; x < high; x *= 2)
        steps++;
    for (uint64_t k = dp_rng_below(r, steps); k > 0 && top < high; k--)
        top *= 2;
    if (top > high)
        top = high;
    int64_t from = top / 2 > low ? top / 2 : low;
    return from + (int64_t)dp_rng_below(r, (uint64_t)(top - from) + 1);
}

bool sim_is_off(const struct sim *s, const char *word)
{
    for (uint32_t i = 0; i < s->opt.off_count; i++)
        if (strcmp(s->opt.off[i], word) == 0)
            return true;
    return false;
}

/* ---- the end ---- */

static void deliver(struct sim *s)
{
    struct sim_result *r = &s->result;
    r->step = s->c->steps;
    r->now_ms = s->c->now_ms - s->began_ms;
    if (s->result_fd >= 0 && write(s->result_fd, r, sizeof(*r)) != (ssize_t)sizeof(*r))
        _exit(1);
}

void sim_broken(struct sim *s, const char *invariant, const char *fmt, ...)
{
    va_list ap;
    s->result.broken = true;
    snprintf(s->result.invariant, sizeof(s->result.invariant), "%s", invariant);
    va_start(ap, fmt);
    vsnprintf(s->result.text, sizeof(s->result.text), fmt, ap);
    va_end(ap);
    trace_say(s, NULL, "BROKEN %s: %s", invariant, s->result.text);
    deliver(s);
    if (s->opt.lmdb)
        cluster_remove_dir(s->c); /* of this copy */
    fflush(NULL);
    _exit(SIM_EXIT_BROKEN);
}

/* ---- what the engine tells ---- */

static void mix(struct sim *s, uint64_t x)
{
    x = (s->result.hash ^ x) * UINT64_C(0xff51afd7ed558ccd);
    s->result.hash = x ^ x >> 32;
}

static void mix_bytes(struct sim *s, struct dp_slice b)
{
    uint64_t x = 0;
    size_t i = 0;
    for (; i + 8 <= b.len; i += 8) {
        memcpy(&x, b.p + i, 8);
        mix(s, x);
    }
    for (x = b.len; i < b.len; i++)
        x = x << 8 | b.p[i];
    mix(s, x);
}

static bool frame(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice bytes)
{
    struct sim *s = ctx;
    s->result.frames++;
    mix(s, (uint64_t)s->c->now_us ^ (uint64_t)from->index << 48 ^ (uint64_t)to->index << 32);
    mix_bytes(s, bytes);
    if (s->opt.trace)
        trace_frame(s, from, to, bytes);
    oracle_frame(s->oracle, from, to, bytes);
    return true;
}

void sim_committed(struct sim *s, const struct cl_node *n, const struct tape *t)
{
    struct tape_write w;
    s->result.commits++;
    mix(s, n->index);
    for (size_t at = 0; tape_next(t, &at, &w);) {
        mix(s, w.table << 1 | w.del);
        mix_bytes(s, w.key);
        mix_bytes(s, w.val);
    }
}

static void started(void *ctx, struct cl_node *n)
{
    struct sim *s = ctx;
    trace_say(s, n, "starts");
    oracle_started(s->oracle, n);
}

static void died(void *ctx, struct cl_node *n)
{
    trace_say(ctx, n, "dies");
}

static void linked(void *ctx, struct cl_link *l, bool up)
{
    struct sim *s = ctx;
    trace_say(s, s->c->nodes[l->child], "line %s", up ? "up" : "down");
}

static void turned(void *ctx, struct cl_node *n, bool failed)
{
    struct sim *s = ctx;
    s->result.turns++;
    oracle_stopped(s->oracle, n);
    if (failed)
        trace_say(s, n, "a turn failed");
}

static void broken(void *ctx, const char *invariant, const char *text)
{
    sim_broken(ctx, invariant, "%s", text);
}

static void listen(struct sim *s)
{
    s->c->tap = frame;
    s->c->tap_ctx = s;
    s->c->watch = (struct cl_watch){
        .turned = turned, .died = died, .started = started, .linked = linked, .broken = broken, .ctx = s};
}

/* ---- time ---- */

struct sim_hour {
    struct sim *s;
    struct cl_event next;
};

static void every_hour(void *ctx)
{
    struct sim_hour *h = ctx;
    oracle_hour(h->s->oracle);
    cl_at(h->s->c, &h->next, h->s->c->now_us + HOUR_US);
}

static _Noreturn void finish(struct sim *s)
{
    deliver(s);
    fflush(NULL);
    _exit(0);
}

/* Until `until_ms`, or to the step that was asked for. */
static void run(struct sim *s, int64_t until_ms)
{
    while (cluster_step(s->c, until_ms))
        if (s->opt.until != 0 && s->c->steps >= s->opt.until)
            finish(s);
}

/* ---- a turn that does not end ---- */

#define TURN_S 60 /* of the processor, for one step */

static struct sim *watched;
static uint64_t step_then;

static void look_at_watch(int signal)
{
    (void)signal;
    if (watched->c->steps == step_then)
        sim_broken(watched, "I14", "a turn does not end");
    step_then = watched->c->steps;
}

/* In steps, not in time: a history stays what it is. */
static void watch_turns(struct sim *s)
{
    struct itimerval every = {{TURN_S, 0}, {TURN_S, 0}};
    watched = s;
    step_then = UINT64_MAX;
    (void)signal(SIGVTALRM, look_at_watch);
    (void)setitimer(ITIMER_VIRTUAL, &every, NULL);
}

#define WRAPPING_MS INT64_C(1200000)

static void come_to_rest(struct sim *s)
{
    char why[128];
    if (cluster_settle(s->c, REST_DAYS * DAY_MS))
        return;
    (void)cluster_rests(s->c, why);
    sim_broken(s, "I14", "it does not come to rest in %d days: %s", REST_DAYS, why);
}

void sim_run(struct sim *s, struct cluster *tree)
{
    static struct sim_hour hour;
    world_begin(s, tree);
    s->profile = s->opt.profile != NULL ? s->opt.profile : profile_of_seed(s->opt.seed);
    s->work = s->opt.work != NULL ? s->opt.work : work_usual();
    s->c->steps = 0;
    s->oracle = oracle_new(s);
    listen(s);
    watch_turns(s);
    hour.s = s;
    cl_event_init(s->c, &hour.next, every_hour, &hour);
    cl_at(s->c, &hour.next, s->c->now_us + HOUR_US);
    faults_begin(s);
    work_begin(s);
    int64_t days = s->opt.days > 0 ? s->opt.days : s->work->days;
    run(s, s->c->now_ms + days * DAY_MS);
    s->calm = true;
    work_end(s);
    faults_end(s);
    come_to_rest(s);
    run(s, s->c->now_ms + WRAPPING_MS); /* R-STO-6: what has gone is destroyed by then */
    come_to_rest(s);
    oracle_rest(s->oracle);
    roster_check(s);
    s->result.entries = s->oracle->entry_count;
    s->result.acknowledged = s->oracle->acknowledged;
    finish(s);
}
