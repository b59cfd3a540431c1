/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a command to an entry. The references are filled in from what this node sees; then the entry is
 * judged as everybody will judge it, and beyond that by the state here (pointless.c): a step
 * that others would let stand but that can lead nowhere is refused at once (R-VAL-7).
 */
#include "case/plan.h"

#include <string.h>

#include "case/plan_step.h"
#include "case/refs.h"
#include "case/rights.h"

/* ---- what is open for an office ---- */

static const struct dp_fact *fact(const struct dp_step *p, uint32_t i)
{
    return &p->f->facts[i];
}

static const struct dp_offer_state *open_offer(const struct dp_step *p)
{
    return p->s->open_offer == DP_FACT_NONE ? NULL : &p->s->offers[p->s->open_offer];
}

static bool is_to(const struct dp_step *p, uint32_t i)
{
    return dp_office_eq(dp_ref_addressee(p->f, fact(p, i)), &p->x.e.office);
}

/* The last order to this office that it has not answered. */
static uint32_t last_order(const struct dp_step *p)
{
    for (uint32_t k = p->s->order_count; k-- > 0;) {
        if (p->s->orders[k].answered == DP_FACT_NONE && p->s->orders[k].lifted == DP_FACT_NONE &&
            is_to(p, p->s->orders[k].issued))
            return p->s->orders[k].issued;
    }
    return DP_FACT_NONE;
}

/* The last order to this office, answered or not. */
static uint32_t order_to_answer(const struct dp_step *p)
{
    uint32_t re = last_order(p);

    for (uint32_t k = p->s->order_count; re == DP_FACT_NONE && k-- > 0;) {
        if (is_to(p, p->s->orders[k].issued))
            re = p->s->orders[k].issued;
    }
    return re;
}

/* The last order of this office: one that still runs before others. */
static uint32_t own_order(const struct dp_step *p)
{
    uint32_t any = DP_FACT_NONE;

    for (uint32_t k = p->s->order_count; k-- > 0;) {
        const struct dp_order *o = &p->s->orders[k];
        if (!dp_office_eq(&fact(p, o->issued)->e.office, &p->x.e.office))
            continue;
        if (o->answered == DP_FACT_NONE && o->lifted == DP_FACT_NONE)
            return o->issued;
        if (any == DP_FACT_NONE)
            any = o->issued;
    }
    return any;
}

/* The open offer when it is to this office; else the last it had, so that the refusal can say what became of
 * it. */
static uint32_t offer_to_me(const struct dp_step *p)
{
    const struct dp_offer_state *o = open_offer(p);

    if (o != NULL && is_to(p, o->offered))
        return o->offered;
    for (uint32_t k = p->s->offer_count; k-- > 0;) {
        uint32_t i = p->s->offers[k].offered;
        if (dp_ref_is_custody_offer(fact(p, i)) && is_to(p, i))
            return i;
    }
    return DP_FACT_NONE;
}

/* The last offer or request to this office that it has not signed for. */
static uint32_t unsigned_offer(const struct dp_step *p)
{
    for (uint32_t k = p->s->offer_count; k-- > 0;) {
        if (p->s->offers[k].signed_ == DP_FACT_NONE && is_to(p, p->s->offers[k].offered))
            return p->s->offers[k].offered;
    }
    return DP_FACT_NONE;
}

static uint32_t to_sign(const struct dp_step *p)
{
    const struct dp_offer_state *o = open_offer(p);
    uint32_t re = o != NULL && is_to(p, o->offered) ? o->offered : DP_FACT_NONE;

    if (re == DP_FACT_NONE)
        re = last_order(p);
    return re != DP_FACT_NONE ? re : unsigned_offer(p);
}

static uint32_t assign_to_me(const struct dp_step *p)
{
    for (uint32_t k = p->s->offer_count; k-- > 0;) {
        uint32_t i = p->s->offers[k].offered;
        if (fact(p, i)->e.kind == DP_KIND_ASSIGN && is_to(p, i))
            return i;
    }
    return DP_FACT_NONE;
}

static bool is_mine(const struct dp_step *p, uint32_t i)
{
    return dp_office_eq(&fact(p, i)->e.office, &p->x.e.office);
}

/* Own open offer, else the last one made. */
static uint32_t own_offer(const struct dp_step *p)
{
    const struct dp_offer_state *o = open_offer(p);

    if (o != NULL && is_mine(p, o->offered))
        return o->offered;
    for (uint32_t k = p->s->offer_count; k-- > 0;) {
        if (is_mine(p, p->s->offers[k].offered))
            return p->s->offers[k].offered;
    }
    return DP_FACT_NONE;
}

