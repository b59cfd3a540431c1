/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes through the real pump: who goes before whom, and what an urgent entry takes along (R-LAN-1 to
 * R-LAN-3). */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

/* Frames of items from one node to another in the order in which they leave. */
struct order {
    const struct cl_node *from, *to;
    uint8_t lanes[4096];
    uint32_t count;
};

static bool note(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct order *o = ctx;
    struct dp_frame f;
    if (from == o->from && to == o->to && dp_frame_get(frame, &f) == DP_OK && f.type == DP_FRAME_ITEM &&
        o->count < sizeof(o->lanes))
        o->lanes[o->count++] = f.u.item.lane;
    return true;
}

static struct cl_result attach(struct cl_node *n, const char *ref, size_t bytes)
{
    static uint8_t content[512 * 1024];
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_ATTACHMENT, ref);
    for (size_t i = 0; i < bytes; i++)
        content[i] = (uint8_t)((uint32_t)i * 2654435761u >> 13);
    x.file = (struct dp_file){.name = "photo.jpg",
                              .media = 1,
                              .size = bytes,
                              .stored = true,
                              .content = dp_slice_of(content, bytes),
                              .upload = ""};
    s->file = &x.file;
    return cl_must(n, &x);
}

static struct cl_result supervise(struct cl_node *n, const char *ref, const char *to)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_SUPERVISE, ref);
    s->to = to;
    s->code = 4;
    s->code2 = 3;
    s->due = dp_date_add(dp_date_of_ms(n->d->now_wall), 10);
    return cl_must(n, &x);
}

/* The county holds a case of the village and keeps it. */
static struct cl_result held_by_county(struct town *t)
{
    struct cl_result r = town_register(t->village);
    cl_go(t->village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(t);
    cl_go(t->county, DP_KIND_ACCEPT, r.number, "");
    town_settle(t);
    return r;
}

/* R-LAN-1: a thousand chunks wait on a slow line; the order is the next frame but one. */
static void test_an_order_behind_a_thousand_chunks(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 80);
    struct cl_result r = held_by_county(&t);
    struct cl_link *l = cl_link_of(t.c, t.town);
    cl_cut(t.c, l);
    /* The registrar is given the chunks of what the county attaches. */
    for (int i = 0; i < 33; i++)
        attach(t.county, r.number, 499 * 1024);
    const struct dp_session *s = cl_session(t.county, t.town);
    assert_true(s->lane[DP_LANE_BULK].journal_last - s->lane[DP_LANE_BULK].acked >= 1000);
    l->rate_bps = 2000000;
    cl_mend(l);
    struct order o = {.from = t.county, .to = t.town};
    t.c->tap = note;
    t.c->tap_ctx = &o;
    int64_t until = t.c->now_ms + 600000;
    while (o.count < 40)
        assert_true(cluster_step(t.c, until));
    for (int k = 0; k < 5; k++) {
        uint32_t sent = o.count;
        supervise(t.county, r.number, TOWN "/bureau");
        while (memchr(o.lanes + sent, DP_LANE_URGENT, o.count - sent) == NULL)
            assert_true(cluster_step(t.c, until));
        const uint8_t *first = memchr(o.lanes + sent, DP_LANE_URGENT, o.count - sent);
        assert_true(first - (o.lanes + sent) <= 1 ||
                    (first - (o.lanes + sent) == 2 && memchr(o.lanes, DP_LANE_CONTROL, o.count)));
        cluster_run(t.c, 700);
    }
    assert_true(s->lane[DP_LANE_BULK].journal_last - s->lane[DP_LANE_BULK].acked > 500);
    t.c->tap = NULL;
    assert_true(cluster_settle(t.c, 24 * 3600000));
    town_close(&t);
}

/* R-LAN-2: an order follows its issuer's own steps on the case; those that wait behind others go along with
 * it. */
static void test_an_order_takes_the_case_along_down(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 81);
    struct cl_result r = held_by_county(&t), other = held_by_county(&t);
    struct cl_link *l = cl_link_of(t.c, t.town);
    cl_cut(t.c, l);
    for (int i = 0; i < 150; i++) {
        cl_step(&x, DP_KIND_NOTE, other.number);
        cl_text(&x, "a long note that nobody is in a hurry to read, and that costs its time on the line");
        cl_must(t.county, &x);
    }
    cl_step(&x, DP_KIND_EXTEND, r.number)->days = 10;
    cl_must(t.county, &x);
    struct cl_result o = supervise(t.county, r.number, TOWN "/bureau");
    l->rate_bps = 9600;
    cl_mend(l);
    /* Ready at the township, and so arrived, while the other things still wait. */
    int64_t until = t.c->now_ms + 120000;
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = r.name};
    struct dp_digest here, there;
    while (!cl_digest(t.town, &s, &there) || !cl_digest(t.county, &s, &here) || cl_facts(t.town, &r.name) < 7)
        assert_true(cluster_step(t.c, until));
    const struct dp_session *down = cl_session(t.county, t.town);
    assert_true(down->lane[DP_LANE_CASES].acked + 20 < down->lane[DP_LANE_CASES].journal_last);
    (void)o;
    assert_true(cluster_settle(t.c, 24 * 3600000));
    struct cl_node *all[] = {t.village, t.town, t.county, t.city};
    town_assert_same(&t, &r.name, all, 4);
    assert_int_equal(cl_facts(t.town, &r.name), 7);
    town_close(&t);
}

/* What is taken along in the urgent lane is not stored twice when its own turn comes. */
static void test_what_came_twice_is_kept_once(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 82);
    cl_intake(&x, "Li", "the dam")->flags = DP_REG_URGENT;
    cl_cut(t.c, cl_link_of(t.c, t.town));
    for (int i = 0; i < 10; i++)
        town_register(t.sibling);
    struct cl_result r = cl_must(t.village, &x);
    for (int i = 0; i < 5; i++) {
        cl_step(&x, DP_KIND_NOTE, r.number);
        cl_text(&x, "worse");
        cl_must(t.village, &x);
        cluster_run(t.c, 2000);
    }
    cl_mend(cl_link_of(t.c, t.town));
    town_settle(&t);
    assert_int_equal(cl_facts(t.city, &r.name), 6);
    assert_int_equal(t.city->d->n.refused_out + t.county->d->n.refused_out, 0);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_order_behind_a_thousand_chunks),
        cmocka_unit_test(test_an_order_takes_the_case_along_down),
        cmocka_unit_test(test_what_came_twice_is_kept_once),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
