/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting days. Civil Code 201: the day on which a period starts is not counted; 203: a
 * period in calendar days that would end on a rest day ends on the next day that is none.
 * A year without a calendar falls back to weekends and says so (R-DUE-3).
 */
#include "case/due.h"

#include <string.h>

static bool has_day(const uint16_t *days, uint8_t count, uint16_t day)
{
    for (uint8_t i = 0; i < count; i++) {
        if (days[i] == day)
            return true;
    }
    return false;
}

static const struct dp_year *year_of(const struct dp_calendar *c, int year)
{
    if (c == NULL)
        return NULL;
    for (uint8_t i = 0; i < c->year_count && i < DP_YEARS_MAX; i++) {
        if (c->years[i].year == year)
            return &c->years[i];
    }
    return NULL;
}

bool dp_calendar_is_rest(const struct dp_calendar *c, struct dp_date d, bool *known)
{
    bool weekend = dp_date_weekday(d) >= 5;
    const struct dp_year *y;
    struct dp_date first;
    int year, month, day;
    uint16_t of_year;

    dp_date_split(d, &year, &month, &day);
    y = year_of(c, year);
    *known = y != NULL && dp_date_make(year, 1, 2, &first) == DP_OK;
    if (!*known)
        return weekend;
    of_year = (uint16_t)(d.day - first.day + 2); /* 1 January is 1 */
    if (has_day(y->rest, y->rest_count, of_year))
        return true;
    return weekend && !has_day(y->work, y->work_count, of_year);
}

#define DAY_MAX 2932896 /* 9999-12-31; a claimed date may be anything */

/* Rest day; a year that is not known makes the date provisional. */
static bool rests(const struct dp_calendar *c, struct dp_due_date *d)
{
    bool known, rest;

    if (d->date.day < 0 || d->date.day > DAY_MAX) {
        d->provisional = true;
        return false;
    }
    rest = dp_calendar_is_rest(c, d->date, &known);
    d->provisional |= !known;
    return rest;
}

struct dp_due_date dp_due_calendar_days(const struct dp_calendar *c, struct dp_date from, uint32_t days)
{
    struct dp_due_date d = {dp_date_add(from, (int32_t)days), false};

    while (rests(c, &d))
        d.date = dp_date_add(d.date, 1);
    return d;
}

struct dp_due_date dp_due_working_days(const struct dp_calendar *c, struct dp_date from, uint32_t days)
{
    struct dp_due_date d = {from, false};

    while (days > 0) {
        d.date = dp_date_add(d.date, 1);
        days -= rests(c, &d) ? 0 : 1;
    }
    return d;
}

uint32_t dp_working_days_between(const struct dp_calendar *c, struct dp_date from, struct dp_date to)
{
    int32_t first = from.day < 0 ? 0 : from.day;
    int32_t last = to.day > DAY_MAX ? DAY_MAX : to.day;
    uint32_t days = 0;
    bool known;

    for (struct dp_date d = {first}; d.day < last;) {
        d.day++;
        days += dp_calendar_is_rest(c, d, &known) ? 0 : 1;
    }
    return days;
}
