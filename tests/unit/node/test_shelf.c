/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shelf (R-ACK-2): a refused item lies at its sender, its lane goes on, both ends alarm; it is offered
 * again after an upgrade of either end, by an operator, or when the receiver issues again; and only then.
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

#define OLDER (DP_PROGRAM_VERSION - 1)
#define MINUTE_MS 60000

/* A line between township and county that spoils the blocks of the village, and may lose words of refusal. */
struct line {
    struct town *t;
    bool spoils, loses;
    unsigned spoilt, lost;
};

static bool of_the_village(const struct town *t, const struct dp_frame *f)
{
    struct dp_header h;
    return f->type == DP_FRAME_ITEM && f->u.item.kind == DP_ITEM_BLOCK &&
           dp_header_get(dp_slice_of(f->u.item.body.p, DP_HEADER_BYTES), &h) == DP_OK &&
           dp_node_eq(h.origin, t->village->id);
}

static bool tap(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct line *l = ctx;
    struct dp_frame f;
    assert_ok(dp_frame_get(frame, &f));
    if (l->spoils && from == l->t->town && to == l->t->county && of_the_village(l->t, &f)) {
        uint8_t *last = (uint8_t *)(uintptr_t)frame.p + frame.len - 1;
        *last ^= 0x40;
        l->spoilt++;
    }
    if (!l->loses || f.type != DP_FRAME_REFUSED || from != l->t->county)
        return true;
    l->lost++;
    return false;
}

static void open_line(struct town *t, struct line *l, uint64_t seed)
{
    town_open(t, seed);
    *l = (struct line){.t = t, .spoils = true};
    t->c->tap = tap;
    t->c->tap_ctx = l;
}

/* Rows of what `at` refused of `peer`, or of what `peer` refused of it and was not offered again. */
static unsigned rows(struct cl_node *at, const struct cl_node *peer, bool here)
{
    struct dp_db db = {.kv = at->kv};
    struct dp_slice key = {0}, v;
    uint8_t prefix[8];
    unsigned n = 0;
    struct dp_wr w = dp_wr_of(prefix, sizeof prefix);
    dp_wr_u64(&w, peer->id.v);
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_next_key(&db, DP_T_SHELF, dp_wr_slice(&w), &key, &v) == DP_OK) {
        bool is_here = (key.p[8] & 0x80) != 0;
        n += is_here == here && (is_here || v.p[0] != 0 || v.p[1] != 0);
    }
    dp_db_abort(&db);
    return n;
}

static void assert_shelved(struct town *t, unsigned n)
{
    assert_int_equal(rows(t->county, t->town, true), n);
    assert_int_equal(rows(t->town, t->county, false), n);
    assert_int_equal(cl_alarmed(t->county, "refused"), n > 0);
    assert_int_equal(cl_alarmed(t->town, "shelf"), n > 0);
    assert_false(cl_alarmed(t->county, "shelf"));
    assert_false(cl_alarmed(t->town, "refused"));
}

enum side { SENDER, RECEIVER };

/* The store of `at` as another program left it, about itself or about its peer. */
static void set_program(struct cl_node *at, const struct cl_node *peer, bool own)
{
    struct dp_db db = {.kv = at->kv};
    struct dp_peer_row row;
    assert_ok(dp_db_begin(&db, true));
    assert_ok(dp_db_peer(&db, peer->id, &row));
    if (own)
        row.own_program = OLDER;
    else
        row.program = OLDER;
    dp_db_peer_put(&db, peer->id, &row);
    assert_ok(dp_db_commit(&db));
}

/* Both are down; one of them comes back as the next version. */
static void upgrade(struct town *t, enum side side)
{
    cl_kill(t->town, -1);
    cl_kill(t->county, -1);
    set_program(t->town, t->county, side == SENDER);
    set_program(t->county, t->town, side == RECEIVER);
    cl_start(t->county);
    cl_start(t->town);
    town_settle(t);
}

static void restart(struct town *t)
{
    cl_kill(t->town, 1000);
    cl_kill(t->county, 2000);
    cluster_run(t->c, MINUTE_MS);
    town_settle(t);
}

static void shelf_and_upgrade(enum side side, uint64_t seed)
{
    struct town t;
    struct line l;
    open_line(&t, &l, seed);
    assert_shelved(&t, 0);
    struct cl_result first = town_register(t.village);
    town_settle(&t);
    struct cl_result second = town_register(t.village); /* the chain has a hole before it */
    town_settle(&t);
    assert_shelved(&t, 2);
    assert_int_equal(cl_facts(t.county, &first.name), 0);
    /* The lane goes on. */
    struct cl_result other = town_register(t.sibling);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &other.name), 1);
    /* A restart is no upgrade: nothing is offered, and both ends still say so. */
    l.spoils = false;
    restart(&t);
    assert_int_equal(l.spoilt, 2);
    assert_int_equal(cl_facts(t.county, &first.name), 0);
    assert_shelved(&t, 2);
    upgrade(&t, side);
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &first.name, all, 4);
    town_assert_same(&t, &second.name, all, 4);
    assert_shelved(&t, 0);
    restart(&t);
    assert_shelved(&t, 0);
    town_close(&t);
}

static void test_accepted_after_an_upgrade_of_the_receiver(void **state)
{
    (void)state;
    shelf_and_upgrade(RECEIVER, 101);
}

static void test_accepted_after_an_upgrade_of_the_sender(void **state)
{
    (void)state;
    shelf_and_upgrade(SENDER, 102);
}

