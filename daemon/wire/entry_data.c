/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of data subjects: profiles and calendars. Lists are rising and without repetition, so that one
 * edition has one meaning.
 */
#include "wire/entry_body.h"

#define ID_MAX 23
#define CLOCK_MAX 31 /* a later version may name clocks that this one does not run */
#define DAYS_MAX 3660
#define YEAR_MIN 1970
#define YEAR_MAX 2199

/* clang-format off */
static const struct dp_field profile_fields[] = {
    DP_FIELD(TEXT, Profile,  id,         dp_profile,  id,         1, ID_MAX),
    DP_FIELD(U32,  Profile,  edition,    dp_profile,  edition,    1, UINT32_MAX),
    DP_FIELD(DATE, Profile,  valid_from, dp_profile,  valid_from, 0, 0),
    DP_FIELD(U32,  Profile,  flags,      dp_profile,  flags,      0, 1),
    DP_FIELD(U32,  Profile,  post_kib,   dp_profile,  post_kib,   0, 16),
    DP_FIELD(U32,  Profile,  post_every, dp_profile,  post_every, 0, 1440),
    DP_FIELD(BOOL, Profile,  post_rest_days, dp_profile, post_rest_days, 0, 1),
};
static const struct dp_field limit_fields[] = {
    DP_FIELD(U8,   Limit,    clock,      dp_limit,    clock,      1, CLOCK_MAX),
    DP_FIELD(U16,  Limit,    days,       dp_limit,    days,       0, DAYS_MAX),
    DP_FIELD(BOOL, Limit,    working,    dp_limit,    working,    0, 1),
    DP_FIELD(U16,  Limit,    max_extend, dp_limit,    max_extend, 0, DAYS_MAX),
};
static const struct dp_field calendar_fields[] = {
    DP_FIELD(TEXT, Calendar, id,         dp_calendar, id,         1, ID_MAX),
    DP_FIELD(U32,  Calendar, edition,    dp_calendar, edition,    1, UINT32_MAX),
};
/* clang-format on */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool has_clock(const struct dp_profile *p, uint8_t clock)
{
    for (size_t i = 0; i < p->limit_count; i++) {
        if (p->limits[i].clock == clock)
            return true;
    }
    return false;
}

static bool limits_get(const dp_pb_profile *m, struct dp_profile *p)
{
    if (m->n_limits > DP_LIMITS_MAX)
        return false;
    for (size_t i = 0; i < m->n_limits; i++) {
        struct dp_limit *limit = &p->limits[i];
        if (!dp_fields_get(limit_fields, COUNT(limit_fields), m->limits[i], limit) ||
            has_clock(p, limit->clock))
            return false;
        p->limit_count++;
    }
    return true;
}

enum dp_err dp_profile_get(const dp_pb_profile *m, struct dp_arena *a, const struct dp_profile **out)
{
    struct dp_profile *p = DP_NEW(a, struct dp_profile);

    if (p == NULL)
        return DP_NOMEM;
    if (!dp_fields_get(profile_fields, COUNT(profile_fields), m, p) || !limits_get(m, p))
        return DP_FORMAT;
    *out = p;
    return DP_OK;
}

/* Rising days of a year. */
static bool days_get(const uint32_t *days, size_t n, uint16_t *out, uint8_t *count)
{
    if (n > DP_YEAR_DAYS_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (days[i] < 1 || days[i] > 366 || (i > 0 && days[i] <= days[i - 1]))
            return false;
        out[i] = (uint16_t)days[i];
    }
    *count = (uint8_t)n;
    return true;
}

static bool years_get(const dp_pb_calendar *m, struct dp_calendar *c)
{
    if (m->n_years > DP_YEARS_MAX)
        return false;
    for (size_t i = 0; i < m->n_years; i++) {
        const dp_pb_year *year = m->years[i];
        struct dp_year *to = &c->years[i];
        if (year->year < YEAR_MIN || year->year > YEAR_MAX || (i > 0 && year->year <= to[-1].year))
            return false;
        to->year = (uint16_t)year->year;
        if (!days_get(year->rest, year->n_rest, to->rest, &to->rest_count) ||
            !days_get(year->work, year->n_work, to->work, &to->work_count))
            return false;
    }
    c->year_count = (uint8_t)m->n_years;
    return true;
}

