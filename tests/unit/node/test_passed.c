/* SPDX-License-Identifier: Apache-2.0 */
/* R-PARC-2: a parcel goes when the next hop has it, at who sealed it as at a relay; what the peer lost is
 * sealed anew. */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

static unsigned parcels(const struct cl_node *n)
{
    return cl_grep_table(n, DP_T_PARCEL, dp_slice_str(""));
}

/* References to parcels in the journals to a peer. */
static unsigned named(struct cl_node *n, const struct cl_node *peer)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_peer_row row;
    unsigned count = 0;
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_peer(&db, peer->id, &row));
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        for (uint64_t no = 1; no <= row.lane[lane].journal_last; no++) {
            struct dp_ref r;
            /* A post that the peer has is in no journal any more (R-POST-6). */
            if (dp_db_journal(&db, peer->id, lane, no, &n->d->look, &r) == DP_OK)
                count += r.kind == DP_REF_PARCEL;
        }
    dp_db_abort(&db);
    return count;
}

static void test_it_goes_when_the_next_hop_has_it(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 401);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau"); /* the township is a relay */
    cluster_run(t.c, 120000);
    assert_true(parcels(t.village) >= 2);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_mend(cl_link_of(t.c, t.village));
    cluster_run(t.c, 120000);
    assert_int_equal(parcels(t.village), 0);
    assert_true(named(t.village, t.town) >= 2); /* R-JRN-1 */
    assert_int_equal(parcels(t.town), 1);       /* the county does not have it yet */
    cl_mend(cl_link_of(t.c, t.town));
    town_settle(&t);
    cluster_run(t.c, 120000);
    for (uint32_t i = 0; i < t.c->node_count; i++)
        assert_int_equal(parcels(t.c->nodes[i]), 0);
    assert_int_equal(cl_facts(t.county, &r.name), 3); /* the registration, the referral, its arrival */
    town_close(&t);
}

/* What of a table the store lost. */
static void lose(struct dp_kv *kv, unsigned table)
{
    struct dp_kv_txn *txn;
    struct dp_kv_cur *c;
    struct dp_slice k, v;
    assert_ok(kv->ops->begin(kv, true, &txn));
    assert_ok(kv->ops->cur_open(txn, table, &c));
    while (kv->ops->cur_seek(c, DP_KV_FIRST, dp_slice_str(""), &k, &v) == DP_OK)
        kv->ops->del(txn, table, k);
    kv->ops->cur_close(c);
    assert_ok(kv->ops->commit(txn));
}

/* R-HEL-2: the peer states less than what has gone from here. Its list says what it lacks. */
static void test_a_peer_that_went_back(void **state)
{
    struct town t;
    struct dp_peer_row row;
    (void)state;
    town_open(&t, 402);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    cluster_run(t.c, 120000);
    assert_int_equal(parcels(t.village), 0);
    assert_int_equal(cl_grep_table(t.town, DP_T_GRANT, dp_slice_str("")), 2);
    cl_kill(t.town, -1);
    struct dp_db db = {.kv = t.town->kv};
    assert_ok(dp_db_begin(&db, true));
    assert_ok(dp_db_peer(&db, t.village->id, &row));
    for (uint8_t lane = 0; lane < DP_LANES; lane++)
        row.lane[lane].durable_in = 0;
    dp_db_peer_put(&db, t.village->id, &row);
    assert_ok(dp_db_commit(&db));
    lose(t.town->kv, DP_T_PART);
    lose(t.town->kv, DP_T_GRANT);
    lose(t.town->kv, DP_T_PARCEL_CAME);
    cl_start(t.town);
    town_settle(&t);
    cluster_run(t.c, 120000);
    assert_int_equal(cl_grep_table(t.town, DP_T_GRANT, dp_slice_str("")), 2);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_NONE);
    assert_int_equal(parcels(t.village), 0);
    (void)r;
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_goes_when_the_next_hop_has_it),
        cmocka_unit_test(test_a_peer_that_went_back),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
