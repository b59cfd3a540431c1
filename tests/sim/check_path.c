/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node makes of the facts that it holds, reckoned here again from the rules: who is responsible and
 * why (I8), who is a party (I13), which dates a witness leaves (I17). Only the verdicts are taken as the node
 * gives them.
 */
#include "sim/oracle.h"

#include "case/refs.h"
#include "sim/fault.h"

/* ---- I8 ---- */

static bool opens(const struct dp_fact *x)
{
    return x->verdict == DP_VALID && (x->e.kind == DP_KIND_REGISTER || x->e.kind == DP_KIND_ACCEPT ||
                                      x->e.kind == DP_KIND_TAKE || x->e.kind == DP_KIND_DESIGNATE);
}

/* Of two successors of one custody: who takes from above before who accepts, the higher tier, the earlier
 * offer, the smaller name. */
static bool goes_before(const struct dp_fact *x, const struct dp_fact *y)
{
    bool x_takes = x->e.kind != DP_KIND_ACCEPT, y_takes = y->e.kind != DP_KIND_ACCEPT;
    if (x_takes != y_takes)
        return x_takes;
    if (x_takes && x->from.tier != y->from.tier)
        return x->from.tier < y->from.tier;
    if (!x_takes && x->re != y->re)
        return x->re < y->re;
    return dp_name_cmp(&x->e.name, &y->e.name) < 0;
}

/* An opinion that was served puts its branch before all others: then the order is not looked at. */
static bool is_served(const struct dp_casefile *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].verdict == DP_VALID && f->facts[i].e.kind == DP_KIND_SERVE)
            return true;
    return false;
}

static bool is_listed(const uint32_t *list, uint32_t count, uint32_t i)
{
    for (uint32_t k = 0; k < count; k++)
        if (list[k] == i)
            return true;
    return false;
}

static bool is_on_path(const struct dp_state *st, uint32_t opening)
{
    for (uint32_t k = 0; k < st->path_count; k++)
        if (st->path[k].opened == opening)
            return true;
    return false;
}

/* R-CUS-4: what was done under a custody that is not in force. */
static const char *effect_fault(const struct dp_casefile *f, const struct dp_state *st)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *x = &f->facts[i];
        uint32_t under = opens(x) ? i : x->custody;
        if (x->verdict == DP_VALID && under != DP_FACT_NONE && opens(&f->facts[under]) &&
            !is_on_path(st, under) && !is_listed(st->superseded, st->superseded_count, i))
            return "lets a step take effect under a custody that is not in force";
    }
    return NULL;
}

/* An offer that stands was neither taken back nor returned. */
static const char *offer_fault(const struct dp_casefile *f, const struct dp_state *st)
{
    uint32_t offer = st->open_offer == DP_FACT_NONE ? DP_FACT_NONE : st->offers[st->open_offer].offered;
    for (uint32_t i = 0; offer != DP_FACT_NONE && i < f->count; i++) {
        const struct dp_fact *x = &f->facts[i];
        bool back = x->e.kind == DP_KIND_WITHDRAW && x->re == offer;
        bool returned = x->e.kind == DP_KIND_OBJECTION_ANSWER && x->e.body.code == DP_OBJECTION_GRANT &&
                        x->re != DP_FACT_NONE && f->facts[x->re].re == offer;
        if (x->verdict == DP_VALID && (back || returned) &&
            !is_listed(st->superseded, st->superseded_count, i))
            return "keeps an offer open that was taken back";
    }
    return NULL;
}

/* R-FLD-4 */
static const char *loop_fault(const struct dp_casefile *f, const struct dp_state *st)
{
    const struct dp_fact *objected = NULL;
    bool loop = false;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *x = &f->facts[i];
        if (x->verdict != DP_VALID)
            continue;
        if (x->e.kind == DP_KIND_OBJECT) {
            loop = loop || objected != NULL;
            objected = objected == NULL ? x : objected;
        } else if (objected != NULL && dp_ref_is_custody_offer(x)) {
            loop = loop || dp_office_eq(&x->e.body.to, &objected->e.office);
        }
    }
    return loop == st->loop_notice ? NULL : "does not see that it goes to and fro, or sees it wrongly";
}

