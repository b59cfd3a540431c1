/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults in their time. Each kind has, for every line or node, its own stream of chance and its own event; a
 * fault that lasts ends by a second event of the same place. See fault.h.
 */
#include "sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oracle.h"
#include "sim/roster.h"
#include "support/cmocka_all.h"

#define DAY_MS INT64_C(86400000)
#define YEAR_MS (365 * DAY_MS)
#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)

/* How a node that was restored comes back. */
enum after {
    AFTER_NOTHING,
    AFTER_BLIND, /* its line is dead: nobody can tell it for a while */
    AFTER_FULL,  /* its disk is full when it is told, and when there is room it is dark */
    AFTER_COUNT
};

struct place {
    struct sim *s;
    enum sim_fault_kind kind;
    uint32_t i; /* line or node */
    struct dp_rng dice;
    struct cl_event next, over;
    struct dp_kv *backup; /* SIM_RESTORE */
    enum after after;
    bool did; /* SIM_DARK: the line is cut by it */
};

struct sim_faults {
    struct place *place[SIM_FAULT_COUNT];
    uint32_t count[SIM_FAULT_COUNT];
    uint32_t fallen[CL_NODES_MAX];  /* bit per kind of fault */
    bool behind[CL_NODES_MAX];      /* restored from before what its parent holds */
    bool misled[CL_NODES_MAX];      /* its clock was wrong, */
    int64_t ahead_ms[CL_NODES_MAX]; /* and so much ahead */
};

/* From here on this node's word is worth nothing, and nobody waits for its lines. */
static void fall(struct sim *s, struct cl_node *n, enum sim_fault_kind why)
{
    s->faults->fallen[n->index] |= 1u << why;
    for (uint32_t i = 0; i < n->line_count; i++)
        n->lines[i]->excused = true;
}

static bool is_of_line(enum sim_fault_kind k)
{
    return k == SIM_BREAK || k == SIM_HALF || k == SIM_CUT || k == SIM_STALL;
}

bool fault_is_honest(const struct sim *s, const struct cl_node *n)
{
    return s->faults == NULL || s->faults->fallen[n->index] == 0;
}

bool fault_clock_was_wrong(const struct sim *s, const struct cl_node *n)
{
    return s->faults != NULL && s->faults->misled[n->index];
}

int64_t fault_clock_ahead_ms(const struct sim *s, const struct cl_node *n)
{
    return s->faults == NULL ? 0 : s->faults->ahead_ms[n->index];
}

/* ---- each kind ---- */

static void storm(struct cl_node *n)
{
    for (uint32_t i = 0; i < n->line_count; i++)
        cl_cut(n->c, n->lines[i]);
}

/* Within minutes they are all back. */
static void storm_over(struct cl_node *n, struct dp_rng *dice)
{
    for (uint32_t i = 0; i < n->line_count; i++) {
        n->lines[i]->dial_ms = n->c->now_ms + (int64_t)dp_rng_below(dice, 300000);
        cl_mend(n->lines[i]);
    }
}

static void crash(struct cl_node *n, struct dp_rng *dice)
{
    switch (dp_rng_below(dice, 4)) {
    case 0:
        cl_kill(n, (int64_t)dp_rng_below(dice, 60000));
        break;
    case 1:
        n->crash_next = CL_CRASH_BEFORE_COMMIT;
        n->crash_waits = true;
        break;
    case 2:
        n->crash_next = CL_CRASH_AFTER_COMMIT;
        n->crash_waits = true;
        break;
    default:
        n->crash_next = CL_CRASH_AFTER_COMMIT;
        n->crash_waits = false;
        break;
    }
}

static void clock_wrong(struct cl_node *n, struct dp_rng *dice)
{
    n->clock_from_ms = n->c->now_ms;
    n->clock_unsynced = dp_rng_below(dice, 2) == 0;
    if (dp_rng_below(dice, 3) == 0) {
        n->clock_fast_ppm = 100 + (int64_t)dp_rng_below(dice, 500000);
        return;
    }
    n->clock_off_ms = sim_spread(dice, 60000, YEAR_MS);
    if (dp_rng_below(dice, 2) == 0)
        n->clock_off_ms = -n->clock_off_ms;
}

static void note_clock(struct sim_faults *f, const struct cl_node *n)
{
    int64_t ahead = n->clock_fast_ppm != 0 ? 30 * DAY_MS : n->clock_off_ms;
    f->misled[n->index] = true;
    if (f->ahead_ms[n->index] < ahead)
        f->ahead_ms[n->index] = ahead;
}

