/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Day numbers and civil dates of the Gregorian calendar. The computation counts years from
 * March, so that the leap day is the last of its year, in eras of 400 years.
 */
#include "base/date.h"

#include <string.h>

#define YEAR_MIN 1850      /* a living petitioner's day of birth */
#define FIRST_DAY (-43829) /* 1850-01-01 */
#define YEAR_MAX 9999
#define ERA_DAYS 146097
#define EPOCH_FROM_MARCH_0 719468 /* days from 0000-03-01 to 1970-01-01 */
#define LAST_DAY 2932896          /* 9999-12-31 */

bool dp_date_is_none(struct dp_date d)
{
    return d.day == 0;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* year >= 1 */
static int32_t days_of(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1;
    int era = y / 400;
    int year_of_era = y % 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - EPOCH_FROM_MARCH_0;
}

enum dp_err dp_date_make(int year, int month, int day, struct dp_date *out)
{
    int32_t number;

    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1)
        return DP_RANGE;
    if (day > month_days(year, month))
        return DP_RANGE;
    number = days_of(year, month, day);
    if (number == 0) /* 1970-01-01 would read as no date */
        return DP_RANGE;
    out->day = number;
    return DP_OK;
}

void dp_date_split(struct dp_date d, int *year, int *month, int *day)
{
    int64_t z = (int64_t)d.day + EPOCH_FROM_MARCH_0;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    int day_of_era = (int)(z - era * ERA_DAYS);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int from_march = (5 * day_of_year + 2) / 153;

    *day = day_of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(era * 400) + year_of_era + (*month <= 2);
}

int dp_date_weekday(struct dp_date d)
{
    int from_monday = (d.day % 7 + 3) % 7; /* day 0 was a Thursday */

    return from_monday < 0 ? from_monday + 7 : from_monday;
}

static int32_t saturated(int64_t day)
{
    if (day > INT32_MAX)
        return INT32_MAX;
    return day < INT32_MIN ? INT32_MIN : (int32_t)day;
}

struct dp_date dp_date_of_ms(int64_t utc_ms)
{
    int64_t local, day;

    if (__builtin_add_overflow(utc_ms, DP_LOCAL_OFFSET_MS, &local))
        local = INT64_MAX;
    day = local / DP_DAY_MS - (local % DP_DAY_MS < 0);
    return (struct dp_date){saturated(day)};
}

int64_t dp_date_start_ms(struct dp_date d)
{
    return d.day * DP_DAY_MS - DP_LOCAL_OFFSET_MS;
}

struct dp_date dp_date_add(struct dp_date d, int32_t days)
{
    return (struct dp_date){saturated((int64_t)d.day + days)};
}

/* The number of `n` digits at `p`, or -1. */
static int digits(const uint8_t *p, size_t n)
{
    int v = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

enum dp_err dp_date_parse(struct dp_slice s, struct dp_date *out)
{
    int year, month, day;

    if (s.len != 10 || s.p[4] != '-' || s.p[7] != '-')
        return DP_FORMAT;
    year = digits(s.p, 4);
    month = digits(s.p + 5, 2);
    day = digits(s.p + 8, 2);
    if (year < 0 || month < 0 || day < 0)
        return DP_FORMAT;
    return dp_date_make(year, month, day, out);
}

uint32_t dp_date_yyyymmdd(struct dp_date d)
{
    int year, month, day;

    if (d.day == 0 || d.day < FIRST_DAY || d.day > LAST_DAY)
        return 0;
    dp_date_split(d, &year, &month, &day);
    return (uint32_t)(year * 10000 + month * 100 + day);
}

void dp_date_format(struct dp_date d, char out[11])
{
    uint32_t v = dp_date_yyyymmdd(d);

    for (int i = 9; i >= 0; i--) {
        if (i == 4 || i == 7) {
            out[i] = '-';
            continue;
        }
        out[i] = (char)('0' + v % 10);
        v /= 10;
    }
    out[10] = '\0';
}

/* ---- births ---- */

static const char epoch[] = "1970-01-01";

enum dp_err dp_birth_parse(struct dp_slice s, struct dp_date *out)
{
    if (!dp_slice_eq(s, dp_slice_str(epoch)))
        return dp_date_parse(s, out);
    out->day = DP_BIRTH_EPOCH;
    return DP_OK;
}

void dp_birth_format(struct dp_date d, char out[11])
{
    if (d.day == DP_BIRTH_EPOCH)
        memcpy(out, epoch, sizeof epoch);
    else
        dp_date_format(d, out);
}
