/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clocks of a case (R-DUE-1), computed from its state each time they are asked for (R-DUE-6).
 * One function a clock; each names what started it, whose duty it is and what stopped it. The
 * limits come from the profile, the rest days from the calendar, that the starting entry names.
 */
#include "case/due.h"

#include "case/refs.h"

static const char *const clock_words[] = {
    [DP_CLOCK_TRIAGE] = "triage",
    [DP_CLOCK_OBJECT] = "object",
    [DP_CLOCK_ACCEPT] = "accept",
    [DP_CLOCK_HANDLE] = "handle",
    [DP_CLOCK_REPORT] = "report_back",
    [DP_CLOCK_ORDER] = "order",
    [DP_CLOCK_SIGN] = "sign",
    [DP_CLOCK_OBJECTION_ANSWER] = "objection_answer",
    [DP_CLOCK_REVIEW_WINDOW] = "review_window",
    [DP_CLOCK_ERRAND] = "errand",
    [DP_CLOCK_REMIND] = "remind",
};

const char *dp_clock_word(enum dp_clock c)
{
    return c >= DP_CLOCK_TRIAGE && c <= DP_CLOCK_REMIND ? clock_words[c] : "";
}

static const char *const delay_words[] = {
#define DELAY_WORD(name, word) word,
    DP_DELAY_LIST(DELAY_WORD)
#undef DELAY_WORD
};

const char *dp_delay_word(enum dp_delay d)
{
    return (unsigned)d < DP_DELAY_COUNT ? delay_words[d] : "";
}

struct list {
    const struct dp_casefile *f;
    const struct dp_state *s;
    const struct dp_editions *ed;
    struct dp_due *due;
    uint32_t count;
};

/* Clocks an offer, an order and a custody can start; the rest of a case starts at most three more. */
#define PER_OFFER 6
#define PER_ORDER 2
#define PER_CUSTODY 1
#define PER_CASE 3

/* ---- editions ---- */

static const struct dp_name *named(const struct dp_name *own, const struct dp_name *else_)
{
    return dp_name_is_none(own) ? else_ : own;
}

/* Limits in force for what `x` starts; *missing when the edition it names is not here. */
static const struct dp_profile *profile_for(const struct list *l, const struct dp_fact *x, bool *missing)
{
    const struct dp_name *n = named(&x->e.body.profile, &l->f->reg.profile);
    const struct dp_profile *p = NULL;

    *missing = false;
    if (!dp_name_is_none(n) && l->ed != NULL && l->ed->profile != NULL)
        p = l->ed->profile(l->ed->ctx, n);
    if (p != NULL)
        return p;
    *missing = !dp_name_is_none(n);
    return l->s->is_errand ? &dp_profile_errand : &dp_profile_national;
}

static const struct dp_calendar *calendar_for(const struct list *l, const struct dp_fact *x)
{
    const struct dp_name *n = named(&x->e.body.calendar, &l->f->reg.calendar);

    if (l->ed == NULL || l->ed->calendar == NULL)
        return NULL;
    return l->ed->calendar(l->ed->ctx, n);
}

static struct dp_due_date due_after(const struct list *l, uint32_t start, const struct dp_limit *limit,
                                    struct dp_date from)
{
    const struct dp_calendar *c = calendar_for(l, &l->f->facts[start]);

    return limit->working ? dp_due_working_days(c, from, limit->days)
                          : dp_due_calendar_days(c, from, limit->days);
}

/* ---- one clock ---- */

static struct dp_date date_of(const struct list *l, uint32_t fact)
{
    return fact == DP_FACT_NONE ? DP_DATE_NONE : dp_fact_receipt(l->f, fact);
}

/* Put a clock on the list, if its profile has it; `edition` names profile and calendar. NULL: it has not. */
static struct dp_due *start(struct list *l, enum dp_clock clock, const struct dp_office *office,
                            uint32_t started_by, uint32_t edition, struct dp_date from)
{
    bool missing;
    const struct dp_profile *p = profile_for(l, &l->f->facts[edition], &missing);
    const struct dp_limit *limit = dp_profile_limit(p, clock);
    struct dp_due *d;

    if (limit == NULL)
        return NULL;
    d = &l->due[l->count++];
    *d = (struct dp_due){
        .clock = clock,
        .office = *office,
        .started_by = started_by,
        .from = from,
        .met_by = DP_FACT_NONE,
    };
    if (!dp_date_is_none(from))
        d->due = due_after(l, edition, limit, from);
    d->due.provisional |= missing;
    return d;
}

