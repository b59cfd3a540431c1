/* SPDX-License-Identifier: Apache-2.0 */
/* Due dates and causes of delay. The rest days are those of the State Council's notice for 2026. */
#include "support/cmocka_all.h"

#include <string.h>

#include "support/history.h"
#include "unit/case/places.h"

static const char *const rest_2026[] = {
    "2026-01-01", "2026-01-02", "2026-01-03", "2026-02-15", "2026-02-16", "2026-02-17", "2026-02-18",
    "2026-02-19", "2026-02-20", "2026-02-21", "2026-02-22", "2026-02-23", "2026-04-04", "2026-04-05",
    "2026-04-06", "2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05", "2026-06-19",
    "2026-06-20", "2026-06-21", "2026-09-25", "2026-09-26", "2026-09-27", "2026-10-01", "2026-10-02",
    "2026-10-03", "2026-10-04", "2026-10-05", "2026-10-06", "2026-10-07",
};
static const char *const work_2026[] = {
    "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct dp_calendar cal;
static struct dp_hist h;
static struct dp_name reg;
static struct dp_due *due;
static uint32_t due_count;

static uint16_t day_of_year(const char *date)
{
    return (uint16_t)(dp_hist_date(date).day - dp_hist_date("2026-01-01").day + 1);
}

static void make_calendar(void)
{
    struct dp_year *y = &cal.years[0];

    cal = (struct dp_calendar){.edition = 1, .year_count = 1};
    y->year = 2026;
    for (size_t i = 0; i < COUNT(rest_2026); i++)
        y->rest[y->rest_count++] = day_of_year(rest_2026[i]);
    for (size_t i = 0; i < COUNT(work_2026); i++)
        y->work[y->work_count++] = day_of_year(work_2026[i]);
}

static int setup(void **state)
{
    (void)state;
    make_calendar();
    dp_hist_init(&h);
    reg = dp_hist_register(&h, COUNTY, 0);
    h.file.reg.calendar = (struct dp_name){{33}, 1, 1};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dp_hist_fini(&h);
    return 0;
}

#define ON(d, text) assert_int_equal((d).day, dp_hist_date(text).day)
#define DO(office, kind, body) dp_hist_do(&h, office, DP_KIND_##kind, body)

/* ---- counting ---- */

/* R-DUE-2: day 0 does not count; the end of a period moves off rest days; shifted days are worked. */
static void test_received_on_13_february(void **state)
{
    struct dp_date from = dp_hist_date("2026-02-13");
    struct dp_due_date d = dp_due_working_days(&cal, from, 5);

    (void)state;
    ON(d.date, "2026-02-27");
    assert_false(d.provisional);
    d = dp_due_calendar_days(&cal, from, 15);
    ON(d.date, "2026-02-28");
    assert_false(d.provisional);
}

static void test_received_on_14_february(void **state)
{
    struct dp_date from = dp_hist_date("2026-02-14");

    (void)state;
    ON(dp_due_working_days(&cal, from, 5).date, "2026-02-28");
    ON(dp_due_calendar_days(&cal, from, 15).date, "2026-03-02");
}

/* R-DUE-3: a year without a calendar counts weekends only and is provisional. */
static void test_unknown_year(void **state)
{
    struct dp_due_date d = dp_due_calendar_days(NULL, dp_hist_date("2026-02-13"), 15);
    bool is_known;

    (void)state;
    ON(d.date, "2026-03-02"); /* 28 February is a plain Saturday without a calendar */
    assert_true(d.provisional);
    d = dp_due_working_days(&cal, dp_hist_date("2026-12-30"), 2);
    ON(d.date, "2027-01-01");
    assert_true(d.provisional);
    assert_true(dp_calendar_is_rest(&cal, dp_hist_date("2026-02-16"), &is_known) && is_known);
    assert_false(dp_calendar_is_rest(&cal, dp_hist_date("2027-02-17"), &is_known) || is_known);
}

static void test_days_between(void **state)
{
    struct dp_date a = dp_hist_date("2026-02-13"), b = dp_hist_date("2026-02-27");

    (void)state;
    assert_int_equal(dp_working_days_between(&cal, a, b), 5);
    assert_int_equal(dp_working_days_between(&cal, b, a), 0);
    assert_int_equal(dp_working_days_between(&cal, a, a), 0);
}

/* Any date that an entry may claim gives an answer. */
static void test_absurd_dates(void **state)
{
    static const int32_t days[] = {INT32_MIN, -1, 0, 2932896, INT32_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(days); i++) {
        struct dp_date d = {days[i]};
        assert_true(dp_due_calendar_days(&cal, d, 65535).date.day >= 0 || days[i] < 0);
        assert_true(dp_due_working_days(NULL, d, 65535).provisional);
    }
    assert_true(dp_working_days_between(NULL, (struct dp_date){INT32_MIN}, (struct dp_date){INT32_MAX}) > 0);
}

/* ---- clocks ---- */

static const struct dp_calendar *calendar(void *ctx, const struct dp_name *n)
{
    (void)ctx;
    return dp_name_eq(n, &(struct dp_name){{33}, 1, 1}) ? &cal : NULL;
}

static struct dp_profile fast = {
    .edition = 1,
    .limit_count = 1,
    .limits = {{DP_CLOCK_TRIAGE, 5, true, 0}},
};

static const struct dp_profile *profile(void *ctx, const struct dp_name *n)
{
    (void)ctx;
    return dp_name_eq(n, &(struct dp_name){{33}, 1, 2}) ? &fast : NULL;
}

static void list(void)
{
    static const struct dp_editions ed = {profile, calendar, NULL};

    dp_hist_fold(&h);
    assert_ok(dp_due_list(&h.file, &h.state, &ed, &h.arena, &due, &due_count));
}

/* The clock of that sort, which must be there once. */
static const struct dp_due *clock_of(enum dp_clock c)
{
    const struct dp_due *found = NULL;

    for (uint32_t i = 0; i < due_count; i++) {
        if (due[i].clock == c) {
            assert_null(found);
            found = &due[i];
        }
    }
    assert_non_null(found);
    return found;
}

static bool has_clock(enum dp_clock c)
{
    for (uint32_t i = 0; i < due_count; i++) {
        if (due[i].clock == c)
            return true;
    }
    return false;
}

static struct dp_name offer_to(const char *to)
{
    struct dp_body b = dp_hist_offer(to);

    return DO(COUNTY, TRANSFER, &b);
}

static void at(const char *date)
{
    h.now_ms = dp_hist_noon(date);
}

/* R-DUE-1, clock 1 */
static void test_triage(void **state)
{
    const struct dp_due *d;

    (void)state;
    list();
    d = clock_of(DP_CLOCK_TRIAGE);
    ON(d->from, "2026-02-13");
    ON(d->due.date, "2026-02-28");
    assert_int_equal(d->met_by, DP_FACT_NONE);
    assert_int_equal(d->cause, DP_DELAY_NOT_HANDLED);
    at("2026-02-20");
    offer_to(HOUSING);
    list();
    d = clock_of(DP_CLOCK_TRIAGE);
    ON(d->met_on, "2026-02-20");
    assert_int_equal(d->cause, DP_DELAY_NONE);
}

/* R-DUE-1, clocks 2, 3 and 7, from the addressee's own receipt; R-DLY-1, the causes in turn. */
static void test_offer(void **state)
{
    const struct dp_due *d;

    (void)state;
    offer_to(HOUSING);
    list();
    d = clock_of(DP_CLOCK_ACCEPT);
    assert_int_equal(d->cause, DP_DELAY_NOT_DELIVERED);
    assert_true(dp_date_is_none(d->from) && dp_date_is_none(d->due.date));
    assert_false(has_clock(DP_CLOCK_OBJECT) || has_clock(DP_CLOCK_SIGN));
    at("2026-02-14");
    DO(HOUSING_NODE, ARRIVE, NULL);
    list();
    d = clock_of(DP_CLOCK_ACCEPT);
    ON(d->from, "2026-02-14");
    ON(d->due.date, "2026-03-02");
    assert_int_equal(d->cause, DP_DELAY_NOT_SIGNED);
    ON(clock_of(DP_CLOCK_OBJECT)->due.date, "2026-02-28");
    ON(clock_of(DP_CLOCK_SIGN)->due.date, "2026-02-24");
    DO(HOUSING, SIGN, NULL);
    list();
    assert_int_not_equal(clock_of(DP_CLOCK_SIGN)->met_by, DP_FACT_NONE);
    assert_int_equal(clock_of(DP_CLOCK_ACCEPT)->cause, DP_DELAY_NOT_HANDLED);
    DO(HOUSING, OBJECT, NULL);
    list();
    assert_int_equal(clock_of(DP_CLOCK_ACCEPT)->cause, DP_DELAY_ANSWER_ON_WAY);
    assert_int_equal(clock_of(DP_CLOCK_OBJECTION_ANSWER)->cause, DP_DELAY_NOT_DELIVERED);
    assert_int_not_equal(clock_of(DP_CLOCK_OBJECT)->met_by, DP_FACT_NONE);
}

/* Clock 8: two working days for the answer, from the arrival of the objection. */
static void test_objection_answer(void **state)
{
    struct dp_body b = dp_hist_code(DP_OBJECTION_GRANT);
    const struct dp_due *d;

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(HOUSING, OBJECT, NULL);
    at("2026-02-24");
    DO(COUNTY_NODE, ARRIVE, NULL);
    list();
    d = clock_of(DP_CLOCK_OBJECTION_ANSWER);
    ON(d->due.date, "2026-02-26");
    assert_memory_equal(&d->office, &h.entries[0].office, sizeof(d->office));
    at("2026-02-25");
    DO(COUNTY, OBJECTION_ANSWER, &b);
    list();
    ON(clock_of(DP_CLOCK_OBJECTION_ANSWER)->met_on, "2026-02-25");
    ON(clock_of(DP_CLOCK_ACCEPT)->met_on, "2026-02-25"); /* returned: no longer its duty */
}

/* R-DUE-1, clock 4, and R-DUE-5: thirty days more, from the original due date. */
static void test_handling_and_extension(void **state)
{
    struct dp_body b = {.days = 30};

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING_NODE, ARRIVE, NULL);
    at("2026-02-26");
    DO(HOUSING, ACCEPT, NULL);
    list();
    ON(clock_of(DP_CLOCK_HANDLE)->from, "2026-02-26");
    ON(clock_of(DP_CLOCK_HANDLE)->due.date, "2026-04-27");
    DO(HOUSING, EXTEND, &b);
    list();
    ON(clock_of(DP_CLOCK_HANDLE)->due.date, "2026-05-27");
    b = dp_hist_code(DP_RESULT_SUPPORT);
    at("2026-05-01");
    DO(HOUSING, OPINION, &b);
    list();
    ON(clock_of(DP_CLOCK_HANDLE)->met_on, "2026-05-01");
    assert_false(has_clock(DP_CLOCK_REVIEW_WINDOW));
    b = (struct dp_body){.code = 1, .date = dp_hist_date("2026-05-08")};
    DO(HOUSING, SERVE, &b);
    list();
    ON(clock_of(DP_CLOCK_REVIEW_WINDOW)->due.date, "2026-06-08"); /* 7 June is a Sunday */
}

