/* SPDX-License-Identifier: Apache-2.0 */
/* Dates: real days, every day of four centuries, and the local midnight. */
#include "support/cmocka_all.h"

#include "base/date.h"

static struct dp_date make(int y, int m, int d)
{
    struct dp_date out = DP_DATE_NONE;

    assert_ok(dp_date_make(y, m, d, &out));
    return out;
}

static void known_days(void **state)
{
    (void)state;
    assert_int_equal(make(1970, 1, 2).day, 1);
    assert_int_equal(make(2000, 1, 1).day, 10957);
    assert_int_equal(make(2000, 3, 1).day, 11017);
    assert_int_equal(dp_date_weekday(make(2026, 2, 13)), 4); /* a Friday, before the spring festival */
    assert_int_equal(dp_date_weekday(make(2022, 5, 1)), 6);  /* R22 came into force on a Sunday */
    assert_int_equal(dp_date_weekday(make(2024, 2, 29)), 3);
    assert_int_equal(dp_date_weekday(DP_DATE_NONE), 3);
}

static void days_that_do_not_exist(void **state)
{
    static const int bad[][3] = {
        {2023, 2, 29}, {2100, 2, 29}, {2024, 2, 30},  {2024, 4, 31}, {2024, 0, 1}, {2024, 13, 1},
        {2024, 1, 0},  {2024, 1, 32}, {1849, 12, 31}, {10000, 1, 1}, {1970, 1, 1}, {2024, -1, -1},
    };
    struct dp_date out = {77};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_date_make(bad[i][0], bad[i][1], bad[i][2], &out), DP_RANGE);
    assert_int_equal(out.day, 77);
    assert_ok(dp_date_make(2000, 2, 29, &out));
    assert_ok(dp_date_make(9999, 12, 31, &out));
}

/* The day whose number says "none" can be a day of birth all the same. */
static void births(void **state)
{
    static const char *const days[] = {"1970-01-01", "1969-12-31", "1970-01-02", "1931-07-09", "2001-02-03"};
    struct dp_date d;
    char text[11];

    (void)state;
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        assert_ok(dp_birth_parse(dp_slice_str(days[i]), &d));
        assert_false(dp_date_is_none(d));
        dp_birth_format(d, text);
        assert_string_equal(text, days[i]);
    }
    assert_int_equal(dp_birth_parse(dp_slice_str("1970-01-32"), &d), DP_RANGE);
}

static void every_day_of_four_centuries_follows_the_one_before(void **state)
{
    int y, m, d, weekday = dp_date_weekday(make(1970, 1, 2));

    (void)state;
    for (int32_t day = 1; day < 146097; day++) {
        struct dp_date again, next = dp_date_add((struct dp_date){day}, 1);
        dp_date_split((struct dp_date){day}, &y, &m, &d);
        assert_ok(dp_date_make(y, m, d, &again));
        assert_int_equal(again.day, day);
        weekday = (weekday + 1) % 7;
        assert_int_equal(dp_date_weekday(next), weekday);
    }
}

static void split_knows_days_before_the_epoch(void **state)
{
    int y, m, d;

    (void)state;
    dp_date_split((struct dp_date){-1}, &y, &m, &d);
    assert_int_equal(y * 10000 + m * 100 + d, 19691231);
    dp_date_split((struct dp_date){-719469}, &y, &m, &d);
    assert_int_equal(y * 10000 + m * 100 + d, 229); /* 29 February of the year 0 */
    assert_int_equal(dp_date_weekday((struct dp_date){-1}), 2);
    assert_int_equal(dp_date_weekday((struct dp_date){-3}), 0);
    assert_int_equal(dp_date_weekday((struct dp_date){-4}), 6);
}

static void the_local_day_begins_at_16_utc(void **state)
{
    struct dp_date d = make(2026, 2, 13);
    int64_t start = dp_date_start_ms(d);

    (void)state;
    assert_true(start == INT64_C(1770912000000)); /* 2026-02-12T16:00:00Z */
    assert_int_equal(dp_date_of_ms(start).day, d.day);
    assert_int_equal(dp_date_of_ms(start - 1).day, d.day - 1);
    assert_int_equal(dp_date_of_ms(start + DP_DAY_MS - 1).day, d.day);
    assert_int_equal(dp_date_of_ms(0).day, 0);
    assert_int_equal(dp_date_of_ms(-DP_LOCAL_OFFSET_MS - 1).day, -1);
}

static void far_instants_saturate(void **state)
{
    (void)state;
    assert_int_equal(dp_date_of_ms(INT64_MAX).day, INT32_MAX);
    assert_int_equal(dp_date_of_ms(INT64_MIN).day, INT32_MIN);
    assert_int_equal(dp_date_add((struct dp_date){INT32_MAX}, 1).day, INT32_MAX);
    assert_int_equal(dp_date_add((struct dp_date){INT32_MIN}, -1).day, INT32_MIN);
    assert_true(dp_date_start_ms((struct dp_date){INT32_MAX}) > 0);
}

static void text_there_and_back(void **state)
{
    struct dp_date d;
    char text[11];

    (void)state;
    assert_ok(dp_date_parse(dp_slice_str("2026-02-13"), &d));
    assert_int_equal(d.day, make(2026, 2, 13).day);
    dp_date_format(d, text);
    assert_string_equal(text, "2026-02-13");
    assert_int_equal(dp_date_yyyymmdd(d), 20260213);
    dp_date_format(make(9999, 12, 31), text);
    assert_string_equal(text, "9999-12-31");
    dp_date_format(DP_DATE_NONE, text);
    assert_string_equal(text, "0000-00-00");
    dp_date_format((struct dp_date){INT32_MAX}, text);
    assert_string_equal(text, "0000-00-00");
    assert_true(dp_date_is_none(DP_DATE_NONE));
    assert_false(dp_date_is_none(d));
}

static void text_that_is_no_date(void **state)
{
    static const char *const bad[] = {"",           "2026-2-13",  "2026-02-13 ", "2026/02/13", "20260213",
                                      "2026-02-1a", "+026-02-13", "2026- 2-13",  "02-13-2026"};
    struct dp_date d = {5};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_date_parse(dp_slice_str(bad[i]), &d), DP_FORMAT);
    assert_int_equal(dp_date_parse(dp_slice_str("2026-02-29"), &d), DP_RANGE);
    assert_int_equal(d.day, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days),
        cmocka_unit_test(days_that_do_not_exist),
        cmocka_unit_test(births),
        cmocka_unit_test(every_day_of_four_centuries_follows_the_one_before),
        cmocka_unit_test(split_knows_days_before_the_epoch),
        cmocka_unit_test(the_local_day_begins_at_16_utc),
        cmocka_unit_test(far_instants_saturate),
        cmocka_unit_test(text_there_and_back),
        cmocka_unit_test(text_that_is_no_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
