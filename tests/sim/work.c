/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What officers do with what their own node shows them. The inbox names what waits; the habits of the
 * workload say how often an officer leaves it, objects, or tries a step that does not fit. See work.h.
 */
#include "sim/work.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oracle.h"
#include "support/cmocka_all.h"

#define MINUTE_US INT64_C(60000000)
#define DAY_MS INT64_C(86400000)
#define OPEN_MIN (8 * 60 + 30)
#define CLOSED_MIN (17 * 60 + 30)

/* ---- doing ---- */

struct cl_result work_do(struct sim_agent *a, const struct cl_command *x)
{
    struct cl_result r = cl_do_as(a->n, a->uid, x);
    a->tried++;
    a->unanswered += !r.answered;
    a->refused += r.answered && r.err != DP_OK;
    if (a->s->opt.trace && x->cmd.kind == DP_COMMAND_STEP)
        trace_say(a->s, a->n, "%s %s %s: %s %s", dp_kind_word((enum dp_kind)x->cmd.u.step.kind),
                  x->cmd.u.step.case_ref, x->cmd.u.step.to, r.answered ? dp_err_name(r.err) : "no answer",
                  r.number);
    oracle_answered(a->s->oracle, a->n, x, &r);
    return r;
}

struct cl_result work_register(struct sim_agent *a, const char *about, uint32_t purpose, uint32_t flags)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Wang Cuihua", about);
    in->purpose = purpose;
    in->flags = flags;
    return work_do(a, &x);
}

struct cl_result work_step(struct sim_agent *a, enum dp_kind kind, const char *of_case, const char *to,
                           const char *re)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, kind, of_case);
    struct dp_date today = dp_date_of_ms(cl_wall_ms(a->n));
    s->to = to;
    s->re = re;
    s->date = today;
    s->due = dp_date_add(today, 30);
    s->code = kind == DP_KIND_SUPERVISE ? 4 : 1;
    s->code2 = kind == DP_KIND_SUPERVISE ? 2 : kind == DP_KIND_TRANSFER || kind == DP_KIND_ASSIGN ? 0 : 1;
    s->code3 = 1;
    s->days = 20;
    if (kind == DP_KIND_CLOSE)
        s->code = DP_CLOSE_OPINION_FINAL;
    if (kind == DP_KIND_SIGN || kind == DP_KIND_LOCK || kind == DP_KIND_UNLOCK)
        return work_do(a, &x);
    cl_text(&x, "seen, and written down at length as a clerk does");
    struct cl_result r = work_do(a, &x);
    if (dp_kind_is_offer(kind) && r.answered && r.err == DP_OK)
        work_pen_offered(a, of_case);
    return r;
}

/* ---- where to ---- */

static uint32_t below(struct sim_agent *a, uint32_t n)
{
    return (uint32_t)dp_rng_below(&a->dice, n);
}

static bool often(struct sim_agent *a, uint32_t percent)
{
    return below(a, 100) < percent;
}

bool work_near(struct sim_agent *a, bool up, char out[DP_OFFICE_TEXT])
{
    struct cluster *c = a->s->c;
    uint32_t fits = 0;
    for (uint32_t i = 0; i < a->n->line_count; i++) {
        const struct cl_link *l = a->n->lines[i];
        bool is_child = c->nodes[l->child] == a->n;
        if (is_child == up && dp_rng_below(&a->dice, ++fits) == 0)
            cl_office(c->nodes[is_child ? l->parent : l->child], out);
    }
    return fits > 0;
}

/* ---- the inbox ---- */

static void give(struct sim_agent *a, enum dp_kind kind, const char *ref, const char *to)
{
    if (work_step(a, kind, ref, to, "").err == DP_OK)
        snprintf(a->given, sizeof(a->given), "%s", ref);
}

/* It does not go well there: the case comes back from whoever has it by now. */
static void recall(struct sim_agent *a)
{
    if (a->given[0] == '\0')
        return;
    work_step(a, DP_KIND_TAKE, a->given, "", "");
    a->given[0] = '\0';
}

/* Locked, and at a later look perhaps set free again. */
static void lock(struct sim_agent *a, const char *ref)
{
    work_step(a, often(a, 60) ? DP_KIND_LOCK : DP_KIND_UNLOCK, ref, "", "");
}

