/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R-WIT-3: a node whose clock is not its parent's takes nothing new in, says by how much, and goes on when
 * the clock was set. The lines stand, and all that is no intake goes on.
 */
#include "days.h"

#define MINUTE INT64_C(60000)

static const char *clock_alarm(const struct cl_node *n)
{
    const struct dp_alarm_row *a;
    for (uint32_t at = 0; (a = dp_alarm_next(n->d, &at)) != NULL;)
        if (strcmp(a->word, "clock") == 0)
            return a->text;
    return "";
}

static struct cl_result try_register(struct cl_node *n, bool draft)
{
    struct cl_command x;
    cl_intake(&x, "a villager", "about a road");
    x.cmd.u.step.draft = draft;
    return cl_do(n, &x);
}

static bool says(struct cl_node *n, const char *what)
{
    struct cl_command x;
    cl_query(&x, "status");
    return strstr(cl_must(n, &x).json, what) != NULL;
}

static void settle(struct town *t)
{
    cluster_run(t->c, 2 * MINUTE);
    town_settle(t);
}

static void test_ahead_and_set_right(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 251);
    struct cl_result r = town_register(t.village);
    settle(&t);
    t.village->clock_off_ms += 65 * MINUTE; /* on a line that stands */
    settle(&t);
    assert_non_null(strstr(clock_alarm(t.village), "65 min ahead"));
    struct cl_result no = try_register(t.village, false);
    assert_int_equal(no.err, DP_INTAKE_STOPPED);
    assert_int_equal(dp_err_exit(no.err), 9);
    assert_ok(try_register(t.village, true).err); /* a draft starts no clock */
    assert_true(says(t.village, "\"intake\":\"stopped\""));
    assert_true(says(t.village, "\"intake_why\":\"clock\""));
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau"); /* other steps go on */
    town_settle(&t);
    assert_string_equal(clock_alarm(t.town), "");
    t.village->clock_off_ms -= 65 * MINUTE;
    assert_true(says(t.village, "\"intake\":\"open\"")); /* in the very next turn */
    assert_string_equal(clock_alarm(t.village), "");
    settle(&t);
    assert_ok(try_register(t.village, false).err);
    t.village->clock_off_ms -= 65 * MINUTE;
    settle(&t);
    assert_int_equal(try_register(t.village, false).err, DP_INTAKE_STOPPED);
    t.village->clock_off_ms += 65 * MINUTE;
    assert_ok(try_register(t.village, false).err);
    settle(&t);
    assert_string_equal(clock_alarm(t.village), "");
    town_close(&t);
}

/* Found out by a greeting after a start; set right while the line is dead, and a little is enough. */
static void test_behind_and_no_line(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 252);
    cl_kill(t.village, 100);
    t.village->clock_off_ms -= t.c->options.max_skew_ms + 2 * MINUTE;
    settle(&t);
    assert_non_null(strstr(clock_alarm(t.village), "7 min behind"));
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cluster_run(t.c, MINUTE);
    assert_int_equal(try_register(t.village, false).err, DP_INTAKE_STOPPED);
    t.village->clock_off_ms += 3 * MINUTE;
    cluster_run(t.c, MINUTE);
    assert_ok(try_register(t.village, false).err);
    assert_string_equal(clock_alarm(t.village), "");
    cl_mend(cl_link_of(t.c, t.village));
    settle(&t);
    town_close(&t);
}

/* What nobody told it cannot know: without a line it goes on, and the parent bears witness (R-WIT-1). */
static void test_no_line_no_judgement(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 253);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cluster_run(t.c, MINUTE);
    t.village->clock_off_ms += 600 * MINUTE;
    cluster_run(t.c, MINUTE);
    assert_ok(try_register(t.village, false).err);
    cl_mend(cl_link_of(t.c, t.village));
    settle(&t);
    assert_int_equal(try_register(t.village, false).err, DP_INTAKE_STOPPED);
    town_close(&t);
}

/* Small differences are none; and a parent whose clock nobody keeps stops nobody who is kept. */
static void test_whose_clock_it_is(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 254);
    t.village->clock_off_ms += t.c->options.max_skew_ms - MINUTE / 6;
    cl_kill(t.village, 100);
    settle(&t);
    assert_string_equal(clock_alarm(t.village), "");
    t.county->clock_unsynced = true;
    t.county->clock_off_ms += 3 * DP_DAY_MS;
    cl_kill(t.county, 100);
    settle(&t);
    assert_non_null(strstr(clock_alarm(t.town), "3 days off"));
    assert_ok(try_register(t.town, false).err);
    town_close(&t);
}

/* No line tells that the clock was wrong: it comes to a day again, and its count of that day is gone. */
static void test_no_number_twice(void **state)
{
    struct town t;
    char first[DP_NUMBER_TEXT], again[DP_NUMBER_TEXT];
    (void)state;
    town_open(&t, 255);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    snprintf(first, sizeof first, "%s", try_register(t.village, false).number);
    t.village->clock_off_ms += 2 * DP_DAY_MS;
    assert_ok(try_register(t.village, false).err);
    t.village->clock_off_ms -= 2 * DP_DAY_MS;
    snprintf(again, sizeof again, "%s", try_register(t.village, false).number);
    assert_string_not_equal(first, again);
    assert_string_not_equal(again, try_register(t.village, false).number);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead_and_set_right),  cmocka_unit_test(test_behind_and_no_line),
        cmocka_unit_test(test_no_line_no_judgement), cmocka_unit_test(test_whose_clock_it_is),
        cmocka_unit_test(test_no_number_twice),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