static const char *path_fault(const struct dp_casefile *f, const struct dp_state *st)
{
    bool served = is_served(f);
    for (uint32_t k = 0; k < st->path_count; k++) {
        const struct dp_fact *x = &f->facts[st->path[k].opened];
        const struct dp_fact *next = k + 1 < st->path_count ? &f->facts[st->path[k + 1].opened] : NULL;
        if (!opens(x) || !dp_office_eq(&x->e.office, &st->path[k].holder))
            return "gives it to an office that did not take it";
        for (uint32_t i = 0; !served && i < f->count; i++) {
            const struct dp_fact *y = &f->facts[i];
            if (opens(y) && y != next && y->custody == st->path[k].opened &&
                (next == NULL || goes_before(y, next)))
                return "prefers the wrong successor";
        }
    }
    return NULL;
}

/* ---- I13 ---- */

static bool makes_party(const struct dp_fact *x, const struct dp_office *o)
{
    if (x->verdict != DP_VALID)
        return false;
    return dp_office_eq(&x->e.office, o) || dp_office_eq(&x->e.body.to, o);
}

static const char *party_fault(const struct dp_casefile *f, const struct dp_state *st)
{
    for (uint32_t k = 0; k < st->party_count; k++) {
        uint32_t i = 0;
        while (i < f->count && !makes_party(&f->facts[i], &st->parties[k]))
            i++;
        if (i == f->count)
            return "makes a party of an office that no valid entry names";
    }
    return NULL;
}

/* ---- I17 ---- */

/* The witness of the highest tier for a fact; NULL when none bears on it, or two of one tier do. */
static const struct dp_fact *witness_of(const struct dp_casefile *f, uint32_t i)
{
    const struct dp_fact *best = NULL;
    for (uint32_t k = 0; k < f->count; k++) {
        const struct dp_fact *w = &f->facts[k];
        if (w->verdict != DP_VALID || w->e.kind != DP_KIND_WITNESS || w->re != i)
            continue;
        if (best != NULL && best->from.tier == w->from.tier)
            return NULL;
        if (best == NULL || w->from.tier < best->from.tier)
            best = w;
    }
    return best;
}

static const char *date_fault(const struct dp_casefile *f)
{
    bool any = false;
    for (uint32_t k = 0; k < f->count; k++)
        any = any || f->facts[k].e.kind == DP_KIND_WITNESS;
    for (uint32_t i = 0; any && i < f->count; i++) {
        const struct dp_fact *w = witness_of(f, i);
        if (w == NULL || w->e.body.not_before_ms > w->e.body.not_after_ms)
            continue;
        int32_t day = dp_fact_receipt(f, i).day;
        if (day < dp_date_of_ms(w->e.body.not_before_ms).day ||
            day > dp_date_of_ms(w->e.body.not_after_ms).day)
            return "counts from a day that a witness rules out";
    }
    return NULL;
}

void check_path(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f,
                const struct dp_state *st)
{
    static const char *const number[] = {"I8", "I13", "I17", "I28", "I28", "I28"};
    const char *fault[] = {path_fault(f, st),   party_fault(f, st), date_fault(f),
                           effect_fault(f, st), offer_fault(f, st), loop_fault(f, st)};
    char text[DP_NAME_TEXT];
    dp_name_format(&f->subject.name, text);
    for (unsigned i = 0; i < sizeof(fault) / sizeof(fault[0]); i++)
        if (fault[i] != NULL && fault_is_honest(o->s, x->n))
            sim_broken(o->s, number[i], "%s, in case %s, %s", x->n->text, text, fault[i]);
}