/* What to do first with a case that was registered or taken here. */
static void triage(struct sim_agent *a, const char *ref)
{
    char to[DP_OFFICE_TEXT];
    enum dp_tier tier = dp_node_tier(a->n->id);
    if (tier == DP_TIER_VILLAGE || (often(a, 30) && work_near(a, true, to))) {
        if (work_near(a, true, to))
            work_step(a, DP_KIND_REFER_UP, ref, to, "");
        return;
    }
    if (often(a, 50) && work_near(a, false, to))
        give(a, often(a, 30) ? DP_KIND_ASSIGN : DP_KIND_TRANSFER, ref, to);
    else
        work_step(a, DP_KIND_OPINION, ref, "", "");
}

static void handle(struct sim_agent *a, const char *ref)
{
    char to[DP_OFFICE_TEXT];
    if (often(a, a->s->work->habits.extend))
        work_step(a, DP_KIND_EXTEND, ref, "", "");
    else if (often(a, 15) && dp_node_tier(a->n->id) < DP_TIER_TOWNSHIP && work_near(a, false, to))
        give(a, DP_KIND_TRANSFER, ref, to);
    else
        work_step(a, DP_KIND_OPINION, ref, "", "");
}

/* A step that does not fit, out of haste. */
static void blunder(struct sim_agent *a, const char *ref)
{
    static const enum dp_kind kinds[] = {DP_KIND_CLOSE,     DP_KIND_OPINION, DP_KIND_TAKE,
                                         DP_KIND_WITHDRAW,  DP_KIND_SERVE,   DP_KIND_ANSWER,
                                         DP_KIND_SUPERVISE, DP_KIND_NOTE,    DP_KIND_DESIGNATE,
                                         DP_KIND_TRANSFER,  DP_KIND_OBJECT,  DP_KIND_EXTEND};
    char to[DP_OFFICE_TEXT] = "";
    (void)work_near(a, often(a, 50), to);
    work_step(a, kinds[below(a, sizeof(kinds) / sizeof(kinds[0]))], ref, to, "");
}

static void act_on(struct sim_agent *a, const char *action, const char *ref, const char *entry)
{
    const struct sim_habits *h = &a->s->work->habits;
    if (strcmp(action, "sign") == 0 || strcmp(action, "read_answer") == 0)
        work_step(a, DP_KIND_SIGN, ref, "", entry);
    else if (strcmp(action, "accept") == 0)
        work_step(a, often(a, h->object) ? DP_KIND_OBJECT : DP_KIND_ACCEPT, ref, "", entry);
    else if (strcmp(action, "answer_objection") == 0)
        work_step(a, DP_KIND_OBJECTION_ANSWER, ref, "", entry);
    else if (strcmp(action, "report_back") == 0)
        work_step(a, DP_KIND_REPORT_BACK, ref, "", entry);
    else if (strcmp(action, "answer_order") == 0)
        work_step(a, DP_KIND_ANSWER, ref, "", entry);
    else if (strcmp(action, "triage") == 0)
        triage(a, ref);
    else if (strcmp(action, "handle") == 0)
        handle(a, ref);
    else if (strcmp(action, "serve") == 0)
        work_step(a, DP_KIND_SERVE, ref, "", "");
    else if (strcmp(action, "close") == 0)
        work_step(a, DP_KIND_CLOSE, ref, "", "");
    else if (strcmp(action, "co_handle") == 0)
        work_step(a, DP_KIND_NOTE, ref, "", "");
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s == NULL ? "" : s;
}

static void go_through(struct sim_agent *a, const json_t *rows)
{
    const struct sim_habits *h = &a->s->work->habits;
    size_t i;
    const json_t *row;
    a->left = 0;
    json_array_foreach(rows, i, row)
    {
        if (a->n->d == NULL)
            return;
        if (often(a, h->lock))
            lock(a, text_of(row, "name"));
        if (a->n->d != NULL && often(a, h->erase))
            work_erase(a, text_of(row, "name"));
        if (a->n->d == NULL)
            return;
        if (often(a, h->lazy))
            a->left++;
        else if (often(a, h->wrong))
            blunder(a, text_of(row, "name"));
        else
            act_on(a, text_of(row, "action"), text_of(row, "name"), text_of(row, "entry"));
    }
}

static uint64_t entries_at(const struct cl_node *n)
{
    const struct dp_daemon_counters *k = dp_daemon_counters(n->d);
    return k->entries_in + k->entries_own;
}

static void look(struct sim_agent *a)
{
    struct cl_command x;
    if (entries_at(a->n) == a->seen && a->left == 0)
        return;
    cl_query(&x, "inbox");
    char *text = cl_ask(a->n, a->uid, &x);
    json_t *j = text == NULL ? NULL : json_loads(text, 0, NULL);
    free(text);
    if (j == NULL)
        return;
    go_through(a, json_object_get(j, "rows"));
    json_decref(j);
    if (a->n->d != NULL)
        a->seen = entries_at(a->n);
}

