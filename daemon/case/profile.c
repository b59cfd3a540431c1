/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built-in limits, for a profile that is not named or not here yet. Sources: R22 is 信访工作条例
 * of 2022, by article; [design] marks our own numbers (domain 2.1, 2.5).
 */
#include "case/due.h"

#define CALENDAR_DAYS false
#define WORKING_DAYS true

const struct dp_profile dp_profile_national = {
    .id = "national-r22",
    .edition = 1,
    .valid_from = {19113}, /* 2022-05-01 */
    .limit_count = 10,
    .limits =
        {
            {DP_CLOCK_TRIAGE, 15, CALENDAR_DAYS, 0},         /* R22 22 */
            {DP_CLOCK_OBJECT, 5, WORKING_DAYS, 0},           /* R22 23 */
            {DP_CLOCK_ACCEPT, 15, CALENDAR_DAYS, 0},         /* R22 23 */
            {DP_CLOCK_HANDLE, 60, CALENDAR_DAYS, 30},        /* R22 34 */
            {DP_CLOCK_REPORT, 0, CALENDAR_DAYS, 0},          /* R22 22: the date named by the assigner */
            {DP_CLOCK_ORDER, 30, CALENDAR_DAYS, 0},          /* R05 36; R22 40 names no number */
            {DP_CLOCK_SIGN, 1, WORKING_DAYS, 0},             /* [design] */
            {DP_CLOCK_OBJECTION_ANSWER, 2, WORKING_DAYS, 0}, /* [design] */
            {DP_CLOCK_REVIEW_WINDOW, 30, CALENDAR_DAYS, 0},  /* R22 35 */
            {DP_CLOCK_REMIND, 2, WORKING_DAYS, 0},           /* [design] */
        },
};

const struct dp_profile dp_profile_errand = {
    .id = "errand",
    .edition = 1,
    .valid_from = {19113},
    .flags = DP_PROFILE_ERRAND,
    .limit_count = 7,
    .limits =
        {
            {DP_CLOCK_OBJECT, 2, WORKING_DAYS, 0}, /* [design], as all of this table */
            {DP_CLOCK_REPORT, 0, CALENDAR_DAYS, 0},
            {DP_CLOCK_ORDER, 30, CALENDAR_DAYS, 0},
            {DP_CLOCK_SIGN, 1, WORKING_DAYS, 0},
            {DP_CLOCK_OBJECTION_ANSWER, 1, WORKING_DAYS, 0},
            {DP_CLOCK_ERRAND, 10, WORKING_DAYS, 10},
            {DP_CLOCK_REMIND, 2, WORKING_DAYS, 0},
        },
};

const struct dp_limit *dp_profile_limit(const struct dp_profile *p, enum dp_clock c)
{
    for (uint8_t i = 0; i < p->limit_count && i < DP_LIMITS_MAX; i++) {
        if (p->limits[i].clock == c)
            return &p->limits[i];
    }
    return NULL;
}
