/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The post through an accused township (R-POST-1 to R-POST-8): what passes it, what stays there, and what its
 * ends make of it.
 */
#include <stdio.h>
#include <string.h>

#include "node/identity.h"
#include "node/post.h"
#include "support/cmocka_all.h"
#include "support/town.h"

#define EVERY_MS INT64_C(300000)
#define DAY_MS INT64_C(86400000)

struct ear {
    struct cl_node *from, *to;
    unsigned posts, sizes;
    size_t size;
    bool drop;
    struct dp_buf last;
};

static bool listen(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct ear *e = ctx;
    struct dp_frame f;
    if (from != e->from || to != e->to || dp_frame_get(frame, &f) != DP_OK || f.type != DP_FRAME_ITEM ||
        f.u.item.kind != DP_ITEM_POST)
        return true;
    e->posts++;
    e->sizes += frame.len != e->size;
    e->size = frame.len;
    dp_buf_reset(&e->last);
    assert_ok(dp_buf_put(&e->last, f.u.item.body.p, f.u.item.body.len));
    return !e->drop;
}

static void hear(struct town *t, struct ear *e, struct cl_node *from, struct cl_node *to)
{
    *e = (struct ear){.from = from, .to = to};
    dp_buf_init(&e->last, DP_FRAME_MAX);
    t->c->tap = listen;
    t->c->tap_ctx = e;
}

/* Another time from one post to the next, in minutes; 0: as the profile says. */
static void post_each(struct town *t, uint32_t minutes)
{
    struct cl_node *const all[] = {t->village, t->town, t->county, t->city};
    t->c->options.post_every = minutes;
    for (unsigned i = 0; i < 4; i++)
        cl_kill(all[i], 100);
    cluster_run(t->c, 60000);
}

static struct cl_result accuse(struct cl_node *n, const char *text)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Zhao Wuming", text);
    in->purpose = DP_PURPOSE_ACCUSATION;
    in->respondents[0] = TOWN "/bureau";
    in->respondent_count = 1;
    return cl_must(n, &x);
}

static unsigned rows(const struct cl_node *n, char letter)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_slice key = {0}, v;
    uint8_t prefix[1] = {(uint8_t)letter};
    unsigned count = 0;
    assert_ok(dp_db_begin(&db, false));
    while (dp_db_next_key(&db, DP_T_POST, dp_slice_of(prefix, 1), &key, &v) == DP_OK)
        count++;
    dp_db_abort(&db);
    return count;
}

/* R-POST-2, R-POST-3: as many, at the same times, of one size, whatever is registered between. */
static void test_full_and_empty_are_one(void **state)
{
    unsigned posts[2];
    (void)state;
    for (unsigned world = 0; world < 2; world++) {
        struct town t;
        struct ear e;
        town_open(&t, 301);
        hear(&t, &e, t.village, t.town);
        cluster_run(t.c, 4 * EVERY_MS);
        for (unsigned i = 0; world == 1 && i < 6; i++)
            accuse(t.village, "he takes the money of the school");
        cluster_run(t.c, 20 * EVERY_MS);
        posts[world] = e.posts;
        assert_true(e.sizes <= 1);
        assert_int_equal(e.size, DP_ITEM_HEAD_BYTES + dp_post_parcel_bytes(DP_POST_LARGE));
        dp_buf_fini(&e.last);
        town_close(&t);
    }
    assert_int_equal(posts[0], posts[1]);
    assert_in_range(posts[0], 40, 50); /* to the county and to the city */
}

/* R-POST-6: nothing of them stays where they passed, nor where they were made. */
static void test_nothing_stays_on_the_way(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 302);
    accuse(t.village, "he takes the money of the school");
    cluster_run(t.c, 6 * EVERY_MS + 60000);
    town_settle(&t);
    struct cl_node *const all[] = {t.town, t.village, t.county, t.city};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(rows(all[i], 'J'), 0);
    assert_int_equal(rows(t.town, 'S') + rows(t.town, 'O') + rows(t.town, 'I'),
                     1); /* its own post: to the city */
    assert_int_equal(rows(t.village, 'O'), 0);
    assert_int_equal(cl_grep(t.village, dp_slice_str("Zhao Wuming")), 0);
    /* The journals have no hole that anybody would ask about. */
    cl_break(t.c, cl_link_of(t.c, t.village), true);
    town_settle(&t);
    assert_int_equal(cl_session(t.town, t.village)->state, DP_SESSION_UP);
    town_close(&t);
}

