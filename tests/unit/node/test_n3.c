/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accusations and what is confidential (R-N3-1 to R-N3-6), and the neighbours of ordinary matters (R-DOWN-2):
 * what must not be somewhere is looked for in the bytes of stores and frames, not in what a node would show.
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

/* Frames that came to one node, with the kinds of its items. */
struct ear {
    struct cl_node *at;
    struct dp_slice needle;
    unsigned hits, parcels, posts;
};

static bool listen(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct ear *e = ctx;
    struct dp_frame f;
    (void)from;
    if (to != e->at || dp_frame_get(frame, &f) != DP_OK || f.type != DP_FRAME_ITEM)
        return true;
    e->parcels += f.u.item.kind == DP_ITEM_PARCEL;
    e->posts += f.u.item.kind == DP_ITEM_POST;
    e->hits += e->needle.len > 0 && memmem(frame.p, frame.len, e->needle.p, e->needle.len) != NULL;
    return true;
}

static void hear(struct town *t, struct ear *e)
{
    t->c->tap = listen;
    t->c->tap_ctx = e;
}

static struct cl_result accuse(struct cl_node *n, const char *respondent)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Zhao Wuming", "he takes the money of the school");
    in->purpose = DP_PURPOSE_ACCUSATION;
    if (respondent != NULL) {
        in->respondents[0] = respondent;
        in->respondent_count = 1;
    }
    return cl_must(n, &x);
}

/* The one case that the county has and the village has not registered itself. */
static struct dp_name only_case(struct cl_node *n)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE};
    struct dp_slice packed;
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_case_next(&db, &s, &packed));
    struct dp_name found = s.name;
    assert_int_equal(dp_db_case_next(&db, &s, &packed), DP_NOT_FOUND);
    dp_db_abort(&db);
    return found;
}

/* Rows with the name of an entry. A block's key looks like one: its number stands where the seq does. */
static uint32_t grep_name(const struct cl_node *n, const struct dp_name *name)
{
    uint8_t b[DP_NAME_BYTES];
    uint32_t hits = 0;
    dp_name_put(name, b);
    for (unsigned t = 0; t < DP_T_COUNT; t++)
        if (t != DP_T_BLOCK)
            hits += cl_grep_table(n, (enum dp_table)t, dp_slice_of(b, sizeof(b)));
    return hits;
}

static uint64_t journalled(struct cl_node *n, const struct cl_node *peer)
{
    const struct dp_session *s = cl_session(n, peer);
    uint64_t sum = 0;
    for (unsigned i = 0; i < DP_LANE_BULK; i++) /* the post is there, whatever happens */
        sum += s->lane[i].journal_last;
    return sum;
}

/* A villager accuses the township: it passes through it as one parcel, and nothing else ever does. */
static void test_an_accusation_of_the_township(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 7);
    struct ear e = {.at = t.town};
    hear(&t, &e);
    uint64_t down = journalled(t.county, t.town);
    struct cl_result r = accuse(t.village, TOWN "/bureau");
    assert_true(dp_name_is_none(&r.name)); /* no entry of the village's chain */
    town_settle(&t);
    struct dp_name n = only_case(t.county);
    assert_true(dp_node_eq(n.origin, t.county->id));
    assert_true(town_reads(t.county, &n, 0, "Zhao Wuming"));
    assert_int_equal(e.parcels, 0); /* it goes in the post, as does its receipt */
    assert_int_not_equal(e.posts, 0);
    assert_int_equal(journalled(t.county, t.town), down);
    assert_int_equal(cl_facts(t.town, &n), 0);
    assert_int_equal(grep_name(t.town, &n), 0);
    assert_int_equal(cl_grep(t.town, dp_slice_str("Zhao Wuming")), 0);
    assert_int_equal(cl_grep(t.town, dp_slice_str("school")), 0);
    assert_int_equal(cl_facts(t.city, &n), 1);
    /* R-N3-5: nobody above holds a grant. */
    assert_false(town_reads(t.city, &n, 0, ""));
    /* The receipt is back, and the village keeps a ticket and no content. */
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 1);
    assert_int_equal(cl_grep(t.village, dp_slice_str("Zhao Wuming")), 0);
    assert_int_equal(cl_facts(t.village, &n), 0);
    /* What is done with it goes down to nobody either. */
    char ref[DP_NAME_TEXT];
    dp_name_format(&n, ref);
    struct cl_command x;
    cl_step(&x, DP_KIND_TRANSFER, ref)->to = TOWN "/bureau";
    struct cl_result refused = cl_do(t.county, &x);
    town_settle(&t);
    assert_int_equal(journalled(t.county, t.town), down);
    assert_int_equal(grep_name(t.town, &n), 0);
    assert_int_equal(refused.err, DP_DENIED); /* R-N3-8 */
    town_close(&t);
}