/* The last objection to an offer of this office. */
static uint32_t last_objection(const struct dp_step *p)
{
    for (uint32_t k = p->s->offer_count; k-- > 0;) {
        if (p->s->offers[k].objected != DP_FACT_NONE && is_mine(p, p->s->offers[k].offered))
            return p->s->offers[k].objected;
    }
    return DP_FACT_NONE;
}

uint32_t dp_step_receipt_of(const struct dp_step *p, uint8_t kind, uint32_t re)
{
    for (uint32_t i = 0; i < p->f->count; i++) {
        const struct dp_fact *k = fact(p, i);
        if (dp_fact_kind_valid(k) == kind && k->re == re && dp_node_eq(k->e.office.node, p->x.e.office.node))
            return i;
    }
    return DP_FACT_NONE;
}

/* The first thing addressed to an office of this node of which no arrival was recorded. */
static uint32_t to_acknowledge(const struct dp_step *p)
{
    for (uint32_t i = 0; i < p->f->count; i++) {
        const struct dp_fact *k = fact(p, i);
        if ((dp_kind_bit(dp_fact_kind_valid(k)) & DP_BITS_DELIVERED) != 0 &&
            dp_node_eq(dp_ref_addressee(p->f, k)->node, p->x.e.office.node) &&
            dp_step_receipt_of(p, DP_KIND_ARRIVE, i) == DP_FACT_NONE)
            return i;
    }
    return DP_FACT_NONE;
}

/* The lock that stands: an own one, else the last. */
static uint32_t standing_lock(const struct dp_step *p)
{
    uint32_t last = DP_FACT_NONE;

    for (uint32_t i = dp_lock_next(p->f, 0); i != DP_FACT_NONE; i = dp_lock_next(p->f, i + 1)) {
        if (dp_lock_lifted(p->f, i) != DP_FACT_NONE)
            continue;
        if (is_mine(p, i))
            return i;
        last = i;
    }
    return last;
}

/* The obvious thing that this kind answers. */
static uint32_t default_re(const struct dp_step *p)
{
    switch ((enum dp_kind)p->x.e.kind) {
    case DP_KIND_ARRIVE:
        return to_acknowledge(p);
    case DP_KIND_SIGN:
        return to_sign(p);
    case DP_KIND_ACCEPT:
    case DP_KIND_OBJECT:
        return offer_to_me(p);
    case DP_KIND_WITHDRAW:
        return own_offer(p);
    case DP_KIND_OBJECTION_ANSWER:
        return last_objection(p);
    case DP_KIND_SERVE:
        return p->s->opinion;
    case DP_KIND_EVALUATE:
    case DP_KIND_CLOSE: /* another office may have served it: the closing names the service */
        return p->s->served;
    case DP_KIND_REPORT_BACK:
        return assign_to_me(p);
    case DP_KIND_ANSWER:
        return order_to_answer(p);
    case DP_KIND_LIFT:
        return own_order(p);
    case DP_KIND_UNLOCK:
        return standing_lock(p);
    default:
        return DP_FACT_NONE;
    }
}

/* ---- references ---- */

static uint32_t current(const struct dp_step *p)
{
    return p->s->path_count > 0 ? p->s->path[p->s->path_count - 1].opened : DP_FACT_NONE;
}

/* The offer that an answer to it is about. */
static uint32_t offer_meant(const struct dp_step *p)
{
    uint32_t re = p->x.re;

    if (re != DP_FACT_NONE && dp_fact_kind_valid(fact(p, re)) == DP_KIND_OBJECT)
        re = fact(p, re)->re;
    return re != DP_FACT_NONE && dp_kind_is_offer(dp_fact_kind_valid(fact(p, re))) ? re : DP_FACT_NONE;
}

static uint32_t custody_for(const struct dp_step *p)
{
    const struct dp_right *right = dp_right_of(p->x.e.kind);
    uint32_t offer;
    struct dp_office holder = dp_state_custodian(p->s);

    switch (p->x.e.kind) {
    case DP_KIND_ACCEPT:
    case DP_KIND_WITHDRAW:
    case DP_KIND_OBJECTION_ANSWER:
        offer = offer_meant(p);
        return offer == DP_FACT_NONE ? DP_FACT_NONE : dp_ref_offer_custody(p->f, offer);
    case DP_KIND_ERASE:
        return dp_office_eq(&holder, &p->x.e.office) ? current(p) : DP_FACT_NONE;
    default:
        return right->custody ? current(p) : DP_FACT_NONE;
    }
}

