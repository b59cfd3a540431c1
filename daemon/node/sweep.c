/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon does because of the date, once a day and after each start: it reminds offices whose date
 * has passed, and alarms about silence and a missing calendar. Timers never do more than remind (R-ORD-3),
 * and they remind of no date that may turn out to be another one (R-DUE-7).
 */
#include "node/core.h"

#include <stdio.h>
#include <string.h>

#include "case/refs.h"

#define SWEEP_CASES 200    /* of one turn */
#define TOUCHED_A_TURN 32  /* the others wait for the sweep */
#define LIMIT_DAYS_MAX 120 /* the longest usual limit: handling and its extension */
#define REMIND_MAX 8       /* offices of one case and day; the others on the next */
#define GROUND_LATE 1      /* R-ORD-2 */
#define GROUND_NOT_REPORTED 2
#define LEVEL_REMIND 1

static struct dp_date today(const struct dp_daemon *d)
{
    return dp_date_of_ms(d->now_wall);
}

/* ---- the calendar in force ---- */

/* Borrowed as dp_daemon_editions says; NULL when none was published. */
static const struct dp_calendar *calendar_now(struct dp_daemon *d)
{
    struct dp_slice v;
    struct dp_editions ed = dp_daemon_editions(d);
    if (dp_db_meta(&d->db, "cur:cn-rest-days", &v) != DP_OK || v.len < DP_NAME_BYTES)
        return NULL;
    struct dp_name n = dp_name_get(v.p);
    /* cppcheck-suppress returnDanglingLifetime ; it is looked up by its name */
    return ed.calendar(ed.ctx, &n);
}

static int year_of(struct dp_date date)
{
    int year, month, day;
    dp_date_split(date, &year, &month, &day);
    return year;
}

static bool is_known(struct dp_daemon *d, struct dp_date date)
{
    bool known = false;
    (void)dp_calendar_is_rest(calendar_now(d), date, &known);
    return known;
}

static void alarm_year(struct dp_daemon *d, int year)
{
    char text[160];
    snprintf(text, sizeof text,
             "no rest days of %d are published: due dates are provisional, weekends only, and nobody is "
             "reminded of one",
             year);
    dp_alarm(d, "calendar", text);
}

void dp_sweep_calendar(struct dp_daemon *d)
{
    d->sweep_again = true; /* whose dates are provisional now? */
    if (!is_known(d, today(d)))
        alarm_year(d, year_of(today(d)));
}

/* ---- reminders ---- */

static const struct dp_profile *profile_named(void *ctx, const struct dp_name *n)
{
    struct dp_editions ed = dp_daemon_editions(ctx);
    return ed.profile(ed.ctx, n);
}

static const struct dp_calendar *calendar_newest(void *ctx, const struct dp_name *n)
{
    (void)n;
    return calendar_now(ctx);
}

/* The clocks of the case; one whose edition does not know its year is judged by the newest (R-DUE-7). */
static enum dp_err clocks(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_state *st,
                          struct dp_due **out, uint32_t *count)
{
    struct dp_editions named = dp_daemon_editions(d),
                       newest = {.profile = profile_named, .calendar = calendar_newest, .ctx = d};
    struct dp_due *late;
    uint32_t n;
    bool any = false;
    enum dp_err e = dp_due_list(f, st, &named, &d->look, out, count);
    for (uint32_t i = 0; e == DP_OK && i < *count; i++)
        any |= (*out)[i].due.provisional;
    if (e != DP_OK || !any)
        return e;
    e = dp_due_list(f, st, &newest, &d->look, &late, &n);
    for (uint32_t i = 0; e == DP_OK && i < *count && i < n; i++)
        if ((*out)[i].due.provisional)
            (*out)[i] = late[i];
    return e;
}