/* R-POST-2: while the next hop has not the last one, none is made. */
static void test_a_line_that_is_down(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 303);
    cluster_run(t.c, 3 * EVERY_MS);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    accuse(t.village, "he takes the money of the school");
    cluster_run(t.c, 20 * EVERY_MS);
    assert_int_equal(rows(t.village, 'J'), 2); /* one an end */
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 1);
    town_close(&t);
}

/* R-POST-4: a matter larger than a post, and one that is lost with the store of the relay. */
static void test_a_large_one_and_a_lost_one(void **state)
{
    struct town t;
    struct ear e;
    static char text[15000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    town_open(&t, 304);
    hear(&t, &e, t.town, t.county);
    accuse(t.village, text);
    accuse(t.village, "he takes the money of the school");
    cluster_run(t.c, EVERY_MS);
    town_settle(&t);
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 2);
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_str("-00002-")), 1);
    assert_int_equal(rows(t.county, 'I'), 0);
    dp_buf_fini(&e.last);
    town_close(&t);
}

/* R-POST-6: a child that is away fills no disk, and its streams are whole again when it is back. */
static void test_a_child_that_is_away(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 311);
    accuse(t.village, "he takes the money of the school");
    cluster_run(t.c, EVERY_MS / 2);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cluster_run(t.c, 100 * EVERY_MS);
    assert_int_equal(rows(t.town, 'J'), DP_POSTS_WAIT_MAX);
    assert_int_equal(rows(t.county, 'J'), 0);
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    assert_int_equal(rows(t.town, 'J'), 0);
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 1);
    town_close(&t);
}

/* R-POST-5 */
static void test_a_receipt_is_asked_for(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 305);
    struct cl_result r = accuse(t.village, "he takes the money of the school");
    const char *receipt = strstr(r.text, "receipt ");
    assert_non_null(receipt);
    assert_non_null(strstr(r.text, "days"));
    char number[DP_NUMBER_TEXT];
    snprintf(number, sizeof number, "%s", receipt + strlen("receipt "));
    cl_query(&x, "show")->case_ref = number;
    assert_non_null(strstr(cl_must(t.village, &x).json, "\"status\":null"));
    town_settle(&t);
    struct cl_result shown = cl_must(t.village, &x);
    assert_non_null(strstr(shown.json, "\"status\":\""));
    assert_non_null(strstr(shown.json, "\"responsible\":\"" COUNTY "/bureau\""));
    /* Another office of the same node has no such receipt. */
    cl_officer(t.village, VILLAGE "/committee", 4711);
    assert_int_equal(cl_do_as(t.village, 4711, &x).err, DP_NOT_FOUND);
    town_close(&t);
}

/* R-POST-8 */
static void test_a_post_that_does_not_come(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 306);
    post_each(&t, 240);
    cluster_run(t.c, DAY_MS / 2);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cluster_run(t.c, 2 * DAY_MS);
    assert_false(cl_alarmed(t.county, "post"));
    cluster_run(t.c, 3 * DAY_MS);
    assert_true(cl_alarmed(t.county, "post"));
    assert_true(cl_alarmed(t.village, "post"));
    assert_int_equal(rows(t.county, 'J') > 0, true);
    cl_mend(cl_link_of(t.c, t.town));
    cluster_run(t.c, DAY_MS / 2);
    assert_false(cl_alarmed(t.county, "post"));
    assert_false(cl_alarmed(t.village, "post"));
    town_close(&t);
}

/* A chain that the CA of `by` makes for `node`, some days from now, with keys that are not its own. */
static void forge(struct cl_node *at, struct cl_node *by, struct cl_node *node, uint8_t key)
{
    struct dp_csr csr = {
        .node = node->id, .parent = dp_node_parent(node->id), .roles = dp_identity_roles(node->id)};
    struct dp_slice chain;
    struct dp_buf copy;
    struct dp_cert leaf;
    struct dp_refusal why;
    memset(csr.sign_pub.b, key, sizeof csr.sign_pub.b);
    memset(csr.seal_pub.b, key, sizeof csr.seal_pub.b);
    memset(csr.curve_pub.b, key, sizeof csr.curve_pub.b);
    by->d->now_wall += key * DAY_MS; /* a later one each time */
    assert_ok(dp_db_begin(&by->d->db, false));
    assert_ok(dp_identity_issue(by->d, &csr, &chain));
    dp_db_abort(&by->d->db);
    dp_buf_init(&copy, 65536);
    assert_ok(dp_buf_put(&copy, chain.p, chain.len));
    assert_ok(dp_daemon_begin(at->d)); /* as it comes over the link */
    assert_ok(dp_certs_store(at->d, dp_buf_slice(&copy), &leaf, &why));
    assert_ok(dp_daemon_end(at->d));
    dp_buf_fini(&copy);
}

