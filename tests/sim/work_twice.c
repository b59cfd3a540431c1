/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W7: the same matter is registered at two levels: by visit at a village, a township or the county, by web at
 * the county or the city. The lower office refers its case up; the upper one looks for the name, finds both,
 * and links them or refuses one as a duplicate. See work.h.
 */
#include "sim/work.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATTERS_MAX 1024u
#define MEAN_US INT64_C(1200000000) /* between two matters: 20 minutes */
#define TRIES_MAX 20u
#define TAIL "1234" /* of the telephone number of cl_intake */

struct matter {
    struct sim_agent *low, *high;
    char petitioner[32];
    uint32_t purpose;
    char low_no[DP_NUMBER_TEXT], high_no[DP_NUMBER_TEXT]; /* "" : not registered yet */
    uint32_t tries;
    bool tied;
};

static struct twice {
    struct sim *s;
    struct dp_rng dice;
    struct cl_event next;
    struct matter matter[MATTERS_MAX];
    uint32_t count;
} twice;

/* ---- what comes in ---- */

static struct sim_agent *above(struct sim *s, const struct sim_agent *a)
{
    const struct cl_link *l = cl_link_of(s->c, a->n);
    return l == NULL ? NULL : work_agent_at(s, s->c->nodes[l->parent]);
}

/* The county above, or sometimes the city; NULL when there is none. */
static struct sim_agent *upper_of(struct twice *x, const struct sim_agent *low)
{
    struct sim_agent *a = above(x->s, low);
    while (a != NULL && (dp_node_tier(a->n->id) > DP_TIER_COUNTY ||
                         (above(x->s, a) != NULL && dp_rng_below(&x->dice, 3) == 0)))
        a = above(x->s, a);
    return a;
}

static void comes_twice(void *ctx)
{
    struct twice *x = ctx;
    struct sim_agent *low = &x->s->agents[dp_rng_below(&x->dice, x->s->agent_count)];
    struct sim_agent *high = upper_of(x, low);
    bool heard = high != NULL && !sim_is_off(x->s, low->n->text) && !sim_is_off(x->s, high->n->text);
    if (heard && x->count < MATTERS_MAX) {
        struct matter *m = &x->matter[x->count];
        m->low = low;
        m->high = high;
        m->purpose = dp_rng_below(&x->dice, 10) == 0 ? DP_PURPOSE_ACCUSATION : DP_PURPOSE_CLAIM;
        snprintf(m->petitioner, sizeof(m->petitioner), "Li Daming %u", x->count++);
    }
    cl_at(x->s->c, &x->next, x->s->c->now_us + (int64_t)dp_rng_below(&x->dice, 2 * (uint64_t)MEAN_US));
}

/* ---- what the two offices do ---- */

static void hear(struct sim_agent *a, const struct matter *m, char number[DP_NUMBER_TEXT])
{
    struct cl_command x;
    cl_intake(&x, m->petitioner, "the well of the lower hamlet is foul")->purpose = m->purpose;
    struct cl_result r = work_do(a, &x);
    if (r.answered && r.err == DP_OK)
        snprintf(number, DP_NUMBER_TEXT, "%s", r.number);
}

static void hear_low(struct sim_agent *a, struct matter *m)
{
    hear(a, m, m->low_no);
    if (m->low_no[0] != '\0' && a->n->d != NULL)
        work_step(a, DP_KIND_REFER_UP, m->low_no, m->high->office, "");
}

/* Another case of the same petitioner that this office has; false when its own node shows none. */
static bool find_other(struct sim_agent *a, const struct matter *m, char other[DP_NUMBER_TEXT])
{
    struct cl_command x;
    struct dp_query *q = cl_query(&x, "find");
    size_t i;
    const json_t *row;
    other[0] = '\0';
    q->name = m->petitioner;
    q->tail = TAIL;
    char *text = cl_ask(a->n, a->uid, &x);
    json_t *j = text == NULL ? NULL : json_loads(text, 0, NULL);
    free(text);
    json_array_foreach(json_object_get(j, "rows"), i, row)
    {
        const char *number = json_string_value(json_object_get(row, "number"));
        if (number != NULL && strcmp(number, m->high_no) != 0)
            snprintf(other, DP_NUMBER_TEXT, "%s", number);
    }
    json_decref(j);
    return other[0] != '\0';
}

static struct cl_result tie(struct sim_agent *a, enum dp_kind kind, const char *ref, const char *other)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, kind, ref);
    s->other = other;
    s->code = kind == DP_KIND_CLOSE ? DP_CLOSE_MERGED : 2;
    cl_text(&x, "it is the same matter");
    return work_do(a, &x);
}

static void compare(struct sim_agent *a, struct matter *m)
{
    char other[DP_NUMBER_TEXT];
    if (!find_other(a, m, other))
        return;
    m->tries++;
    bool keep_own = dp_rng_below(&a->dice, 2) == 0, link = dp_rng_below(&a->dice, 2) == 0;
    const char *ref = keep_own ? other : m->high_no, *kept = keep_own ? m->high_no : other;
    struct cl_result r = tie(a, link ? DP_KIND_LINK : DP_KIND_REFUSE_DUPLICATE, ref, kept);
    m->tied = r.answered && r.err == DP_OK;
    if (m->tied && !link && a->n->d != NULL)
        tie(a, DP_KIND_CLOSE, ref, "");
}

void work_twice_visit(struct sim *s, struct sim_agent *a)
{
    for (uint32_t i = 0; i < twice.count && a->n->d != NULL; i++) {
        struct matter *m = &twice.matter[i];
        if (a == m->low && m->low_no[0] == '\0')
            hear_low(a, m);
        else if (a == m->high && m->high_no[0] == '\0')
            hear(a, m, m->high_no);
        else if (a == m->high && !m->tied && m->tries < TRIES_MAX)
            compare(a, m);
    }
    if (a->n->d != NULL)
        work_visit(s, a);
}

void work_twice_begin(struct sim *s)
{
    twice.s = s;
    twice.dice = sim_stream(s->opt.seed, "twice", 0);
    cl_event_init(s->c, &twice.next, comes_twice, &twice);
    cl_at(s->c, &twice.next, s->c->now_us + MEAN_US);
}

void work_twice_end(void)
{
    cl_take_back(twice.s->c, &twice.next);
}
