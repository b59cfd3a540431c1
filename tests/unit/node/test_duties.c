/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reminders by the timer (R-ORD-3, R-DUE-7, domain 3 level 1): of a date that has passed and is certain, to
 * the office whose duty it is, in the name of the one that asked, once for each date, whatever dies between.
 */
#include "days.h"

#define HOUSING COUNTY "/housing"
#define HOUSING_UID 77

static unsigned reminders(const struct cl_node *n, const struct cl_result *r)
{
    return count_of(n, &r->name, DP_KIND_REMIND, NULL);
}

/* The last reminder: from the daemon of `by`, to `to`. */
static void assert_reminder(const struct cl_node *at, const struct cl_result *r, const struct cl_node *by,
                            const char *to, uint32_t ground)
{
    struct dp_entry e;
    char text[DP_OFFICE_TEXT];
    assert_true(count_of(at, &r->name, DP_KIND_REMIND, &e) > 0);
    assert_true(dp_node_eq(e.name.origin, by->id));
    assert_string_equal(e.office.slug, "node");
    assert_int_equal(e.officer, 0);
    dp_office_format(&e.body.to, text);
    assert_string_equal(text, to);
    assert_int_equal(e.body.code, ground);
    assert_int_equal(e.body.code2, 1);
}

static void open_with_calendar(struct town *t, uint64_t seed)
{
    town_open(t, seed);
    publish(t->city, CALENDAR("1") REST_2026);
}

/* From the village up to the county, which holds it. */
static struct cl_result at_the_county(struct town *t)
{
    struct cl_result r = town_register(t->village);
    cl_go(t->village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(t);
    cl_go(t->town, DP_KIND_ACCEPT, r.number, "");
    cl_go(t->town, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(t);
    cl_go(t->county, DP_KIND_ACCEPT, r.number, "");
    town_settle(t);
    return r;
}

static struct cl_result with_date(struct cl_node *n, enum dp_kind kind, const char *ref, const char *to,
                                  const char *date)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, kind, ref);
    s->to = to;
    assert_ok(dp_date_parse(dp_slice_str(date), &s->due));
    if (kind == DP_KIND_SUPERVISE) {
        s->code = 4;
        s->code2 = 3;
        cl_text(&x, "report");
    }
    return cl_must(n, &x);
}