static void clock_right(struct cl_node *n)
{
    n->clock_off_ms = n->clock_fast_ppm = 0;
    n->clock_unsynced = false;
}

static bool chain_of(const struct dp_kv *kv, const struct cl_node *n, uint64_t *number)
{
    struct dp_db db = {.kv = (struct dp_kv *)(uintptr_t)kv};
    struct dp_chain_row row;
    assert_ok(dp_db_begin(&db, false));
    enum dp_err e = dp_db_chain(&db, n->id, n->d == NULL ? 0 : n->d->own.inc, &row);
    dp_db_abort(&db);
    *number = e == DP_OK ? row.number : 0;
    return e == DP_OK;
}

static bool parent_holds_more(const struct sim *s, const struct cl_node *n, const struct dp_kv *backup)
{
    const struct cl_link *l = cl_link_of(s->c, n);
    uint64_t there, here;
    if (l == NULL || !chain_of(s->c->nodes[l->parent]->kv, n, &there))
        return false;
    (void)chain_of(backup, n, &here);
    return there > here;
}

bool fault_must_stop(const struct sim *s, const struct cl_node *n)
{
    return s->faults->fallen[n->index] == 1u << SIM_RESTORE && s->faults->behind[n->index];
}

bool fault_is_doubled(const struct sim *s, const struct cl_node *n)
{
    return s->faults->fallen[n->index] == 1u << SIM_CLONE;
}

/* First a backup is made, and at the next time the node starts from it. */
static void restore(struct sim *s, struct place *p, struct cl_node *n)
{
    if (p->backup == NULL) {
        p->backup = tape_backup(n);
        return;
    }
    struct cl_link *l = cl_link_of(s->c, n);
    p->after = (enum after)dp_rng_below(&p->dice, AFTER_COUNT);
    s->faults->behind[n->index] = parent_holds_more(s, n, p->backup);
    fall(s, n, SIM_RESTORE);
    oracle_node_of(s->oracle, n)->swapped = true;
    if (p->after == AFTER_BLIND && l != NULL)
        cl_cut(s->c, l);
    cl_replace(n, p->backup);
    p->backup = NULL;
    oracle_swapped(s->oracle, n);
    if (p->after == AFTER_FULL)
        tape_full(tape_of(n), true);
    if (p->after != AFTER_NOTHING)
        cl_at(s->c, &p->over, s->c->now_us + 1000 * sim_spread(&p->dice, MINUTE_MS, 12 * HOUR_MS));
}

/* The rest of a restoration: room, and a line, are there again. */
static void restored(struct sim *s, struct place *p, struct cl_node *n)
{
    struct cl_link *l = cl_link_of(s->c, n);
    if (p->after == AFTER_BLIND && l != NULL)
        cl_mend(l);
    if (p->after != AFTER_FULL)
        return;
    tape_full(tape_of(n), false);
    if (!s->calm)
        fault_now(s, SIM_DARK, n->index, sim_spread(&p->dice, HOUR_MS, 12 * HOUR_MS));
}

static bool has_stopped(const struct cl_node *n)
{
    return n->d != NULL && n->d->stopped != DP_STOP_NONE;
}

/* What it knows of its stop is what it has written. */
static void dark(struct sim *s, struct place *p, struct cl_node *n)
{
    struct cl_link *l = cl_link_of(s->c, n);
    p->did = has_stopped(n) && l != NULL && !l->cut;
    if (p->did)
        cl_cut(s->c, l);
    if (has_stopped(n))
        cl_kill(n, (int64_t)dp_rng_below(&p->dice, MINUTE_MS));
}

static void dark_over(struct sim *s, struct place *p, struct cl_node *n)
{
    if (p->did)
        cl_mend(cl_link_of(s->c, n));
    p->did = false;
}

static void clear_line(struct cl_node *at, const struct cl_node *of)
{
    struct cl_command x;
    if (at->d == NULL)
        return;
    cl_admin(&x, "link.clear")->node = of->text;
    (void)cl_do(at, &x);
}

