/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour 9/9: The fold: two passes over the facts in fold order (R-FLD-1). The first gathers custodies, parties
 * and lists; then the path in force is chosen (custody.c); the second lets the steps that stand take effect.
 * Only valid facts have any (R-FLD-3). Time O(n), but for the sorting of the parties.
 */
#include "case/fold.h"

#include <string.h>

#include "case/custody.h"
#include "case/refs.h"

/* Work of one fold; arrays of the arena, sized by a count that precedes. */
struct fold {
    const struct dp_casefile *f;
    struct dp_state *s;
    struct dp_custodies c;
    uint32_t *slot;    /* per fact: its place in offers or orders, or DP_FACT_NONE */
    uint32_t current;  /* fact that opened the custody in force, or DP_FACT_NONE */
    uint32_t objector; /* first valid objection, for R-FLD-4 */
};

/* ---- first pass ---- */

struct totals {
    uint32_t openings, offers, orders, voided, pending, valid;
};

static struct totals count_facts(const struct dp_casefile *f)
{
    struct totals t = {0};

    for (uint32_t i = 0; i < f->count; i++) {
        const struct dp_fact *x = &f->facts[i];
        uint64_t bit = dp_kind_bit(dp_fact_kind_valid(x));
        t.voided += x->verdict == DP_VOIDED;
        t.pending += x->verdict == DP_PENDING;
        t.valid += x->verdict == DP_VALID;
        t.openings += (bit & DP_BITS_OPEN) != 0;
        t.offers += (bit & DP_BITS_OFFER) != 0;
        t.orders += (bit & DP_BITS_ORDER) != 0;
    }
    return t;
}

static void *array(struct dp_arena *a, size_t n, size_t size, bool *failed)
{
    void *p = dp_arena_array(a, n, size);

    *failed = *failed || p == NULL;
    return p;
}

static enum dp_err reserve(struct fold *w, struct dp_arena *a)
{
    struct totals t = count_facts(w->f);
    struct dp_state *s = w->s;
    bool failed = false;

    w->slot = array(a, w->f->count, sizeof(*w->slot), &failed);
    s->parties = array(a, (size_t)t.openings + t.offers + t.orders, sizeof(*s->parties), &failed);
    s->offers = array(a, t.offers, sizeof(*s->offers), &failed);
    s->orders = array(a, t.orders, sizeof(*s->orders), &failed);
    s->voided = array(a, t.voided, sizeof(*s->voided), &failed);
    s->pending = array(a, t.pending, sizeof(*s->pending), &failed);
    s->superseded = array(a, t.valid, sizeof(*s->superseded), &failed);
    if (failed || dp_custodies_init(&w->c, w->f, t.openings, a) != DP_OK)
        return DP_NOMEM;
    memset(w->slot, 0xff, w->f->count * sizeof(*w->slot)); /* DP_FACT_NONE */
    return DP_OK;
}

/* R-DOWN-2: whoever a valid entry makes a party stays one; superseding unmakes none. */
static void add_party(struct dp_state *s, const struct dp_office *o)
{
    s->parties[s->party_count++] = *o;
}

/* R-FLD-4: a second objection, or an offer to an office that has objected. */
static void watch_loop(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    if (x->e.kind == DP_KIND_OBJECT) {
        w->s->loop_notice |= w->objector != DP_FACT_NONE;
        if (w->objector == DP_FACT_NONE)
            w->objector = i;
    } else if (w->objector != DP_FACT_NONE && dp_ref_is_custody_offer(x)) {
        w->s->loop_notice |= dp_office_eq(&x->e.body.to, &w->f->facts[w->objector].e.office);
    }
}

static void gather_valid(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    uint64_t bit = dp_kind_bit(x->e.kind);

    if (bit & DP_BITS_OPEN) {
        dp_custodies_add(&w->c, i);
        add_party(w->s, &x->e.office);
    }
    if (bit & (DP_BITS_OFFER | DP_BITS_ORDER))
        add_party(w->s, &x->e.body.to);
    if (x->e.kind == DP_KIND_REGISTER)
        w->s->registered = i;
    else if (x->e.kind == DP_KIND_SERVE)
        dp_custodies_served(&w->c, w->f->facts[x->re].custody);
    watch_loop(w, x, i);
}