static bool is_reminded_of(enum dp_clock c)
{
    switch (c) {
    case DP_CLOCK_ACCEPT:
    case DP_CLOCK_HANDLE:
    case DP_CLOCK_REPORT:
    case DP_CLOCK_ORDER:
        return true;
    case DP_CLOCK_TRIAGE:
    case DP_CLOCK_ERRAND: /* nobody asked for it */
    case DP_CLOCK_OBJECT:
    case DP_CLOCK_REVIEW_WINDOW: /* rights that lapse, no duties */
    case DP_CLOCK_SIGN:          /* a warning, in the inbox */
    case DP_CLOCK_OBJECTION_ANSWER:
    case DP_CLOCK_REMIND: /* what follows is a person's */
        return false;
    }
    return false;
}

/* R-DUE-3: the first year without rest days that the clock, which runs, meets; 0: it is not provisional. */
static int missing_year(struct dp_daemon *d, const struct dp_due *due)
{
    struct dp_date day = due->from;
    if (due->met_by != DP_FACT_NONE || !due->due.provisional || dp_date_is_none(due->due.date) ||
        dp_date_is_none(day))
        return 0;
    while (year_of(day) < year_of(due->due.date) && is_known(d, day))
        day = dp_date_add(day, 365);
    return is_known(d, day) ? 0 : year_of(day); /* it may lack its profile */
}

static int missing_of_case(struct dp_daemon *d, const struct dp_casefile *f)
{
    struct dp_state st;
    struct dp_due *list;
    uint32_t n;
    int first = 0;
    dp_arena_reset(&d->look);
    if (!f->has_reg || dp_fold(f, &d->look, &st) != DP_OK || st.status == DP_STATUS_CLOSED ||
        clocks(d, f, &st, &list, &n) != DP_OK)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        int year = missing_year(d, &list[i]);
        if (year != 0 && (first == 0 || year < first))
            first = year;
    }
    return first;
}

static void note_missing(struct dp_daemon *d, const struct dp_casefile *f)
{
    int year = missing_of_case(d, f);
    if (year != 0 && (d->sweep_missing == 0 || year < d->sweep_missing))
        d->sweep_missing = year;
}

/* At the end of a sweep: of the present year, or of the first one that a running date meets. */
static void judge_calendar(struct dp_daemon *d)
{
    if (!is_known(d, today(d)))
        alarm_year(d, year_of(today(d)));
    else if (d->sweep_missing != 0)
        alarm_year(d, d->sweep_missing);
    else
        dp_alarm_clear(d, "calendar");
}

/* No sooner than a date of today's may end in a year without rest days, and not once it was said. */
void dp_sweep_touched(struct dp_daemon *d)
{
    unsigned left = TOUCHED_A_TURN;
    if (d->touched == NULL || dp_alarm_is_up(d, "calendar") ||
        is_known(d, dp_date_add(today(d), LIMIT_DAYS_MAX)))
        return;
    for (struct dp_slot *slot = d->touched; slot != NULL && left > 0; slot = slot->touched_next, left--) {
        int year = missing_of_case(d, &slot->f);
        if (year != 0) {
            alarm_year(d, year);
            return;
        }
    }
}

/* Who asked for what the clock measures: an arrival or acceptance started it for the offer or order. */
static const struct dp_office *asker(const struct dp_casefile *f, const struct dp_due *due)
{
    uint32_t i = due->started_by;
    if (i != DP_FACT_NONE && (f->facts[i].e.kind == DP_KIND_ARRIVE || f->facts[i].e.kind == DP_KIND_ACCEPT))
        i = f->facts[i].re;
    return i == DP_FACT_NONE ? NULL : &f->facts[i].e.office;
}

/* By whomever, since the date: once for each date, however many clocks of the office end then. */
static bool reminded(const struct dp_casefile *f, const struct dp_due *due)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (dp_fact_kind_valid(&f->facts[i]) == DP_KIND_REMIND &&
            dp_office_eq(&f->facts[i].e.body.to, &due->office) &&
            dp_date_of_ms(dp_fact_at_ms(f, i)).day > due->due.date.day)
            return true;
    return false;
}

/* Delivered, past its date, and asked for by an office here that is above: in its name (domain 3, level 1).
 */
