/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W4: all villages are offline for 14 days and come back within 5 minutes. Their stations and everybody else
 * work on meanwhile. See work.h.
 */
#include "sim/fault.h"
#include "sim/work.h"

#define DAY_MS INT64_C(86400000)
#define AWAY_MS (14 * DAY_MS)
#define BACK_MS 300000u

static struct storm {
    struct sim *s;
    struct dp_rng dice;
    struct cl_event next;
} storm;

static void goes_down(void *ctx)
{
    struct storm *x = ctx;
    struct cluster *c = x->s->c;
    for (uint32_t i = 0; i < c->link_count; i++)
        if (dp_node_tier(c->nodes[c->links[i]->child]->id) == DP_TIER_VILLAGE)
            fault_now(x->s, SIM_CUT, i, AWAY_MS + (int64_t)dp_rng_below(&x->dice, BACK_MS));
}

void work_storm_begin(struct sim *s)
{
    storm.s = s;
    storm.dice = sim_stream(s->opt.seed, "away", 0);
    cl_event_init(s->c, &storm.next, goes_down, &storm);
    cl_at(s->c, &storm.next, s->c->now_us + DAY_MS * 1000);
}

void work_storm_end(void)
{
    cl_take_back(storm.s->c, &storm.next);
}
