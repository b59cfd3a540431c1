/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what a node counts as valid may be, judged here again from the table of rights and section 2 of
 * RULES.md (I27): who may do it, to whose case, and what its own causal past forbids. The other way round
 * nothing is checked: what is void by mistake shows where an office is refused.
 */
#include "sim/oracle.h"

#include <string.h>

#include "case/refs.h"
#include "sim/fault.h"

struct look {
    const struct dp_casefile *f;
    const struct dp_fact *x;
    uint8_t past[DP_CASEFILE_MAX]; /* in the closure of prev, custody and re */
};

static void walk(struct look *l, uint32_t of)
{
    static uint32_t stack[3 * DP_CASEFILE_MAX];
    uint32_t depth = 0, at = of;
    memset(l->past, 0, l->f->count);
    for (;;) {
        const struct dp_fact *x = &l->f->facts[at];
        const uint32_t refs[3] = {x->prev, x->custody, x->re};
        for (unsigned i = 0; i < 3; i++)
            if (refs[i] != DP_FACT_NONE && !l->past[refs[i]]) {
                l->past[refs[i]] = 1;
                stack[depth++] = refs[i];
            }
        if (depth == 0)
            return;
        at = stack[--depth];
    }
}

/* ---- who ---- */

static const struct dp_fact *at(const struct look *l, uint32_t i)
{
    return i == DP_FACT_NONE ? NULL : &l->f->facts[i];
}

static bool is_bureau(const struct dp_office *o)
{
    return strcmp(o->slug, "bureau") == 0;
}

static bool is_above(const struct dp_office *me, const struct dp_office *other)
{
    if (dp_node_eq(me->node, other->node))
        return (is_bureau(me) && !dp_office_eq(me, other)) || strcmp(me->slug, "node") == 0;
    return dp_node_covers(me->node, other->node);
}

static bool is_mine(const struct look *l, uint32_t i)
{
    return i != DP_FACT_NONE && dp_office_eq(&l->f->facts[i].e.office, &l->x->e.office);
}

/* Whom a fact is for: the office in its body, or whoever issued what it answers. */
static bool is_for_me(const struct look *l, uint32_t i, bool node_alone)
{
    const struct dp_fact *k = at(l, i);
    const struct dp_office *to;
    if (k == NULL)
        return false;
    to = &k->e.body.to;
    if (!dp_kind_is_offer(k->e.kind) && k->e.kind != DP_KIND_SUPERVISE && k->e.kind != DP_KIND_REMIND)
        to = at(l, k->re) == NULL ? to : &at(l, k->re)->e.office;
    return node_alone ? dp_node_eq(to->node, l->x->e.office.node) : dp_office_eq(to, &l->x->e.office);
}

static bool holds(const struct look *l)
{
    const struct dp_fact *c = at(l, l->x->custody);
    return c != NULL && c->verdict == DP_VALID && dp_kind_opens(c->e.kind) && is_mine(l, l->x->custody);
}

/* Above the registrar, or it issued or was addressed by something of what it knows. */
static bool concerns_me(const struct look *l)
{
    const struct dp_office registrar = {.node = l->f->subject.name.origin};
    if (is_above(&l->x->e.office, &registrar) &&
        (is_bureau(&l->x->e.office) || !dp_node_eq(registrar.node, l->x->e.office.node)))
        return true;
    for (uint32_t i = 0; i < l->f->count; i++)
        if (l->past[i] && l->f->facts[i].verdict == DP_VALID &&
            (is_mine(l, i) || dp_office_eq(&l->f->facts[i].e.body.to, &l->x->e.office) ||
             is_for_me(l, i, false)))
            return true;
    return false;
}