/* The earliest of what would stop the clock, DP_FACT_NONE for what is not there. */
static void stop(const struct list *l, struct dp_due *d, const uint32_t *by, uint32_t count)
{
    for (uint32_t i = 0; d != NULL && i < count; i++) {
        if (by[i] < d->met_by) /* DP_FACT_NONE is the largest */
            d->met_by = by[i];
    }
    if (d != NULL)
        d->met_on = date_of(l, d->met_by);
}

static void running(struct dp_due *d, enum dp_delay cause)
{
    if (d != NULL)
        d->cause = d->met_by == DP_FACT_NONE ? cause : DP_DELAY_NONE;
}

#define STOP(l, d, ...)                                                                                      \
    stop((l), (d), (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* ---- offers ---- */

/* R-DLY-1, for the addressee of an offer. */
static enum dp_delay offer_cause(const struct dp_offer_state *o)
{
    if (o->arrived == DP_FACT_NONE)
        return DP_DELAY_NOT_DELIVERED;
    if (o->objected != DP_FACT_NONE && o->objection_arrived == DP_FACT_NONE)
        return DP_DELAY_ANSWER_ON_WAY;
    return o->signed_ == DP_FACT_NONE && o->objected == DP_FACT_NONE ? DP_DELAY_NOT_SIGNED
                                                                     : DP_DELAY_NOT_HANDLED;
}

static bool granted(const struct list *l, const struct dp_offer_state *o)
{
    return o->objection_answer != DP_FACT_NONE &&
           l->f->facts[o->objection_answer].e.body.code == DP_OBJECTION_GRANT;
}

/* What ended the offer for its addressee, other than its own acceptance. */
static uint32_t offer_returned(const struct list *l, const struct dp_offer_state *o)
{
    return granted(l, o) ? o->objection_answer : o->withdrawn;
}

static uint32_t opening_after(const struct list *l, uint32_t custody)
{
    for (uint32_t i = 0; i + 1 < l->s->path_count; i++) {
        if (l->s->path[i].opened == custody)
            return l->s->path[i + 1].opened;
    }
    return DP_FACT_NONE;
}

/* A take over the head of an open offer ends the addressee's clocks too. */
static uint32_t offer_overtaken(const struct list *l, const struct dp_offer_state *o)
{
    return o->accepted == DP_FACT_NONE ? opening_after(l, dp_ref_offer_custody(l->f, o->offered))
                                       : DP_FACT_NONE;
}

static void clock_sign(struct list *l, uint32_t what, uint32_t arrived, uint32_t signed_, uint32_t acted)
{
    struct dp_due *d;

    if (arrived == DP_FACT_NONE)
        return;
    d = start(l, DP_CLOCK_SIGN, &l->f->facts[what].e.body.to, arrived, what, date_of(l, arrived));
    STOP(l, d, signed_, acted);
    running(d, DP_DELAY_NOT_SIGNED);
}

static void clock_object(struct list *l, const struct dp_offer_state *o, uint32_t ended)
{
    const struct dp_fact *offer = &l->f->facts[o->offered];
    struct dp_due *d;

    if (o->arrived == DP_FACT_NONE || offer->e.kind == DP_KIND_DESIGNATE)
        return;
    d = start(l, DP_CLOCK_OBJECT, &offer->e.body.to, o->arrived, o->offered, date_of(l, o->arrived));
    STOP(l, d, o->objected, o->accepted, ended);
    running(d, offer_cause(o));
}

/* Clock 3 from the addressee's own receipt; before it there is only the cause to see. */
static struct dp_due *clock_accept(struct list *l, const struct dp_offer_state *o, uint32_t ended)
{
    uint32_t by = o->arrived != DP_FACT_NONE ? o->arrived : o->offered;
    struct dp_due *d =
        start(l, DP_CLOCK_ACCEPT, &l->f->facts[o->offered].e.body.to, by, o->offered, date_of(l, o->arrived));

    STOP(l, d, o->accepted, ended);
    running(d, offer_cause(o));
    return d;
}

/* R-DUE-4: no acceptance by its due date, so the handling clock starts there. */
static void clock_handle_unaccepted(struct list *l, const struct dp_offer_state *o,
                                    const struct dp_due *accept, uint32_t ended)
{
    struct dp_due *d;

    if (accept == NULL || o->arrived == DP_FACT_NONE || o->accepted != DP_FACT_NONE || ended != DP_FACT_NONE)
        return;
    d = start(l, DP_CLOCK_HANDLE, &accept->office, o->arrived, o->offered, accept->due.date);
    running(d, offer_cause(o));
}

static void clock_report(struct list *l, const struct dp_offer_state *o, uint32_t ended)
{
    const struct dp_fact *offer = &l->f->facts[o->offered];
    struct dp_due *d;

    if (offer->e.kind != DP_KIND_ASSIGN)
        return;
    d = start(l, DP_CLOCK_REPORT, &offer->e.body.to, o->offered, o->offered, date_of(l, o->offered));
    if (d != NULL)
        d->due = (struct dp_due_date){offer->e.body.due, false}; /* as the assigner named it */
    if (l->s->reported != DP_FACT_NONE && l->f->facts[l->s->reported].re == o->offered)
        ended = l->s->reported;
    STOP(l, d, ended);
    running(d, offer_cause(o));
}

static void clock_objection_answer(struct list *l, const struct dp_offer_state *o, uint32_t ended)
{
    uint32_t by = o->objection_arrived != DP_FACT_NONE ? o->objection_arrived : o->objected;
    struct dp_due *d;

    if (o->objected == DP_FACT_NONE)
        return;
    d = start(l, DP_CLOCK_OBJECTION_ANSWER, &l->f->facts[o->offered].e.office, by, o->offered,
              date_of(l, by));
    STOP(l, d, o->objection_answer, o->accepted, ended);
    running(d, o->objection_arrived == DP_FACT_NONE ? DP_DELAY_NOT_DELIVERED : DP_DELAY_NOT_HANDLED);
}

static void clocks_of_offer(struct list *l, const struct dp_offer_state *o)
{
    bool custody = dp_ref_is_custody_offer(&l->f->facts[o->offered]);
    uint32_t ended = offer_returned(l, o);
    uint32_t over = offer_overtaken(l, o);
    uint32_t acted = o->accepted < o->objected ? o->accepted : o->objected;

    if (over < ended)
        ended = over;
    clock_report(l, o, ended);
    clock_sign(l, o->offered, o->arrived, o->signed_, acted < ended ? acted : ended);
    if (!custody)
        return;
    clock_object(l, o, ended);
    clock_handle_unaccepted(l, o, clock_accept(l, o, ended), ended);
    clock_objection_answer(l, o, ended);
}

/* ---- orders ---- */

static enum dp_delay order_cause(const struct dp_order *o)
{
    if (o->lifted != DP_FACT_NONE)
        return DP_DELAY_NONE;
    if (o->answered != DP_FACT_NONE) /* issued there, not arrived at the asker */
        return o->answer_arrived == DP_FACT_NONE ? DP_DELAY_ANSWER_ON_WAY : DP_DELAY_NONE;
    if (o->arrived == DP_FACT_NONE)
        return DP_DELAY_NOT_DELIVERED;
    return o->signed_ == DP_FACT_NONE ? DP_DELAY_NOT_SIGNED : DP_DELAY_NOT_HANDLED;
}

/* Clocks 6 and 11; a date in the order goes before the limit of the profile. */
static void clocks_of_order(struct list *l, const struct dp_order *o)
{
    const struct dp_fact *order = &l->f->facts[o->issued];
    enum dp_clock clock = order->e.kind == DP_KIND_REMIND ? DP_CLOCK_REMIND : DP_CLOCK_ORDER;
    uint32_t by = o->arrived != DP_FACT_NONE ? o->arrived : o->issued;
    struct dp_due *d = start(l, clock, &order->e.body.to, by, o->issued, date_of(l, o->arrived));

    if (d != NULL && !dp_date_is_none(order->e.body.due))
        d->due = (struct dp_due_date){order->e.body.due, false};
    STOP(l, d, o->answered, o->lifted);
    if (d != NULL)
        d->cause = order_cause(o);
    clock_sign(l, o->issued, o->arrived, o->signed_, o->answered != DP_FACT_NONE ? o->answered : o->lifted);
}

/* ---- the case ---- */

/* Steps by which the holder of `custody` has dealt with the matter. */
static uint32_t first_under(const struct list *l, uint32_t custody, uint64_t kinds)
{
    for (uint32_t i = 0; i < l->f->count; i++) {
        const struct dp_fact *x = &l->f->facts[i];
        if ((dp_kind_bit(dp_fact_kind_valid(x)) & kinds) != 0 && x->custody == custody &&
            (!dp_kind_is_offer(x->e.kind) || dp_ref_is_custody_offer(x)))
            return i;
    }
    return DP_FACT_NONE;
}

#define DEALT (DP_BIT(GUIDE_OUT) | DP_BIT(REFUSE_DUPLICATE) | DP_BIT(OPINION) | DP_BIT(CLOSE))

static void clock_triage(struct list *l)
{
    uint32_t reg = l->s->registered;
    struct dp_due *d = start(l, DP_CLOCK_TRIAGE, &l->f->facts[reg].e.office, reg, reg, l->s->registered_on);

    STOP(l, d, first_under(l, reg, DEALT | DP_BITS_OFFER | DP_BIT(TAKE)));
    running(d, DP_DELAY_NOT_HANDLED);
}

static struct dp_date accept_due(const struct list *l, uint32_t offer)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const struct dp_due *d = &l->due[i];
        if (d->clock == DP_CLOCK_ACCEPT && (d->started_by == offer || l->f->facts[d->started_by].re == offer))
            return d->due.date;
    }
    return DP_DATE_NONE;
}

