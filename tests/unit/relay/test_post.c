/* SPDX-License-Identifier: Apache-2.0 */
/* The post as decisions: when, between whom, how far (R-POST-1, R-POST-2, R-POST-4, R-POST-5). */
#include <string.h>

#include "support/cmocka_all.h"

#include "relay/post.h"
#include "unit/relay/places.h"

#define MINUTE INT64_C(60000)
#define DAY (1440 * MINUTE)
#define MONDAY INT64_C(1772380800000) /* 2026-03-02 00:00 in Shanghai */

/* Saturdays and Sundays. */
static bool weekend(void *ctx, struct dp_date d)
{
    (void)ctx;
    return (d.day + 3) % 7 >= 5;
}

static unsigned minute_of(int64_t ms)
{
    return (unsigned)((ms - MONDAY) % DAY / MINUTE);
}

static void once_each_working_day_in_office_hours(void **state)
{
    const struct dp_post_plan p = dp_post_default();
    int64_t last = 0;
    unsigned made = 0;

    (void)state;
    assert_int_equal(p.bytes, DP_POST_LARGE);
    for (int64_t t = MONDAY; t < MONDAY + 14 * DAY; t += MINUTE) {
        int64_t slot = dp_post_slot(&p, at(VILLAGE), at(COUNTY), t, weekend, NULL);
        int64_t next = dp_post_next(&p, at(VILLAGE), at(COUNTY), t, weekend, NULL);
        assert_true(slot <= t && next > t);
        assert_int_equal(dp_post_slot(&p, at(VILLAGE), at(COUNTY), next, weekend, NULL), next);
        if (t == MONDAY || slot == last) {
            last = slot;
            continue;
        }
        last = slot;
        made++;
        assert_false(weekend(NULL, (struct dp_date){(int32_t)((slot + 8 * 60 * MINUTE) / DAY)}));
        assert_in_range(minute_of(slot), 9 * 60, 17 * 60 - 1);
    }
    assert_int_equal(made, 10);
}

/* Each end and direction has a minute of its own, and always the same. */
static void the_minute_is_given_by_the_codes(void **state)
{
    const struct dp_post_plan p = dp_post_default();
    unsigned seen[1440] = {0}, most = 0;

    (void)state;
    for (unsigned v = 1; v <= 240; v++) {
        struct dp_node village = dp_node_of((struct dp_div){dp_node_div(at(TOWN)).v + v}, 0);
        int64_t up = dp_post_next(&p, village, at(COUNTY), MONDAY, NULL, NULL);
        assert_int_equal(up + DAY, dp_post_next(&p, village, at(COUNTY), MONDAY + DAY, NULL, NULL));
        unsigned m = ++seen[minute_of(up)];
        most = m > most ? m : most;
    }
    assert_true(most <= 6);
    assert_int_not_equal(dp_post_next(&p, at(VILLAGE), at(COUNTY), MONDAY, NULL, NULL),
                         dp_post_next(&p, at(COUNTY), at(VILLAGE), MONDAY, NULL, NULL));
}

static void more_often_where_lines_are_good(void **state)
{
    const struct dp_post_plan p = dp_post_plan_of(8, 30, true);
    int64_t t = dp_post_next(&p, at(VILLAGE), at(CITY), MONDAY, weekend, NULL);

    (void)state;
    assert_int_equal(p.bytes, DP_POST_SMALL);
    for (unsigned i = 0; i < 1000; i++) {
        int64_t next = dp_post_next(&p, at(VILLAGE), at(CITY), t, weekend, NULL);
        assert_int_equal(next - t, 30 * MINUTE);
        assert_int_equal(dp_post_slot(&p, at(VILLAGE), at(CITY), next - 1, weekend, NULL), t);
        t = next;
    }
    /* Whatever stands there, a plan comes of it. */
    assert_int_equal(dp_post_plan_of(0, 0, false).every, DP_POST_DAY_MIN);
    assert_int_equal(dp_post_plan_of(12, 9999, false).bytes, DP_POST_LARGE);
}

