/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content that arrives is believed only where the signed entry proves it: neither a part nor a grant of
 * somebody else replaces the true one, whether it comes before or after it (R-PRT-1, R-PART-1, R-STO-2).
 */
#include "inject.h"
#include "support/cluster_inner.h"
#include "wire/sealer.h"

#define COUNTY "331023000000"
#define TOWN "331023105000"
#define VILLAGE "331023105001"
#define HOSTILE "331023105002"

struct world {
    struct cluster *c;
    struct cl_node *county, *town, *village, *hostile;
};

static struct world w;

static int set_up(void **state)
{
    (void)state;
    w.c = cluster_new(21);
    w.county = cl_root(w.c, COUNTY);
    w.town = cl_enroll(w.c, w.county, TOWN);
    w.village = cl_enroll(w.c, w.town, VILLAGE);
    w.hostile = cl_enroll(w.c, w.town, HOSTILE);
    assert_true(cluster_settle(w.c, 600000));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_free(&w.c);
    return 0;
}

/* A record that somebody else makes up about an entry: one part of his own. */
static void forged(struct cl_node *by, struct dp_sealer *s, struct dp_arena *a, const struct dp_name *entry,
                   struct dp_content *c)
{
    struct dp_key key;
    *c = (struct dp_content){.entry = *entry, .leaf_count = 1, .part_count = 1, .grant_count = 1};
    assert_int_equal(dp_part_seal(s->suite, &by->d->port.random, DP_PART_TEXT, 0, dp_slice_str("forged"), a,
                                  &c->parts[0], &key),
                     DP_OK);
    dp_part_leaf(s->suite, &c->parts[0], &c->leaves[0]);
    assert_int_equal(dp_grant_seal(s, entry, 0, &key, &c->grants[0]), DP_OK);
}

static void send_forged(struct cl_node *to, struct cl_node *from, const struct dp_name *entry)
{
    struct dp_arena a;
    struct dp_sealer s;
    struct dp_cert cert;
    struct dp_content c;
    struct dp_buf body, parcel;
    dp_arena_init(&a, 1u << 20, 0);
    dp_buf_init(&body, DP_PARCEL_BODY_MAX);
    dp_buf_init(&parcel, DP_FRAME_MAX);
    assert_int_equal(dp_db_begin(&to->d->db, false), DP_OK);
    assert_int_equal(dp_certs_of_node(to->d, to->id, &cert), DP_OK);
    dp_db_abort(&to->d->db);
    assert_int_equal(dp_sealer_init(&s, to->d->suite, &from->d->port.random, to->id, &cert.seal_pub), DP_OK);
    forged(from, &s, &a, entry, &c);
    assert_int_equal(dp_content_put(&c, &body), DP_OK);
    assert_int_equal(dp_parcel_seal(&s, DP_PARCEL_CONTENT, dp_buf_slice(&body), &a, &parcel), DP_OK);
    inject_item(to, from, DP_LANE_CONTROL, DP_ITEM_PARCEL, dp_buf_slice(&parcel));
    dp_sealer_fini(&s);
    dp_buf_fini(&body);
    dp_buf_fini(&parcel);
    dp_arena_fini(&a);
}

/* Its daemon seals and sends them, as it would its own: a line that works is used. */
static void seal_forged(struct cl_node *from, struct cl_node *to, const struct dp_name *entry, unsigned times)
{
    struct dp_part part;
    struct dp_key key;
    struct dp_digest leaf;
    struct dp_daemon *d = from->d;
    assert_int_equal(dp_daemon_begin(d), DP_OK);
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(dp_part_seal(d->suite, &d->port.random, DP_PART_TEXT, 0, dp_slice_str("forged"),
                                      &d->turn, &part, &key),
                         DP_OK);
        dp_part_leaf(d->suite, &part, &leaf);
        assert_int_equal(dp_parcels_content(d, entry, &leaf, 1, &part, &key, 1, to->id, DP_LANE_CASES),
                         DP_OK);
    }
    cl_end_turn(from);
    cl_plan(from);
}

static void assert_reads(struct cl_node *n, const struct dp_name *entry, uint8_t index, const char *what)
{
    struct dp_part_text t;
    assert_int_equal(cl_read(n, entry, index, &t), DP_OK);
    assert_string_equal(t.kind == DP_PART_PETITIONERS ? t.petitioners[0].name : t.content, what);
}

/* Rows of a table about an entry. */
static uint32_t rows(struct cl_node *n, enum dp_table t, const struct dp_name *entry)
{
    uint8_t name[DP_NAME_BYTES];
    dp_name_put(entry, name);
    return cl_grep_table(n, t, dp_slice_of(name, sizeof name));
}

static struct cl_result refer(const char *to)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", "the roof leaks");
    struct cl_result r = cl_must(w.village, &x);
    cl_go(w.village, DP_KIND_REFER_UP, r.number, to);
    return r;
}

