/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each kind needs beyond its row: the column "needs in the causal past", the offices it may
 * be addressed to, and the few codes on which the fold relies. One small function a kind.
 */
#include "case/judge.h"

#include "case/refs.h"

#define EXTEND_DAYS_MAX 30
#define ORDER_GROUND_MAX 8
#define LEVEL_REMIND 1
#define LEVEL_MAX 7

static const struct dp_fact *re_of(const struct dp_judge *j)
{
    return &j->f->facts[j->x->re];
}

/* ---- questions about the past ---- */

static bool answered_by_me(struct dp_judge *j, uint64_t kinds)
{
    for (uint32_t i = 0; i < j->f->count; i++) {
        const struct dp_fact *k = &j->f->facts[i];
        if ((dp_kind_bit(dp_fact_kind_valid(k)) & kinds) != 0 && k->re == j->x->re &&
            dp_office_eq(&k->e.office, &j->x->e.office) && dp_past_has(&j->past, i))
            return true;
    }
    return false;
}

static bool is_offer_under(const struct dp_casefile *f, const struct dp_fact *k, uint32_t c)
{
    return dp_ref_is_custody_offer(k) && dp_ref_offer_custody(f, (uint32_t)(k - f->facts)) == c;
}

static bool is_granted(const struct dp_fact *k)
{
    return dp_fact_kind_valid(k) == DP_KIND_OBJECTION_ANSWER && k->e.body.code == DP_OBJECTION_GRANT;
}

/* The offer that valid fact k ends: withdrawn, or returned by a granted objection. */
static uint32_t ends_offer(const struct dp_casefile *f, const struct dp_fact *k)
{
    if (dp_fact_kind_valid(k) == DP_KIND_WITHDRAW)
        return k->re;
    return is_granted(k) ? f->facts[k->re].re : DP_FACT_NONE;
}

static bool ends(const struct dp_casefile *f, const struct dp_fact *k, uint32_t offer)
{
    return ends_offer(f, k) == offer;
}

static bool offer_ended(struct dp_judge *j, uint32_t offer)
{
    return dp_judge_past_any(j, DP_BIT(WITHDRAW) | DP_BIT(OBJECTION_ANSWER), ends, offer);
}

/* R-VAL-6: an earlier custody offer under c, neither withdrawn nor returned there. */
static bool offer_open(struct dp_judge *j, uint32_t c)
{
    const struct dp_casefile *f = j->f;

    if (!dp_judge_past_any(j, DP_BITS_OFFER, is_offer_under, c))
        return false;
    dp_past_marks_clear(f);
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t offer = ends_offer(f, &f->facts[i]);
        if (offer != DP_FACT_NONE && dp_past_has(&j->past, i))
            dp_past_mark(f, offer);
    }
    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *k = &f->facts[i];
        if (dp_kind_is_offer(dp_fact_kind_valid(k)) && is_offer_under(f, k, c) && !dp_past_marked(f, i) &&
            dp_past_has(&j->past, i))
            return true;
    }
    return false;
}

static bool has_under(struct dp_judge *j, uint64_t kinds, uint32_t c)
{
    return dp_judge_past_any(j, kinds, dp_match_custody, c);
}

static bool serves_under(const struct dp_casefile *f, const struct dp_fact *k, uint32_t c)
{
    return dp_ref_custody(f, k) == c;
}

static bool served(struct dp_judge *j, uint32_t c)
{
    return dp_judge_past_any(j, DP_BIT(SERVE), serves_under, c);
}

static bool any(const struct dp_casefile *f, const struct dp_fact *k, uint32_t arg)
{
    (void)f;
    (void)k;
    (void)arg;
    return true;
}

/* ---- targets ---- */

static bool may_be_asked(const struct dp_office *to, const struct dp_office *me)
{
    return !dp_office_eq(to, me) && dp_node_tier(to->node) != DP_TIER_NONE &&
           dp_office_role(to) != DP_ROLE_DAEMON;
}

/* A bureau: its subtree or its own node. An organ: its own line, the same slug at a lower tier. */
static bool target_down(const struct dp_office *to, const struct dp_office *me)
{
    if (!may_be_asked(to, me))
        return false;
    if (dp_office_role(me) == DP_ROLE_BUREAU)
        return dp_node_covers(me->node, to->node);
    return dp_slice_eq(dp_slice_str(to->slug), dp_slice_str(me->slug)) &&
           dp_node_tier(to->node) > dp_node_tier(me->node) &&
           dp_div_covers(dp_node_div(me->node), dp_node_div(to->node));
}