static uint32_t extension_under(const struct list *l, uint32_t custody)
{
    return first_under(l, custody, DP_BIT(EXTEND));
}

/* R-DUE-5: the days of an extension are added to the original due date. */
static void extend(const struct list *l, struct dp_due *d, uint32_t custody)
{
    const struct dp_calendar *c = calendar_for(l, &l->f->facts[custody]);
    uint32_t by = extension_under(l, custody);
    struct dp_due_date later;

    if (d == NULL || by == DP_FACT_NONE)
        return;
    later = dp_due_calendar_days(c, d->due.date, l->f->facts[by].e.body.days);
    d->due = (struct dp_due_date){later.date, later.provisional || d->due.provisional};
}

/* Clock 4, of an accept on the path; R-DUE-4: late acceptance does not put it off. */
static void clock_handle(struct list *l, const struct dp_custody *c)
{
    const struct dp_fact *accept = &l->f->facts[c->opened];
    uint32_t edition = dp_name_is_none(&accept->e.body.profile) ? c->offer : c->opened;
    struct dp_date from = date_of(l, c->opened);
    struct dp_date latest = accept_due(l, c->offer);
    struct dp_due *d;

    if (!dp_date_is_none(latest) && from.day > latest.day)
        from = latest;
    d = start(l, DP_CLOCK_HANDLE, &c->holder, c->opened, edition, from);
    extend(l, d, c->opened);
    STOP(l, d, first_under(l, c->opened, DEALT), opening_after(l, c->opened));
    running(d, DP_DELAY_NOT_HANDLED);
}

