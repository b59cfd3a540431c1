/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The return loop (踢皮球, R-FLD-4): which superior is to settle who handles a case that goes to and fro, and
 * whether that is still to be settled. Among the offices are all that objected, and those whose offers came
 * back or went to one that had objected.
 */
#include "case/fold.h"
#include "case/refs.h"

static bool is_objection(const struct dp_fact *x)
{
    return dp_fact_kind_valid(x) == DP_KIND_OBJECT;
}

static bool has_objected(const struct dp_casefile *f, const struct dp_office *o, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++) {
        if (is_objection(&f->facts[i]) && dp_office_eq(&f->facts[i].e.office, o))
            return true;
    }
    return false;
}

static bool comes_again(const struct dp_casefile *f, uint32_t i)
{
    return dp_ref_is_custody_offer(&f->facts[i]) && f->facts[i].verdict == DP_VALID &&
           has_objected(f, &f->facts[i].e.body.to, i);
}

/* An office is among those of the loop. */
static bool is_in(const struct dp_casefile *f, const struct dp_office *o)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *x = &f->facts[i];
        bool mine = dp_office_eq(&x->e.office, o);
        if (is_objection(x) && (mine || dp_office_eq(&f->facts[x->re].e.office, o)))
            return true;
        if (mine && comes_again(f, i))
            return true;
    }
    return false;
}

static struct dp_node above_both(struct dp_node a, struct dp_node b)
{
    if (a.v == 0)
        return b;
    while (a.v != 0 && !dp_node_covers(a, b))
        a = dp_node_parent(a);
    return a;
}

uint32_t dp_loop_open(const struct dp_casefile *f, const struct dp_state *s)
{
    uint32_t last = DP_FACT_NONE;

    if (!s->loop_notice || s->closed != DP_FACT_NONE)
        return DP_FACT_NONE;
    for (uint32_t i = 0; i < f->count; i++) {
        uint64_t bit = dp_kind_bit(dp_fact_kind_valid(&f->facts[i]));
        if (is_objection(&f->facts[i]) || comes_again(f, i))
            last = i;
        else if ((bit & (DP_BIT(ACCEPT) | DP_BIT(TAKE) | DP_BIT(DESIGNATE))) != 0)
            last = DP_FACT_NONE; /* somebody has it now */
    }
    return last;
}

struct dp_node dp_loop_superior(const struct dp_casefile *f)
{
    struct dp_node n = {0};
    struct dp_office bureau = {.slug = "bureau"};

    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *x = &f->facts[i];
        if (is_objection(x))
            n = above_both(above_both(n, x->e.office.node), f->facts[x->re].e.office.node);
        else if (comes_again(f, i))
            n = above_both(n, x->e.office.node);
    }
    /* Who is in it does not stand above it. */
    for (bureau.node = n; n.v != 0 && is_in(f, &bureau); bureau.node = n)
        n = dp_node_parent(n);
    return n;
}