/* R-DUE-4: no acceptance in time, and the handling clock starts all the same. */
static void test_late_acceptance(void **state)
{
    (void)state;
    offer_to(HOUSING);
    DO(HOUSING_NODE, ARRIVE, NULL);
    list();
    ON(clock_of(DP_CLOCK_HANDLE)->from, "2026-02-28");
    assert_int_equal(clock_of(DP_CLOCK_HANDLE)->cause, DP_DELAY_NOT_SIGNED);
    at("2026-03-20");
    DO(HOUSING, ACCEPT, NULL);
    list();
    ON(clock_of(DP_CLOCK_HANDLE)->from, "2026-02-28");
    ON(clock_of(DP_CLOCK_HANDLE)->due.date, "2026-04-29");
    ON(clock_of(DP_CLOCK_ACCEPT)->met_on, "2026-03-20");
}

/* Clock 5: the date that the assigner named, rest day or not. */
static void test_report_back(void **state)
{
    struct dp_body b = dp_hist_assign(HOUSING, "2026-04-05");

    (void)state;
    DO(COUNTY, ASSIGN, &b);
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(HOUSING, ACCEPT, NULL);
    list();
    ON(clock_of(DP_CLOCK_REPORT)->due.date, "2026-04-05");
    assert_int_equal(clock_of(DP_CLOCK_REPORT)->met_by, DP_FACT_NONE);
    DO(HOUSING, REPORT_BACK, NULL);
    list();
    assert_int_equal(clock_of(DP_CLOCK_REPORT)->met_by, h.state.reported);
}