void work_visit(struct sim *s, struct sim_agent *a)
{
    while (a->n->d != NULL && a->to_register > 0) {
        if (!work_hear(a))
            return;
        a->to_register--;
    }
    if (a->n->d != NULL && often(a, s->work->habits.recall))
        recall(a);
    if (a->n->d != NULL)
        look(a);
}

/* ---- when ---- */

/* A time within office hours of the next days, by the true clock. */
static int64_t next_visit_us(struct sim_agent *a)
{
    struct sim *s = a->s;
    if (s->work->round_the_clock)
        return s->c->now_us + (int64_t)dp_rng_below(&a->dice, 40 * (uint64_t)MINUTE_US);
    struct dp_date day = dp_date_of_ms(CL_EPOCH_MS + s->c->now_ms);
    int64_t min = (CL_EPOCH_MS + s->c->now_ms - dp_date_start_ms(day)) / 60000;
    int64_t at = min + 60 + (int64_t)below(a, 180);
    if (at < OPEN_MIN)
        at = OPEN_MIN + (int64_t)below(a, 60);
    if (at > CLOSED_MIN) {
        int64_t days = 1;
        while (dp_date_weekday(dp_date_add(day, (int32_t)days)) > 5)
            days++;
        at = days * 1440 + OPEN_MIN + (int64_t)below(a, 120);
    }
    return s->c->now_us + (at - min) * MINUTE_US + (int64_t)below(a, 60000) * 1000;
}

static void visits(void *ctx)
{
    struct sim_agent *a = ctx;
    void (*act)(struct sim *, struct sim_agent *) = a->s->work->act;
    if (a->n->d != NULL)
        (act != NULL ? act : work_visit)(a->s, a);
    work_ask(a);
    if (a->n->d != NULL)
        work_pen(a);
    cl_at(a->s->c, &a->visit, next_visit_us(a));
}

/* ---- what comes in ---- */

static struct arrivals {
    struct sim *s;
    struct dp_rng dice;
    struct cl_event next;
} arrivals;

static void plan_arrival(struct arrivals *x)
{
    int64_t mean_us = 1000 * DAY_MS * 1000 / x->s->work->per_1000_days;
    cl_at(x->s->c, &x->next, x->s->c->now_us + (int64_t)dp_rng_below(&x->dice, 2 * (uint64_t)mean_us));
}

static void arrives(void *ctx)
{
    struct arrivals *x = ctx;
    struct sim_agent *a = &x->s->agents[dp_rng_below(&x->dice, x->s->agent_count)];
    if (!sim_is_off(x->s, a->n->text))
        a->to_register++;
    plan_arrival(x);
}

void work_begin(struct sim *s)
{
    s->agent_count = s->c->node_count;
    s->agents = calloc(s->agent_count, sizeof(*s->agents));
    assert_non_null(s->agents);
    for (uint32_t i = 0; i < s->agent_count; i++) {
        struct sim_agent *a = &s->agents[i];
        a->s = s;
        a->n = s->c->nodes[i];
        a->uid = cl_uid(a->n);
        a->dice = sim_stream(s->opt.seed, "office", i);
        a->asks = sim_stream(s->opt.seed, "asks", i);
        a->pen = sim_stream(s->opt.seed, "pen", i);
        cl_office(a->n, a->office);
        cl_event_init(s->c, &a->visit, visits, a);
        if (!sim_is_off(s, a->n->text))
            cl_at(s->c, &a->visit, next_visit_us(a));
    }
    arrivals.s = s;
    arrivals.dice = sim_stream(s->opt.seed, "arrivals", 0);
    cl_event_init(s->c, &arrivals.next, arrives, &arrivals);
    if (s->work->per_1000_days > 0)
        plan_arrival(&arrivals);
    work_publish_begin(s);
    if (s->work->begin != NULL)
        s->work->begin(s);
}

void work_end(struct sim *s)
{
    cl_take_back(s->c, &arrivals.next);
    work_publish_end();
    if (s->work->end != NULL)
        s->work->end();
    for (uint32_t i = 0; i < s->agent_count; i++)
        cl_take_back(s->c, &s->agents[i].visit);
}

struct sim_agent *work_agent_at(struct sim *s, const struct cl_node *n)
{
    return &s->agents[n->index];
}
