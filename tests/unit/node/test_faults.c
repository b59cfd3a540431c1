/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits that fail and disks that fill: nothing changes and nothing is said, intake stops first, what is
 * left goes on, and all recovers (R-STO-1, R-STO-4). And that a node that has much to do keeps little.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "node/post.h"
#include "support/cmocka_all.h"
#include "support/town.h"

/* Every commit of a node fails once, one after the other; at the end nothing is missing. */
static void test_every_commit_fails_once(void **state)
{
    (void)state;
    for (uint64_t k = 1; k <= 24; k++) {
        struct town t;
        struct cl_command x;
        town_open(&t, 60 + k);
        struct cl_node *const where[] = {t.village, t.town, t.county};
        struct cl_node *n = where[k % 3];
        dp_kv_mem_faults(n->kv)->commit = (struct dp_fault){1 + k / 3, k % 2 ? DP_IO : DP_FULL};
        struct cl_result r = {0};
        for (int tries = 0; tries < 5; tries++) {
            cl_intake(&x, "Wang", "the road is broken");
            r = cl_do(t.village, &x);
            if (r.err == DP_OK)
                break;
            assert_int_equal(r.err, DP_INTAKE_STOPPED);
            cluster_run(t.c, 35000); /* the watermark is looked at again */
        }
        assert_int_equal(r.err, DP_OK);
        town_settle(&t);
        cl_step(&x, DP_KIND_REFER_UP, r.number)->to = TOWN "/bureau";
        struct cl_result up = cl_do(t.village, &x);
        if (up.err != DP_OK)
            up = cl_do(t.village, &x);
        assert_int_equal(up.err, DP_OK);
        town_settle(&t);
        dp_kv_mem_faults(n->kv)->commit.countdown = 0;
        struct cl_node *all[] = {t.village, t.town, t.county, t.city};
        town_assert_same(&t, &r.name, all, 4);
        assert_int_equal(cl_facts(t.city, &r.name), 3);
        town_close(&t);
    }
}

struct hush {
    struct cl_node *of;
    unsigned said;
};

static bool count(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct hush *h = ctx;
    struct dp_frame f;
    (void)to;
    if (from == h->of && dp_frame_get(frame, &f) == DP_OK &&
        (f.type == DP_FRAME_ITEM || (f.type == DP_FRAME_ACK && h->of->d->n.commits_failed > 0)))
        h->said++;
    return true;
}

/* A failed commit sends no item, no ack of what it applied, and no reply but the error. */
static void test_a_failed_commit_is_silent(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 90);
    struct hush h = {.of = t.town};
    struct dp_own own = t.town->d->own;
    uint64_t up = cl_session(t.town, t.county)->lane[DP_LANE_CASES].journal_last;
    t.c->tap = count;
    t.c->tap_ctx = &h;
    dp_kv_mem_faults(t.town->kv)->commit = (struct dp_fault){1, DP_IO};
    cl_intake(&x, "Wang", "the road is broken");
    struct cl_result r = cl_do(t.town, &x);
    assert_int_equal(r.err, DP_INTAKE_STOPPED);
    assert_true(dp_name_is_none(&r.name));
    assert_int_equal(h.said, 0);
    assert_int_equal(t.town->d->own.seq, own.seq);
    assert_int_equal(t.town->d->own.block, own.block);
    assert_int_equal(cl_session(t.town, t.county)->lane[DP_LANE_CASES].journal_last, up);
    assert_true(cl_alarmed(t.town, "disk"));
    /* The number that was not used is used. */
    cluster_run(t.c, 35000);
    r = cl_must(t.town, &x);
    assert_int_equal(r.name.seq, own.seq + 1);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    town_close(&t);
}

/* Items that came in the failed turn are not acknowledged and come again. */
static void test_items_of_a_failed_turn_come_again(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 91);
    struct cl_result r = town_register(t.village);
    dp_kv_mem_faults(t.town->kv)->commit = (struct dp_fault){1, DP_IO};
    cluster_run(t.c, 300);
    assert_int_equal(t.town->d->n.commits_failed, 1);
    assert_int_equal(cl_facts(t.town, &r.name), 0);
    int64_t from = t.c->now_ms;
    town_settle(&t);
    assert_true(t.c->now_ms - from < 60000); /* a reconnect, not a timeout */
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    town_close(&t);
}