/* Clocks 6 and 11, and the causes of an order: R-DLY-1. */
static void test_orders(void **state)
{
    struct dp_body b = dp_hist_order(HOUSING, 1, NULL);

    (void)state;
    DO(COUNTY_NODE, REMIND, &b);
    list();
    assert_int_equal(clock_of(DP_CLOCK_REMIND)->cause, DP_DELAY_NOT_DELIVERED);
    at("2026-02-25");
    DO(HOUSING_NODE, ARRIVE, NULL);
    list();
    ON(clock_of(DP_CLOCK_REMIND)->due.date, "2026-02-27");
    assert_int_equal(clock_of(DP_CLOCK_REMIND)->cause, DP_DELAY_NOT_SIGNED);
    DO(HOUSING, SIGN, NULL);
    list();
    assert_int_equal(clock_of(DP_CLOCK_REMIND)->cause, DP_DELAY_NOT_HANDLED);
    DO(HOUSING, ANSWER, NULL);
    list();
    assert_int_equal(clock_of(DP_CLOCK_REMIND)->cause, DP_DELAY_ANSWER_ON_WAY);
    DO(COUNTY_NODE, ARRIVE, NULL);
    list();
    assert_int_equal(clock_of(DP_CLOCK_REMIND)->cause, DP_DELAY_NONE);
    b = dp_hist_order(HOUSING, 2, "2026-03-30");
    DO(COUNTY, SUPERVISE, &b);
    list();
    ON(clock_of(DP_CLOCK_ORDER)->due.date, "2026-03-30");
}

