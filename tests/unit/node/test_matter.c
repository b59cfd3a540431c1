/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protected matters that come as parcels (R-N3-4): only from below, from where their sender lies, only what
 * the sender may not register itself, and each once however often it is passed on.
 */
#include <string.h>

#include "inject.h"
#include "wire/post.h"
#include "wire/sealer.h"

#define COUNTY "331023000000"
#define TOWN "331023105000"
#define VILLAGE "331023105001"
#define OTHER "331023106000"

struct world {
    struct cluster *c;
    struct cl_node *county, *town, *village, *other;
    struct dp_buf kept; /* the last parcel that went up to the county */
};

static struct world w;

/* Copies parcels on their way to the county. */
static bool copy_parcel(void *ctx, struct cl_node *from, struct cl_node *to, struct dp_slice frame)
{
    struct dp_frame f;
    (void)ctx;
    (void)from;
    if (to == w.county && dp_frame_get(frame, &f) == DP_OK && f.type == DP_FRAME_ITEM &&
        (f.u.item.kind == DP_ITEM_PARCEL || f.u.item.kind == DP_ITEM_POST)) {
        dp_buf_reset(&w.kept);
        assert_int_equal(dp_buf_put(&w.kept, f.u.item.body.p, f.u.item.body.len), DP_OK);
    }
    return true;
}

static int set_up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    dp_buf_init(&w.kept, DP_FRAME_MAX);
    w.c = cluster_new(31);
    w.county = cl_root(w.c, COUNTY);
    w.town = cl_enroll(w.c, w.county, TOWN);
    w.village = cl_enroll(w.c, w.town, VILLAGE);
    w.other = cl_enroll(w.c, w.county, OTHER);
    assert_true(cluster_settle(w.c, 600000));
    w.c->tap = copy_parcel;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dp_buf_fini(&w.kept);
    cluster_free(&w.c);
    return 0;
}

/* A matter that `author` writes down as of `sender` and its office, passed on by `from`. */
static void send_matter(struct cl_node *author, const char *sender, const char *office, uint8_t purpose,
                        struct cl_node *from)
{
    static const uint8_t ticket[DP_TICKET_BYTES] = {1, 2, 3};
    struct dp_reg reg = {.channel = 'L', .purpose = purpose};
    struct dp_caller caller = {.officer = 1};
    struct dp_slice body;
    struct dp_arena a;
    struct dp_sealer s;
    struct dp_buf parcel;
    assert_int_equal(dp_office_parse(dp_slice_str(office), &caller.office), DP_OK);
    reg.first_office = caller.office;
    assert_int_equal(dp_number_make(author->id, 20260302, 'L', 7, &reg.number), DP_OK);
    assert_int_equal(
        dp_matter_pack(author->d, &caller, &reg, (struct dp_date){20514}, NULL, 0, ticket, &body), DP_OK);
    struct dp_wr at = dp_wr_of((uint8_t *)(uintptr_t)body.p + DP_TICKET_BYTES, 8);
    dp_wr_u64(&at, cl_node(w.c, sender)->id.v);
    dp_arena_init(&a, 1u << 20, 0);
    dp_buf_init(&parcel, DP_FRAME_MAX);
    assert_int_equal(dp_sealer_init(&s, author->d->suite, &author->d->port.random, w.county->id,
                                    &w.county->d->id.cert.seal_pub),
                     DP_OK);
    assert_int_equal(dp_parcel_seal(&s, DP_PARCEL_MATTER, body, &a, &parcel), DP_OK);
    inject_item(w.county, from, DP_LANE_CASES, DP_ITEM_PARCEL, dp_buf_slice(&parcel));
    dp_sealer_fini(&s);
    dp_buf_fini(&parcel);
    dp_arena_fini(&a);
}

/* What the county issued and what it refused since. */
static void assert_county(uint64_t own, uint64_t refused)
{
    assert_int_equal(dp_daemon_counters(w.county->d)->entries_own, own);
    assert_int_equal(dp_daemon_counters(w.county->d)->refused_out, refused);
}

static void test_only_from_an_entitled_sender(void **state)
{
    (void)state;
    uint64_t own = dp_daemon_counters(w.county->d)->entries_own;
    uint64_t refused = dp_daemon_counters(w.county->d)->refused_out;
    /* An ordinary matter is the sender's to register. */
    send_matter(w.town, TOWN, TOWN "/bureau", DP_PURPOSE_CLAIM, w.town);
    assert_county(own, refused + 1);
    /* Another branch speaks for the township. */
    send_matter(w.other, TOWN, TOWN "/bureau", DP_PURPOSE_ACCUSATION, w.other);
    assert_county(own, refused + 2);
    /* A township in the name of its village: what that one has to say comes in a post, signed by it. */
    send_matter(w.town, VILLAGE, VILLAGE "/station", DP_PURPOSE_ACCUSATION, w.town);
    assert_county(own, refused + 3);
    /* The county itself as the sender. */
    send_matter(w.other, COUNTY, COUNTY "/bureau", DP_PURPOSE_ACCUSATION, w.other);
    assert_county(own, refused + 4);
    /* As it should be. */
    send_matter(w.town, TOWN, TOWN "/bureau", DP_PURPOSE_ACCUSATION, w.town);
    assert_county(own + 1, refused + 4);
}

static void test_passed_on_twice(void **state)
{
    struct cl_command x;
    (void)state;
    uint64_t own = dp_daemon_counters(w.county->d)->entries_own;
    uint64_t refused = dp_daemon_counters(w.county->d)->refused_out;
    cl_intake(&x, "Li", "takes money")->purpose = DP_PURPOSE_ACCUSATION;
    (void)cl_must(w.village, &x);
    assert_true(cluster_settle(w.c, 3600000));
    assert_int_not_equal(w.kept.len, 0);
    assert_county(own + 1, refused);
    assert_true(dp_post_is_parcel(w.kept.len));
    /* Nobody is told what became of a post: not that it came before, nor that it cannot have come from there.
     */
    inject_item(w.county, w.town, DP_LANE_BULK, DP_ITEM_POST, dp_buf_slice(&w.kept));
    inject_item(w.county, w.other, DP_LANE_BULK, DP_ITEM_POST, dp_buf_slice(&w.kept));
    assert_county(own + 1, refused);
    /* As another kind, in another lane or of another size it is none. */
    inject_item(w.county, w.town, DP_LANE_CASES, DP_ITEM_POST, dp_buf_slice(&w.kept));
    inject_item(w.county, w.town, DP_LANE_CASES, DP_ITEM_PARCEL, dp_buf_slice(&w.kept));
    inject_item(w.county, w.town, DP_LANE_BULK, DP_ITEM_POST, dp_slice_of(w.kept.p, w.kept.len - 512));
    assert_county(own + 1, refused + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_from_an_entitled_sender, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_passed_on_twice, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