/* 15 days from its arrival on 2 March (R22 23), then 60 from there (R22 34). */
static void test_of_acceptance_and_handling(void **state)
{
    struct town t;
    (void)state;
    open_with_calendar(&t, 201);
    struct cl_result r = at_the_county(&t);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau");
    town_settle(&t);
    until(t.c, "2026-03-17"); /* the date itself is still his */
    assert_int_equal(reminders(t.county, &r), 0);
    until(t.c, "2026-03-18");
    town_settle(&t);
    assert_int_equal(reminders(t.county, &r), 1);
    assert_reminder(t.other_town, &r, t.county, OTHER_TOWN "/bureau", 1);
    until(t.c, "2026-03-25");
    assert_int_equal(reminders(t.county, &r), 1);
    cl_go(t.other_town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    until(t.c, "2026-05-18"); /* 60 days end on a Saturday */
    assert_int_equal(reminders(t.county, &r), 1);
    until(t.c, "2026-05-20");
    town_settle(&t);
    assert_int_equal(reminders(t.county, &r), 2);
    assert_reminder(t.city, &r, t.county, OTHER_TOWN "/bureau", 1);
    until(t.c, "2026-05-29");
    assert_int_equal(reminders(t.county, &r), 2);
    struct cl_node *all[] = {t.village, t.town, t.county, t.city, t.other_town};
    town_assert_same(&t, &r.name, all, 5);
    town_close(&t);
}

/* R-DUE-5: the date moves, and with it the reminder. */
static void test_an_extension_puts_it_off(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    open_with_calendar(&t, 202);
    struct cl_result r = at_the_county(&t);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau");
    town_settle(&t);
    cl_go(t.other_town, DP_KIND_ACCEPT, r.number, "");
    cl_step(&x, DP_KIND_EXTEND, r.number)->days = 20;
    cl_must(t.other_town, &x);
    town_settle(&t);
    jump(t.c, "2026-05-20"); /* without it: 2 March and 60 days, 6 May after the rest days */
    assert_int_equal(reminders(t.county, &r), 0);
    jump(t.c, "2026-05-27");
    town_settle(&t);
    assert_int_equal(reminders(t.county, &r), 1);
    town_close(&t);
}

/* A date that the assigner named needs no calendar; one that is met, or that cannot be known there, nothing.
 */
static void test_of_a_report(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 203);
    struct cl_result r = at_the_county(&t), q = at_the_county(&t);
    cl_cut(t.c, cl_link_of(t.c, t.other_town));
    with_date(t.county, DP_KIND_ASSIGN, r.number, OTHER_TOWN "/bureau", "2026-03-06");
    with_date(t.county, DP_KIND_ASSIGN, q.number, TOWN "/bureau", "2026-03-06");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, q.number, "");
    struct cl_command x;
    cl_step(&x, DP_KIND_REPORT_BACK, q.number)->code = 1;
    cl_text(&x, "done");
    cl_must(t.town, &x);
    until(t.c, "2026-03-09");
    assert_int_equal(reminders(t.county, &r), 0); /* not delivered: the line's delay */
    cl_mend(cl_link_of(t.c, t.other_town));
    until(t.c, "2026-03-11");
    town_settle(&t);
    assert_int_equal(reminders(t.other_town, &r), 1);
    assert_reminder(t.other_town, &r, t.county, OTHER_TOWN "/bureau", 2);
    assert_int_equal(reminders(t.county, &q), 0);
    town_close(&t);
}

/* An order past its date; the reminder itself has two working days, and no reminder follows it. */
static void test_of_an_order(void **state)
{
    struct town t;
    (void)state;
    open_with_calendar(&t, 204);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    with_date(t.city, DP_KIND_SUPERVISE, r.number, TOWN "/bureau", "2026-03-10");
    town_settle(&t);
    until(t.c, "2026-03-10");
    assert_int_equal(reminders(t.city, &r), 0);
    until(t.c, "2026-03-31");
    town_settle(&t);
    assert_int_equal(reminders(t.town, &r), 1);
    assert_reminder(t.town, &r, t.city, TOWN "/bureau", 1);
    town_close(&t);
}

/* R-TAB-1, row 26: also the daemon of the node itself, for an office beside the bureau. */
static void test_of_an_office_of_the_same_node(void **state)
{
    struct town t;
    (void)state;
    open_with_calendar(&t, 205);
    cl_officer(t.county, HOUSING, HOUSING_UID);
    struct cl_result r = at_the_county(&t);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, HOUSING);
    town_settle(&t);
    until(t.c, "2026-03-20");
    town_settle(&t);
    assert_int_equal(reminders(t.county, &r), 1);
    assert_reminder(t.city, &r, t.county, HOUSING, 1);
    town_close(&t);
}

/* Nobody reminds upward, and nobody of what nobody asked for. */
static void test_of_nothing_else(void **state)
{
    struct town t;
    (void)state;
    open_with_calendar(&t, 206);
    struct cl_result r = town_register(t.village), q = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    jump(t.c, "2026-06-30");
    until(t.c, "2026-07-02");
    town_settle(&t);
    for (uint32_t i = 0; i < t.c->node_count; i++) {
        assert_int_equal(reminders(t.c->nodes[i], &r), 0);
        assert_int_equal(reminders(t.c->nodes[i], &q), 0);
    }
    town_close(&t);
}

