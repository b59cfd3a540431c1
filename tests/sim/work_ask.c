/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An officer who asks: many questions in one request, and now and then who a person is, more often than an
 * hour allows. Each request has its one answer, whole and within bounded turns (I54); each look that was
 * answered is on record, and there are no more of them than the rate allows (I55). What is on record is read
 * from the store itself.
 */
#include "sim/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oracle.h"
#include "support/cmocka_all.h"

#define MANY 12
#define LOOKS 8
#define LOOKS_AN_HOUR 3

static uint32_t below(struct sim_agent *a, uint32_t n)
{
    return (uint32_t)dp_rng_below(&a->asks, n);
}

static uint32_t rows_of(const struct cl_node *n, enum dp_table t)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_slice none = {0}, key = {0}, row;
    uint32_t count = 0;

    assert_ok(dp_db_begin(&db, false));
    while (dp_db_next_key(&db, t, none, &key, &row) == DP_OK)
        count++;
    dp_db_abort(&db);
    return count;
}

/* ---- many questions ---- */

/* R-CTL-5: a turn for each question, and one more for each 4,000 entries that they look at. Before it is
 * known whether an entry is shown its case is looked at, of which some are several times as long as most. */
static uint32_t turns_enough(const struct cl_node *n, uint32_t questions)
{
    uint32_t entries = rows_of(n, DP_T_SEQ), cases = 1 + rows_of(n, DP_T_CASE);
    uint64_t looks = (uint64_t)questions * entries * (1 + 3 * entries / cases);

    return 2 + questions + (uint32_t)(looks / 4000);
}

static void ask_many(struct sim_agent *a)
{
    static const char *const what[] = {"list",   "log",      "inbox",   "orders",
                                       "digest", "nonsense", "offices", "log"};
    static struct dp_command list[MANY];
    struct cl_command x;
    struct dp_request rq = {.id = 1, .as_office = "", .commands = list, .count = 1 + below(a, MANY)};

    for (uint32_t i = 0; i < rq.count; i++) {
        struct dp_query *q = cl_query(&x, what[below(a, sizeof(what) / sizeof(what[0]))]);
        q->limit = below(a, 4);
        list[i] = x.cmd;
    }
    uint64_t turns = a->n->d->n.turns;
    bool answered = cl_request(a->n, a->uid, &rq);
    if (a->n->d == NULL || !a->s->c->asked)
        return; /* it died, or its store let no turn begin */
    if (!answered || a->s->c->answers != 1)
        sim_broken(a->s, "I54", "%s gave %u answers to a request", a->n->text, a->s->c->answers);
    struct cl_answers got = cl_answers(a->s->c);
    if (got.count != rq.count)
        sim_broken(a->s, "I54", "%s gave %u results to %u questions", a->n->text, got.count, rq.count);
    if (got.starved > 0)
        sim_broken(a->s, "I54", "%s had no memory for %u questions", a->n->text, got.starved);
    turns = a->n->d->n.turns - turns;
    if (turns > 2 + rq.count && turns > turns_enough(a->n, rq.count))
        sim_broken(a->s, "I54", "%s took %u turns for %u questions", a->n->text, (unsigned)turns, rq.count);
}

/* ---- looking a person up ---- */

static void look_up(struct sim_agent *a)
{
    uint32_t shown = 0, times = 1 + below(a, LOOKS);

    for (uint32_t i = 0; i < times && a->n->d != NULL; i++) {
        struct cl_command x;
        struct dp_query *q = cl_query(&x, "find");
        uint32_t before = rows_of(a->n, DP_T_FOUND), after;
        q->name = below(a, 2) == 0 ? "Wang Cuihua" : "Nobody At All";
        q->tail = "1234";
        struct cl_result r = cl_do_as(a->n, a->uid, &x);
        if (a->n->d == NULL || !r.answered)
            return;
        after = rows_of(a->n, DP_T_FOUND);
        shown += r.err == DP_OK;
        if (r.err == DP_OK && after < before + 1)
            sim_broken(a->s, "I55", "%s answered who a person is, and keeps no record of it", a->n->text);
    }
    if (shown > 2 * LOOKS_AN_HOUR) /* an hour may have ended between */
        sim_broken(a->s, "I55", "%s answered %u looks of one officer at a time", a->n->text, shown);
}

void work_ask(struct sim_agent *a)
{
    uint32_t what = below(a, 100);

    if (a->n->d == NULL)
        return;
    a->n->d->opt.finds_an_hour = LOOKS_AN_HOUR;
    a->n->d->opt.ask_memory = 512u << 10;
    if (what < 10)
        ask_many(a);
    else if (what < 15)
        look_up(a);
}
