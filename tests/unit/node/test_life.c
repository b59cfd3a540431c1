/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores that are not what they were: restored from before, copied to a second machine, begun anew. The node
 * stops issuing and says so, both ends alarm, and nobody else is hurt (R-HEL-3, R-HEL-4, R-HEL-5, R-JRN-2).
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

static void assert_silenced(struct cl_node *n)
{
    struct cl_command x;
    assert_int_not_equal(dp_daemon_stopped(n->d), DP_STOP_NONE);
    assert_true(cl_alarmed(n, "stopped"));
    cl_intake(&x, "Wang", "one more");
    assert_int_equal(cl_do(n, &x).err, DP_STOPPED);
}

static void assert_others_work(struct town *t)
{
    struct cl_result r = town_register(t->other_village);
    cluster_run(t->c, 60000);
    assert_int_equal(cl_facts(t->city, &r.name), 1);
    r = town_register(t->sibling);
    cluster_run(t->c, 60000);
    assert_int_equal(cl_facts(t->city, &r.name), 1);
}

/* A village goes back to last week's store: its township holds blocks that are not there any more. */
static void test_a_child_restored_from_before(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 20);
    town_register(t.village);
    town_settle(&t);
    struct dp_kv *old = cl_snapshot(t.village);
    struct cl_result lost = town_register(t.village);
    town_settle(&t);
    cl_replace(t.village, old);
    cluster_run(t.c, 60000);
    assert_silenced(t.village);
    assert_true(cl_alarmed(t.town, "link"));
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_STOPPED);
    assert_int_equal(cl_facts(t.city, &lost.name), 1);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_NONE);
    assert_others_work(&t);
    /* A restart does not make it forget. */
    cl_kill(t.village, 100);
    cluster_run(t.c, 60000);
    assert_silenced(t.village);
    town_close(&t);
}

/* What it had issued in between differs from what was there: the very same numbers, other content. */
static void test_a_child_restored_that_went_on_before_anybody_saw(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 21);
    struct dp_kv *old = cl_snapshot(t.village);
    struct cl_result true_one = town_register(t.village);
    town_settle(&t);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cl_replace(t.village, old);
    struct cl_result forged = town_register(t.village);
    assert_true(dp_name_eq(&true_one.name, &forged.name));
    cl_mend(cl_link_of(t.c, t.village));
    cluster_run(t.c, 60000);
    assert_silenced(t.village);
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = true_one.name};
    struct dp_digest a, b;
    assert_true(cl_digest(t.city, &s, &a));
    assert_true(cl_digest(t.town, &s, &b));
    assert_true(dp_digest_eq(&a, &b));
    assert_others_work(&t);
    town_close(&t);
}

/* The parent goes back: its children hold what it signed. */
static void test_a_parent_restored_from_before(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 22);
    struct dp_kv *old = cl_snapshot(t.town);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    cl_replace(t.town, old);
    cluster_run(t.c, 60000);
    assert_silenced(t.town);
    assert_true(cl_alarmed(t.county, "link") || cl_alarmed(t.village, "link"));
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_NONE);
    assert_int_equal(dp_daemon_stopped(t.county->d), DP_STOP_NONE);
    struct cl_result other = town_register(t.other_village);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_facts(t.city, &other.name), 1);
    town_close(&t);
}

/* Only what it received is missing, nothing that it signed: the items come again (R-HEL-2). */
static void test_a_parent_that_lost_only_what_it_received(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 23);
    struct dp_kv *old = cl_snapshot(t.city);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    cl_replace(t.city, old);
    town_settle(&t);
    assert_int_equal(cl_session(t.county, t.city)->state, DP_SESSION_UP);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    assert_int_equal(dp_daemon_stopped(t.city->d), DP_STOP_NONE);
    town_close(&t);
}

/* R-HEL-5: two machines with one disk image. */
static void test_two_living_processes(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 24);
    struct cl_node *twin = cl_clone(t.village);
    cluster_run(t.c, 600000);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_STOPPED);
    assert_true(cl_alarmed(t.town, "link"));
    assert_silenced(t.village);
    assert_silenced(twin);
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_NONE);
    assert_others_work(&t);
    /* One of them is switched off and a person clears the link: the other goes on. */
    struct cl_command x;
    cl_kill(twin, -1);
    cl_kill(t.village, 100);
    cl_admin(&x, "link.clear")->node = VILLAGE;
    cl_must(t.town, &x);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_UP);
    assert_silenced(t.village);
    cl_admin(&x, "life.clear");
    cl_must(t.village, &x);
    cluster_run(t.c, 60000);
    struct cl_result r = town_register(t.village);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    town_close(&t);
}

/* A node that only restarts often is no clone. */
static void test_many_restarts_are_no_clone(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 25);
    for (int i = 0; i < 20; i++) {
        cl_kill(i % 3 == 0 ? t.town : t.village, 500);
        cluster_run(t.c, 7000);
    }
    town_settle(&t);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    town_close(&t);
}

/* Same keys, blank store, another life: only people can say what became of the first. */
static void test_an_unknown_incarnation(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 26);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    cl_kill(t.village, -1);
    struct dp_db db = {.kv = t.village->kv};
    assert_ok(dp_db_begin(&db, true));
    dp_db_meta_u64_put(&db, "incarnation", 77);
    assert_ok(dp_db_commit(&db));
    cl_start(t.village);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_STOPPED);
    assert_true(cl_alarmed(t.town, "link"));
    assert_silenced(t.village);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    assert_others_work(&t);
    town_close(&t);
}

/* R-HEL-4: the journals of the peer are others than those known. */
static void test_an_unknown_epoch(void **state)
{
    struct town t;
    struct dp_peer_row row;
    (void)state;
    town_open(&t, 27);
    town_register(t.village);
    town_settle(&t);
    cl_kill(t.village, -1);
    struct dp_db db = {.kv = t.village->kv};
    assert_ok(dp_db_begin(&db, true));
    assert_ok(dp_db_peer(&db, t.town->id, &row));
    row.lane[DP_LANE_CASES].epoch_out ^= 1;
    dp_db_peer_put(&db, t.town->id, &row);
    assert_ok(dp_db_commit(&db));
    cl_start(t.village);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_STOPPED);
    assert_int_equal(cl_session(t.village, t.town)->state, DP_SESSION_STOPPED);
    assert_true(cl_alarmed(t.town, "link") && cl_alarmed(t.village, "link"));
    assert_others_work(&t);
    town_close(&t);
}

/* The shell found that the life file does not fit (R-STO-3): reading goes on, issuing does not. */
static void test_stopped_by_the_shell(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 28);
    dp_daemon_stop_issuing(t.town->d, DP_STOP_RESTORED, "the store is older than its life file", true);
    assert_silenced(t.town);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), 2); /* no arrival: that would be issued */
    assert_int_equal(cl_facts(t.city, &r.name), 2); /* relayed all the same */
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_restored_from_before),
        cmocka_unit_test(test_a_child_restored_that_went_on_before_anybody_saw),
        cmocka_unit_test(test_a_parent_restored_from_before),
        cmocka_unit_test(test_a_parent_that_lost_only_what_it_received),
        cmocka_unit_test(test_two_living_processes),
        cmocka_unit_test(test_many_restarts_are_no_clone),
        cmocka_unit_test(test_an_unknown_incarnation),
        cmocka_unit_test(test_an_unknown_epoch),
        cmocka_unit_test(test_stopped_by_the_shell),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
