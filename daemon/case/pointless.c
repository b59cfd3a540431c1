/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the issuing node refuses although the causal past of the entry would let it stand: the
 * state here shows that it comes too late, twice, or under a custody no longer in force
 * (R-VAL-7). Others do not apply these rules; a late entry may still win by R-CUS-2.
 */
#include "case/plan_step.h"
#include "case/refs.h"

/* Steps that move a case on; a closed one takes none. */
#define MOVES                                                                                                \
    (DP_BITS_OFFER | DP_BIT(ACCEPT) | DP_BIT(TAKE) | DP_BIT(GUIDE_OUT) | DP_BIT(REFUSE_DUPLICATE) |          \
     DP_BIT(EXTEND) | DP_BIT(OPINION))
/* What an open offer bars the holder from. */
#define BARRED_BY_OFFER                                                                                      \
    (DP_BIT(TRANSFER) | DP_BIT(ASSIGN) | DP_BIT(REFER_UP) | DP_BIT(GUIDE_OUT) | DP_BIT(REFUSE_DUPLICATE) |   \
     DP_BIT(OPINION) | DP_BIT(CLOSE))

static bool is(uint32_t i)
{
    return i != DP_FACT_NONE;
}

static const struct dp_offer_state *offer_of(const struct dp_step *p, uint32_t fact)
{
    for (uint32_t k = 0; is(fact) && k < p->s->offer_count; k++) {
        if (p->s->offers[k].offered == fact)
            return &p->s->offers[k];
    }
    return NULL;
}

static const struct dp_order *order_of(const struct dp_step *p, uint32_t fact)
{
    for (uint32_t k = 0; is(fact) && k < p->s->order_count; k++) {
        if (p->s->orders[k].issued == fact)
            return &p->s->orders[k];
    }
    return NULL;
}

static bool returned(const struct dp_step *p, const struct dp_offer_state *o)
{
    return is(o->withdrawn) ||
           (is(o->objection_answer) && p->f->facts[o->objection_answer].e.body.code == DP_OBJECTION_GRANT);
}

/* An answer to an offer that is no longer there to answer. */
static enum dp_void_reason on_offer(const struct dp_step *p, const struct dp_offer_state *o)
{
    if (o == NULL)
        return DP_VOID_CUSTODY_ENDED; /* superseded, or under a custody not on the path */
    if (is(o->accepted))
        return DP_VOID_ALREADY;
    if (returned(p, o))
        return DP_VOID_OFFER_ENDED;
    return DP_VOID_NONE;
}

static enum dp_void_reason on_accept(const struct dp_step *p)
{
    enum dp_void_reason why = on_offer(p, offer_of(p, p->x.re));

    if (why != DP_VOID_NONE || p->s->open_offer == DP_FACT_NONE)
        return why != DP_VOID_NONE ? why : DP_VOID_CUSTODY_ENDED;
    return p->s->offers[p->s->open_offer].offered == p->x.re ? DP_VOID_NONE : DP_VOID_CUSTODY_ENDED;
}

static enum dp_void_reason on_object(const struct dp_step *p)
{
    const struct dp_offer_state *o = offer_of(p, p->x.re);

    return o != NULL && is(o->objected) ? DP_VOID_ALREADY : on_offer(p, o);
}

static enum dp_void_reason on_objection_answer(const struct dp_step *p)
{
    const struct dp_offer_state *o = offer_of(p, p->f->facts[p->x.re].re);

    return o != NULL && is(o->objection_answer) ? DP_VOID_ALREADY : on_offer(p, o);
}

static enum dp_void_reason on_serve(const struct dp_step *p)
{
    if (is(p->s->served))
        return DP_VOID_ALREADY;
    return p->x.re == p->s->opinion ? DP_VOID_NONE : DP_VOID_CUSTODY_ENDED;
}

static enum dp_void_reason on_answer(const struct dp_step *p)
{
    const struct dp_order *o = order_of(p, p->x.re);

    return o != NULL && is(o->answered) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

static enum dp_void_reason on_lift(const struct dp_step *p)
{
    const struct dp_order *o = order_of(p, p->x.re);