static const char *wrong_office(const struct look *l)
{
    const struct dp_entry *e = &l->x->e;
    switch (e->kind) {
    case DP_KIND_TRANSFER:
    case DP_KIND_ASSIGN:
    case DP_KIND_REFER_UP:
    case DP_KIND_GUIDE_OUT:
    case DP_KIND_REFUSE_DUPLICATE:
    case DP_KIND_EXTEND:
    case DP_KIND_OPINION:
    case DP_KIND_CLOSE:
    case DP_KIND_SPLIT:
        return holds(l) ? NULL : "by an office that does not hold the case";
    case DP_KIND_ACCEPT:
    case DP_KIND_SIGN:
    case DP_KIND_OBJECT:
    case DP_KIND_REPORT_BACK:
    case DP_KIND_ANSWER:
        return is_for_me(l, l->x->re, false) ? NULL : "by an office that it is not for";
    case DP_KIND_ARRIVE:
        return is_for_me(l, l->x->re, true) ? NULL : "at a node that it is not for";
    case DP_KIND_WITHDRAW:
    case DP_KIND_LIFT:
        return is_mine(l, l->x->re) ? NULL : "by an office that did not issue it";
    case DP_KIND_LOCK:
        return concerns_me(l) ? NULL : "by an office that is no party and not above";
    case DP_KIND_UNLOCK:
        return is_mine(l, l->x->re) || is_above(&e->office, &at(l, l->x->re)->e.office)
                   ? NULL
                   : "by an office that did not set it and is not above";
    case DP_KIND_OBJECTION_ANSWER:
        return is_mine(l, at(l, l->x->re)->re) ? NULL : "by an office that did not make the offer";
    case DP_KIND_TAKE:
    case DP_KIND_DESIGNATE:
        return is_bureau(&e->office) && at(l, l->x->custody) != NULL &&
                       is_above(&e->office, &at(l, l->x->custody)->e.office)
                   ? NULL
                   : "by an office that is not above";
    case DP_KIND_SUPERVISE:
    case DP_KIND_REMIND:
        return is_above(&e->office, &e->body.to) ? NULL : "to an office that is not below";
    default:
        return NULL;
    }
}

/* ---- what its past forbids ---- */

static bool knows(const struct look *l, uint32_t i, enum dp_kind kind)
{
    return l->past[i] && l->f->facts[i].verdict == DP_VALID && l->f->facts[i].e.kind == kind;
}

static bool knows_one(const struct look *l, enum dp_kind kind, uint32_t custody, uint32_t re, bool mine)
{
    for (uint32_t i = 0; i < l->f->count; i++)
        if (knows(l, i, kind) && (custody == DP_FACT_NONE || l->f->facts[i].custody == custody) &&
            (re == DP_FACT_NONE || l->f->facts[i].re == re) && (!mine || is_mine(l, i)))
            return true;
    return false;
}

static bool knows_return(const struct look *l, uint32_t offer)
{
    for (uint32_t i = 0; i < l->f->count; i++) {
        if (knows(l, i, DP_KIND_WITHDRAW) && l->f->facts[i].re == offer)
            return true;
        if (knows(l, i, DP_KIND_OBJECTION_ANSWER) && l->f->facts[i].e.body.code == DP_OBJECTION_GRANT &&
            l->f->facts[l->f->facts[i].re].re == offer)
            return true;
    }
    return false;
}

/* R-VAL-6 */
static bool knows_open_offer(const struct look *l, uint32_t custody)
{
    for (uint32_t i = 0; i < l->f->count; i++) {
        const struct dp_fact *k = &l->f->facts[i];
        if (l->past[i] && k->verdict == DP_VALID && dp_ref_is_custody_offer(k) &&
            k->e.kind != DP_KIND_DESIGNATE && k->custody == custody && !knows_return(l, i))
            return true;
    }
    return false;
}

/* R-VAL-5 */
static bool knows_end(const struct look *l, uint32_t custody)
{
    return knows_one(l, DP_KIND_TAKE, custody, DP_FACT_NONE, false) ||
           knows_one(l, DP_KIND_DESIGNATE, custody, DP_FACT_NONE, false) ||
           knows_one(l, DP_KIND_ACCEPT, custody, DP_FACT_NONE, false);
}

static bool knows_service(const struct look *l, uint32_t custody)
{
    for (uint32_t i = 0; i < l->f->count; i++)
        if (knows(l, i, DP_KIND_SERVE) && l->f->facts[l->f->facts[i].re].custody == custody)
            return true;
    return false;
}

