/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dates of a case, counted here again from RULES.md section 5 and from the editions that were published
 * (I17): who counts from another day, by another calendar, or a day more or less, is found out even when all
 * nodes do the same.
 */
#include "sim/oracle.h"

#include <stdio.h>

#include "case/due.h"
#include "case/refs.h"
#include "sim/fault.h"
#include "support/cmocka_all.h"

/* ---- editions, as they were published ---- */

static const struct dp_profile *profile_of(void *ctx, const struct dp_name *n)
{
    const struct oracle_edition *e = oracle_edition(ctx, n);
    return e == NULL || e->is_calendar ? NULL : &e->profile;
}

static const struct dp_calendar *calendar_of(void *ctx, const struct dp_name *n)
{
    const struct oracle_edition *e = oracle_edition(ctx, n);
    return e == NULL || !e->is_calendar ? NULL : &e->calendar;
}

struct dp_editions check_due_editions(struct oracle *o)
{
    return (struct dp_editions){.profile = profile_of, .calendar = calendar_of, .ctx = o};
}

/* ---- counting ---- */

struct reckoning {
    struct oracle *o;
    const struct dp_casefile *f;
    const struct dp_state *st;
    const struct dp_due *list;
    uint32_t count;
};

static bool in(const uint16_t *days, uint8_t count, int32_t day)
{
    bool found = false;
    for (uint8_t i = 0; i < count; i++)
        found = found || days[i] == day;
    return found;
}

static bool is_rest(const struct dp_calendar *c, int32_t day)
{
    int year, month, mday;
    struct dp_date first;
    bool weekend = (day + 3) % 7 >= 5; /* 1970-01-01 was a Thursday */
    dp_date_split((struct dp_date){day}, &year, &month, &mday);
    assert_ok(dp_date_make(year, 1, 1, &first));
    for (uint8_t i = 0; c != NULL && i < c->year_count; i++) {
        const struct dp_year *y = &c->years[i];
        if (y->year != year)
            continue;
        if (in(y->rest, y->rest_count, day - first.day + 1))
            return true;
        return weekend && !in(y->work, y->work_count, day - first.day + 1);
    }
    return weekend;
}

/* R-DUE-2; both ends within the years that a calendar can name. */
static int32_t add_days(const struct dp_calendar *c, int32_t day, uint32_t days, bool working)
{
    if (!working)
        for (day += (int32_t)days; is_rest(c, day);)
            day++;
    for (uint32_t left = working ? days : 0; left > 0;)
        left -= !is_rest(c, ++day);
    return day;
}

static const struct dp_name *named(const struct dp_name *own, const struct dp_name *of_case)
{
    return dp_name_is_none(own) ? of_case : own;
}

static const struct dp_calendar *calendar_for(const struct reckoning *r, uint32_t fact)
{
    return calendar_of(r->o, named(&r->f->facts[fact].e.body.calendar, &r->f->reg.calendar));
}

/* What a clock gives from `day` on, by the editions that `fact` names; `day` itself where it has no limit. */
static int32_t limit_of(const struct reckoning *r, enum dp_clock clock, uint32_t fact, int32_t day)
{
    const struct dp_profile *p =
        profile_of(r->o, named(&r->f->facts[fact].e.body.profile, &r->f->reg.profile));
    const struct dp_limit *limit = dp_profile_limit(p != NULL          ? p
                                                    : r->st->is_errand ? &dp_profile_errand
                                                                       : &dp_profile_national,
                                                    clock);
    if (limit == NULL)
        return day;
    return add_days(calendar_for(r, fact), day, limit->days, limit->working);
}

/* ---- the facts that a clock is about ---- */

static uint32_t first_valid(const struct dp_casefile *f, enum dp_kind kind, uint32_t re)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].verdict == DP_VALID && f->facts[i].e.kind == kind && f->facts[i].re == re)
            return i;
    return DP_FACT_NONE;
}