    if (o != NULL && is(o->lifted))
        return DP_VOID_ALREADY;
    return o != NULL && is(o->answered) ? DP_VOID_TOO_LATE : DP_VOID_NONE;
}

/* A second lock of one office, and the lifting of what is lifted. */
static enum dp_void_reason on_lock(const struct dp_step *p)
{
    if (p->x.e.kind == DP_KIND_UNLOCK)
        return is(p->x.re) && is(dp_lock_lifted(p->f, p->x.re)) ? DP_VOID_ALREADY : DP_VOID_NONE;
    for (uint32_t i = dp_lock_next(p->f, 0); is(i); i = dp_lock_next(p->f, i + 1)) {
        if (dp_office_eq(&p->f->facts[i].e.office, &p->x.e.office) && !is(dp_lock_lifted(p->f, i)))
            return DP_VOID_ALREADY;
    }
    return DP_VOID_NONE;
}

static enum dp_void_reason on_receipt(const struct dp_step *p)
{
    return is(dp_step_receipt_of(p, p->x.e.kind, p->x.re)) ? DP_VOID_ALREADY : DP_VOID_NONE;
}

/* The references that the functions below follow are valid and of a kind the table allows. */
static bool answers_valid(const struct dp_step *p, uint64_t kinds)
{
    return is(p->x.re) && (dp_kind_bit(dp_fact_kind_valid(&p->f->facts[p->x.re])) & kinds) != 0;
}

static enum dp_void_reason on_answering(const struct dp_step *p)
{
    switch (p->x.e.kind) {
    case DP_KIND_ACCEPT:
        return answers_valid(p, DP_BITS_OFFER) ? on_accept(p) : DP_VOID_NONE;
    case DP_KIND_WITHDRAW:
        return answers_valid(p, DP_BITS_OFFER) ? on_offer(p, offer_of(p, p->x.re)) : DP_VOID_NONE;
    case DP_KIND_OBJECT:
        return answers_valid(p, DP_BITS_OFFER) ? on_object(p) : DP_VOID_NONE;
    case DP_KIND_OBJECTION_ANSWER:
        return answers_valid(p, DP_BIT(OBJECT)) ? on_objection_answer(p) : DP_VOID_NONE;
    case DP_KIND_SERVE:
        return answers_valid(p, DP_BIT(OPINION)) ? on_serve(p) : DP_VOID_NONE;
    case DP_KIND_EVALUATE:
        return is(p->s->evaluated) ? DP_VOID_ALREADY : DP_VOID_NONE;
    case DP_KIND_ANSWER:
        return on_answer(p);
    case DP_KIND_LIFT:
        return on_lift(p);
    case DP_KIND_LOCK:
    case DP_KIND_UNLOCK:
        return on_lock(p);
    case DP_KIND_ARRIVE:
    case DP_KIND_SIGN:
        return on_receipt(p);
    default:
        return DP_VOID_NONE;
    }
}

/* Steps of the holder, and a take from it. */
static enum dp_void_reason on_holding(const struct dp_step *p)
{
    uint64_t bit = dp_kind_bit(p->x.e.kind);
    bool request = dp_kind_is_offer(p->x.e.kind) && p->x.e.body.code2 > DP_DUTY_HANDLE;

    if (p->x.e.kind == DP_KIND_CLOSE && is(p->s->closed))
        return DP_VOID_ALREADY;
    if ((bit & MOVES) != 0 && is(p->s->closed))
        return DP_VOID_TOO_LATE;
    if ((bit & BARRED_BY_OFFER) != 0 && !request && is(p->s->open_offer))
        return DP_VOID_OFFER_OPEN;
    if (p->x.e.kind == DP_KIND_OPINION && is(p->s->opinion))
        return DP_VOID_ALREADY;
    if (p->x.e.kind == DP_KIND_EXTEND && is(p->s->extended))
        return DP_VOID_ALREADY;
    if ((p->x.e.kind == DP_KIND_TAKE || p->x.e.kind == DP_KIND_DESIGNATE) && is(p->s->served))
        return DP_VOID_TOO_LATE;
    return DP_VOID_NONE;
}

enum dp_void_reason dp_step_pointless(const struct dp_step *p)
{
    struct dp_office holder = dp_state_custodian(p->s);
    enum dp_void_reason why;

    if (p->s->status == DP_STATUS_BEYOND) /* R-FMT-3: takes no commands here */
        return DP_VOID_RULES_VERSION;
    /* Who does not hold the case at all learns that first, from the judge. */
    if ((dp_kind_bit(p->x.e.kind) & (BARRED_BY_OFFER | DP_BIT(EXTEND))) != 0 &&
        !dp_office_eq(&holder, &p->x.e.office))
        return DP_VOID_NONE;
    why = on_answering(p);
    return why != DP_VOID_NONE ? why : on_holding(p);
}