/* With nobody named, nothing below the county may learn of it. */
static void test_an_accusation_of_nobody(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 8);
    accuse(t.village, NULL);
    town_settle(&t);
    struct dp_name n = only_case(t.county);
    assert_int_equal(grep_name(t.town, &n), 0);
    assert_int_equal(grep_name(t.village, &n), 0);
    assert_int_equal(grep_name(t.other_town, &n), 0);
    town_close(&t);
}

/* The sender keeps nothing to recognise it by: the same slip taken in twice is one case above (N1). */
static void test_the_same_slip_twice(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 11);
    for (int i = 0; i < 2; i++) {
        struct dp_intake *in = cl_intake(&x, "Zhao Wuming", "he takes the money of the school");
        in->purpose = DP_PURPOSE_ACCUSATION;
        in->source_system = "register";
        in->source_no = "TT-2026-7";
        cl_must(t.village, &x);
        town_settle(&t);
    }
    struct dp_name n = only_case(t.county);
    assert_int_equal(cl_facts(t.county, &n), 1);
    /* Both tickets are answered. */
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 2);
    town_close(&t);
}

/* Of a neighbour: it may be registered here, goes up, and never to the accused. */
static void test_an_accusation_of_a_neighbour(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 9);
    struct cl_result r = accuse(t.village, OTHER_TOWN "/bureau");
    assert_false(dp_name_is_none(&r.name));
    town_settle(&t);
    struct cl_node *up[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, up, 4);
    assert_int_equal(grep_name(t.other_town, &r.name), 0);
    assert_int_equal(grep_name(t.other_village, &r.name), 0);
    assert_false(town_reads(t.town, &r.name, 0, ""));
    /* R-N3-8: nor does an entry make the accused a party. */
    cl_go(t.village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(&t);
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    struct cl_command x;
    cl_step(&x, DP_KIND_TRANSFER, r.number)->to = OTHER_TOWN "/bureau";
    assert_int_equal(cl_do(t.county, &x).err, DP_DENIED);
    town_settle(&t);
    assert_int_equal(grep_name(t.other_town, &r.name), 0);
    assert_int_equal(cl_grep(t.other_town, dp_slice_str("Zhao Wuming")), 0);
    town_close(&t);
}

/* Locked by hand after it was queued: decided where the frame is written. */
static void test_a_lock_stops_what_is_queued(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 10);
    struct cl_result r = town_register(t.county), other = town_register(t.county);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_go(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau");
    cl_go(t.county, DP_KIND_TRANSFER, other.number, TOWN "/bureau");
    cl_step(&x, DP_KIND_LOCK, r.number)->code = 1;
    cl_must(t.county, &x);
    cl_mend(cl_link_of(t.c, t.town));
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), 0);
    assert_int_equal(cl_session(t.county, t.town)->state, DP_SESSION_UP); /* numbers without a hole */
    /* The content that waited for the line, too; what shared its parcel arrives. */
    assert_int_equal(grep_name(t.town, &r.name), 0);
    assert_true(town_reads(t.town, &other.name, 0, "Wang Cuihua"));
    town_close(&t);
}