static void test_content_after_the_true_one(void **state)
{
    (void)state;
    struct cl_result r = refer(TOWN "/bureau");
    assert_true(cluster_settle(w.c, 3600000));
    assert_reads(w.town, &r.name, 0, "Wang Cuihua");
    uint64_t refused = dp_daemon_counters(w.town->d)->refused_out;
    send_forged(w.town, w.hostile, &r.name);
    assert_int_equal(dp_daemon_counters(w.town->d)->refused_out, refused + 1);
    assert_reads(w.town, &r.name, 0, "Wang Cuihua");
    assert_reads(w.town, &r.name, 1, "the roof leaks");
}

/* By way of its own line, not knowing the entry: so it comes first. */
static void test_content_before_the_true_one(void **state)
{
    (void)state;
    struct dp_name next = dp_own_next(w.village->d);
    seal_forged(w.hostile, w.county, &next, 1);
    assert_true(cluster_settle(w.c, 600000));
    assert_int_not_equal(rows(w.county, DP_T_LOOSE, &next), 0);
    assert_int_equal(rows(w.county, DP_T_PART, &next), 0);
    struct cl_result r = refer(COUNTY "/bureau");
    assert_true(dp_name_eq(&r.name, &next));
    cluster_run(w.c, 600000);
    assert_reads(w.county, &r.name, 0, "Wang Cuihua");
    assert_reads(w.county, &r.name, 1, "the roof leaks");
    assert_int_equal(rows(w.county, DP_T_LOOSE, &next), 0);
}

/* R-WAIT-1: who is not on the way of a node takes no room there for its entries. */
static void test_content_of_a_sibling_may_not_wait(void **state)
{
    (void)state;
    struct dp_name next = dp_own_next(w.village->d);
    uint64_t refused = dp_daemon_counters(w.town->d)->refused_out;
    for (unsigned i = 0; i < 20; i++)
        seal_forged(w.hostile, w.town, &next, 1);
    assert_true(cluster_settle(w.c, 600000));
    assert_int_equal(rows(w.town, DP_T_LOOSE, &next), 0);
    assert_int_equal(dp_daemon_counters(w.town->d)->refused_out, refused + 20);
    struct cl_result r = refer(TOWN "/bureau");
    assert_true(cluster_settle(w.c, 3600000));
    assert_reads(w.town, &r.name, 0, "Wang Cuihua");
}

/*
 * R-ACK-2: a village fills the room for the next entries of another one at the county. The true content finds
 * none, and comes again by itself when its entry has made room: no operator, no upgrade.
 */
static void test_what_found_no_room_comes_again(void **state)
{
    (void)state;
    struct dp_name next = dp_own_next(w.village->d);
    for (unsigned i = 0; i < 3; i++, next.seq++)
        seal_forged(w.hostile, w.county, &next, 20);
    next = dp_own_next(w.village->d);
    assert_true(cluster_settle(w.c, 600000));
    assert_int_equal(rows(w.county, DP_T_LOOSE, &next), 16);
    struct cl_result r = refer(COUNTY "/bureau");
    assert_true(dp_name_eq(&r.name, &next));
    cluster_run(w.c, 7200000);
    assert_reads(w.county, &r.name, 0, "Wang Cuihua");
    assert_reads(w.county, &r.name, 1, "the roof leaks");
    assert_int_equal(rows(w.county, DP_T_LOOSE, &next), 0);
    /* Also when the sender was started anew meanwhile. */
    next = dp_own_next(w.village->d);
    seal_forged(w.hostile, w.county, &next, 20);
    assert_true(cluster_settle(w.c, 7200000));
    r = refer(COUNTY "/bureau");
    cluster_run(w.c, 1000);
    cl_kill(w.town, 1000);
    cluster_run(w.c, 7200000);
    assert_reads(w.county, &r.name, 0, "Wang Cuihua");
}

/* What waits for one entry is bounded; what is over is refused, so that its sender knows. */
static void test_waiting_content_is_bounded(void **state)
{
    (void)state;
    struct dp_name n = {.origin = w.village->id, .inc = 77, .seq = 1};
    uint64_t refused = dp_daemon_counters(w.town->d)->refused_out;
    for (unsigned i = 0; i < 20; i++)
        send_forged(w.town, w.village, &n);
    assert_int_equal(rows(w.town, DP_T_LOOSE, &n), 16);
    assert_int_equal(dp_daemon_counters(w.town->d)->refused_out, refused + 4);
    /* And of one node: as many for all its entries as twice a block holds. */
    for (unsigned i = 0; i < 2 * DP_BLOCK_ENTRIES_MAX; i++) {
        n.seq = 2 + i;
        send_forged(w.town, w.village, &n);
    }
    struct dp_name last = {.origin = w.village->id, .inc = 77, .seq = 1 + 2 * DP_BLOCK_ENTRIES_MAX};
    assert_int_equal(rows(w.town, DP_T_LOOSE, &last), 0);
    assert_int_equal(cl_grep_table(w.town, DP_T_LOOSE, dp_slice_of(NULL, 0)), 2 * DP_BLOCK_ENTRIES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_content_after_the_true_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_content_before_the_true_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_content_of_a_sibling_may_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_found_no_room_comes_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waiting_content_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