/* Clock 10: an errand has its own limits, and no triage. */
static void test_errand(void **state)
{
    (void)state;
    dp_hist_fini(&h);
    dp_hist_init(&h);
    reg = dp_hist_register(&h, VILLAGE, DP_REG_ERRAND);
    h.file.reg.calendar = (struct dp_name){{33}, 1, 1};
    list();
    assert_int_equal(due_count, 1);
    ON(clock_of(DP_CLOCK_ERRAND)->due.date, "2026-03-05");
    assert_int_equal(clock_of(DP_CLOCK_ERRAND)->due.provisional, false);
}

/* R-DUE-6: the editions that the starting entry names; one that is not here makes the date provisional. */
static void test_editions(void **state)
{
    (void)state;
    h.file.reg.profile = (struct dp_name){{33}, 1, 2};
    list();
    ON(clock_of(DP_CLOCK_TRIAGE)->due.date, "2026-02-27");
    assert_false(clock_of(DP_CLOCK_TRIAGE)->due.provisional);
    h.file.reg.profile = (struct dp_name){{33}, 1, 3};
    list();
    ON(clock_of(DP_CLOCK_TRIAGE)->due.date, "2026-02-28");
    assert_true(clock_of(DP_CLOCK_TRIAGE)->due.provisional);
    h.file.reg.profile = (struct dp_name){{0}, 0, 0};
    h.file.reg.calendar = (struct dp_name){{33}, 9, 9};
    list();
    ON(clock_of(DP_CLOCK_TRIAGE)->due.date, "2026-03-02");
    assert_true(clock_of(DP_CLOCK_TRIAGE)->due.provisional);
}

/* A take over an open offer ends the addressee's clocks. */
static void test_taken_away(void **state)
{
    (void)state;
    offer_to(HOUSING);
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(CITY, TAKE, NULL);
    list();
    assert_int_not_equal(clock_of(DP_CLOCK_ACCEPT)->met_by, DP_FACT_NONE);
    assert_false(has_clock(DP_CLOCK_HANDLE));
    for (uint32_t i = 1; i < due_count; i++)
        assert_true(due[i - 1].started_by <= due[i].started_by);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_received_on_13_february),
        TEST(test_received_on_14_february),
        TEST(test_unknown_year),
        TEST(test_days_between),
        TEST(test_absurd_dates),
        TEST(test_triage),
        TEST(test_offer),
        TEST(test_objection_answer),
        TEST(test_handling_and_extension),
        TEST(test_late_acceptance),
        TEST(test_report_back),
        TEST(test_orders),
        TEST(test_errand),
        TEST(test_editions),
        TEST(test_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