static bool target_up(const struct dp_office *to, const struct dp_office *me)
{
    if (!may_be_asked(to, me))
        return false;
    if (dp_node_eq(to->node, me->node))
        return dp_office_role(to) == DP_ROLE_BUREAU;
    return dp_node_covers(to->node, me->node);
}

/* ---- offers ---- */

/* R-VAL-6, and no opinion yet; requests (to co-handle, to serve) may stand beside both. */
static enum dp_void_reason offer_timely(struct dp_judge *j)
{
    if (!dp_ref_is_custody_offer(j->x) && !j->probe)
        return DP_VOID_NONE;
    if (offer_open(j, j->x->custody))
        return DP_VOID_OFFER_OPEN;
    return has_under(j, DP_BIT(OPINION), j->x->custody) ? DP_VOID_TOO_LATE : DP_VOID_NONE;
}

static enum dp_void_reason needs_offer(struct dp_judge *j)
{
    const struct dp_entry *e = &j->x->e;
    bool up = e->kind == DP_KIND_REFER_UP;

    if (!j->probe) {
        if (e->body.code2 < DP_DUTY_HANDLE || e->body.code2 > DP_DUTY_SERVE)
            return DP_VOID_BODY;
        if (e->kind == DP_KIND_ASSIGN && dp_date_is_none(e->body.due))
            return DP_VOID_BODY;
        if (!(up ? target_up : target_down)(&e->body.to, &e->office))
            return DP_VOID_TARGET;
    }
    return offer_timely(j);
}

static enum dp_void_reason needs_accept(struct dp_judge *j)
{
    if (!dp_ref_is_custody_offer(re_of(j)) || dp_ref_offer_custody(j->f, j->x->re) != j->x->custody)
        return DP_VOID_REF_KIND;
    return offer_ended(j, j->x->re) ? DP_VOID_OFFER_ENDED : DP_VOID_NONE;
}

static enum dp_void_reason needs_withdraw(struct dp_judge *j)
{
    if (re_of(j)->e.kind == DP_KIND_DESIGNATE)
        return DP_VOID_BINDING;
    if (j->x->custody != re_of(j)->custody)
        return DP_VOID_REF_KIND;
    return offer_ended(j, j->x->re) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

static enum dp_void_reason needs_object(struct dp_judge *j)
{
    if (re_of(j)->e.kind == DP_KIND_DESIGNATE)
        return DP_VOID_BINDING;
    if (!dp_ref_is_custody_offer(re_of(j)))
        return DP_VOID_REF_KIND;
    if (dp_judge_past_any(j, DP_BIT(ACCEPT), dp_match_re, j->x->re))
        return DP_VOID_TOO_LATE;
    return answered_by_me(j, DP_BIT(OBJECT)) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

static enum dp_void_reason needs_objection_answer(struct dp_judge *j)
{
    uint32_t code = j->x->e.body.code;

    if (dp_ref_offer_custody(j->f, re_of(j)->re) != j->x->custody)
        return DP_VOID_REF_KIND;
    if (!j->probe && code != DP_OBJECTION_GRANT && code != DP_OBJECTION_DENY)
        return DP_VOID_BODY;
    return dp_judge_past_any(j, DP_BIT(OBJECTION_ANSWER), dp_match_re, j->x->re) ? DP_VOID_ALREADY
                                                                                 : DP_VOID_NONE;
}

static enum dp_void_reason needs_take(struct dp_judge *j)
{
    const struct dp_entry *e = &j->x->e;

    if (e->kind == DP_KIND_DESIGNATE && !j->probe) {
        if (e->body.code2 != DP_DUTY_HANDLE)
            return DP_VOID_BODY;
        if (!target_down(&e->body.to, &e->office))
            return DP_VOID_TARGET;
    }
    if (served(j, j->x->custody) || has_under(j, DP_BIT(CLOSE), j->x->custody))
        return DP_VOID_TOO_LATE;
    return DP_VOID_NONE;
}

/* ---- steps of the holder ---- */

static bool names_another(const struct dp_judge *j)
{
    const struct dp_entry *e = &j->x->e;

    return j->probe || (!dp_name_is_none(&e->body.other) && !dp_name_eq(&e->body.other, &e->subject.name));
}

static enum dp_void_reason needs_guide_out(struct dp_judge *j)
{
    if (offer_open(j, j->x->custody))
        return DP_VOID_OFFER_OPEN;
    return has_under(j, DP_BIT(OPINION), j->x->custody) ? DP_VOID_TOO_LATE : DP_VOID_NONE;
}

static enum dp_void_reason needs_refuse_duplicate(struct dp_judge *j)
{
    if (!names_another(j))
        return DP_VOID_BODY;
    return offer_open(j, j->x->custody) ? DP_VOID_OFFER_OPEN : DP_VOID_NONE;
}

static enum dp_void_reason needs_link(struct dp_judge *j)
{
    return names_another(j) ? DP_VOID_NONE : DP_VOID_BODY;
}

static enum dp_void_reason needs_extend(struct dp_judge *j)
{
    uint32_t days = j->x->e.body.days;