/* R-FMT-3: a critical kind, or rules, of a version yet to come. */
static bool is_beyond(const struct dp_fact *x)
{
    if (!x->e.critical)
        return false;
    if (x->verdict == DP_VALID)
        return !dp_kind_known(x->e.kind);
    return x->verdict == DP_VOIDED && x->reason == DP_VOID_RULES_VERSION && x->e.rules > DP_RULES_VERSION;
}

/* R-FLD-2: the lists; R-FLD-3: no effect without validity. */
static bool gather(struct fold *w)
{
    struct dp_state *s = w->s;
    bool beyond = false;

    for (uint32_t i = 0; i < w->f->count; i++) {
        const struct dp_fact *x = &w->f->facts[i];
        beyond |= is_beyond(x);
        if (x->verdict == DP_VALID)
            gather_valid(w, x, i);
        else if (x->verdict == DP_VOIDED)
            s->voided[s->voided_count++] = i;
        else
            s->pending[s->pending_count++] = i;
    }
    return beyond;
}

/* ---- second pass ---- */

static void first(uint32_t *field, uint32_t i)
{
    if (*field == DP_FACT_NONE)
        *field = i;
}

static struct dp_offer_state *offer_at(struct fold *w, uint32_t fact)
{
    if (!dp_kind_is_offer(w->f->facts[fact].e.kind) || w->slot[fact] == DP_FACT_NONE)
        return NULL;
    return &w->s->offers[w->slot[fact]];
}

static struct dp_order *order_at(struct fold *w, uint32_t fact)
{
    if (dp_kind_is_offer(w->f->facts[fact].e.kind) || w->slot[fact] == DP_FACT_NONE)
        return NULL;
    return &w->s->orders[w->slot[fact]];
}

static void add_offer(struct fold *w, uint32_t i)
{
    w->slot[i] = w->s->offer_count;
    w->s->offers[w->s->offer_count++] = (struct dp_offer_state){
        i, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE,
    };
}

static void add_order(struct fold *w, uint32_t i)
{
    w->slot[i] = w->s->order_count;
    w->s->orders[w->s->order_count++] =
        (struct dp_order){i, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE, DP_FACT_NONE};
}

static void apply_arrive(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    const struct dp_fact *re = &w->f->facts[x->re];
    struct dp_offer_state *offer = offer_at(w, x->re);
    struct dp_order *order = order_at(w, x->re);

    if (offer != NULL)
        first(&offer->arrived, i);
    else if (order != NULL)
        first(&order->arrived, i);
    else if (re->e.kind == DP_KIND_OBJECT && (offer = offer_at(w, re->re)) != NULL)
        first(&offer->objection_arrived, i);
    else if (re->e.kind == DP_KIND_ANSWER && (order = order_at(w, re->re)) != NULL)
        first(&order->answer_arrived, i);
}

static void apply_sign(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    struct dp_offer_state *offer = offer_at(w, x->re);
    struct dp_order *order = order_at(w, x->re);

    if (offer != NULL)
        first(&offer->signed_, i);
    else if (order != NULL)
        first(&order->signed_, i);
}

/* accept, object, withdraw and the answer to an objection, each on its offer. */
static void apply_to_offer(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    uint32_t fact = x->e.kind == DP_KIND_OBJECTION_ANSWER ? w->f->facts[x->re].re : x->re;
    struct dp_offer_state *offer = offer_at(w, fact);

    if (offer == NULL)
        return;
    if (x->e.kind == DP_KIND_ACCEPT)
        first(&offer->accepted, i);
    else if (x->e.kind == DP_KIND_OBJECT)
        first(&offer->objected, i);
    else if (x->e.kind == DP_KIND_WITHDRAW)
        first(&offer->withdrawn, i);
    else
        first(&offer->objection_answer, i);
}