/* R-POST-1: as far as R-N3-4 can lead, and no farther. */
static void the_ends_are_where_n3_can_lead(void **state)
{
    const struct dp_node above[] = {at(TOWN), at(COUNTY), at(CITY), at(PROVINCE)};
    static const char *const accused[][2] = {
        {TOWN, "station"}, {COUNTY, "bureau"}, {CITY, "gov"}, {VILLAGE, "committee"}, {NULL, NULL}};
    struct dp_node ends[4];

    (void)state;
    assert_int_equal(dp_post_ends(above, 4, ends), 3);
    assert_int_equal(dp_post_ends(above + 1, 3, ends), 2); /* of a township */
    assert_int_equal(dp_post_ends(above, 1, ends), 0);
    assert_int_equal(dp_post_ends(above, 0, ends), 0);
    assert_int_equal(dp_post_ends(above, 4, ends), 3);
    for (size_t i = 0; i < 5; i++) {
        struct dp_reg reg = {.purpose = DP_PURPOSE_ACCUSATION};
        struct dp_node to;
        bool known = false;
        if (accused[i][0] != NULL)
            reg.respondents[reg.respondent_count++] = office(accused[i][0], accused[i][1]);
        assert_true(dp_n3_road(&reg, at(VILLAGE), above, 4, &to));
        for (unsigned k = 0; k < 3; k++)
            known = known || dp_node_eq(to, ends[k]);
        assert_true(known);
        assert_true(dp_post_is_end(to, at(VILLAGE), at(TOWN)));
    }
    assert_false(dp_post_is_end(at(TOWN), at(VILLAGE), at(TOWN)));
    assert_false(dp_post_is_end(at(COUNTY), at(TOWN), at(COUNTY)));
    assert_false(dp_post_is_end(at(COUNTY), at(TOWN_AWAY), at(COUNTY_2)));
}

/* ---- the stream ---- */

static void bytes_are_taken_once_and_in_order(void **state)
{
    struct dp_post_in in = {0};
    uint32_t skip;
    bool fresh;

    (void)state;
    assert_int_equal(dp_post_arrive(&in, 5, 1, 0, 100, &skip, &fresh), DP_POST_TAKE);
    assert_true(fresh && skip == 0);
    assert_int_equal(dp_post_arrive(&in, 5, 1, 0, 100, &skip, &fresh), DP_POST_OLD);
    assert_int_equal(dp_post_arrive(&in, 5, 3, 200, 50, &skip, &fresh), DP_POST_SEEN); /* 2 was lost */
    assert_int_equal(dp_post_arrive(&in, 5, 2, 100, 100, &skip, &fresh), DP_POST_OLD); /* late: comes again */
    assert_int_equal(dp_post_arrive(&in, 5, 4, 50, 200, &skip, &fresh), DP_POST_TAKE);
    assert_int_equal(skip, 50);
    assert_int_equal(in.offset, 250);
    assert_int_equal(dp_post_arrive(&in, 5, 5, 0, 20, &skip, &fresh), DP_POST_TAKE);
    assert_int_equal(skip, 20);                                                     /* nothing new in it */
    assert_int_equal(dp_post_arrive(&in, 4, 9, 0, 20, &skip, &fresh), DP_POST_OLD); /* a life before */
    assert_int_equal(dp_post_arrive(&in, 6, 1, 0, 20, &skip, &fresh), DP_POST_TAKE);
    assert_true(fresh && in.offset == 20);
}

static void what_was_lost_goes_again(void **state)
{
    struct dp_post_out out = {.stream = 7, .number = 3, .carried = 3, .next = 300};

    (void)state;
    assert_true(dp_post_heard(&out, &(struct dp_post_ack){0, 0, 0})); /* it has not heard of it yet */
    assert_true(dp_post_heard(&out, &(struct dp_post_ack){7, 2, 100}));
    assert_int_equal(out.base, 100);
    assert_int_equal(out.next, 300); /* the third is on its way */
    assert_true(dp_post_heard(&out, &(struct dp_post_ack){7, 3, 100}));
    assert_int_equal(out.next, 100); /* it came behind a hole */
    assert_true(dp_post_heard(&out, &(struct dp_post_ack){7, 3, 999}));
    assert_int_equal(out.base, 100);                                    /* beyond what was sent */
    assert_false(dp_post_heard(&out, &(struct dp_post_ack){7, 4, 20})); /* it lost what it had */
    assert_false(dp_post_heard(&out, &(struct dp_post_ack){0, 0, 0}));
}

static void the_clerk_is_told_the_days(void **state)
{
    const struct dp_post_plan day = dp_post_default(), hour = dp_post_plan_of(16, 60, false);

    (void)state;
    assert_int_equal(dp_post_count(0, 0, 16000), 1);
    assert_int_equal(dp_post_count(0, 16000, 16000), 1);
    assert_int_equal(dp_post_count(1, 16000, 16000), 2);
    assert_int_equal(dp_post_days(&day, 6), 6);
    assert_int_equal(dp_post_days(&hour, 24), 1);
    assert_int_equal(dp_post_days(&hour, 25), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_each_working_day_in_office_hours),
        cmocka_unit_test(the_minute_is_given_by_the_codes),
        cmocka_unit_test(more_often_where_lines_are_good),
        cmocka_unit_test(the_ends_are_where_n3_can_lead),
        cmocka_unit_test(bytes_are_taken_once_and_in_order),
        cmocka_unit_test(what_was_lost_goes_again),
        cmocka_unit_test(the_clerk_is_told_the_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