/* The lines first, so that those at their ends greet; at another time the stop. */
static void clear_stop(struct sim *s, struct cl_node *n, struct dp_rng *dice)
{
    const struct cl_link *l = cl_link_of(s->c, n);
    struct cl_command x;
    if (!has_stopped(n))
        return;
    if (l != NULL && dp_rng_below(dice, 3) == 0) {
        clear_line(s->c->nodes[l->parent], n);
        clear_line(n, s->c->nodes[l->parent]);
        return;
    }
    bool may = oracle_may_go_on(s->oracle, n);
    cl_admin(&x, "life.clear");
    struct cl_result r = cl_do(n, &x);
    oracle_cleared(s->oracle, n, may, &r);
}

static void clone_node(struct sim *s, struct cl_node *n)
{
    if (cl_link_of(s->c, n) == NULL || n->d == NULL || s->c->node_count == CL_NODES_MAX)
        return;
    struct cl_node *twin = cl_clone(n);
    fall(s, n, SIM_CLONE);
    fall(s, twin, SIM_CLONE);
    oracle_swapped(s->oracle, twin);
}

static void revoke(struct sim *s, struct cl_node *n)
{
    struct cl_command x;
    struct cl_link *l = cl_link_of(s->c, n);
    struct cl_node *parent = l == NULL ? NULL : s->c->nodes[l->parent];
    if (parent == NULL || parent->d == NULL)
        return;
    struct dp_admin *a = cl_admin(&x, "enroll.revoke");
    a->node = n->text;
    a->reason = "lost";
    struct cl_result r = cl_do(parent, &x);
    if (!r.answered || r.err == DP_OK) /* it may have died when it was done */
        fall(s, n, SIM_REVOKE);
}

static void begin_fault(struct sim *s, struct place *p, struct dp_rng *dice)
{
    struct cluster *c = s->c;
    struct cl_link *l = is_of_line(p->kind) ? c->links[p->i] : NULL;
    struct cl_node *n = l != NULL ? NULL : c->nodes[p->i];
    s->result.faults++;
    trace_say(s, n != NULL ? n : c->nodes[l->child], "fault %s", sim_fault_word(p->kind));
    switch (p->kind) {
    case SIM_BREAK:
        cl_break(c, l, true);
        break;
    case SIM_HALF:
        cl_half_break(c, l);
        break;
    case SIM_CUT:
        cl_cut(c, l);
        break;
    case SIM_STALL:
        cl_stall(l,
                 sim_spread(dice, s->profile->rate[SIM_STALL].low_ms, s->profile->rate[SIM_STALL].high_ms));
        break;
    case SIM_STORM:
        storm(n);
        break;
    case SIM_CRASH:
        crash(n, dice);
        break;
    case SIM_DOWN:
        cl_kill(n, -1);
        break;
    case SIM_SLOW:
        n->commit_us = sim_spread(dice, 10000, 20000000);
        break;
    case SIM_FULL:
        tape_full(tape_of(n), true);
        break;
    case SIM_FAIL:
        tape_fail(tape_of(n), 1 + (uint32_t)dp_rng_below(dice, 3),
                  dp_rng_below(dice, 2) == 0 ? DP_IO : DP_FULL);
        break;
    case SIM_CLOCK:
        clock_wrong(n, dice);
        note_clock(s->faults, n);
        break;
    case SIM_RESTORE:
        restore(s, p, n);
        break;
    case SIM_DARK:
        dark(s, p, n);
        break;
    case SIM_CLEAR:
        clear_stop(s, n, dice);
        break;
    case SIM_CLONE:
        clone_node(s, n);
        break;
    case SIM_REVOKE:
        revoke(s, n);
        break;
    case SIM_ROSTER:
        roster_change(s, n, dice);
        break;
    case SIM_ODD:
        hostile_odd(s, n);
        break;
    case SIM_HOSTILE:
        fall(s, n, SIM_HOSTILE);
        hostile_act(s, n, dice);
        break;
    case SIM_FAULT_COUNT:
        break;
    }
}

static void end_fault(struct sim *s, struct place *p)
{
    struct cluster *c = s->c;
    struct cl_node *n = is_of_line(p->kind) ? NULL : c->nodes[p->i];
    if (p->kind == SIM_CUT)
        cl_mend(c->links[p->i]);
    else if (p->kind == SIM_STORM)
        storm_over(n, &p->dice);
    else if (p->kind == SIM_DOWN)
        cl_start(n);
    else if (p->kind == SIM_SLOW)
        n->commit_us = 0;
    else if (p->kind == SIM_FULL)
        tape_full(tape_of(n), false);
    else if (p->kind == SIM_CLOCK)
        clock_right(n);
    else if (p->kind == SIM_RESTORE)
        restored(s, p, n);
    else if (p->kind == SIM_DARK)
        dark_over(s, p, n);
}