    if (!j->probe && (days < 1 || days > EXTEND_DAYS_MAX)) /* R-DUE-5 */
        return DP_VOID_BODY;
    if (has_under(j, DP_BIT(OPINION), j->x->custody))
        return DP_VOID_TOO_LATE;
    return has_under(j, DP_BIT(EXTEND), j->x->custody) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

static enum dp_void_reason needs_opinion(struct dp_judge *j)
{
    if (offer_open(j, j->x->custody))
        return DP_VOID_OFFER_OPEN;
    return has_under(j, DP_BIT(OPINION), j->x->custody) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

/* R-CLO-1: what each closing code needs. */
static enum dp_void_reason needs_close_code(struct dp_judge *j)
{
    uint32_t c = j->x->custody;
    bool there = true;

    switch ((enum dp_close_code)j->x->e.body.code) {
    case DP_CLOSE_OPINION_FINAL:
        there = served(j, c);
        break;
    case DP_CLOSE_GUIDED_OUT:
        there = has_under(j, DP_BIT(GUIDE_OUT), c);
        break;
    case DP_CLOSE_MERGED:
        there = has_under(j, DP_BIT(REFUSE_DUPLICATE), c) || dp_judge_past_any(j, DP_BIT(LINK), any, 0);
        break;
    case DP_CLOSE_AGREEMENT_PERFORMED:
    case DP_CLOSE_WITHDRAWN:
    case DP_CLOSE_AID_SETTLED:
    case DP_CLOSE_ANSWERED:
    case DP_CLOSE_NOT_ACCEPTED:
        break;
    case DP_CLOSE_RECHECK_FINAL: /* reserved */
        return DP_VOID_BODY;
    }
    if (j->x->e.body.code < DP_CLOSE_OPINION_FINAL || j->x->e.body.code > DP_CLOSE_NOT_ACCEPTED)
        return DP_VOID_BODY;
    return there ? DP_VOID_NONE : DP_VOID_TOO_EARLY;
}

static enum dp_void_reason needs_close(struct dp_judge *j)
{
    if (offer_open(j, j->x->custody))
        return DP_VOID_OFFER_OPEN;
    return j->probe ? DP_VOID_NONE : needs_close_code(j);
}

/* ---- answers and orders ---- */

static enum dp_void_reason needs_sign(struct dp_judge *j)
{
    uint32_t prev = j->x->prev;

    if (prev != DP_FACT_NONE && dp_fact_kind_valid(&j->f->facts[prev]) == DP_KIND_ARRIVE &&
        j->f->facts[prev].re == j->x->re)
        return DP_VOID_NONE;
    return dp_judge_past_any(j, DP_BIT(ARRIVE), dp_match_re, j->x->re) ? DP_VOID_NONE : DP_VOID_TOO_EARLY;
}

static enum dp_void_reason needs_evaluate(struct dp_judge *j)
{
    return dp_judge_past_any(j, DP_BIT(EVALUATE), dp_match_re, j->x->re) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

static enum dp_void_reason needs_answer(struct dp_judge *j)
{
    return answered_by_me(j, DP_BIT(ANSWER)) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

static enum dp_void_reason needs_lift(struct dp_judge *j)
{
    if (dp_judge_past_any(j, DP_BIT(ANSWER), dp_match_re, j->x->re))
        return DP_VOID_TOO_LATE;
    return dp_judge_past_any(j, DP_BIT(LIFT), dp_match_re, j->x->re) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

/* R-N3-10: a reason in a code, and no text, which would outlive the lock. */
static enum dp_void_reason needs_lock(struct dp_judge *j)
{
    if (!j->probe && (j->x->e.body.code == 0 || j->x->e.part_count > 0))
        return DP_VOID_BODY;
    if (j->x->e.kind == DP_KIND_LOCK)
        return DP_VOID_NONE;
    return dp_judge_past_any(j, DP_BIT(UNLOCK), dp_match_re, j->x->re) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

/* R-ORD-2, R-ORD-3: a ground, a date, a level, and a named officer above the reminder. */
static enum dp_void_reason needs_order(struct dp_judge *j)
{
    const struct dp_body *body = &j->x->e.body;

