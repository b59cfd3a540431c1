/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W3: what an inspection brings. Within one hour the county registers 476 cases of its backlog and 271 of
 * the inspection, and assigns each to a department or a township. A smaller tree has its share of them, by
 * the number of offices below. See work.h.
 */
#include "sim/work.h"

#define HOUR_US INT64_C(3600000000)
#define BACKLOG 476u
#define INSPECTION 271u
#define OFFICES 45u /* directly below the county */

static struct burst {
    struct sim *s;
    struct sim_agent *from;
    uint32_t backlog, inspection; /* still to come */
    int64_t every_us;
    struct cl_event next;
} burst;

static uint32_t nodes_below(const struct cl_node *n)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->line_count; i++)
        count += n->c->nodes[n->lines[i]->parent] == n;
    return count;
}

/* Of the tree the office with most others directly below: the county, where there is more than a line. */
static struct sim_agent *assigner(struct sim *s)
{
    struct sim_agent *best = &s->agents[0];
    for (uint32_t i = 1; i < s->agent_count; i++)
        if (nodes_below(s->agents[i].n) > nodes_below(best->n))
            best = &s->agents[i];
    return best;
}

static void bring(struct burst *x)
{
    char to[DP_OFFICE_TEXT];
    bool old = x->backlog > 0;
    struct cl_result r =
        work_register(x->from, old ? "promised three years ago and not done" : "found by the inspection",
                      DP_PURPOSE_CLAIM, old ? DP_REG_REPEAT : DP_REG_URGENT);
    if (!r.answered || r.err != DP_OK)
        return;
    x->backlog -= old;
    x->inspection -= !old;
    if (x->from->n->d != NULL && work_near(x->from, false, to))
        work_step(x->from, DP_KIND_ASSIGN, r.number, to, "");
}

/* Who is down, or has no room, goes on when it can: then it takes longer than the hour. */
static void next_of_burst(void *ctx)
{
    struct burst *x = ctx;
    if (x->from->n->d != NULL)
        bring(x);
    if (x->backlog + x->inspection > 0)
        cl_at(x->s->c, &x->next, x->s->c->now_us + x->every_us);
}

void work_burst_begin(struct sim *s)
{
    struct burst *x = &burst;
    x->s = s;
    x->from = assigner(s);
    uint32_t below = nodes_below(x->from->n);
    x->backlog = (BACKLOG * below + OFFICES - 1) / OFFICES;
    x->inspection = (INSPECTION * below + OFFICES - 1) / OFFICES;
    cl_event_init(s->c, &x->next, next_of_burst, x);
    if (x->backlog + x->inspection == 0 || sim_is_off(s, x->from->n->text))
        return;
    x->every_us = HOUR_US / (x->backlog + x->inspection);
    cl_at(s->c, &x->next, s->c->now_us + HOUR_US);
}

void work_burst_end(void)
{
    cl_take_back(burst.s->c, &burst.next);
}