/* ---- when ---- */

static void plan(struct place *p)
{
    const struct sim_rate *r = &p->s->profile->rate[p->kind];
    int64_t mean_ms = 1000 * DAY_MS / r->per_1000_days;
    cl_at(p->s->c, &p->next, p->s->c->now_us + 1000 * (int64_t)dp_rng_below(&p->dice, 2 * (uint64_t)mean_ms));
}

static void fires(void *ctx)
{
    struct place *p = ctx;
    const struct sim_rate *r = &p->s->profile->rate[p->kind];
    if (p->over.place == 0) {
        begin_fault(p->s, p, &p->dice);
        if (r->high_ms > 0)
            cl_at(p->s->c, &p->over, p->s->c->now_us + 1000 * sim_spread(&p->dice, r->low_ms, r->high_ms));
    }
    plan(p);
}

static void is_over(void *ctx)
{
    struct place *p = ctx;
    end_fault(p->s, p);
}

void fault_now(struct sim *s, enum sim_fault_kind k, uint32_t i, int64_t ms)
{
    if (i >= s->faults->count[k]) /* a twin or its line: it came later */
        return;
    struct place *p = &s->faults->place[k][i];
    if (p->over.place != 0)
        return;
    begin_fault(s, p, &p->dice);
    if (ms > 0)
        cl_at(s->c, &p->over, s->c->now_us + 1000 * ms);
}

/* ---- a history ---- */

static void shape_lines(struct sim *s)
{
    const struct sim_profile *p = s->profile;
    for (uint32_t i = 0; i < s->c->link_count; i++) {
        struct cl_link *l = s->c->links[i];
        struct dp_rng r = sim_stream(s->opt.seed, "line", i);
        l->latency_us = sim_spread(&r, p->latency_low_us, p->latency_high_us);
        l->jitter_us = p->jitter_us == 0 ? 0 : (int64_t)dp_rng_below(&r, (uint64_t)p->jitter_us);
        l->rate_bps = (uint64_t)sim_spread(&r, (int64_t)p->rate_low_bps, (int64_t)p->rate_high_bps);
    }
}

/* One node of a tree lies: were there more, nobody would be left whose word can be checked. */
static uint32_t liar(const struct sim *s)
{
    struct dp_rng r = sim_stream(s->opt.seed, "liar", 0);
    return s->c->node_count < 2 ? 0 : 1 + (uint32_t)dp_rng_below(&r, s->c->node_count - 1);
}

void faults_begin(struct sim *s)
{
    s->faults = calloc(1, sizeof(*s->faults));
    assert_non_null(s->faults);
    shape_lines(s);
    for (unsigned k = 0; k < SIM_FAULT_COUNT; k++) {
        uint32_t n = is_of_line((enum sim_fault_kind)k) ? s->c->link_count : s->c->node_count;
        s->faults->place[k] = calloc(n, sizeof(struct place));
        assert_non_null(s->faults->place[k]);
        s->faults->count[k] = n;
        for (uint32_t i = 0; i < n; i++) {
            struct place *p = &s->faults->place[k][i];
            p->s = s;
            p->kind = (enum sim_fault_kind)k;
            p->i = i;
            p->dice = sim_stream(s->opt.seed, sim_fault_word(p->kind), i);
            cl_event_init(s->c, &p->next, fires, p);
            cl_event_init(s->c, &p->over, is_over, p);
            if (s->profile->rate[k].per_1000_days > 0 && !sim_is_off(s, sim_fault_word(p->kind)) &&
                (k != SIM_HOSTILE || i == liar(s)))
                plan(p);
        }
    }
}

void faults_end(struct sim *s)
{
    for (unsigned k = 0; k < SIM_FAULT_COUNT; k++) {
        for (uint32_t i = 0; i < s->faults->count[k]; i++) {
            struct place *p = &s->faults->place[k][i];
            cl_take_back(s->c, &p->next);
            if (p->over.place != 0)
                end_fault(s, p);
            cl_take_back(s->c, &p->over);
        }
    }
    for (uint32_t i = 0; i < s->c->node_count; i++) {
        s->c->nodes[i]->crash_next = CL_CRASH_NONE;
        tape_fail(tape_of(s->c->nodes[i]), 0, DP_OK);
        if (s->c->nodes[i]->d == NULL)
            cl_start(s->c->nodes[i]);
    }
}