/* R-STO-4: the watermark stops intake; orders, acks and the relay go on; then it is free again. */
static void test_a_low_disk_stops_intake_only(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 92);
    t.c->options.post_every = DP_POST_DAY_MIN; /* a third of this store has no room for one in five minutes */
    for (uint32_t i = 0; i < t.c->node_count; i++) {
        cl_kill(t.c->nodes[i], -1);
        cl_start(t.c->nodes[i]);
    }
    cl_kill(t.town, -1);
    t.c->options.disk_min_permille = 500;
    cl_start(t.town);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    struct dp_kv_stat st;
    assert_ok(t.town->kv->ops->stat(t.town->kv, &st));
    dp_kv_mem_faults(t.town->kv)->disk_bytes_max = st.disk_bytes * 19 / 10; /* nearly a half is free */
    cluster_run(t.c, 60000);
    assert_true(cl_alarmed(t.town, "disk"));
    cl_intake(&x, "Li", "not now");
    assert_int_equal(cl_do(t.town, &x).err, DP_INTAKE_STOPPED);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 3);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    struct dp_step *s = cl_step(&x, DP_KIND_SUPERVISE, r.number);
    s->to = TOWN "/bureau";
    s->code = 4;
    s->code2 = 2;
    s->due.day = 20540;
    cl_must(t.city, &x);
    town_settle(&t);
    cl_step(&x, DP_KIND_ANSWER, r.number)->code = 1;
    cl_must(t.town, &x);
    town_settle(&t);
    dp_kv_mem_faults(t.town->kv)->disk_bytes_max = 0;
    dp_kv_mem_faults(t.town->kv)->disk_bytes_max = st.disk_bytes * 30;
    cluster_run(t.c, 60000);
    assert_false(cl_alarmed(t.town, "disk"));
    cl_intake(&x, "Li", "again");
    cl_must(t.town, &x);
    town_close(&t);
}

/* While nothing can be written the alarm stands and intake is stopped. */
static void check_stays_stopped(const struct town *t, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        cluster_run(t->c, 1000);
        assert_true(cl_alarmed(t->town, "disk"));
        assert_true(t->town->d->intake_stopped);
    }
}

/* A node that nobody asks for anything tries the store less and less often, and no less than twice a minute:
 * each try is a line in the log of a disk that is full. */
static void check_seldom_tried(const struct town *t)
{
    for (uint32_t i = 0; i < t->town->line_count; i++)
        cl_cut(t->c, t->town->lines[i]);
    check_stays_stopped(t, 300);
    uint64_t failed = t->town->d->n.commits_failed;
    check_stays_stopped(t, 3600);
    assert_in_range(t->town->d->n.commits_failed - failed, 110, 125);
    for (uint32_t i = 0; i < t->town->line_count; i++)
        cl_mend(t->town->lines[i]);
}

/* Not a byte is left: nothing is lost, and when there is room again everything arrives. */
static void test_a_full_disk(void **state)
{
    struct town t;
    struct dp_kv_stat st;
    (void)state;
    town_open(&t, 93);
    assert_ok(t.town->kv->ops->stat(t.town->kv, &st));
    dp_kv_mem_faults(t.town->kv)->disk_bytes_max = st.disk_bytes;
    struct cl_result r[5];
    for (int i = 0; i < 5; i++) {
        r[i] = town_register(t.village);
        cluster_run(t.c, 20000);
    }
    assert_true(t.town->d->n.commits_failed > 0);
    assert_int_equal(cl_facts(t.city, &r[0].name), 0);
    struct cl_result other = town_register(t.other_village);
    cluster_run(t.c, 60000);
    assert_int_equal(cl_facts(t.city, &other.name), 1);
    check_stays_stopped(&t, 300);
    check_seldom_tried(&t);
    dp_kv_mem_faults(t.town->kv)->disk_bytes_max = 0;
    cluster_run(t.c, 60000);
    assert_false(cl_alarmed(t.town, "disk"));
    town_settle(&t);
    for (int i = 0; i < 5; i++)
        assert_int_equal(cl_facts(t.city, &r[i].name), 1);
    town_close(&t);
}