/* The upgraded receiver dies before it has met the sender: its upgrade is not forgotten. */
static void test_an_upgrade_waits_for_the_peer(void **state)
{
    struct town t;
    struct line l;
    (void)state;
    open_line(&t, &l, 103);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    l.spoils = false;
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_kill(t.county, -1);
    cl_kill(t.town, -1);
    set_program(t.town, t.county, false);
    set_program(t.county, t.town, true);
    cl_start(t.county);
    cluster_run(t.c, MINUTE_MS);
    cl_kill(t.county, 100);
    cluster_run(t.c, MINUTE_MS);
    cl_start(t.town);
    cl_mend(cl_link_of(t.c, t.town));
    cluster_run(t.c, MINUTE_MS);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    assert_shelved(&t, 0);
    town_close(&t);
}

static void test_still_refused(void **state)
{
    struct town t;
    struct line l;
    (void)state;
    open_line(&t, &l, 104);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    assert_int_equal(l.spoilt, 1);
    upgrade(&t, RECEIVER);
    assert_int_equal(l.spoilt, 2); /* offered once more, and no third time */
    assert_shelved(&t, 1);
    for (unsigned i = 0; i < 5; i++)
        restart(&t);
    assert_int_equal(l.spoilt, 2);
    assert_shelved(&t, 1);
    l.spoils = false;
    upgrade(&t, SENDER);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    assert_shelved(&t, 0);
    town_close(&t);
}

/* Only the sender's side is told to try again; the old refusal, said once more, is not mistaken for a new
 * one.
 */
static void test_offered_by_an_operator(void **state)
{
    struct town t;
    struct line l;
    struct cl_command x;
    (void)state;
    open_line(&t, &l, 105);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    cl_admin(&x, "link.clear")->node = COUNTY;
    cl_must(t.town, &x);
    cluster_run(t.c, MINUTE_MS);
    town_settle(&t);
    assert_int_equal(l.spoilt, 2);
    assert_shelved(&t, 1); /* the new one in place of the old */
    l.spoils = false;
    cl_must(t.town, &x);
    cluster_run(t.c, MINUTE_MS);
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    assert_int_equal(rows(t.town, t.county, false), 0);
    assert_false(cl_alarmed(t.town, "shelf"));
    restart(&t);
    assert_false(cl_alarmed(t.town, "shelf"));
    town_close(&t);
}

/* N2: many items are refused and every word of it is lost: the next hello brings them all. */
static void test_no_refusal_gets_lost(void **state)
{
    struct town t;
    struct line l;
    (void)state;
    open_line(&t, &l, 106);
    l.loses = true;
    for (unsigned i = 0; i < 40; i++) {
        town_register(t.village);
        cluster_run(t.c, 1000);
    }
    town_settle(&t);
    assert_true(l.lost >= 40);
    assert_int_equal(rows(t.county, t.town, true), 40);
    assert_int_equal(rows(t.town, t.county, false), 0);
    l.loses = false;
    cl_break(t.c, cl_link_of(t.c, t.town), false);
    cluster_run(t.c, MINUTE_MS);
    town_settle(&t);
    assert_shelved(&t, 40);
    town_close(&t);
}

static struct cl_result accuse(struct cl_node *n, const char *office)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Zhou Daming", "he takes money for every stamp");
    in->purpose = DP_PURPOSE_ACCUSATION;
    in->respondents[0] = office;
    in->respondent_count = 1;
    return cl_must(n, &x);
}

static unsigned matters(const struct cl_node *n)
{
    return cl_grep_table(n, DP_T_TICKET, dp_slice_of(NULL, 0));
}

/* A matter cannot be registered by a county that has stopped issuing: it comes again by itself. */
static void test_a_matter_for_a_stopped_node(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 107);
    dp_daemon_stop_issuing(t.county->d, DP_STOP_RESTORED, "the store is a copy", false);
    (void)accuse(t.town, TOWN "/bureau");
    (void)accuse(t.village, TOWN "/bureau"); /* in the post, which is left unread */
    town_settle(&t);
    assert_int_equal(matters(t.county), 0);
    assert_shelved(&t, 1);
    /* It is still stopped when the line comes up again. */
    cl_break(t.c, cl_link_of(t.c, t.town), false);
    cluster_run(t.c, MINUTE_MS);
    assert_shelved(&t, 1);
    cl_kill(t.county, 100);
    cluster_run(t.c, MINUTE_MS);
    assert_shelved(&t, 1);
    struct cl_command x;
    cl_admin(&x, "life.clear");
    cl_must(t.county, &x);
    cluster_run(t.c, MINUTE_MS);
    town_settle(&t);
    assert_int_equal(matters(t.county), 2);
    assert_shelved(&t, 0);
    /* Both have their receipts, and the numbers have no hole. */
    assert_int_equal(cl_grep_table(t.town, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 1);
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_str("-00002-")), 1);
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 1);
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_str("-00001-")), 1);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_after_an_upgrade_of_the_receiver),
        cmocka_unit_test(test_accepted_after_an_upgrade_of_the_sender),
        cmocka_unit_test(test_an_upgrade_waits_for_the_peer),
        cmocka_unit_test(test_still_refused),
        cmocka_unit_test(test_offered_by_an_operator),
        cmocka_unit_test(test_no_refusal_gets_lost),
        cmocka_unit_test(test_a_matter_for_a_stopped_node),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