/* Own last entry on the subject, in fold order, decided or not. */
static uint32_t own_last(const struct dp_step *p)
{
    for (uint32_t i = p->f->count; i-- > 0;) {
        if (dp_node_eq(fact(p, i)->e.name.origin, p->x.e.name.origin))
            return i;
    }
    return DP_FACT_NONE;
}

static void refer(const struct dp_step *p, uint32_t i, struct dp_name *n, uint32_t *top)
{
    if (i == DP_FACT_NONE)
        return;
    *n = fact(p, i)->e.name;
    if (fact(p, i)->e.step > *top)
        *top = fact(p, i)->e.step;
}

/* 1 + the highest step held that counts; a forged one does not drag ours along without end (R-VAL-3). */
static uint32_t next_step(const struct dp_step *p, uint32_t top)
{
    uint32_t high = top;

    for (uint32_t i = p->f->count; i-- > 0;) {
        if (fact(p, i)->verdict == DP_VALID) {
            high = fact(p, i)->e.step > high ? fact(p, i)->e.step : high;
            break;
        }
    }
    return high - top < DP_STEP_JUMP_MAX ? high + 1 : top + DP_STEP_JUMP_MAX;
}

/* Fill prev, custody, re and step. DP_AGAIN while something it must name waits for others. */
static enum dp_err connect(struct dp_step *p)
{
    struct dp_fact *x = &p->x;
    uint32_t top = 0;

    x->prev = own_last(p);
    x->custody = custody_for(p);
    if (x->prev != DP_FACT_NONE && fact(p, x->prev)->verdict == DP_PENDING)
        return DP_AGAIN;
    if (x->re != DP_FACT_NONE && fact(p, x->re)->verdict == DP_PENDING)
        return DP_AGAIN;
    refer(p, x->prev, &x->e.prev, &top);
    refer(p, x->custody, &x->e.custody, &top);
    refer(p, x->re, &x->e.re, &top);
    x->e.step = next_step(p, top);
    return DP_OK;
}

/* Fields of the body that follow from the rest. */
static void complete_body(struct dp_step *p)
{
    struct dp_entry *e = &p->x.e;
    enum dp_shape shape = dp_kind_shape(e->kind);

    if (shape == DP_SHAPE_OFFER && e->body.code2 == 0)
        e->body.code2 = DP_DUTY_HANDLE;
    if (e->kind == DP_KIND_REMIND && e->body.code2 == 0)
        e->body.code2 = 1;
    if ((shape == DP_SHAPE_PART_ACT || shape == DP_SHAPE_WITNESS) && dp_name_is_none(&e->body.other))
        e->body.other = e->re;
}

static void begin(struct dp_step *p, const struct dp_plan_input *in)
{
    struct dp_entry *e = &p->x.e;

    p->x.prev = p->x.custody = p->x.re = DP_FACT_NONE;
    p->x.from = in->from;
    e->name = in->name;
    e->kind = (uint8_t)in->kind;
    e->rules = DP_RULES_VERSION;
    e->at_synced = in->at_synced;
    e->subject = p->f->subject;
    e->office = in->office;
    e->officer = in->officer;
    e->at_ms = in->at_ms;
    e->receipt = in->receipt;
    e->body = in->body;
}

/* ---- verdict ---- */

static enum dp_void_reason judge(const struct dp_step *p, bool probe)
{
    enum dp_void_reason why = dp_step_pointless(p);

    return why != DP_VOID_NONE ? why : dp_rights_judge_new(p->f, &p->x, probe);
}

static bool is_above(const struct dp_step *p)
{
    struct dp_office holder = dp_state_custodian(p->s);
    struct dp_node n = p->x.from.node;

    return (p->f->subject.type != DP_SUBJECT_NONE && dp_node_covers(n, p->f->subject.name.origin)) ||
           dp_node_covers(n, holder.node);
}

static bool is_concerned(const struct dp_step *p)
{
    return dp_office_role(&p->x.e.office) == DP_ROLE_DAEMON || dp_state_is_party(p->s, &p->x.e.office) ||
           is_above(p);
}

static enum dp_err refusal(const struct dp_step *p, enum dp_void_reason why)
{
    if (!is_concerned(p))
        return DP_NOT_ENTITLED;
    return why == DP_VOID_ALREADY ? DP_CONFLICT : DP_STEP_INVALID;
}

