/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Due dates and causes of delay (RULES.md section 5). Computed from the state, the profile
 * and the calendar named by the entry that starts the clock; never stored (R-DUE-6).
 */
#ifndef DP_CASE_DUE_H
#define DP_CASE_DUE_H

#include "case/fold.h"

enum dp_clock {
    DP_CLOCK_TRIAGE = 1,
    DP_CLOCK_OBJECT = 2,
    DP_CLOCK_ACCEPT = 3,
    DP_CLOCK_HANDLE = 4,
    DP_CLOCK_REPORT = 5,
    DP_CLOCK_ORDER = 6,
    DP_CLOCK_SIGN = 7,
    DP_CLOCK_OBJECTION_ANSWER = 8,
    DP_CLOCK_REVIEW_WINDOW = 9,
    DP_CLOCK_ERRAND = 10,
    DP_CLOCK_REMIND = 11,
};
const char *dp_clock_word(enum dp_clock c);

/* Limits of the national profile (R22), used when a named profile is not here yet (then provisional). */
extern const struct dp_profile dp_profile_national;
/* Limits of the errand profile. */
extern const struct dp_profile dp_profile_errand;

/* Days and unit of a clock in a profile, or NULL when the profile has no such clock. */
const struct dp_limit *dp_profile_limit(const struct dp_profile *p, enum dp_clock c);
#define DP_PROFILE_ERRAND 1u /* dp_profile.flags */

/* True when `d` is a rest day; *known is false when the calendar has no entry for the year (R-DUE-3). */
bool dp_calendar_is_rest(const struct dp_calendar *c, struct dp_date d, bool *known);

struct dp_due_date {
    struct dp_date date;
    bool provisional; /* a year on the way had no calendar */
};

/* Calendar-day period of `days` after `from` (R-DUE-2). c may be NULL: weekends only, provisional. */
struct dp_due_date dp_due_calendar_days(const struct dp_calendar *c, struct dp_date from, uint32_t days);
struct dp_due_date dp_due_working_days(const struct dp_calendar *c, struct dp_date from, uint32_t days);
/* Working days in (from, to]; 0 when to <= from. */
uint32_t dp_working_days_between(const struct dp_calendar *c, struct dp_date from, struct dp_date to);

/* clang-format off */
#define DP_DELAY_LIST(X)                         \
    X(NONE,          "none")                     \
    X(NOT_DELIVERED, "not_delivered")            \
    X(NOT_SIGNED,    "delivered_not_signed")     \
    X(NOT_HANDLED,   "signed_not_handled")       \
    X(ANSWER_ON_WAY, "answer_on_its_way")
/* clang-format on */
enum dp_delay {
#define DP_DELAY_ENUM(name, word) DP_DELAY_##name,
    DP_DELAY_LIST(DP_DELAY_ENUM)
#undef DP_DELAY_ENUM
        DP_DELAY_COUNT
};
const char *dp_delay_word(enum dp_delay d);

struct dp_due {
    enum dp_clock clock;
    struct dp_office office; /* whose duty */
    uint32_t started_by;     /* fact index */
    struct dp_date from;     /* none: not started, because nothing has arrived there yet */
    struct dp_due_date due;  /* none as long as it has not started and names no date */
    uint32_t met_by;         /* fact index that stopped it, or DP_FACT_NONE while it runs */
    struct dp_date met_on;   /* when met */
    enum dp_delay cause;     /* for a running clock: where the matter is now (R-DLY-1) */
};

/* Profiles and calendars by name; NULL = not here (fallback, provisional). A case may name no calendar: that
 * is asked for as well. */
struct dp_editions {
    const struct dp_profile *(*profile)(void *ctx, const struct dp_name *n);
    const struct dp_calendar *(*calendar)(void *ctx, const struct dp_name *n);
    void *ctx;
};

/*
 * All clocks of the case, in fold order of what started them. Array from `a`. Without "now" nothing
 * is left out: the handling clock of an offer that nobody accepted stands in the list with a start that
 * may lie ahead (R-DUE-4).
 */
DP_MUST enum dp_err dp_due_list(const struct dp_casefile *f, const struct dp_state *s,
                                const struct dp_editions *ed, struct dp_arena *a, struct dp_due **out,
                                uint32_t *count);

#endif
