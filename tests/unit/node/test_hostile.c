/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile child and its certificate authority: certificates outside its subtree (R-SCP-1), one it makes for
 * itself (R-CERT-2), another's CURVE key (R-ENR-2), items of no use without end (R-GON-1, R-QUA-1).
 */
#include <string.h>

#include "inject.h"
#include "node/identity.h"

#define COUNTY "331023000000"
#define TOWN "331023105000"
#define VILLAGE "331023105001"
#define OTHER "331023106000"

struct world {
    struct cluster *c;
    struct cl_node *county, *town, *village, *other;
};

static struct world w;

static int set_up(void **state)
{
    (void)state;
    w.c = cluster_new(41);
    w.county = cl_root(w.c, COUNTY);
    w.town = cl_enroll(w.c, w.county, TOWN);
    w.village = cl_enroll(w.c, w.town, VILLAGE);
    w.other = cl_enroll(w.c, w.county, OTHER);
    assert_true(cluster_settle(w.c, 600000));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_free(&w.c);
    return 0;
}

/* A chain that the CA of `by` makes for `node` with `key` for every purpose, some days from now. */
static void make_chain(struct cl_node *by, struct cl_node *node, uint8_t key, struct dp_buf *out)
{
    struct dp_csr csr = {
        .node = node->id, .parent = dp_node_parent(node->id), .roles = dp_identity_roles(node->id)};
    struct dp_slice chain;
    memset(csr.sign_pub.b, key, sizeof csr.sign_pub.b);
    memset(csr.seal_pub.b, key, sizeof csr.seal_pub.b);
    memset(csr.curve_pub.b, key, sizeof csr.curve_pub.b);
    by->d->now_wall += 3 * DP_DAY_MS;
    assert_int_equal(dp_db_begin(&by->d->db, false), DP_OK);
    assert_int_equal(dp_identity_issue(by->d, &csr, &chain), DP_OK);
    dp_db_abort(&by->d->db);
    assert_int_equal(dp_buf_put(out, chain.p, chain.len), DP_OK);
}

static void send_cert(struct cl_node *to, struct cl_node *from, struct cl_node *by, struct cl_node *node,
                      uint8_t key)
{
    struct dp_buf chain;
    dp_buf_init(&chain, 65536);
    make_chain(by, node, key, &chain);
    inject_item(to, from, DP_LANE_CONTROL, DP_ITEM_CERT, dp_buf_slice(&chain));
    dp_buf_fini(&chain);
}

static uint8_t current_key(struct cl_node *at, struct cl_node *of)
{
    struct dp_cert c;
    assert_int_equal(dp_db_begin(&at->d->db, false), DP_OK);
    assert_int_equal(dp_certs_of_node(at->d, of->id, &c), DP_OK);
    dp_db_abort(&at->d->db);
    return c.seal_pub.b[0] == c.seal_pub.b[1] && c.seal_pub.b[1] == c.seal_pub.b[2] ? c.seal_pub.b[0] : 0;
}

static uint64_t refused(void)
{
    return dp_daemon_counters(w.county->d)->refused_out;
}

static void test_certificates_of_others(void **state)
{
    (void)state;
    uint64_t before = refused();
    /* A good one, from the wrong side. */
    send_cert(w.county, w.other, w.town, w.village, 7);
    assert_int_equal(refused(), before + 1);
    assert_int_equal(current_key(w.county, w.village), 0);
    /* From the right one it is that of a village enrolled anew. */
    send_cert(w.county, w.town, w.town, w.village, 7);
    assert_int_equal(refused(), before + 1);
    assert_int_equal(current_key(w.county, w.village), 7);
}

static void test_nobody_renews_himself(void **state)
{
    (void)state;
    uint64_t before = refused();
    send_cert(w.county, w.town, w.town, w.town, 9);
    assert_int_equal(refused(), before + 1);
    assert_int_equal(current_key(w.county, w.town), 0);
}

static struct dp_node node_of_key(struct cl_node *at, uint8_t key)
{
    uint8_t curve[32];
    memset(curve, key, sizeof curve);
    assert_int_equal(dp_db_begin(&at->d->db, false), DP_OK);
    struct dp_node n = dp_daemon_child_by_key(at->d, curve);
    dp_db_abort(&at->d->db);
    return n;
}

static void test_a_key_has_one_node(void **state)
{
    (void)state;
    assert_true(node_of_key(w.county, 5).v == 0);
    send_cert(w.county, w.town, w.town, w.village, 5);
    assert_true(dp_node_eq(node_of_key(w.county, 5), w.village->id));
    /* The next certificate of the village takes its old key away. */
    send_cert(w.county, w.town, w.town, w.village, 6);
    assert_true(node_of_key(w.county, 5).v == 0);
    assert_true(dp_node_eq(node_of_key(w.county, 6), w.village->id));
}

static void test_chunks_come_in_parcels_only(void **state)
{
    uint8_t body[80] = {1};
    (void)state;
    uint64_t before = refused();
    inject_item(w.county, w.town, DP_LANE_BULK, DP_ITEM_CHUNK, dp_slice_of(body, sizeof body));
    assert_int_equal(refused(), before + 1);
}

/* Rubbish without end takes a bounded place. */
static void test_refusals_are_bounded(void **state)
{
    uint8_t peer[9], body[] = "no parcel";
    (void)state;
    struct dp_wr w9 = dp_wr_of(peer, sizeof peer);
    dp_wr_u64(&w9, w.town->id.v);
    dp_wr_u8(&w9, 0x80 | DP_LANE_BULK);
    uint64_t before = refused();
    for (unsigned i = 0; i < 4200; i++) {
        body[0] = (uint8_t)(i >> 8);
        body[1] = (uint8_t)i;
        inject_item(w.county, w.town, DP_LANE_BULK, DP_ITEM_PARCEL, dp_slice_of(body, sizeof body));
    }
    assert_int_equal(refused(), before + 4200);
    assert_int_equal(cl_grep_table(w.county, DP_T_SHELF, dp_slice_of(peer, sizeof peer)),
                     1024); /* the town listens to no refusal of it here */
    assert_int_equal(cl_grep_table(w.county, DP_T_QUARANTINE, dp_slice_str("item ")), DP_QUARANTINE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_certificates_of_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_renews_himself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_has_one_node, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chunks_come_in_parcels_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals_are_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
