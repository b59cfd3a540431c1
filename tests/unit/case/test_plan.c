/* SPDX-License-Identifier: Apache-2.0 */
/* From command to entry: references filled in, refusals with a reason and with what would be valid (R-VAL-7).
 */
#include "support/cmocka_all.h"

#include "case/refs.h"
#include "support/history.h"
#include "unit/case/places.h"

static struct dp_hist h;
static struct dp_name reg;

static int setup(void **state)
{
    (void)state;
    dp_hist_init(&h);
    reg = dp_hist_register(&h, COUNTY, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dp_hist_fini(&h);
    return 0;
}

#define DO(office, kind, body) dp_hist_do(&h, office, DP_KIND_##kind, body)

static void refused(const char *office, enum dp_kind kind, const struct dp_body *body, enum dp_err err,
                    enum dp_void_reason why)
{
    uint32_t count = h.file.count;

    assert_string_equal(dp_err_name(dp_hist_plan(&h, office, kind, body, NULL, NULL)), dp_err_name(err));
    assert_string_equal(dp_void_name(h.refused), dp_void_name(why));
    assert_int_equal(h.file.count, count);
}

static struct dp_name offer_to(const char *to)
{
    struct dp_body b = dp_hist_offer(to);

    return DO(COUNTY, TRANSFER, &b);
}

static void test_references(void **state)
{
    struct dp_name offer = offer_to(HOUSING), n;
    const struct dp_fact *x;

    (void)state;
    x = dp_hist_fact(&h, &offer);
    assert_true(dp_name_eq(&x->e.prev, &reg) && dp_name_eq(&x->e.custody, &reg));
    assert_int_equal(x->e.step, 2);
    n = DO(HOUSING_NODE, ARRIVE, NULL);
    x = dp_hist_fact(&h, &n);
    assert_true(dp_name_eq(&x->e.re, &offer) && dp_name_is_none(&x->e.prev));
    n = DO(HOUSING, SIGN, NULL);
    assert_true(dp_name_eq(&dp_hist_fact(&h, &n)->e.re, &offer));
    n = DO(HOUSING, ACCEPT, NULL);
    x = dp_hist_fact(&h, &n);
    assert_true(dp_name_eq(&x->e.custody, &reg) && dp_name_eq(&x->e.re, &offer));
    n = DO(CITY, TAKE, NULL);
    assert_true(dp_name_eq(&dp_hist_fact(&h, &n)->e.custody, &x->e.name));
}

/* An offer without a duty means to handle; a part is that of the entry named. */
static void test_body_is_completed(void **state)
{
    struct dp_body b = {.to = dp_hist_office(HOUSING)};
    struct dp_name n = DO(COUNTY, TRANSFER, &b);

    (void)state;
    assert_int_equal(dp_hist_fact(&h, &n)->e.body.code2, DP_DUTY_HANDLE);
    b = dp_hist_code(1);
    assert_ok(dp_hist_plan(&h, CITY, DP_KIND_UNMASK, &b, &reg, &n));
    assert_true(dp_name_eq(&dp_hist_fact(&h, &n)->e.body.other, &reg));
    b.other = reg;
    assert_ok(dp_hist_plan(&h, CITY, DP_KIND_UNMASK, &b, NULL, &n));
    assert_true(dp_name_eq(&dp_hist_fact(&h, &n)->e.re, &reg));
}

static void test_refusals(void **state)
{
    struct dp_body b = dp_hist_offer(LAND);

    (void)state;
    refused(LAND, DP_KIND_NOTE, NULL, DP_NOT_ENTITLED, DP_VOID_NOT_PARTY);
    refused(COUNTY, DP_KIND_WITHDRAW, NULL, DP_STEP_INVALID, DP_VOID_NOT_OFFERER);
    refused(COUNTY, DP_KIND_SERVE, NULL, DP_STEP_INVALID, DP_VOID_TOO_EARLY);
    refused(COUNTY, DP_KIND_ACCEPT, NULL, DP_STEP_INVALID, DP_VOID_NOT_ADDRESSEE);
    offer_to(HOUSING);
    refused(COUNTY, DP_KIND_TRANSFER, &b, DP_STEP_INVALID, DP_VOID_OFFER_OPEN);
    refused(HOUSING, DP_KIND_SIGN, NULL, DP_STEP_INVALID, DP_VOID_TOO_EARLY);
    refused(TOWN, DP_KIND_OPINION, NULL, DP_NOT_ENTITLED, DP_VOID_NOT_HOLDER);
    DO(HOUSING_NODE, ARRIVE, NULL);
    refused(HOUSING_NODE, DP_KIND_ARRIVE, NULL, DP_STEP_INVALID, DP_VOID_NOT_ADDRESSEE);
    DO(HOUSING, SIGN, NULL);
    DO(HOUSING, ACCEPT, NULL);
    refused(HOUSING, DP_KIND_ACCEPT, NULL, DP_CONFLICT, DP_VOID_ALREADY);
    refused(HOUSING, DP_KIND_OBJECT, NULL, DP_CONFLICT, DP_VOID_ALREADY);
    refused(COUNTY, DP_KIND_WITHDRAW, NULL, DP_CONFLICT, DP_VOID_ALREADY);
    refused(COUNTY, DP_KIND_OPINION, NULL, DP_STEP_INVALID, DP_VOID_NOT_HOLDER);
}

/* What the state here shows, although the causal past would let it stand. */
static void test_pointless(void **state)
{
    struct dp_name offer = offer_to(HOUSING), n;
    struct dp_body b = dp_hist_code(DP_CLOSE_ANSWERED);

    (void)state;
    DO(COUNTY, WITHDRAW, NULL);
    assert_int_equal(dp_hist_plan(&h, HOUSING, DP_KIND_ACCEPT, NULL, &offer, &n), DP_STEP_INVALID);
    assert_int_equal(h.refused, DP_VOID_OFFER_ENDED);
    DO(COUNTY, CLOSE, &b);
    refused(COUNTY, DP_KIND_CLOSE, &b, DP_CONFLICT, DP_VOID_ALREADY);
    refused(CITY, DP_KIND_TAKE, NULL, DP_STEP_INVALID, DP_VOID_TOO_LATE);
    b = dp_hist_offer(LAND);
    refused(COUNTY, DP_KIND_TRANSFER, &b, DP_STEP_INVALID, DP_VOID_TOO_LATE);
    DO(COUNTY, NOTE, NULL);
}

static void test_named_reference(void **state)
{
    struct dp_name far = {{33}, 1, 1}, n;
    struct dp_entry e;

    (void)state;
    assert_int_equal(dp_hist_plan(&h, COUNTY, DP_KIND_NOTE, NULL, &far, NULL), DP_NOT_FOUND);
    e = dp_hist_entry(&h, COUNTY_NODE, DP_KIND_WITNESS);
    e.prev = far;
    dp_hist_insert(&h, &e);
    assert_int_equal(dp_hist_plan(&h, CITY, DP_KIND_UNMASK, NULL, &e.name, NULL), DP_AGAIN);
    /* The own chain cannot go on from an entry that waits. */
    assert_int_equal(dp_hist_plan(&h, COUNTY, DP_KIND_NOTE, NULL, NULL, &n), DP_AGAIN);
}

static uint64_t valid_for(const char *office)
{
    struct dp_office o = dp_hist_office(office);

    dp_hist_fold(&h);
    return dp_plan_valid_kinds(&h.file, &h.state, &o, &dp_hist_node(&h, o.node)->from);
}

static void test_valid_kinds(void **state)
{
    const uint64_t always = DP_BIT(LINK) | DP_BIT(NOTE) | DP_BIT(ATTACHMENT);

    (void)state;
    assert_true(valid_for(COUNTY) == (always | DP_BIT(TRANSFER) | DP_BIT(ASSIGN) | DP_BIT(REFER_UP) |
                                      DP_BIT(GUIDE_OUT) | DP_BIT(REFUSE_DUPLICATE) | DP_BIT(SPLIT) |
                                      DP_BIT(CORRECT) | DP_BIT(EXTEND) | DP_BIT(OPINION) | DP_BIT(SUPERVISE) |
                                      DP_BIT(REMIND) | DP_BIT(CLOSE) | DP_BIT(UNMASK) | DP_BIT(ERASE)));
    assert_true(valid_for(HOUSING) == 0);
    offer_to(HOUSING);
    assert_true(valid_for(HOUSING_NODE) == (DP_BIT(ARRIVE) | DP_BIT(REMIND)));
    assert_true(valid_for(HOUSING) == (DP_BIT(ACCEPT) | DP_BIT(OBJECT)));
    DO(HOUSING_NODE, ARRIVE, NULL);
    assert_true(valid_for(HOUSING) == (always | DP_BIT(SIGN) | DP_BIT(ACCEPT) | DP_BIT(OBJECT)));
    DO(HOUSING, ACCEPT, NULL);
    assert_true((valid_for(CITY) & (DP_BIT(TAKE) | DP_BIT(DESIGNATE))) == (DP_BIT(TAKE) | DP_BIT(DESIGNATE)));
    assert_true((valid_for(COUNTY) & DP_BIT(TRANSFER)) == 0);
    refused(COUNTY, DP_KIND_EXTEND, NULL, DP_STEP_INVALID, DP_VOID_NOT_HOLDER);
    assert_true((h.could & DP_BIT(TAKE)) != 0);
}

/* Arrivals in turn: whatever is addressed to an office of the node, once each. */
static void test_arrivals(void **state)
{
    struct dp_body b = dp_hist_order(HOUSING, 2, "2026-04-01");
    struct dp_name order = DO(COUNTY, SUPERVISE, &b), offer = offer_to(HOUSING), a, c;

    (void)state;
    a = DO(HOUSING_NODE, ARRIVE, NULL);
    c = DO(HOUSING_NODE, ARRIVE, NULL);
    assert_true(dp_name_eq(&dp_hist_fact(&h, &a)->e.re, &order));
    assert_true(dp_name_eq(&dp_hist_fact(&h, &c)->e.re, &offer));
    DO(HOUSING, ANSWER, NULL);
    a = DO(COUNTY_NODE, ARRIVE, NULL);
    assert_int_equal(dp_hist_reason(&h, &a), DP_VOID_NONE);
    refused(HOUSING, DP_KIND_ANSWER, NULL, DP_CONFLICT, DP_VOID_ALREADY);
}

static void test_unknown_kind(void **state)
{
    (void)state;
    assert_int_equal(dp_hist_plan(&h, COUNTY, (enum dp_kind)45, NULL, NULL, NULL), DP_RANGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_references), TEST(test_body_is_completed), TEST(test_refusals),
        TEST(test_pointless),  TEST(test_named_reference),   TEST(test_valid_kinds),
        TEST(test_arrivals),   TEST(test_unknown_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