static bool wants_reminder(struct dp_daemon *d, const struct dp_casefile *f, const struct dp_due *due)
{
    const struct dp_office *by = asker(f, due);
    if (!is_reminded_of(due->clock) || dp_date_is_none(due->from) || due->met_by != DP_FACT_NONE)
        return false;
    if (due->cause == DP_DELAY_NOT_DELIVERED || due->cause == DP_DELAY_ANSWER_ON_WAY)
        return false; /* the line's delay, not the office's */
    if (due->due.provisional || due->due.date.day >= today(d).day)
        return false;
    return by != NULL && dp_node_eq(by->node, d->id.self) && !dp_office_eq(by, &due->office) &&
           dp_node_covers(d->id.self, due->office.node) && !reminded(f, due);
}

static bool has_office(const struct dp_due *list, uint32_t n, const struct dp_office *o)
{
    for (uint32_t i = 0; i < n; i++)
        if (dp_office_eq(&list[i].office, o))
            return true;
    return false;
}

/* Copied: what is issued afterwards resets the arena and moves the facts. */
static uint32_t choose(struct dp_daemon *d, const struct dp_casefile *f, struct dp_due out[REMIND_MAX])
{
    struct dp_state st;
    struct dp_due *list;
    uint32_t n, chosen = 0;
    dp_arena_reset(&d->look);
    if (!f->has_reg || dp_fold(f, &d->look, &st) != DP_OK || st.status == DP_STATUS_CLOSED ||
        clocks(d, f, &st, &list, &n) != DP_OK)
        return 0;
    for (uint32_t i = 0; i < n && chosen < REMIND_MAX; i++)
        if (wants_reminder(d, f, &list[i]) && !has_office(out, chosen, &list[i].office))
            out[chosen++] = list[i];
    return chosen;
}

static enum dp_err remind_case(struct dp_daemon *d, struct dp_slot *slot)
{
    struct dp_due list[REMIND_MAX];
    enum dp_err e = DP_OK;
    uint32_t n = choose(d, &slot->f, list);
    for (uint32_t i = 0; i < n && e == DP_OK; i++) {
        /* No date in it: clock 11 runs from its arrival, by the calendar (R-DUE-1). */
        struct dp_body body = {.to = list[i].office,
                               .code = list[i].clock == DP_CLOCK_REPORT ? GROUND_NOT_REPORTED : GROUND_LATE,
                               .code2 = LEVEL_REMIND,
                               .code3 = 1};
        snprintf(body.label, sizeof body.label, "%s", slot->f.reg.number.text);
        e = dp_duties_issue(d, slot, DP_KIND_REMIND, NULL, &body);
    }
    return e;
}

/* ---- silence ---- */

/*
 * Days since the peer was heard, as they are counted; 0 while it is connected. An hour to come is of a clock
 * that was set back since: the days count from now on.
 */
static uint32_t silent_days(struct dp_daemon *d, struct dp_peer *p)
{
    if (p->s.state == DP_SESSION_UP || p->row.heard_ms == 0 || p->row.revoked)
        return 0;
    if (p->row.heard_ms > d->now_wall) {
        p->row.heard_ms = d->now_wall;
        p->row_dirty = true;
    }
    struct dp_date heard = dp_date_of_ms(p->row.heard_ms);
    if (d->opt.silence_calendar)
        return heard.day < today(d).day ? (uint32_t)(today(d).day - heard.day) : 0;
    return dp_working_days_between(calendar_now(d), heard, today(d));
}

/* N5: a node that is silent, in its working days; all of them in one alarm. */
static void check_silence(struct dp_daemon *d)
{
    char text[200] = "";
    unsigned silent = 0;
    for (uint32_t i = 0; i < d->peer_count; i++) {
        uint32_t days = silent_days(d, d->peers[i]);
        if (days < d->opt.silence_days)
            continue;
        if (silent++ == 0) {
            char node[DP_NODE_TEXT];
            dp_node_format(d->peers[i]->node, node);
            snprintf(text, sizeof text, "%s was not heard for %u %s", node, days,
                     d->opt.silence_calendar ? "days" : "working days");
        }
    }
    if (silent == 0) {
        dp_alarm_clear(d, "silence");
        return;
    }
    if (silent > 1) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, ", and %u more", silent - 1);
    }
    dp_alarm(d, "silence", text);
}