/* Steps under the custody in force. */
static void apply_current(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    struct dp_state *s = w->s;

    if (w->current == DP_FACT_NONE || dp_ref_custody(w->f, x) != w->current)
        return;
    switch (x->e.kind) {
    case DP_KIND_EXTEND:
        first(&s->extended, i);
        break;
    case DP_KIND_OPINION:
        first(&s->opinion, i);
        break;
    case DP_KIND_SERVE:
        first(&s->served, i);
        break;
    case DP_KIND_GUIDE_OUT:
        first(&s->guided, i);
        break;
    case DP_KIND_REFUSE_DUPLICATE:
        first(&s->duplicate, i);
        break;
    case DP_KIND_CLOSE:
        first(&s->closed, i);
        break;
    }
}

static void apply_answer(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    struct dp_order *order = order_at(w, x->re);

    if (order != NULL)
        first(&order->answered, i);
}

static void apply_lift(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    struct dp_order *order = order_at(w, x->re);

    if (order != NULL)
        first(&order->lifted, i);
}

static void apply(struct fold *w, const struct dp_fact *x, uint32_t i)
{
    switch (x->e.kind) {
    case DP_KIND_ARRIVE:
        apply_arrive(w, x, i);
        break;
    case DP_KIND_SIGN:
        apply_sign(w, x, i);
        break;
    case DP_KIND_TRANSFER:
    case DP_KIND_ASSIGN:
    case DP_KIND_REFER_UP:
    case DP_KIND_DESIGNATE:
        add_offer(w, i);
        break;
    case DP_KIND_ACCEPT:
    case DP_KIND_OBJECT:
    case DP_KIND_WITHDRAW:
    case DP_KIND_OBJECTION_ANSWER:
        apply_to_offer(w, x, i);
        break;
    case DP_KIND_SUPERVISE: /* R-ORD-1: stands without custody and without a case */
    case DP_KIND_REMIND:
        add_order(w, i);
        break;
    case DP_KIND_ANSWER:
        apply_answer(w, x, i);
        break;
    case DP_KIND_LIFT:
        apply_lift(w, x, i);
        break;
    case DP_KIND_EVALUATE:
        if (dp_ref_custody(w->f, &w->f->facts[x->re]) == w->current)
            first(&w->s->evaluated, i);
        break;
    case DP_KIND_REPORT_BACK:
        if (offer_at(w, x->re) != NULL)
            first(&w->s->reported, i);
        break;
    default:
        apply_current(w, x, i);
        break;
    }
}

static void apply_all(struct fold *w)
{
    for (uint32_t i = 0; i < w->f->count; i++) {
        const struct dp_fact *x = &w->f->facts[i];
        if (x->verdict != DP_VALID)
            continue;
        if (dp_custodies_superseded(&w->c, i))
            w->s->superseded[w->s->superseded_count++] = i;
        else
            apply(w, x, i);
    }
}

/* ---- what follows ---- */

static bool offer_is_open(const struct fold *w, const struct dp_offer_state *o)
{
    if (!dp_ref_is_custody_offer(&w->f->facts[o->offered]) ||
        dp_ref_offer_custody(w->f, o->offered) != w->current)
        return false;
    if (o->accepted != DP_FACT_NONE || o->withdrawn != DP_FACT_NONE)
        return false;
    return o->objection_answer == DP_FACT_NONE ||
           w->f->facts[o->objection_answer].e.body.code != DP_OBJECTION_GRANT;
}

static void find_open_offer(struct fold *w)
{
    for (uint32_t k = 0; k < w->s->offer_count; k++) {
        if (offer_is_open(w, &w->s->offers[k])) {
            w->s->open_offer = k;
            return;
        }
    }
}

static enum dp_status offer_status(const struct dp_state *s)
{
    const struct dp_offer_state *o = &s->offers[s->open_offer];

    return o->objected != DP_FACT_NONE && o->objection_answer == DP_FACT_NONE ? DP_STATUS_OBJECTED
                                                                              : DP_STATUS_OFFERED;
}

static enum dp_status held_status(const struct fold *w)
{
    switch (w->f->facts[w->current].e.kind) {
    case DP_KIND_REGISTER:
        return DP_STATUS_REGISTERED;
    case DP_KIND_ACCEPT:
        return DP_STATUS_ACCEPTED;
    default:
        return DP_STATUS_HELD;
    }
}

