/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-CUS-1: only register, accept, take and designate open custody, each under the one it
 * succeeds; so the openings form a tree. From its root the path follows, at each custody, the
 * successor that R-CUS-2 prefers. No clock is read.
 */
#include "case/custody.h"

#include <string.h>

#include "case/refs.h"

enum dp_err dp_custodies_init(struct dp_custodies *c, const struct dp_casefile *f, uint32_t openings,
                              struct dp_arena *a)
{
    *c = (struct dp_custodies){.f = f};
    c->open = DP_NEW_ARRAY(a, struct dp_opening, openings);
    c->of = DP_NEW_ARRAY(a, uint32_t, f->count);
    if (c->open == NULL || c->of == NULL)
        return DP_NOMEM;
    memset(c->of, 0xff, f->count * sizeof(*c->of)); /* DP_FACT_NONE */
    return DP_OK;
}

static uint32_t opening_of(const struct dp_custodies *c, uint32_t fact)
{
    return fact == DP_FACT_NONE ? DP_FACT_NONE : c->of[fact];
}

void dp_custodies_add(struct dp_custodies *c, uint32_t fact)
{
    c->of[fact] = c->count;
    c->open[c->count++] = (struct dp_opening){
        .fact = fact,
        .parent = opening_of(c, c->f->facts[fact].custody),
        .best = DP_FACT_NONE,
        .next = DP_FACT_NONE,
    };
}

void dp_custodies_served(struct dp_custodies *c, uint32_t fact)
{
    c->open[c->of[fact]].served = true;
}

/* Tier of a take or designate; an accept, and staying put, come after all tiers. */
static unsigned rank(const struct dp_fact *x)
{
    return x->e.kind == DP_KIND_ACCEPT ? DP_TIER_VILLAGE + 1u : x->from.tier;
}

/* R-CUS-2: does successor a go before successor b? */
static bool preferred(const struct dp_custodies *c, const struct dp_opening *a, const struct dp_opening *b)
{
    const struct dp_fact *x = &c->f->facts[a->fact], *y = &c->f->facts[b->fact];

    if (a->served_below != b->served_below)
        return a->served_below;
    if (rank(x) != rank(y))
        return rank(x) < rank(y);
    if (x->e.kind == DP_KIND_ACCEPT && x->re != y->re)
        return x->re < y->re; /* the earlier offer, in fold order */
    return dp_name_cmp(&x->e.name, &y->e.name) < 0;
}

/* A served opinion marks the branches that lead to it; successors come after their parents. */
static void mark_served(struct dp_custodies *c)
{
    for (uint32_t i = c->count; i-- > 0;) {
        struct dp_opening *o = &c->open[i];
        o->served_below |= o->served;
        if (o->parent != DP_FACT_NONE)
            c->open[o->parent].served_below |= o->served_below;
    }
}

static void choose_best(struct dp_custodies *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct dp_opening *parent;
        if (c->open[i].parent == DP_FACT_NONE)
            continue;
        parent = &c->open[c->open[i].parent];
        if (parent->best == DP_FACT_NONE || preferred(c, &c->open[i], &c->open[parent->best]))
            parent->best = i;
    }
}

/* The successor in force, or none: a served opinion stays put unless a branch was served too. */
static uint32_t successor(const struct dp_custodies *c, const struct dp_opening *o)
{
    if (o->best != DP_FACT_NONE && o->served && !c->open[o->best].served_below)
        return DP_FACT_NONE;
    return o->best;
}

/* Only the register opens without a predecessor, and a case has one. */
static uint32_t root(const struct dp_custodies *c)
{
    return c->count > 0 && c->open[0].parent == DP_FACT_NONE ? 0 : DP_FACT_NONE;
}

static void follow(struct dp_custodies *c, uint32_t *count)
{
    *count = 0;
    for (uint32_t i = root(c); i != DP_FACT_NONE; i = c->open[i].next) {
        c->open[i].on_path = true;
        c->open[i].next = successor(c, &c->open[i]);
        (*count)++;
    }
}

enum dp_err dp_custodies_choose(struct dp_custodies *c, struct dp_arena *a, struct dp_custody **path,
                                uint32_t *count)
{
    uint32_t n = 0;

    mark_served(c);
    choose_best(c);
    follow(c, count);
    *path = DP_NEW_ARRAY(a, struct dp_custody, *count);
    if (*path == NULL)
        return DP_NOMEM;
    for (uint32_t i = root(c); i != DP_FACT_NONE; i = c->open[i].next) {
        const struct dp_fact *x = &c->f->facts[c->open[i].fact];
        (*path)[n++] = (struct dp_custody){
            .opened = c->open[i].fact,
            .holder = x->e.office,
            .offer = x->e.kind == DP_KIND_ACCEPT ? x->re : DP_FACT_NONE,
        };
    }
    return DP_OK;
}

/* Order within the chain of one node; across its lives the fold order has to do. */
static bool after_in_chain(const struct dp_casefile *f, uint32_t i, uint32_t offer)
{
    const struct dp_name *a = &f->facts[i].e.name, *b = &f->facts[offer].e.name;

    return a->inc == b->inc ? a->seq > b->seq : i > offer;
}

static bool answers_objection_to(const struct dp_casefile *f, uint32_t i, uint32_t offer)
{
    const struct dp_fact *x = &f->facts[i];

    return x->e.kind == DP_KIND_OBJECTION_ANSWER && f->facts[x->re].re == offer;
}

/*
 * R-CUS-4, R-CUS-5: a step under a custody that `next` succeeded. A withdrawal of the accepted
 * offer comes after it and so is superseded; what passed between offer and accept stands.
 */
static bool overtaken(const struct dp_casefile *f, uint32_t i, uint32_t next)
{
    uint32_t offer = f->facts[next].re;

    if (f->facts[next].e.kind != DP_KIND_ACCEPT)
        return i > next;
    return i != offer && after_in_chain(f, i, offer) && !answers_objection_to(f, i, offer);
}

bool dp_custodies_superseded(const struct dp_custodies *c, uint32_t fact)
{
    const struct dp_fact *x = &c->f->facts[fact];
    uint32_t under, own = opening_of(c, fact);
    const struct dp_opening *o;

    if (own != DP_FACT_NONE)
        return !c->open[own].on_path;
    under = opening_of(c, dp_ref_custody(c->f, x));
    if (under == DP_FACT_NONE)
        return false; /* notes, attachments, links, corrections, orders, receipts: under no custody */
    o = &c->open[under];
    if (!o->on_path)
        return true;
    if (!dp_office_eq(&x->e.office, &c->f->facts[o->fact].e.office))
        return false; /* papers served by another office */
    return o->next != DP_FACT_NONE && overtaken(c->f, fact, c->open[o->next].fact);
}