    if (j->probe)
        return DP_VOID_NONE;
    if (!may_be_asked(&body->to, &j->x->e.office))
        return DP_VOID_TARGET;
    if (j->x->e.kind == DP_KIND_REMIND)
        return body->code2 == LEVEL_REMIND ? DP_VOID_NONE : DP_VOID_BODY;
    if (body->code2 <= LEVEL_REMIND || body->code2 > LEVEL_MAX || dp_date_is_none(body->due))
        return DP_VOID_BODY;
    if (body->code < 1 || body->code > ORDER_GROUND_MAX || j->x->e.officer == 0)
        return DP_VOID_BODY;
    return DP_VOID_NONE;
}

/* ---- parts, times, nodes ---- */

/* R-PRT-3: the body names the same entry as `re`, and a part that it has. */
static bool part_fits(const struct dp_judge *j)
{
    const struct dp_body *body = &j->x->e.body;

    return dp_name_eq(&body->other, &j->x->e.re) && body->index < DP_PARTS_MAX;
}

static enum dp_void_reason needs_part(struct dp_judge *j)
{
    const struct dp_fact *x = j->x;

    /* Row 30: a village erases what it wrote itself. */
    if (x->e.kind == DP_KIND_ERASE && x->from.tier == DP_TIER_VILLAGE &&
        !dp_node_eq(re_of(j)->e.name.origin, x->e.name.origin))
        return DP_VOID_TIER;
    if (j->probe)
        return DP_VOID_NONE;
    if (x->e.kind == DP_KIND_CORRECT && dp_name_is_none(&x->e.body.other))
        return DP_VOID_NONE; /* `re` says enough */
    return part_fits(j) && (x->e.kind == DP_KIND_CORRECT || x->e.body.code != 0) ? DP_VOID_NONE
                                                                                 : DP_VOID_BODY;
}

static enum dp_void_reason needs_witness(struct dp_judge *j)
{
    const struct dp_body *body = &j->x->e.body;

    if (j->probe)
        return DP_VOID_NONE;
    return dp_name_eq(&body->other, &j->x->e.re) && body->not_before_ms <= body->not_after_ms ? DP_VOID_NONE
                                                                                              : DP_VOID_BODY;
}

static enum dp_void_reason needs_officer(struct dp_judge *j)
{
    return dp_node_eq(j->x->e.body.to.node, j->x->e.office.node) ? DP_VOID_NONE : DP_VOID_TARGET;
}

/* ---- by kind ---- */

typedef enum dp_void_reason needs_fn(struct dp_judge *j);

static needs_fn *const needs[DP_KIND_MAX + 1] = {
    [DP_KIND_SIGN] = needs_sign,
    [DP_KIND_ACCEPT] = needs_accept,
    [DP_KIND_TRANSFER] = needs_offer,
    [DP_KIND_ASSIGN] = needs_offer,
    [DP_KIND_REFER_UP] = needs_offer,
    [DP_KIND_WITHDRAW] = needs_withdraw,
    [DP_KIND_OBJECT] = needs_object,
    [DP_KIND_OBJECTION_ANSWER] = needs_objection_answer,
    [DP_KIND_TAKE] = needs_take,
    [DP_KIND_DESIGNATE] = needs_take,
    [DP_KIND_GUIDE_OUT] = needs_guide_out,
    [DP_KIND_REFUSE_DUPLICATE] = needs_refuse_duplicate,
    [DP_KIND_LINK] = needs_link,
    [DP_KIND_CORRECT] = needs_part,
    [DP_KIND_EXTEND] = needs_extend,
    [DP_KIND_OPINION] = needs_opinion,
    [DP_KIND_EVALUATE] = needs_evaluate,
    [DP_KIND_SUPERVISE] = needs_order,
    [DP_KIND_REMIND] = needs_order,
    [DP_KIND_ANSWER] = needs_answer,
    [DP_KIND_CLOSE] = needs_close,
    [DP_KIND_UNMASK] = needs_part,
    [DP_KIND_ERASE] = needs_part,
    [DP_KIND_WITNESS] = needs_witness,
    [DP_KIND_LIFT] = needs_lift,
    [DP_KIND_LOCK] = needs_lock,
    [DP_KIND_UNLOCK] = needs_lock,
    [DP_KIND_OFFICER_ADD] = needs_officer,
    [DP_KIND_OFFICER_CHANGE] = needs_officer,
    [DP_KIND_OFFICER_LEAVE] = needs_officer,
};

enum dp_void_reason dp_judge_needs(struct dp_judge *j)
{
    needs_fn *fn = needs[j->x->e.kind];

    return fn != NULL ? fn(j) : DP_VOID_NONE;
}