static bool count_empty(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct dp_frame f;
    unsigned *empty = ctx;
    (void)from;
    (void)to;
    if (dp_frame_get(frame, &f) == DP_OK && f.type == DP_FRAME_ITEM && f.u.item.kind == DP_ITEM_PRUNED)
        *empty += f.u.item.body.len == 2;
    return true;
}

/* R-JRN-3: what the lock emptied is no item, and what comes behind it arrives under the number that it has.
 */
static void test_what_a_lock_emptied_leaves_no_item(void **state)
{
    struct town t;
    struct cl_command x;
    unsigned empty = 0;
    (void)state;
    town_open(&t, 13);
    uint64_t before = cl_session(t.county, t.town)->lane[DP_LANE_CASES].journal_last;
    struct cl_result r = town_register(t.county), other = town_register(t.county);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_go(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau");
    uint64_t of_locked = cl_session(t.county, t.town)->lane[DP_LANE_CASES].journal_last;
    assert_true(of_locked > before);
    cl_step(&x, DP_KIND_LOCK, r.number)->code = 1;
    cl_must(t.county, &x);
    assert_int_equal(cl_session(t.county, t.town)->lane[DP_LANE_CASES].journal_last, before);
    cl_go(t.county, DP_KIND_TRANSFER, other.number, TOWN "/bureau");
    t.c->tap = count_empty;
    t.c->tap_ctx = &empty;
    cl_mend(cl_link_of(t.c, t.town));
    town_settle(&t);
    assert_int_equal(empty, 0);
    assert_int_equal(cl_facts(t.town, &r.name), 0);
    assert_true(town_reads(t.town, &other.name, 0, "Wang Cuihua"));
    town_close(&t);
}

/* The parcel is lost with its connection, and the accused crashes on the way: it arrives once. */
static void test_an_accusation_through_a_bad_line(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 11);
    for (int i = 0; i < 4; i++)
        accuse(t.village, TOWN "/bureau");
    for (int i = 0; i < 12; i++) {
        cluster_run(t.c, 150);
        cl_break(t.c, cl_link_of(t.c, i % 2 ? t.village : t.town), true);
        t.town->crash_next = i % 3 == 0 ? CL_CRASH_AFTER_COMMIT : CL_CRASH_NONE;
        t.county->crash_next = i % 3 == 1 ? CL_CRASH_AFTER_COMMIT : CL_CRASH_NONE;
        cluster_run(t.c, 6000);
    }
    t.town->crash_next = t.county->crash_next = CL_CRASH_NONE;
    town_settle(&t);
    struct dp_db db = {.kv = t.county->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE};
    struct dp_slice packed;
    unsigned n = 0;
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_case_next(&db, &s, &packed) == DP_OK)
        n++;
    dp_db_abort(&db);
    assert_int_equal(n, 4);
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 4);
    town_close(&t);
}

/* ---- neighbours ---- */

static void test_nothing_of_a_sibling_ever(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 12);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    cl_step(&x, DP_KIND_EXTEND, r.number)->days = 10;
    cl_must(t.town, &x);
    town_settle(&t);
    struct cl_node *const strangers[] = {t.sibling, t.other_town, t.other_village};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(grep_name(strangers[i], &r.name), 0);
        assert_int_equal(cl_grep(strangers[i], dp_slice_str(r.number)), 0);
    }
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_accusation_of_the_township),
        cmocka_unit_test(test_an_accusation_of_nobody),
        cmocka_unit_test(test_the_same_slip_twice),
        cmocka_unit_test(test_an_accusation_of_a_neighbour),
        cmocka_unit_test(test_a_lock_stops_what_is_queued),
        cmocka_unit_test(test_what_a_lock_emptied_leaves_no_item),
        cmocka_unit_test(test_an_accusation_through_a_bad_line),
        cmocka_unit_test(test_nothing_of_a_sibling_ever),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
