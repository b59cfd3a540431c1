/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Witness (R-WIT-1): the direct parent says between which times an entry of its child came to be, when the
 * child's own clock cannot be right; everybody clamps alike, and no date is won or lost by a wrong clock.
 */
#include "days.h"

static unsigned witnesses(const struct cl_node *n, const struct dp_name *of, struct dp_entry *last)
{
    return count_of(n, of, DP_KIND_WITNESS, last);
}

/* The day on which the clocks of the case start, as the node folds it. */
static int32_t registered_on(const struct cl_node *n, const struct dp_name *of)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of};
    struct dp_casefile f;
    struct dp_arena a;
    struct dp_state st;
    struct dp_slice packed;
    dp_casefile_init(&f, &s);
    dp_arena_init(&a, 1u << 20, 0);
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_case(&db, &s, &packed));
    assert_ok(dp_casefile_unpack(packed, &f));
    dp_db_abort(&db);
    assert_ok(dp_fold(&f, &a, &st));
    int32_t day = st.registered_on.day;
    dp_arena_fini(&a);
    dp_casefile_fini(&f);
    return day;
}

static void assert_clamped(struct town *t, const struct cl_result *r)
{
    struct cl_node *all[] = {t->village, t->town, t->county, t->city};
    town_assert_same(t, &r->name, all, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(registered_on(all[i], &r->name), day_of(t->town).day);
}

/* A clock that is a year ahead: the matter is not late before it begins, nor early. */
static void test_a_clock_ahead(void **state)
{
    struct town t;
    struct dp_entry w;
    (void)state;
    town_open(&t, 241);
    t.village->clock_off_ms += 365 * DP_DAY_MS;
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    assert_int_equal(witnesses(t.city, &r.name, &w), 1);
    assert_true(dp_node_eq(w.name.origin, t.town->id)); /* the direct parent, and nobody else */
    assert_true(dp_name_eq(&w.re, &r.name));
    assert_int_equal(dp_date_of_ms(w.body.not_after_ms).day, day_of(t.town).day);
    assert_clamped(&t, &r);
    /* Said once, whatever comes after. */
    cl_kill(t.town, 100);
    cluster_run(t.c, 60000);
    struct cl_command x;
    cl_step(&x, DP_KIND_NOTE, r.number);
    cl_text(&x, "a note");
    cl_must(t.village, &x);
    town_settle(&t);
    assert_int_equal(witnesses(t.city, &r.name, &w), 2); /* of the note */
    assert_false(dp_name_eq(&w.re, &r.name));
    town_close(&t);
}

/* A clock set back, on a line that stood all the time. */
static void test_a_clock_behind(void **state)
{
    struct town t;
    struct dp_entry w;
    (void)state;
    town_open(&t, 242);
    struct cl_result first =
        town_register(t.village); /* the block that may hold what was there at the hello */
    town_settle(&t);
    assert_int_equal(witnesses(t.town, &first.name, NULL), 0);
    t.village->clock_off_ms -= 365 * DP_DAY_MS;
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    assert_int_equal(witnesses(t.city, &r.name, &w), 1);
    int32_t day = registered_on(t.city, &r.name);
    assert_true(day >= day_of(t.town).day - 1 && day <= day_of(t.town).day); /* a day's doubt */
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, all, 4);
    town_close(&t);
}

/* Months without a line are no lie: what was written then has its true dates. */
static void test_a_long_time_without_a_line(void **state)
{
    struct town t;
    struct cl_result r[5];
    int32_t day[5];
    (void)state;
    town_open(&t, 243);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cluster_run(t.c, 1000);
    for (unsigned i = 0; i < 5; i++) {
        r[i] = town_register(t.village);
        day[i] = day_of(t.village).day;
        days_pass(t.c, 20);
    }
    cl_mend(cl_link_of(t.c, t.village));
    cluster_run(t.c, 60000);
    town_settle(&t);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(witnesses(t.city, &r[i].name, NULL), 0);
        assert_int_equal(registered_on(t.city, &r[i].name), day[i]);
    }
    town_close(&t);
}

/*
 * The parent's clock is set back after the greeting: what it said then of the hour of the greeting is no
 * bound, and a day to come has its witness all the same.
 */
static void test_a_parent_that_is_set_back(void **state)
{
    struct town t;
    struct dp_entry w;
    (void)state;
    town_open(&t, 246);
    struct cl_result first = town_register(t.village);
    town_settle(&t);
    for (uint32_t i = 0; i < t.c->node_count; i++) /* all clocks show a month too much when they greet */
        t.c->nodes[i]->clock_off_ms += 30 * DP_DAY_MS;
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cluster_run(t.c, 1000);
    cl_mend(cl_link_of(t.c, t.village));
    cluster_run(t.c, 60000);
    town_settle(&t);
    (void)town_register(t.village); /* in the block that may be older than the greeting */
    town_settle(&t);
    for (uint32_t i = 0; i < t.c->node_count; i++)
        if (t.c->nodes[i] != t.village)
            t.c->nodes[i]->clock_off_ms -= 30 * DP_DAY_MS;
    struct cl_command x;
    cl_step(&x, DP_KIND_NOTE, first.number);
    cl_text(&x, "written by a clock that nobody set back");
    struct cl_result note = cl_must(t.village, &x);
    town_settle(&t);
    assert_true(witnesses(t.city, &first.name, &w) >= 1);
    assert_true(dp_name_eq(&w.re, &note.name));
    assert_int_equal(dp_date_of_ms(w.body.not_after_ms).day, day_of(t.town).day);
    assert_true(w.body.not_before_ms <= w.body.not_after_ms);
    town_close(&t);
}

/* A few minutes are no lie either, and a parent with a wrong clock of its own is bounded by nobody but
 * people. */
static void test_small_differences(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 244);
    t.village->clock_off_ms += t.c->options.max_skew_ms - 10000;
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    t.village->clock_off_ms -= 2 * t.c->options.max_skew_ms;
    struct cl_result q = town_register(t.village);
    town_settle(&t);
    assert_int_equal(witnesses(t.town, &r.name, NULL) + witnesses(t.town, &q.name, NULL), 0);
    town_close(&t);
}

/* Only a parent may say it, and only of its own child: from elsewhere it is void and clamps nothing. */
static void test_not_of_a_grandchild(void **state)
{
    struct town t;
    enum dp_err e;
    (void)state;
    town_open(&t, 245);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = r.name};
    assert_ok(dp_daemon_begin(t.county->d));
    struct dp_slot *slot = dp_cache_find(t.county->d, &s, &e);
    struct dp_body body = {.other = r.name, .not_before_ms = 1, .not_after_ms = 2};
    assert_non_null(slot);
    assert_ok(dp_duties_issue(t.county->d, slot, DP_KIND_WITNESS, &r.name, &body));
    assert_ok(dp_daemon_end(t.county->d));
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1); /* its own core refuses it */
    assert_clamped(&t, &r);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_clock_ahead),
        cmocka_unit_test(test_a_clock_behind),
        cmocka_unit_test(test_a_long_time_without_a_line),
        cmocka_unit_test(test_a_parent_that_is_set_back),
        cmocka_unit_test(test_small_differences),
        cmocka_unit_test(test_not_of_a_grandchild),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