static struct dp_post_row row_of(struct cl_node *n, const struct cl_node *end)
{
    struct dp_post_row row = {0};
    assert_ok(dp_db_begin(&n->d->db, false));
    assert_ok(dp_post_row_get(n->d, end->id, &row));
    dp_db_abort(&n->d->db);
    return row;
}

/* R-POST-7: a township that certifies itself as its village gets nothing; a county may renew it. */
static void test_a_certificate_of_the_relay(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 307);
    cluster_run(t.c, 3 * EVERY_MS);
    struct dp_post_row before = row_of(t.county, t.village);
    forge(t.county, t.town, t.village, 7);
    accuse(t.village, "he takes the money of the school");
    cluster_run(t.c, 4 * EVERY_MS);
    struct dp_post_row row = row_of(t.county, t.village);
    assert_true(cl_alarmed(t.county, "post-key"));
    assert_false(cl_alarmed(t.town, "post-key"));
    assert_true(dp_digest_eq(&row.pin, &before.pin));
    assert_true(row.in.number > before.in.number); /* it goes on */
    assert_true(row.out.number > before.out.number);
    /* Its matter came, the receipt waits. */
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_str(COUNTY)), 1);
    assert_int_equal(cl_grep_table(t.village, DP_T_MATTER, dp_slice_str(" > " COUNTY)), 0);
    assert_true(row.end > row.out.next);
    struct dp_admin *a = cl_admin(&x, "post.admit");
    a->node = OTHER_TOWN; /* a child: nobody stands between */
    assert_int_equal(cl_do(t.county, &x).err, DP_NOT_FOUND);
    a->node = VILLAGE;
    cl_must(t.county, &x);
    assert_false(cl_alarmed(t.county, "post-key"));
    row = row_of(t.county, t.village);
    assert_false(dp_digest_eq(&row.pin, &before.pin));
    /* One of this node's own CA needs nobody. */
    before = row;
    forge(t.county, t.county, t.village, 9);
    cluster_run(t.c, 2 * EVERY_MS);
    row = row_of(t.county, t.village);
    assert_false(dp_digest_eq(&row.pin, &before.pin));
    assert_false(cl_alarmed(t.county, "post-key"));
    town_close(&t);
}

/* R-POST-2: another profile, other times, from now on. */
static void test_the_profile_names_the_times(void **state)
{
    static const char profile[] = "[profile]\nid = national-r22\nedition = 7\nvalid-from = 2022-05-01\n"
                                  "[triage]\ndays = 15\n[post]\nsize = 8\nevery = 2\nrest-days = yes\n";
    struct town t;
    struct ear e;
    struct cl_command x;
    (void)state;
    town_open(&t, 308);
    post_each(&t, 0);
    hear(&t, &e, t.village, t.town);
    struct dp_admin *a = cl_admin(&x, "profile.publish");
    a->path = "post.conf";
    a->data = dp_slice_str(profile);
    cl_must_as(t.city, cl_uid(t.city), &x);
    cluster_run(t.c, 20 * 60000);
    assert_in_range(e.posts, 16, 24);
    assert_int_equal(e.size, DP_ITEM_HEAD_BYTES + dp_post_parcel_bytes(DP_POST_SMALL));
    dp_buf_fini(&e.last);
    town_close(&t);
}

/* A bureau that can issue nothing for now loses no matter of the post: it is registered when it can. */
static void test_a_bureau_that_waits_for_room(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 311);
    dp_daemon_wait_life(t.county->d);
    accuse(t.village, "he takes the money of the school");
    cluster_run(t.c, 6 * EVERY_MS);
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_str("")), 0);
    t.county->d->stop.life_waits = false; /* room was made */
    cluster_run(t.c, 6 * EVERY_MS);
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_str("")), 1);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_and_empty_are_one),
        cmocka_unit_test(test_nothing_stays_on_the_way),
        cmocka_unit_test(test_a_line_that_is_down),
        cmocka_unit_test(test_a_large_one_and_a_lost_one),
        cmocka_unit_test(test_a_child_that_is_away),
        cmocka_unit_test(test_a_receipt_is_asked_for),
        cmocka_unit_test(test_a_post_that_does_not_come),
        cmocka_unit_test(test_a_bureau_that_waits_for_room),
        cmocka_unit_test(test_a_certificate_of_the_relay),
        cmocka_unit_test(test_the_profile_names_the_times),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
