/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar files: those we ship, every way to write one wrongly, and one edition after another. */
#include "support/cmocka_all.h"

#include "support/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/calendar_file.h"

#define HEAD "# id: cn\n# edition: 1\ndate,kind,name\n"

static struct dp_calendar load(const char *path)
{
    struct dp_slice text = test_file_read(path);
    struct dp_config_error error;
    struct dp_calendar c;

    if (dp_calendar_file_parse(text, path, &c, &error) != DP_OK)
        fail_msg("%s:%d: %s", error.file, error.line, error.text);
    free((void *)text.p);
    return c;
}

static void assert_rising(const uint16_t *days, uint8_t count)
{
    for (uint8_t i = 1; i < count; i++)
        assert_true(days[i - 1] < days[i]);
}

static void the_shipped_years_are_those_of_the_notices(void **state)
{
    struct dp_calendar a = load(DP_SOURCE_DIR "/conf/calendar/cn-2025.csv");
    struct dp_calendar b = load(DP_SOURCE_DIR "/conf/calendar/cn-2026.csv");

    (void)state;
    assert_string_equal(a.id, "cn-rest-days");
    assert_string_equal(b.id, a.id);
    assert_true(a.edition < b.edition);
    assert_int_equal(a.year_count, 1);
    assert_int_equal(a.years[0].year, 2025);
    assert_int_equal(a.years[0].rest_count, 28);
    assert_int_equal(a.years[0].work_count, 5);
    assert_int_equal(b.years[0].rest_count, 33);
    assert_int_equal(b.years[0].work_count, 6);
    assert_int_equal(b.years[0].work[1], 31 + 14); /* 2026-02-14, before the spring festival */
    assert_rising(b.years[0].rest, b.years[0].rest_count);
    assert_rising(b.years[0].work, b.years[0].work_count);
}

static void days_in_any_order_come_out_rising(void **state)
{
    const char *text = HEAD "2025-01-02,rest,b\n2024-12-31,rest,a\n\n# a remark\n2025-01-01,rest,c\n"
                            "2024-12-28,work,d\r\n";
    struct dp_config_error error;
    struct dp_calendar c;

    (void)state;
    assert_ok(dp_calendar_file_parse(dp_slice_str(text), "x", &c, &error));
    assert_int_equal(c.year_count, 2);
    assert_int_equal(c.years[0].year, 2024);
    assert_int_equal(c.years[0].rest[0], 366); /* a leap year's last day */
    assert_int_equal(c.years[0].work[0], 363);
    assert_int_equal(c.years[1].rest[0], 1);
    assert_int_equal(c.years[1].rest[1], 2);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *words;
    } bad[] = {
        {"", 0, "are needed"},
        {HEAD, 0, "no day"},
        {"date,kind,name\n2025-01-01,rest,a\n", 0, "are needed"},
        {"# id: cn\n2025-01-01,rest,a\n", 2, "heading"},
        {"# id: cn\n# id: cn\n", 2, "twice"},
        {"# id: CN\n", 1, "a-z"},
        {"# id: cn rest\n", 1, "a-z"},
        {"# edition: 0\n", 1, "999999"},
        {"# edition: 1\n# edition: 2\n", 2, "twice"},
        {HEAD "2025-02-29,rest,a\n", 4, "date that exists"},
        {HEAD "2025-2-9,rest,a\n", 4, "date that exists"},
        {HEAD "1999-12-31,rest,a\n", 4, "2000 to 2099"},
        {HEAD "2100-01-01,rest,a\n", 4, "2000 to 2099"},
        {HEAD "2025-01-01,rest,a\n2025-01-01,rest,b\n", 5, "listed twice"},
        {HEAD "2025-02-08,work,a\n2025-02-08,rest,b\n", 5, "listed twice"},
        {HEAD "2025-02-07,work,a\n", 4, "Saturday"},
        {HEAD "2025-01-01,holiday,a\n", 4, "rest or work"},
        {HEAD "2025-01-01,rest\n", 4, "date,kind,name"},
        {HEAD "2025-01-01,rest,a,b\n", 4, "date,kind,name"},
        {HEAD "2025-01-01,rest,\xff\n", 0, "UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dp_calendar c = {.edition = 77};
        struct dp_config_error error;
        assert_int_equal(dp_calendar_file_parse(dp_slice_str(bad[i].text), "x.csv", &c, &error), DP_CONFIG);
        assert_int_equal(error.line, bad[i].line);
        if (strstr(error.text, bad[i].words) == NULL)
            fail_msg("case %zu: %s", i, error.text);
        assert_int_equal(c.edition, 77);
    }
}

/* `years` years from `first`, one rest day in each. */
static struct dp_calendar calendar(uint32_t edition, uint16_t first, uint8_t years, uint16_t day)
{
    struct dp_calendar c = {.id = "cn", .edition = edition, .year_count = years};

    for (uint8_t i = 0; i < years; i++)
        c.years[i] = (struct dp_year){.year = (uint16_t)(first + i), .rest_count = 1, .rest = {day}};
    return c;
}

static void a_new_edition_takes_over_the_years_it_does_not_state(void **state)
{
    struct dp_calendar older = calendar(1, 2024, 2, 10), newer = calendar(2, 2025, 2, 20);

    (void)state;
    assert_ok(dp_calendar_take_over(&older, &newer));
    assert_int_equal(newer.edition, 2);
    assert_int_equal(newer.year_count, 3);
    assert_int_equal(newer.years[0].year, 2024);
    assert_int_equal(newer.years[0].rest[0], 10);
    assert_int_equal(newer.years[1].year, 2025);
    assert_int_equal(newer.years[1].rest[0], 20);
    assert_int_equal(dp_calendar_take_over(&newer, &older), DP_CONFLICT);
    snprintf(older.id, sizeof(older.id), "other");
    assert_int_equal(dp_calendar_take_over(&older, &newer), DP_CONFLICT);
}

static void the_oldest_years_fall_away(void **state)
{
    struct dp_calendar older = calendar(1, 2010, DP_YEARS_MAX, 10), newer = calendar(2, 2026, 1, 20);

    (void)state;
    assert_ok(dp_calendar_take_over(&older, &newer));
    assert_int_equal(newer.year_count, DP_YEARS_MAX);
    assert_int_equal(newer.years[0].year, 2011);
    assert_int_equal(newer.years[DP_YEARS_MAX - 1].year, 2026);
}

static void too_many_days_are_refused(void **state)
{
    char text[4096] = HEAD;
    struct dp_config_error error;
    struct dp_calendar c;
    size_t len = strlen(text);

    (void)state;
    for (int i = 0; i <= DP_YEAR_DAYS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "2025-%02d-%02d,rest,a\n", 1 + i / 28,
                                1 + i % 28);
    assert_int_equal(dp_calendar_file_parse(dp_slice_str(text), "x", &c, &error), DP_CONFIG);
    assert_int_equal(error.line, 3 + DP_YEAR_DAYS_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_years_are_those_of_the_notices),
        cmocka_unit_test(days_in_any_order_come_out_rising),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(a_new_edition_takes_over_the_years_it_does_not_state),
        cmocka_unit_test(the_oldest_years_fall_away),
        cmocka_unit_test(too_many_days_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