void dp_sweep_heard(struct dp_daemon *d)
{
    if (dp_alarm_is_up(d, "silence"))
        check_silence(d);
}

/* ---- volume ---- */

#define SHARE_OF_DISK 100
#define DAY_BYTES_MIN (UINT64_C(64) << 20)
#define DAY_BYTES_UNKNOWN (UINT64_C(1) << 30)

static uint64_t most_a_day(const struct dp_daemon *d, uint64_t disk_bytes)
{
    uint64_t share = disk_bytes == 0 ? DAY_BYTES_UNKNOWN : disk_bytes / SHARE_OF_DISK;
    if (d->opt.child_day_bytes != 0)
        return d->opt.child_day_bytes;
    return share < DAY_BYTES_MIN ? DAY_BYTES_MIN : share;
}

void dp_sweep_volume(struct dp_daemon *d, uint64_t disk_bytes)
{
    char text[200], node[DP_NODE_TEXT];
    uint64_t most = most_a_day(d, disk_bytes);
    for (uint32_t i = 0; i < d->peer_count; i++) {
        const struct dp_peer *p = d->peers[i];
        if (p->is_parent)
            continue;
        if (p->s.bytes_in - p->day_bytes <= most) {
            dp_alarm_clear_of(d, "volume", p->node);
            continue;
        }
        dp_node_format(p->node, node); /* the same text all day: it is logged once */
        snprintf(text, sizeof text, "%s sent more than %llu KB today; see `daipao link show`", node,
                 (unsigned long long)(most >> 10));
        dp_alarm_of(d, "volume", p->node, text);
    }
}

/* ---- the sweep ---- */

bool dp_sweep_due(const struct dp_daemon *d)
{
    return d->id.enrolled && (d->sweeping || d->sweep_again || d->swept_day != today(d).day);
}

static void begin(struct dp_daemon *d)
{
    d->sweeping = true;
    d->sweep_again = false;
    d->sweep_missing = 0;
    d->sweep_at = (struct dp_subject){.type = DP_SUBJECT_CASE};
    if (d->swept_day == today(d).day)
        return; /* a calendar came; what is of the day was done */
    if (!is_known(d, today(d)))
        alarm_year(d, year_of(today(d)));
    check_silence(d);
    for (uint32_t i = 0; i < d->peer_count; i++) {
        struct dp_peer *p = d->peers[i];
        p->row_dirty |= p->s.state == DP_SESSION_UP; /* heard today, also if nothing else is written of it */
        p->day_bytes = p->s.bytes_in;
    }
}

enum dp_err dp_sweep(struct dp_daemon *d)
{
    struct dp_slice packed;
    if (!dp_sweep_due(d))
        return DP_OK;
    if (!d->sweeping)
        begin(d);
    for (unsigned i = 0; i < SWEEP_CASES && d->sweeping; i++) {
        enum dp_err e = dp_db_case_next(&d->db, &d->sweep_at, &packed);
        d->sweeping = e == DP_OK;
        if (!d->sweeping) {
            d->swept_day = today(d).day;
            judge_calendar(d);
        }
        struct dp_subject s = d->sweep_at;
        struct dp_slot *slot = d->sweeping ? dp_cache_find(d, &s, &e) : NULL;
        if (slot == NULL)
            continue; /* a damaged one is fsck's to name */
        note_missing(d, &slot->f);
        e = dp_settle_arrivals(d, slot); /* what was due while nothing could be issued */
        if (e == DP_OK)
            e = remind_case(d, slot);
        if (e != DP_OK)
            return e;
        dp_cache_pass(d, slot);
    }
    return DP_OK;
}
