/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms of the date (N5): a node that was not heard for some working days, whatever was written for it
 * meanwhile; a year without its rest days (R-DUE-3). They end when their cause does.
 */
#include "days.h"

static const char *alarm_text(const struct cl_node *n, const char *word)
{
    const struct dp_alarm_row *a;
    for (uint32_t at = 0; (a = dp_alarm_next(n->d, &at)) != NULL;)
        if (strcmp(a->word, word) == 0)
            return a->text;
    return "";
}

/* Both ends see at once that the line is gone. */
static void cut(struct town *t, struct cl_node *child)
{
    cl_cut(t->c, cl_link_of(t->c, child));
    cluster_run(t->c, 1000);
}

/* An order a day: there is always something new for the silent one. */
static void order(struct town *t, const struct cl_result *r)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_SUPERVISE, r->number);
    s->to = SIBLING "/station";
    s->code = 4;
    s->code2 = 3;
    s->due = dp_date_add(day_of(t->town), 10);
    cl_text(&x, "why are you silent?");
    cl_must(t->town, &x);
}

static void test_silence(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 221);
    struct cl_result r = town_register(t.sibling);
    days_pass(t.c, 1); /* Tuesday */
    town_settle(&t);
    cut(&t, t.sibling);
    for (unsigned i = 0; i < 2; i++) { /* Thursday: two working days */
        order(&t, &r);
        days_pass(t.c, 1);
    }
    assert_false(cl_alarmed(t.town, "silence"));
    order(&t, &r);
    days_pass(t.c, 1);
    assert_true(cl_alarmed(t.town, "silence"));
    assert_non_null(strstr(alarm_text(t.town, "silence"), SIBLING));
    assert_null(strstr(alarm_text(t.town, "silence"), "more"));
    assert_true(cl_alarmed(t.sibling, "silence")); /* nor does it hear its parent */
    assert_false(cl_alarmed(t.county, "silence"));
    /* Still so after a restart, and grouped with the next. */
    cut(&t, t.village);
    cl_kill(t.town, 100);
    days_pass(t.c, 6);
    assert_non_null(strstr(alarm_text(t.town, "silence"), "1 more"));
    cl_mend(cl_link_of(t.c, t.village));
    cluster_run(t.c, 120000);
    assert_true(cl_alarmed(t.town, "silence"));
    cl_mend(cl_link_of(t.c, t.sibling));
    cluster_run(t.c, 120000); /* it ends with the first word, not with the next day */
    assert_false(cl_alarmed(t.town, "silence"));
    assert_false(cl_alarmed(t.sibling, "silence"));
    town_settle(&t);
    town_close(&t);
}

/* Days of rest are no silence: by the calendar where there is one. */
/* A clock that was a year ahead when the peer was last heard: its silence counts from the day on which it is
 * right. */
static void test_silence_after_a_clock_was_set_back(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 228);
    for (uint32_t i = 0; i < t.c->node_count; i++)
        t.c->nodes[i]->clock_off_ms += 365 * DP_DAY_MS;
    struct cl_result r = town_register(t.sibling);
    town_settle(&t);
    cut(&t, t.sibling);
    for (uint32_t i = 0; i < t.c->node_count; i++)
        t.c->nodes[i]->clock_off_ms -= 365 * DP_DAY_MS;
    for (unsigned i = 0; i < 8; i++) {
        assert_false(i == 0 && cl_alarmed(t.town, "silence"));
        order(&t, &r);
        days_pass(t.c, 1);
    }
    assert_true(cl_alarmed(t.town, "silence"));
    assert_non_null(strstr(alarm_text(t.town, "silence"), SIBLING));
    town_close(&t);
}

static void test_rest_days_do_not_count(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 222);
    publish(t.city, CALENDAR("1") REST_2026);
    jump(t.c, "2026-09-30");
    town_settle(&t);
    cut(&t, t.sibling);
    until(t.c, "2026-10-09"); /* rest until the 7th: the 8th and 9th count */
    assert_false(cl_alarmed(t.town, "silence"));
    until(t.c, "2026-10-12");
    assert_true(cl_alarmed(t.town, "silence"));
    town_close(&t);
}

/* A quiet line is no silence: connected for weeks without a case, then a restart of the parent. */
static void test_nothing_to_say_is_no_silence(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 223);
    days_pass(t.c, 20);
    assert_int_equal(cl_session(t.town, t.sibling)->state, DP_SESSION_UP);
    cl_kill(t.town, 100);
    cut(&t, t.sibling); /* it is slow to come back */
    cluster_run(t.c, 120000);
    assert_false(cl_alarmed(t.town, "silence"));
    days_pass(t.c, 1);
    assert_false(cl_alarmed(t.town, "silence"));
    cl_mend(cl_link_of(t.c, t.sibling));
    days_pass(t.c, 20);
    cl_break(t.c, cl_link_of(t.c, t.sibling), false);
    cut(&t, t.sibling);
    days_pass(t.c, 1);
    assert_false(cl_alarmed(t.town, "silence"));
    town_close(&t);
}