static enum dp_status status_of(const struct fold *w, bool beyond)
{
    const struct dp_state *s = w->s;

    if (beyond)
        return DP_STATUS_BEYOND;
    if (s->path_count == 0)
        return DP_STATUS_UNKNOWN;
    if (s->closed != DP_FACT_NONE)
        return DP_STATUS_CLOSED;
    if (s->guided != DP_FACT_NONE)
        return DP_STATUS_GUIDED_OUT;
    if (s->duplicate != DP_FACT_NONE)
        return DP_STATUS_DUP_LINKED;
    if (s->served != DP_FACT_NONE)
        return DP_STATUS_OPINION_SERVED;
    if (s->opinion != DP_FACT_NONE)
        return DP_STATUS_OPINION_ISSUED;
    return s->open_offer != DP_FACT_NONE ? offer_status(s) : held_status(w);
}

static struct dp_date receipt_of(const struct dp_casefile *f, uint32_t i)
{
    return i == DP_FACT_NONE ? DP_DATE_NONE : dp_fact_receipt(f, i);
}

/* When the offer that is open, or that brought the case here, reached its addressee. */
static struct dp_date offer_received(struct fold *w)
{
    const struct dp_state *s = w->s;
    const struct dp_offer_state *o = NULL;

    if (s->open_offer != DP_FACT_NONE)
        o = &s->offers[s->open_offer];
    else if (s->accepted != DP_FACT_NONE)
        o = offer_at(w, w->f->facts[s->accepted].re);
    return o != NULL ? receipt_of(w->f, o->arrived) : DP_DATE_NONE;
}

static void finish(struct fold *w, bool beyond)
{
    const struct dp_casefile *f = w->f;
    struct dp_state *s = w->s;

    /* The opinion that was served is the one in force, should a forger have issued two. */
    if (s->served != DP_FACT_NONE)
        s->opinion = f->facts[s->served].re;
    if (w->current != DP_FACT_NONE && f->facts[w->current].e.kind == DP_KIND_ACCEPT)
        s->accepted = w->current;
    find_open_offer(w);
    s->is_errand = s->registered != DP_FACT_NONE && (f->reg.flags & DP_REG_ERRAND) != 0;
    /* R-N3-1: protected as soon as the register entry is held, whatever its verdict. */
    s->is_protected =
        dp_case_locked(f) || (f->has_reg && (f->reg.purpose == DP_PURPOSE_ACCUSATION ||
                                             (f->reg.flags & (DP_REG_CONFIDENTIAL | DP_REG_LOCK)) != 0));
    s->registered_on = receipt_of(f, s->registered);
    s->accepted_on = receipt_of(f, s->accepted);
    s->served_on = receipt_of(f, s->served);
    s->offer_received_on = offer_received(w);
    s->status = status_of(w, beyond);
}

enum dp_err dp_fold(const struct dp_casefile *f, struct dp_arena *a, struct dp_state *out)
{
    struct dp_state s = {
        .registered = DP_FACT_NONE,
        .open_offer = DP_FACT_NONE,
        .accepted = DP_FACT_NONE,
        .extended = DP_FACT_NONE,
        .opinion = DP_FACT_NONE,
        .served = DP_FACT_NONE,
        .guided = DP_FACT_NONE,
        .duplicate = DP_FACT_NONE,
        .closed = DP_FACT_NONE,
        .evaluated = DP_FACT_NONE,
        .reported = DP_FACT_NONE,
    };
    struct fold w = {.f = f, .s = &s, .objector = DP_FACT_NONE, .current = DP_FACT_NONE};
    bool beyond;

    if (reserve(&w, a) != DP_OK)
        return DP_NOMEM;
    beyond = gather(&w);
    if (dp_custodies_choose(&w.c, a, &s.path, &s.path_count) != DP_OK)
        return DP_NOMEM;
    if (s.path_count > 0) /* R-CUS-3: one custodian, the last opening on the path */
        w.current = s.path[s.path_count - 1].opened;
    apply_all(&w);
    finish(&w, beyond);
    dp_state_settle_parties(&s);
    *out = s;
    return DP_OK;
}
