/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders: they go down in the urgent lane, stand without their case, are answered without it, and the answer
 * comes back the same way (R-ORD-1, R-LAN-1, R-LAN-2, R-DOWN-1).
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

static struct cl_result order(struct cl_node *n, const char *ref, const char *to, const char *text)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_SUPERVISE, ref);
    s->to = to;
    s->code = 4;
    s->code2 = 3;
    s->due = dp_date_add(dp_date_of_ms(n->d->now_wall), 10);
    cl_text(&x, text);
    return cl_must(n, &x);
}

static struct cl_result answer(struct cl_node *n, const char *ref, const char *text)
{
    struct cl_command x;
    cl_step(&x, DP_KIND_ANSWER, ref)->code = 1;
    cl_text(&x, text);
    return cl_must(n, &x);
}

static void test_an_order_and_its_answer(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 3);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    struct cl_result o = order(t.city, r.number, TOWN "/bureau", "report within ten days");
    town_settle(&t);
    assert_true(town_reads(t.town, &o.name, 0, "report within ten days"));
    assert_false(town_reads(t.county, &o.name, 0, ""));
    struct cl_result a = answer(t.town, r.number, "it is under way");
    town_settle(&t);
    assert_true(town_reads(t.city, &a.name, 0, "it is under way"));
    assert_false(town_reads(t.village, &a.name, 0, ""));
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, all, 4);
    town_close(&t);
}

/* The village's line is down: the order is about a case that no other node has ever seen. */
static void test_an_order_about_a_case_that_has_not_arrived(void **state)
{
    struct town t;
    char ref[DP_NAME_TEXT];
    (void)state;
    town_open(&t, 4);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    struct cl_result r = town_register(t.village);
    dp_name_format(&r.name, ref);
    struct cl_result o = order(t.city, ref, TOWN "/bureau", "what about it?");
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), 2); /* the order and its arrival */
    assert_true(town_reads(t.town, &o.name, 0, "what about it?"));
    struct cl_result a = answer(t.town, ref, "the village cannot be reached");
    town_settle(&t);
    assert_true(town_reads(t.city, &a.name, 0, "the village cannot be reached"));
    struct cl_node *above[] = {t.town, t.county, t.city};
    town_assert_equal(&r.name, above, 3);
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, all, 4);
    assert_int_equal(cl_facts(t.city, &r.name),
                     5); /* and the register entry, and the arrival of the answer */
    town_close(&t);
}

/* To the station of a village, with the lines above it slow and full of other things. */
static void test_an_order_overtakes_what_waits(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 5);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    struct cl_link *l = cl_link_of(t.c, t.village), *m = cl_link_of(t.c, t.town);
    m->rate_bps = l->rate_bps = 9600;
    struct cl_result last = r;
    for (int i = 0; i < 300; i++)
        last = town_register(t.other_village);
    cl_cut(t.c, m);
    for (int i = 0; i < 60; i++) { /* a backlog in the lane of the cases, both ways */
        struct cl_command x;
        cl_step(&x, DP_KIND_NOTE, r.number);
        cl_text(&x, "a note of some length, so that it costs something on the line, and again, and again");
        (void)cl_do(t.county, &x);
        (void)cl_do(t.village, &x);
    }
    struct cl_result o = order(t.city, r.number, VILLAGE "/station", "at once");
    cl_mend(m);
    int64_t from = t.c->now_ms;
    while (cl_facts(t.village, &r.name) == 0 || !town_reads(t.village, &o.name, 0, "at once"))
        assert_true(cluster_step(t.c, from + 120000));
    town_settle(&t);
    assert_true(cl_facts(t.city, &last.name) > 0);
    town_close(&t);
}

/* R-LAN-2: an urgent entry of the village takes the unsent entries of its case along. */
static void test_an_urgent_matter_takes_its_case_along(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 6);
    struct cl_link *l = cl_link_of(t.c, t.village), *m = cl_link_of(t.c, t.town);
    cl_cut(t.c, m);
    for (int i = 0; i < 40; i++) {
        (void)town_register(t.sibling);
        cluster_run(t.c, 1000);
    }
    cl_intake(&x, "Li", "the dam is about to break")->flags = DP_REG_URGENT;
    struct cl_result r = cl_must(t.village, &x);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    cluster_run(t.c, 5000);
    m->rate_bps = l->rate_bps = 9600;
    cl_mend(m);
    while (cl_facts(t.county, &r.name) < 2)
        assert_true(cluster_step(t.c, t.c->now_ms + 60000));
    /* what waited in the lane of the cases is not there yet */
    const struct dp_session *s = cl_session(t.town, t.county);
    assert_true(s->lane[DP_LANE_CASES].acked < s->lane[DP_LANE_CASES].journal_last);
    town_settle(&t);
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, all, 4);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_and_its_answer),
        cmocka_unit_test(test_an_order_about_a_case_that_has_not_arrived),
        cmocka_unit_test(test_an_order_overtakes_what_waits),
        cmocka_unit_test(test_an_urgent_matter_takes_its_case_along),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
