/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When own entries become blocks (R-BLK-6), and that no block goes before its certificate, peer by peer and
 * lane by lane (R-DOWN-3).
 */
#include <string.h>

#include "support/cluster.h"
#include "support/cmocka_all.h"

#define COUNTY "331023000000"
#define TOWN "331023105000"
#define VILLAGE "331023105001"
#define OTHER "331023106000"
#define SENT_MAX 256

struct sent {
    const struct cl_node *from, *to;
    uint8_t lane;
    struct dp_digest cert;
};

struct world {
    struct cluster *c;
    struct cl_node *county, *town, *village, *other;
    struct sent sent[SENT_MAX];
    unsigned sent_count, blocks;
};

static struct world w;

/* ---- what passes over the lines ---- */

static bool was_sent(const struct sent *s)
{
    for (unsigned i = 0; i < w.sent_count; i++)
        if (w.sent[i].from == s->from && w.sent[i].to == s->to && w.sent[i].lane == s->lane &&
            dp_digest_eq(&w.sent[i].cert, &s->cert))
            return true;
    return false;
}

static void see_cert(struct sent *s, struct dp_slice chain)
{
    struct dp_chain c;
    struct dp_cert leaf;
    assert_int_equal(dp_chain_decode(chain, &c), DP_OK);
    assert_int_equal(dp_cert_parse(c.der[0], &leaf, NULL), DP_OK);
    s->cert = leaf.digest;
    assert_true(w.sent_count < SENT_MAX);
    w.sent[w.sent_count++] = *s;
}

static void see_block(struct sent *s, struct dp_slice wire)
{
    struct dp_header h;
    assert_true(wire.len >= DP_HEADER_BYTES);
    assert_int_equal(dp_header_get(dp_slice_of(wire.p, DP_HEADER_BYTES), &h), DP_OK);
    s->cert = h.cert;
    if (!was_sent(s))
        fail_msg("%s sent %s a block before its certificate", s->from->text, s->to->text);
    w.blocks++;
}

static bool watch(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct dp_frame f;
    struct sent s = {.from = from, .to = to};
    (void)ctx;
    if (dp_frame_get(frame, &f) != DP_OK || f.type != DP_FRAME_ITEM)
        return true;
    s.lane = f.u.item.lane;
    struct dp_rd r = dp_rd_of(f.u.item.body);
    if (f.u.item.kind == DP_ITEM_CERT)
        see_cert(&s, f.u.item.body);
    if (f.u.item.kind == DP_ITEM_BLOCK)
        see_block(&s, f.u.item.body);
    for (uint16_t n = f.u.item.kind == DP_ITEM_PRUNED ? dp_rd_u16(&r) : 0; n > 0; n--)
        see_block(&s, dp_rd_take(&r, dp_rd_u32(&r)));
    return true;
}

static int set_up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    w.c = cluster_new(51);
    w.c->tap = watch;
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

static struct cl_result enter(void)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", "the roof leaks");
    return cl_must(w.village, &x);
}

static void test_sealed_when_somebody_asks(void **state)
{
    (void)state;
    struct dp_own before = w.village->d->own;
    assert_int_equal(before.sealed_seq, before.seq); /* the line was up */
    cl_cut(w.c, cl_link_of(w.c, w.village));
    cluster_run(w.c, 60000);
    for (unsigned i = 0; i < 3; i++)
        (void)enter();
    cluster_run(w.c, 3 * DP_DAY_MS); /* never by time */
    assert_int_equal(w.village->d->own.seq, before.seq + 3);
    assert_int_equal(w.village->d->own.sealed_seq, before.sealed_seq);
    assert_int_equal(w.village->d->own.block, before.block);
    cl_mend(cl_link_of(w.c, w.village));
    assert_true(cluster_settle(w.c, 3600000));
    assert_int_equal(w.village->d->own.sealed_seq, before.seq + 3);
    assert_int_equal(w.village->d->own.block, before.block + 1);
}

static void test_sealed_when_many_have_gathered(void **state)
{
    (void)state;
    cl_cut(w.c, cl_link_of(w.c, w.village));
    cluster_run(w.c, 60000);
    struct dp_own before = w.village->d->own;
    for (unsigned i = 0; i < DP_BLOCK_ENTRIES_MAX - 1; i++)
        (void)enter();
    assert_int_equal(w.village->d->own.sealed_seq, before.sealed_seq);
    (void)enter();
    assert_true(w.village->d->own.sealed_seq > before.sealed_seq);
}

static void test_certificate_before_block(void **state)
{
    (void)state;
    struct cl_result r = enter();
    assert_true(cluster_settle(w.c, 3600000));
    cl_go(w.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    assert_true(cluster_settle(w.c, 3600000));
    cl_go(w.town, DP_KIND_ACCEPT, r.number, "");
    cl_go(w.town, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    assert_true(cluster_settle(w.c, 3600000));
    cl_go(w.county, DP_KIND_ACCEPT, r.number, "");
    cl_go(w.county, DP_KIND_TRANSFER, r.number, OTHER "/bureau");
    assert_true(cluster_settle(w.c, 3600000));
    assert_int_not_equal(cl_facts(w.other, &r.name), 0); /* the history of another branch came down */
    assert_true(w.blocks >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sealed_when_somebody_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sealed_when_many_have_gathered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_certificate_before_block, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