/* The configured number of days, and a withdrawn node is expected to be silent. */
static void test_as_configured(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 224);
    t.c->options.silence_days = 10;
    cl_kill(t.town, 100);
    cluster_run(t.c, 60000);
    town_settle(&t);
    cut(&t, t.sibling);
    until(t.c, "2026-03-13");
    assert_false(cl_alarmed(t.town, "silence"));
    until(t.c, "2026-03-16");
    assert_true(cl_alarmed(t.town, "silence"));
    struct dp_admin *a = cl_admin(&x, "enroll.revoke");
    a->node = SIBLING;
    a->reason = "closed";
    cl_must(t.town, &x);
    days_pass(t.c, 1);
    assert_false(cl_alarmed(t.town, "silence"));
    town_close(&t);
}

/* Calendar days where they are asked for. */
static void test_calendar_days(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 228);
    t.c->options.silence_days = 4;
    t.c->options.silence_calendar = true;
    cl_kill(t.town, 100);
    cluster_run(t.c, 60000);
    until(t.c, "2026-03-06"); /* Friday */
    town_settle(&t);
    cut(&t, t.sibling);
    until(t.c, "2026-03-09");
    assert_false(cl_alarmed(t.town, "silence"));
    until(t.c, "2026-03-10"); /* two working days */
    assert_non_null(strstr(alarm_text(t.town, "silence"), "for 4 days"));
    town_close(&t);
}

static void test_a_year_without_rest_days(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 225);
    days_pass(t.c, 1);
    struct cl_node *all[] = {t.city, t.county, t.town, t.village};
    for (unsigned i = 0; i < 4; i++)
        assert_true(cl_alarmed(all[i], "calendar"));
    publish(t.city, CALENDAR("1") "2025-10-01,rest,c\n"); /* of another year */
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(strstr(alarm_text(all[i], "calendar"), "2026"));
    publish(t.city, CALENDAR("2") REST_2026);
    for (unsigned i = 0; i < 4; i++)
        assert_false(cl_alarmed(all[i], "calendar"));
    cl_kill(t.town, 100);
    cluster_run(t.c, 60000);
    jump(t.c, "2026-12-31");
    for (unsigned i = 0; i < 4; i++)
        assert_false(cl_alarmed(all[i], "calendar"));
    days_pass(t.c, 1);
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(strstr(alarm_text(all[i], "calendar"), "2027"));
    publish(t.city, CALENDAR("3") REST_2026 "2027-01-01,rest,d\n");
    for (unsigned i = 0; i < 4; i++)
        assert_false(cl_alarmed(all[i], "calendar"));
    town_close(&t);
}

/* R-DUE-3: it is said as soon as a date that runs meets such a year, and until none does. */
static void test_a_date_in_a_year_without_rest_days(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 227);
    publish(t.city, CALENDAR("1") REST_2026);
    days_pass(t.c, 1);
    struct cl_result early = town_register(t.village);
    town_settle(&t);
    cl_go(t.village, DP_KIND_REFER_UP, early.number, TOWN "/bureau");
    town_settle(&t);
    assert_false(cl_alarmed(t.town, "calendar"));
    jump(t.c, "2026-11-20");
    struct cl_result r = town_register(t.village); /* 15 days */
    town_settle(&t);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau"); /* 15 days, and 60 */
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    struct cl_node *above[] = {t.village, t.town, t.county, t.city};
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(strstr(alarm_text(above[i], "calendar"), "2027"));
    assert_false(cl_alarmed(t.sibling, "calendar")); /* it holds no such date */
    cl_kill(t.town, 100);
    days_pass(t.c, 1);
    assert_true(cl_alarmed(t.town, "calendar"));
    publish(t.city, CALENDAR("2") REST_2026 "2027-01-01,rest,d\n");
    cluster_run(t.c, 61000);
    for (unsigned i = 0; i < 4; i++)
        assert_false(cl_alarmed(above[i], "calendar"));
    days_pass(t.c, 1);
    for (unsigned i = 0; i < 4; i++)
        assert_false(cl_alarmed(above[i], "calendar"));
    town_close(&t);
}

/* R-GON-2: a child that sends without end is named while there is room. */
static void test_a_child_that_sends_without_end(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 226);
    t.c->options.child_day_bytes = 64u << 10;
    cl_kill(t.town, 100);
    cluster_run(t.c, 60000);
    town_settle(&t);
    town_register(t.sibling);
    for (unsigned i = 0; i < 40; i++)
        town_register(t.village);
    cluster_run(t.c, 61000);
    assert_false(cl_alarmed(t.town, "volume"));
    for (unsigned i = 0; i < 160; i++) {
        town_register(t.village);
        cluster_run(t.c, 500);
    }
    cluster_run(t.c, 61000);
    assert_non_null(strstr(alarm_text(t.town, "volume"), VILLAGE));
    assert_false(cl_alarmed(t.county, "volume")); /* what it passes on is another's line */
    days_pass(t.c, 1);
    assert_false(cl_alarmed(t.town, "volume"));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_silence_after_a_clock_was_set_back),
        cmocka_unit_test(test_rest_days_do_not_count),
        cmocka_unit_test(test_nothing_to_say_is_no_silence),
        cmocka_unit_test(test_as_configured),
        cmocka_unit_test(test_calendar_days),
        cmocka_unit_test(test_a_year_without_rest_days),
        cmocka_unit_test(test_a_date_in_a_year_without_rest_days),
        cmocka_unit_test(test_a_child_that_sends_without_end),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