static int32_t day_of(const struct dp_casefile *f, uint32_t i)
{
    return dp_fact_receipt(f, i).day;
}

/* R-DUE-1, clock 3: from the addressee's own receipt. */
static int32_t accept_due(const struct reckoning *r, uint32_t offer, bool *any)
{
    uint32_t arrived = first_valid(r->f, DP_KIND_ARRIVE, offer);
    *any = arrived != DP_FACT_NONE;
    return *any ? limit_of(r, DP_CLOCK_ACCEPT, offer, day_of(r->f, arrived)) : 0;
}

static uint32_t extension(const struct dp_casefile *f, uint32_t custody)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->facts[i].verdict == DP_VALID && f->facts[i].e.kind == DP_KIND_EXTEND &&
            f->facts[i].custody == custody)
            return f->facts[i].e.body.days;
    return 0;
}

/* R-DUE-1, R-DUE-4, R-DUE-5: clock 4. */
static void handle(const struct reckoning *r, const struct dp_due *d, int32_t *from, int32_t *due)
{
    const struct dp_fact *x = &r->f->facts[d->started_by];
    uint32_t offer = x->re, edition = d->started_by, days;
    bool any;
    int32_t latest = accept_due(r, offer, &any);
    *from = x->e.kind == DP_KIND_ACCEPT ? day_of(r->f, d->started_by) : latest;
    if (any && *from > latest)
        *from = latest;
    if (x->e.kind != DP_KIND_ACCEPT || dp_name_is_none(&x->e.body.profile))
        edition = offer;
    *due = limit_of(r, DP_CLOCK_HANDLE, edition, *from);
    days = x->e.kind == DP_KIND_ACCEPT ? extension(r->f, d->started_by) : 0;
    if (days > 0)
        *due = add_days(calendar_for(r, d->started_by), *due, days, false);
}

/* Of what arrived at its addressee. */
static void delivered(const struct reckoning *r, const struct dp_due *d, int32_t *from, int32_t *due)
{
    uint32_t what = r->f->facts[d->started_by].re, arrived = first_valid(r->f, DP_KIND_ARRIVE, what);
    *from = arrived == DP_FACT_NONE ? INT32_MAX : day_of(r->f, arrived);
    *due = arrived == DP_FACT_NONE ? INT32_MAX : limit_of(r, d->clock, what, *from);
}

static const char *wrong(const struct reckoning *r, const struct dp_due *d)
{
    const struct dp_fact *x = &r->f->facts[d->started_by];
    int32_t from = d->from.day, due = d->due.date.day;
    bool named_date = !dp_date_is_none(x->e.body.due);
    if (dp_date_is_none(d->from))
        return NULL; /* nothing has arrived there yet */
    switch (d->clock) {
    case DP_CLOCK_TRIAGE:
        from = day_of(r->f, r->st->registered);
        due = limit_of(r, d->clock, r->st->registered, from);
        break;
    case DP_CLOCK_HANDLE:
        handle(r, d, &from, &due);
        break;
    case DP_CLOCK_ACCEPT:
    case DP_CLOCK_OBJECT:
    case DP_CLOCK_SIGN:
    case DP_CLOCK_REMIND:
    case DP_CLOCK_ORDER:
        delivered(r, d, &from, &due);
        if ((d->clock == DP_CLOCK_ORDER || d->clock == DP_CLOCK_REMIND) && x->re != DP_FACT_NONE &&
            !dp_date_is_none(r->f->facts[x->re].e.body.due))
            due = r->f->facts[x->re].e.body.due.day;
        break;
    case DP_CLOCK_REPORT:
        due = named_date ? x->e.body.due.day : due;
        break;
    case DP_CLOCK_REVIEW_WINDOW:
        from = day_of(r->f, r->st->served);
        due = limit_of(r, d->clock, r->st->opinion, from);
        break;
    case DP_CLOCK_OBJECTION_ANSWER:
        from = day_of(r->f, d->started_by);
        break;
    case DP_CLOCK_ERRAND:
        break;
    }
    if (from != d->from.day)
        return "from another day";
    return due == d->due.date.day ? NULL : "another number of days, or by another calendar";
}