static const char *too_late(const struct look *l)
{
    uint32_t c = l->x->custody, re = l->x->re;
    switch (l->x->e.kind) {
    case DP_KIND_OPINION:
        return knows_one(l, DP_KIND_OPINION, c, DP_FACT_NONE, false) ? "after an opinion" : NULL;
    case DP_KIND_EXTEND:
        return knows_one(l, DP_KIND_EXTEND, c, DP_FACT_NONE, false) ? "for the second time" : NULL;
    case DP_KIND_OBJECT:
        return knows_one(l, DP_KIND_OBJECT, DP_FACT_NONE, re, true) ? "for the second time" : NULL;
    case DP_KIND_ANSWER:
        return knows_one(l, DP_KIND_ANSWER, DP_FACT_NONE, re, true) ? "for the second time" : NULL;
    case DP_KIND_OBJECTION_ANSWER:
        return knows_one(l, DP_KIND_OBJECTION_ANSWER, DP_FACT_NONE, re, false) ? "for the second time" : NULL;
    case DP_KIND_SIGN:
        return knows_one(l, DP_KIND_ARRIVE, DP_FACT_NONE, re, false) ? NULL : "before it arrived";
    case DP_KIND_ACCEPT:
        return knows_return(l, re) ? "after it was taken back" : NULL;
    case DP_KIND_TAKE:
    case DP_KIND_DESIGNATE:
        return knows_service(l, c) ? "after the service" : NULL;
    case DP_KIND_CLOSE:
        return l->x->e.body.code == DP_CLOSE_OPINION_FINAL && !knows_service(l, c) ? "before the service"
                                                                                   : NULL;
    default:
        return NULL;
    }
}

static bool is_barred_by_offer(const struct dp_fact *x)
{
    return x->e.kind == DP_KIND_OPINION || x->e.kind == DP_KIND_CLOSE || x->e.kind == DP_KIND_GUIDE_OUT ||
           (x->e.kind != DP_KIND_DESIGNATE && dp_ref_is_custody_offer(x));
}

/* ---- the verdict ---- */

static bool step_fits(const struct look *l)
{
    const uint32_t refs[3] = {l->x->prev, l->x->custody, l->x->re};
    uint32_t top = 0;
    for (unsigned i = 0; i < 3; i++)
        if (refs[i] != DP_FACT_NONE && l->f->facts[refs[i]].e.step > top)
            top = l->f->facts[refs[i]].e.step;
    return l->x->e.step > top && l->x->e.step - top <= 65536;
}

static const char *fault(struct look *l, uint32_t i)
{
    const struct dp_fact *x = l->x;
    const char *why;
    if (!dp_node_eq(x->e.office.node, x->e.name.origin))
        return "in the name of another node"; /* R-VAL-3 */
    if (!step_fits(l))
        return "with a step that does not follow";
    why = wrong_office(l);
    if (why != NULL)
        return why;
    walk(l, i);
    if (x->custody != DP_FACT_NONE && knows_end(l, x->custody))
        return "under a custody that it knew to be over";
    if (is_barred_by_offer(x) && knows_open_offer(l, x->custody))
        return "beside an open offer";
    return too_late(l);
}

void check_rule(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f)
{
    static struct look l;
    char text[DP_NAME_TEXT];
    if (!fault_is_honest(o->s, x->n))
        return;
    l.f = f;
    for (uint32_t i = 0; i < f->count; i++) {
        struct oracle_entry *e = oracle_find(o, &f->facts[i].e.name);
        if (f->facts[i].verdict != DP_VALID || e == NULL || e->judged)
            continue;
        e->judged = true;
        l.x = &f->facts[i];
        const char *why = fault(&l, i);
        if (why == NULL)
            continue;
        dp_name_format(&e->name, text);
        sim_broken(o->s, "I27", "%s counts %s (%s) as valid, issued %s", x->n->text, text,
                   dp_kind_word((enum dp_kind)e->kind), why);
    }
}
