/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Civil dates in Asia/Shanghai (UTC+8, no daylight saving; domain 2.1). A date is a day
 * number since 1970-01-01, so that it counts and compares as an integer.
 */
#ifndef DP_BASE_DATE_H
#define DP_BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* Day number; DP_DATE_NONE = none. */
struct dp_date {
    int32_t day;
};

#define DP_DATE_NONE ((struct dp_date){0})
#define DP_DAY_MS INT64_C(86400000)
#define DP_LOCAL_OFFSET_MS INT64_C(28800000)

bool dp_date_is_none(struct dp_date d);
/* Year 1850..9999, negative numbers before 1970; DP_RANGE for a day that does not exist, and for 1970-01-01
 * itself, whose number says "none". */
DP_MUST enum dp_err dp_date_make(int year, int month, int day, struct dp_date *out);
void dp_date_split(struct dp_date d, int *year, int *month, int *day);
/* 0 = Monday ... 6 = Sunday. */
int dp_date_weekday(struct dp_date d);
/* Local date of a UTC instant in milliseconds. */
struct dp_date dp_date_of_ms(int64_t utc_ms);
/* First UTC millisecond of the local day. */
int64_t dp_date_start_ms(struct dp_date d);
struct dp_date dp_date_add(struct dp_date d, int32_t days);
/* "2026-02-13"; exactly 10 characters. */
DP_MUST enum dp_err dp_date_parse(struct dp_slice s, struct dp_date *out);
void dp_date_format(struct dp_date d, char out[11]);
uint32_t dp_date_yyyymmdd(struct dp_date d);

/*
 * A day of birth is a date, but for 1970-01-01: its number says "none", so it has another one, which is no
 * date and is only written and read.
 */
#define DP_BIRTH_EPOCH INT32_MIN
DP_MUST enum dp_err dp_birth_parse(struct dp_slice s, struct dp_date *out);
void dp_birth_format(struct dp_date d, char out[11]);

#endif