/* Clock 10: an errand is done when its result is out, whoever runs it. */
static void clock_errand(struct list *l)
{
    const struct dp_state *s = l->s;
    struct dp_office runner = dp_state_custodian(s);
    struct dp_due *d;

    if (!s->is_errand)
        return;
    d = start(l, DP_CLOCK_ERRAND, &runner, s->registered, s->registered, s->registered_on);
    extend(l, d, s->path[s->path_count - 1].opened);
    STOP(l, d, s->opinion, s->closed, s->guided, s->duplicate);
    running(d, DP_DELAY_NOT_HANDLED);
}

/* Clock 9: nobody's duty, the petitioner's time to ask for review. */
static void clock_review_window(struct list *l)
{
    struct dp_office holder = dp_state_custodian(l->s);

    if (l->s->served != DP_FACT_NONE)
        STOP(l, start(l, DP_CLOCK_REVIEW_WINDOW, &holder, l->s->served, l->s->opinion, l->s->served_on),
             l->s->closed);
}

static void clocks_of_case(struct list *l)
{
    const struct dp_state *s = l->s;

    if (s->path_count == 0)
        return;
    clock_triage(l);
    for (uint32_t i = 0; i < s->path_count; i++) {
        if (s->path[i].offer != DP_FACT_NONE)
            clock_handle(l, &s->path[i]);
    }
    clock_errand(l);
    clock_review_window(l);
}

/* By what started them, then by number of the clock; the list is short. */
static void sort(struct list *l)
{
    for (uint32_t i = 1; i < l->count; i++) {
        struct dp_due moved = l->due[i];
        uint32_t j = i;
        for (; j > 0 && (l->due[j - 1].started_by > moved.started_by ||
                         (l->due[j - 1].started_by == moved.started_by && l->due[j - 1].clock > moved.clock));
             j--)
            l->due[j] = l->due[j - 1];
        l->due[j] = moved;
    }
}

enum dp_err dp_due_list(const struct dp_casefile *f, const struct dp_state *s, const struct dp_editions *ed,
                        struct dp_arena *a, struct dp_due **out, uint32_t *count)
{
    struct list l = {.f = f, .s = s, .ed = ed};
    size_t most = (size_t)s->offer_count * PER_OFFER + (size_t)s->order_count * PER_ORDER +
                  (size_t)s->path_count * PER_CUSTODY + PER_CASE;

    l.due = DP_NEW_ARRAY(a, struct dp_due, most);
    if (l.due == NULL)
        return DP_NOMEM;
    for (uint32_t i = 0; i < s->offer_count; i++)
        clocks_of_offer(&l, &s->offers[i]);
    for (uint32_t i = 0; i < s->order_count; i++)
        clocks_of_order(&l, &s->orders[i]);
    clocks_of_case(&l);
    sort(&l);
    *out = l.due;
    *count = l.count;
    return DP_OK;
}