enum dp_err dp_calendar_get(const dp_pb_calendar *m, struct dp_arena *a, const struct dp_calendar **out)
{
    struct dp_calendar *c = DP_NEW(a, struct dp_calendar);

    if (c == NULL)
        return DP_NOMEM;
    if (!dp_fields_get(calendar_fields, COUNT(calendar_fields), m, c) || !years_get(m, c))
        return DP_FORMAT;
    *out = c;
    return DP_OK;
}

/* ---- the other way ---- */

enum dp_err dp_profile_put(const struct dp_profile *p, struct dp_arena *a, dp_pb_profile **out)
{
    dp_pb_profile *m = DP_NEW(a, dp_pb_profile);
    dp_pb_limit **list, *limits;

    if (p == NULL || p->limit_count > DP_LIMITS_MAX)
        return DP_RANGE;
    list = DP_NEW_ARRAY(a, dp_pb_limit *, p->limit_count);
    limits = DP_NEW_ARRAY(a, dp_pb_limit, p->limit_count);
    if (m == NULL || list == NULL || limits == NULL)
        return DP_NOMEM;
    daipao__entry__v1__profile__init(m);
    dp_fields_put(profile_fields, COUNT(profile_fields), p, m, NULL);
    for (size_t i = 0; i < p->limit_count; i++) {
        daipao__entry__v1__limit__init(&limits[i]);
        dp_fields_put(limit_fields, COUNT(limit_fields), &p->limits[i], &limits[i], NULL);
        list[i] = &limits[i];
    }
    m->limits = list;
    m->n_limits = p->limit_count;
    *out = m;
    return DP_OK;
}

/* NULL without room or past the limit. */
static uint32_t *days_put(const uint16_t *days, size_t n, struct dp_arena *a)
{
    uint32_t *to = n <= DP_YEAR_DAYS_MAX ? DP_NEW_ARRAY(a, uint32_t, n) : NULL;

    for (size_t i = 0; to != NULL && i < n; i++)
        to[i] = days[i];
    return to;
}

static enum dp_err year_put(const struct dp_year *y, struct dp_arena *a, dp_pb_year **out)
{
    dp_pb_year *m = DP_NEW(a, dp_pb_year);

    if (y->rest_count > DP_YEAR_DAYS_MAX || y->work_count > DP_YEAR_DAYS_MAX)
        return DP_RANGE;
    if (m == NULL)
        return DP_NOMEM;
    daipao__entry__v1__year__init(m);
    m->year = y->year;
    m->n_rest = y->rest_count;
    m->n_work = y->work_count;
    m->rest = days_put(y->rest, y->rest_count, a);
    m->work = days_put(y->work, y->work_count, a);
    *out = m;
    return m->rest != NULL && m->work != NULL ? DP_OK : DP_NOMEM;
}

enum dp_err dp_calendar_put(const struct dp_calendar *c, struct dp_arena *a, dp_pb_calendar **out)
{
    dp_pb_calendar *m = DP_NEW(a, dp_pb_calendar);
    enum dp_err e = DP_OK;

    if (c == NULL || c->year_count > DP_YEARS_MAX)
        return DP_RANGE;
    if (m == NULL)
        return DP_NOMEM;
    daipao__entry__v1__calendar__init(m);
    dp_fields_put(calendar_fields, COUNT(calendar_fields), c, m, NULL);
    m->years = DP_NEW_ARRAY(a, dp_pb_year *, c->year_count);
    if (m->years == NULL)
        return DP_NOMEM;
    for (size_t i = 0; i < c->year_count && e == DP_OK; i++)
        e = year_put(&c->years[i], a, &m->years[i]);
    m->n_years = c->year_count;
    *out = m;
    return e;
}