/* Nothing to answer was found: say which thing is missing. */
static enum dp_void_reason missing(enum dp_kind kind)
{
    switch (kind) {
    case DP_KIND_WITHDRAW:
        return DP_VOID_NOT_OFFERER;
    case DP_KIND_OBJECTION_ANSWER:
    case DP_KIND_SERVE:
    case DP_KIND_EVALUATE:
        return DP_VOID_TOO_EARLY;
    case DP_KIND_UNLOCK:
        return DP_VOID_NOT_LOCKED;
    default:
        return DP_VOID_NOT_ADDRESSEE;
    }
}

/* Kinds that act on any entry at all, which must be named: correct, unmask, erase, witness. */
static bool acts_on_any(enum dp_kind kind)
{
    const struct dp_right *right = dp_right_of(kind);

    return dp_right_allows_re(right, DP_KIND_REGISTER) && (right->re_kinds & 1) == 0;
}

static bool could_about(const struct dp_casefile *f, const struct dp_state *s, const struct dp_plan_input *in,
                        uint32_t re)
{
    struct dp_step p = {.f = f, .s = s};

    begin(&p, in);
    p.x.re = re == DP_FACT_NONE ? default_re(&p) : re;
    return connect(&p) == DP_OK && judge(&p, true) == DP_VOID_NONE;
}

#define LOOK_BACK 64 /* entries tried for a kind that may act on any */

static bool could(const struct dp_casefile *f, const struct dp_state *s, const struct dp_plan_input *in)
{
    uint32_t low = f->count > LOOK_BACK ? f->count - LOOK_BACK : 0;

    if (!acts_on_any(in->kind))
        return could_about(f, s, in, DP_FACT_NONE);
    for (uint32_t i = f->count; i-- > low;) {
        if (f->facts[i].verdict == DP_VALID && could_about(f, s, in, i))
            return true;
    }
    return false;
}

uint64_t dp_plan_valid_kinds(const struct dp_casefile *f, const struct dp_state *s,
                             const struct dp_office *office, const struct dp_origin *from)
{
    struct dp_plan_input in = {.office = *office, .from = *from, .officer = 1};
    uint64_t kinds = 0;

    if (f->count == 0)
        return 0;
    /* A name after all others of this node, whatever its incarnation. */
    in.name = (struct dp_name){from->node, 0, UINT64_MAX};
    for (uint32_t k = DP_KIND_ARRIVE; k <= DP_KIND_WITNESS; k++) {
        in.kind = (enum dp_kind)k;
        if (could(f, s, &in))
            kinds |= dp_kind_bit(k);
    }
    return kinds;
}

/* ---- the plan ---- */

static enum dp_err find_re(struct dp_step *p, const struct dp_plan_input *in)
{
    const struct dp_name *n = &in->re;

    if (dp_name_is_none(n) && !dp_name_is_none(&in->body.other) && (dp_right_of(in->kind)->re_kinds & 2) != 0)
        n = &in->body.other; /* the entry of the part or of the impossible time */
    if (dp_name_is_none(n)) {
        p->x.re = default_re(p);
        return DP_OK;
    }
    p->x.re = dp_casefile_find(p->f, n);
    return p->x.re == DP_FACT_NONE ? DP_NOT_FOUND : DP_OK;
}

enum dp_err dp_plan(const struct dp_casefile *f, const struct dp_state *s, const struct dp_plan_input *in,
                    struct dp_entry *out, enum dp_void_reason *reason, uint64_t *valid_kinds)
{
    struct dp_step p = {.f = f, .s = s};
    enum dp_void_reason why;
    bool needs_re;
    enum dp_err err;

    if (dp_right_of(in->kind) == NULL)
        return DP_RANGE;
    begin(&p, in);
    err = find_re(&p, in);
    if (err == DP_OK)
        err = connect(&p);
    if (err != DP_OK)
        return err;
    complete_body(&p);
    needs_re = dp_right_of(in->kind)->re_kinds != 0 && (dp_right_of(in->kind)->re_kinds & 1) == 0;
    why = needs_re && p.x.re == DP_FACT_NONE ? missing(in->kind) : judge(&p, false);
    if (why == DP_VOID_NONE) {
        *out = p.x.e;
        return DP_OK;
    }
    *reason = why;
    *valid_kinds = dp_plan_valid_kinds(f, s, &in->office, &in->from);
    return refusal(&p, why);
}