/* A write in the middle of a turn fails: the same as its commit. */
static void test_writes_that_fail(void **state)
{
    (void)state;
    for (uint64_t k = 1; k <= 40; k += 3) {
        struct town t;
        town_open(&t, 100 + k);
        struct cl_result r = town_register(t.village);
        dp_kv_mem_faults(t.town->kv)->write = (struct dp_fault){k, DP_IO};
        town_settle(&t);
        dp_kv_mem_faults(t.town->kv)->write.countdown = 0;
        assert_int_equal(cl_facts(t.city, &r.name), 1);
        assert_int_equal(t.town->d->n.refused_out, 0);
        town_close(&t);
    }
}

static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks;
}

/* What a turn needs is given back; what is cached is bounded. */
static void test_many_turns_need_no_more_memory(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 140);
    struct cl_node *n = t.town;
    n->d->opt.cache_facts = 50;
    for (int i = 0; i < 300; i++) {
        town_register(n);
        cl_step(&x, DP_KIND_SUPERVISE, "331023105001:00000001:77")->to = VILLAGE "/station"; /* of no case */
        (void)cl_do(n, &x);
    }
    assert_true(n->d->cached_facts <= 60);
    uint32_t slots = 0;
    for (uint32_t b = 0; b < DP_SLOT_BUCKETS; b++)
        for (const struct dp_slot *s = n->d->buckets[b]; s != NULL; s = s->next)
            slots++;
    assert_true(slots <= 60);
    assert_true(n->d->turn.used_bytes < DP_TURN_ARENA_KEEP);
    cluster_run(t.c, 60000);
    assert_int_equal(n->d->cached_facts, 0); /* an idle node keeps nothing */
    size_t before = heap();
    for (int i = 0; i < 2000; i++)
        cl_turn(n);
    assert_true(heap() <= before + 65536);
    town_close(&t);
}

/* A county of many cases enrols a new township: it looks through all of them and keeps few. */
static void test_a_new_child_of_a_node_with_many_cases(void **state)
{
    struct town t;
    struct dp_key key = {{9}};
    (void)state;
    town_open(&t, 150);
    for (int i = 0; i < 200; i++)
        town_register(t.county);
    struct dp_node fresh = dp_node_of((struct dp_div){UINT64_C(331023107000)}, 0);
    t.county->d->opt.cache_facts = 20;
    assert_ok(dp_daemon_begin(t.county->d));
    assert_non_null(dp_peers_add(t.county->d, fresh, false, &key));
    assert_true(t.county->d->cached_facts <= 20 + 4);
    assert_ok(dp_daemon_end(t.county->d));
    town_close(&t);
}

/* R-GON-1: a thousand children that are gone cost a turn next to nothing. */
static void test_a_thousand_children_that_are_gone(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 151);
    assert_ok(dp_daemon_begin(t.city->d));
    for (uint32_t i = 1; i < 100; i++)
        for (uint32_t k = 1; k < 11; k++) {
            struct dp_key key = {{(uint8_t)i, (uint8_t)k, 1}};
            struct dp_node n = dp_node_of((struct dp_div){UINT64_C(331000000000) + i * 1000000}, k);
            assert_non_null(dp_peers_add(t.city->d, n, false, &key));
        }
    assert_ok(dp_daemon_end(t.city->d));
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_commit_fails_once),
        cmocka_unit_test(test_a_failed_commit_is_silent),
        cmocka_unit_test(test_items_of_a_failed_turn_come_again),
        cmocka_unit_test(test_a_low_disk_stops_intake_only),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_writes_that_fail),
        cmocka_unit_test(test_many_turns_need_no_more_memory),
        cmocka_unit_test(test_a_new_child_of_a_node_with_many_cases),
        cmocka_unit_test(test_a_thousand_children_that_are_gone),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