/* Killed before and after the commit of the reminder, restarted all day, clock set back: one reminder. */
static void test_once_whatever_dies(void **state)
{
    static const enum cl_crash how[] = {CL_CRASH_BEFORE_COMMIT, CL_CRASH_AFTER_COMMIT};
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        struct town t;
        open_with_calendar(&t, 207 + k);
        struct cl_result r = at_the_county(&t);
        with_date(t.county, DP_KIND_ASSIGN, r.number, OTHER_TOWN "/bureau", "2026-03-06");
        town_settle(&t);
        until(t.c, "2026-03-06");
        for (uint32_t i = 0; i < t.c->node_count; i++)
            t.c->nodes[i]->clock_off_ms += DP_DAY_MS;
        t.county->crash_next = how[k];
        cl_turn(t.county); /* the first of the new day: it sweeps */
        assert_int_equal(t.c->crashes_before + t.c->crashes_after, 1);
        assert_int_equal(reminders(t.county, &r), k);
        cluster_run(t.c, 61000);
        for (unsigned i = 0; i < 3; i++) {
            cl_kill(t.county, 500);
            cluster_run(t.c, 61000);
        }
        t.county->clock_off_ms -= DP_DAY_MS;
        cluster_run(t.c, 61000);
        t.county->clock_off_ms += DP_DAY_MS;
        cluster_run(t.c, 61000);
        town_settle(&t);
        assert_int_equal(reminders(t.county, &r), 1);
        assert_int_equal(reminders(t.other_town, &r), 1);
        town_close(&t);
    }
}

/* R-DUE-3, R-DUE-7: a date that may turn out to be another one is nothing to remind of. */
static void test_not_of_a_provisional_date(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 209);
    struct cl_result r = at_the_county(&t);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau");
    town_settle(&t);
    until(t.c, "2026-03-20");
    assert_true(cl_alarmed(t.county, "calendar"));
    assert_int_equal(reminders(t.county, &r), 0);
    publish(t.city, CALENDAR("1") REST_2026);
    assert_false(cl_alarmed(t.county, "calendar"));
    days_pass(t.c, 1);
    town_settle(&t);
    assert_int_equal(reminders(t.other_town, &r), 1);
    town_close(&t);
}

/* The case names an edition that ends with its year; the notice of the next one comes late. */
static void test_across_the_new_year(void **state)
{
    struct town t;
    (void)state;
    open_with_calendar(&t, 210);
    jump(t.c, "2026-12-21");
    struct cl_result r = at_the_county(&t);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau");
    town_settle(&t);
    assert_true(cl_alarmed(t.county, "calendar")); /* its date lies beyond New Year (R-DUE-3) */
    jump(t.c, "2027-01-08");                       /* due on the 5th, were it known */
    assert_true(cl_alarmed(t.county, "calendar"));
    assert_int_equal(reminders(t.county, &r), 0);
    publish(t.city, CALENDAR("2") REST_2026 "2027-01-01,rest,d\n2027-01-05,rest,d\n2027-01-06,rest,d\n"
                                            "2027-01-07,rest,d\n2027-01-08,rest,d\n");
    assert_false(cl_alarmed(t.county, "calendar"));
    assert_false(cl_alarmed(t.other_town, "calendar"));
    until(t.c, "2027-01-11"); /* Monday, the first working day after them: due today */
    assert_int_equal(reminders(t.county, &r), 0);
    until(t.c, "2027-01-12");
    town_settle(&t);
    assert_int_equal(reminders(t.other_town, &r), 1);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_acceptance_and_handling),
        cmocka_unit_test(test_an_extension_puts_it_off),
        cmocka_unit_test(test_of_a_report),
        cmocka_unit_test(test_of_an_order),
        cmocka_unit_test(test_of_an_office_of_the_same_node),
        cmocka_unit_test(test_of_nothing_else),
        cmocka_unit_test(test_once_whatever_dies),
        cmocka_unit_test(test_not_of_a_provisional_date),
        cmocka_unit_test(test_across_the_new_year),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