/* ---- a case ---- */

static bool has_clock(const struct reckoning *r, enum dp_clock clock, uint32_t by)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (r->list[i].clock == clock && r->list[i].started_by == by)
            return true;
    return false;
}

/* An offer that arrived runs, and so does what was registered. */
static const char *missing(const struct reckoning *r)
{
    if (r->st->path_count > 0 && !has_clock(r, DP_CLOCK_TRIAGE, r->st->registered))
        return "has no date for its triage";
    for (uint32_t i = 0; i < r->st->offer_count; i++) {
        uint32_t offer = r->st->offers[i].offered, arrived = first_valid(r->f, DP_KIND_ARRIVE, offer);
        if (arrived != DP_FACT_NONE && dp_ref_is_custody_offer(&r->f->facts[offer]) &&
            !has_clock(r, DP_CLOCK_ACCEPT, arrived))
            return "has no date for an acceptance";
    }
    return NULL;
}

static bool is_within_years(const struct dp_due *d)
{
    return d->from.day >= 0 && d->from.day < 100000 && d->due.date.day < 100000;
}

void check_due(struct oracle *o, const struct oracle_node *x, const struct dp_casefile *f,
               const struct dp_state *st, const struct dp_due *list, uint32_t count)
{
    char text[DP_NAME_TEXT];
    struct reckoning r = {o, f, st, list, count};
    const char *why = missing(&r);
    dp_name_format(&f->subject.name, text);
    if (why != NULL)
        sim_broken(o->s, "I17", "%s: case %s %s", x->n->text, text, why);
    for (uint32_t i = 0; i < count; i++) {
        why = is_within_years(&list[i]) ? wrong(&r, &list[i]) : NULL;
        if (why != NULL)
            sim_broken(o->s, "I17", "%s: in case %s the clock %s counts %s", x->n->text, text,
                       dp_clock_word(list[i].clock), why);
    }
}

/* ---- at rest: what a node itself makes of the editions that reached it ---- */

static void check_own(struct oracle *o, struct oracle_node *x, const struct dp_casefile *f)
{
    struct dp_state st;
    struct dp_due *want, *have;
    uint32_t wanted = 0, had = 0;
    char text[DP_NAME_TEXT];
    struct dp_editions all = check_due_editions(o), own = dp_daemon_editions(x->n->d);
    dp_arena_reset(&o->look);
    assert_ok(dp_fold(f, &o->look, &st));
    assert_ok(dp_due_list(f, &st, &all, &o->look, &want, &wanted));
    assert_ok(dp_due_list(f, &st, &own, &o->look, &have, &had));
    dp_name_format(&f->subject.name, text);
    for (uint32_t i = 0; i < wanted && i < had; i++)
        if (want[i].due.date.day != have[i].due.date.day ||
            want[i].due.provisional != have[i].due.provisional)
            sim_broken(o->s, "I17", "%s has not the editions by which the dates of case %s are counted",
                       x->n->text, text);
}

void check_due_rest(struct oracle *o, struct oracle_node *x)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE};
    struct dp_slice packed;
    struct dp_casefile f;
    struct dp_subject none = {0};
    assert_ok(dp_daemon_begin(x->n->d));
    while (dp_db_case_next(&x->n->d->db, &s, &packed) == DP_OK) {
        dp_casefile_init(&f, &none);
        assert_ok(dp_casefile_unpack(packed, &f));
        if (f.has_reg && !oracle_case_of(o, &s)->lied)
            check_own(o, x, &f);
        dp_casefile_fini(&f);
    }
    dp_db_abort(&x->n->d->db);
}
