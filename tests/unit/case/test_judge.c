/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: what holds for every kind, and for each kind one valid step and the void ones that
 * matter. Entries are forced into the file, as a forger would, and the reason is read back.
 */
#include "support/cmocka_all.h"

#include <string.h>

#include "case/refs.h"
#include "case/rights.h"
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

static void check(struct dp_name n, enum dp_void_reason why, int line)
{
    enum dp_void_reason got = dp_hist_reason(&h, &n);

    if (got != why)
        fail_msg("line %d: %s, not %s", line, dp_void_name(got), dp_void_name(why));
}

#define CHECK(name, why) check(name, DP_VOID_##why, __LINE__)
#define FORCE(office, kind, body, custody, re) dp_hist_force(&h, office, DP_KIND_##kind, body, custody, re)

static struct dp_name offer_to(const char *to)
{
    struct dp_body b = dp_hist_offer(to);

    return dp_hist_do(&h, COUNTY, DP_KIND_TRANSFER, &b);
}

/* Transferred to the housing department, arrived and accepted. */
static struct dp_name accepted(void)
{
    offer_to(HOUSING);
    dp_hist_do(&h, HOUSING_NODE, DP_KIND_ARRIVE, NULL);
    return dp_hist_do(&h, HOUSING, DP_KIND_ACCEPT, NULL);
}

static struct dp_name opinion(void)
{
    struct dp_body b = dp_hist_code(DP_RESULT_SUPPORT);

    return dp_hist_do(&h, HOUSING, DP_KIND_OPINION, &b);
}

/* ---- every kind ---- */

/* R-RDY-1: pending until all references are here; then all that waited is decided. */
static void test_pending_until_ready(void **state)
{
    struct dp_entry a, b, c;

    (void)state;
    a = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    b = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    c = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    b.prev = a.name;
    c.prev = b.name;
    b.step = a.step + 1;
    c.step = b.step + 1;
    dp_hist_insert(&h, &c);
    dp_hist_insert(&h, &b);
    assert_int_equal(dp_hist_reason(&h, &c.name), DP_VOID_COUNT);
    assert_int_equal(dp_hist_reason(&h, &b.name), DP_VOID_COUNT);
    assert_int_equal(h.file.pending, 2);
    dp_hist_insert(&h, &a);
    CHECK(a.name, NONE);
    CHECK(b.name, NONE);
    CHECK(c.name, NONE);
    assert_int_equal(h.file.pending, 0);
}

/* An entry that names itself, or two that name each other, never become ready. */
static void test_circles_stay_pending(void **state)
{
    struct dp_entry a = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    struct dp_entry b = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);

    (void)state;
    a.re = b.name;
    b.re = a.name;
    dp_hist_insert(&h, &a);
    dp_hist_insert(&h, &b);
    assert_int_equal(dp_hist_reason(&h, &a.name), DP_VOID_COUNT);
    assert_int_equal(dp_hist_reason(&h, &b.name), DP_VOID_COUNT);
    a = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    a.prev = reg;
    a.re = a.name;
    dp_hist_insert(&h, &a);
    assert_int_equal(dp_hist_reason(&h, &a.name), DP_VOID_COUNT);
}

/* R-VAL-2: a reference to a void entry makes void; prev may be void; own void may be withdrawn. */
static void test_references_to_void(void **state)
{
    struct dp_body b = dp_hist_offer(OTHER_COUNTY);
    struct dp_name bad = FORCE(COUNTY, TRANSFER, &b, &reg, NULL);
    struct dp_name n;

    (void)state;
    CHECK(bad, TARGET);
    n = FORCE("331024000000/node", ARRIVE, NULL, NULL, &bad);
    CHECK(n, REF_VOID);
    n = FORCE(COUNTY, NOTE, NULL, NULL, NULL); /* its prev is the void offer */
    CHECK(n, NONE);
    n = FORCE(COUNTY, WITHDRAW, NULL, &reg, &bad);
    CHECK(n, NONE);
    n = FORCE(CITY, WITHDRAW, NULL, &reg, &bad);
    CHECK(n, REF_VOID);
    n = FORCE(COUNTY, CORRECT, NULL, NULL, &bad);
    CHECK(n, NONE);
    dp_hist_fold(&h);
    assert_int_equal(h.state.open_offer, DP_FACT_NONE);
    assert_int_equal(h.state.offer_count, 0);
}

/* R-VAL-3: prev is of the same node and older. */
static void test_prev(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, CITY, DP_KIND_TAKE);
    struct dp_entry later;

    (void)state;
    e.prev = reg;
    e.custody = reg;
    dp_hist_insert(&h, &e);
    CHECK(e.name, PREV);
    e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    later = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    later.step = e.step;
    later.prev = reg;
    e.prev = later.name;
    e.step = later.step + 1;
    dp_hist_insert(&h, &later);
    dp_hist_insert(&h, &e);
    CHECK(later.name, NONE);
    CHECK(e.name, PREV);
}

/* R-VAL-3: the step lies above every reference, and not out of reach. */
static void test_step(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);

    (void)state;
    e.step = 1;
    dp_hist_insert(&h, &e);
    CHECK(e.name, STEP);
    e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    e.prev = reg;
    e.step = 1 + DP_STEP_JUMP_MAX;
    dp_hist_insert(&h, &e);
    CHECK(e.name, NONE);
    e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    e.prev = reg;
    e.step = 2 + DP_STEP_JUMP_MAX;
    dp_hist_insert(&h, &e);
    CHECK(e.name, STEP);
}

/* A forged step at the end of the numbers does not stop the case. */
static void test_step_cannot_be_used_up(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    struct dp_name n;

    (void)state;
    e.step = UINT32_MAX;
    dp_hist_insert(&h, &e);
    CHECK(e.name, STEP);
    n = dp_hist_do(&h, CITY, DP_KIND_TAKE, NULL);
    CHECK(n, NONE);
    assert_true(dp_hist_fact(&h, &n)->e.step < 10);
}

/* R-VAL-4: office, node, certificate and role agree. */
static void test_office(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, CITY, DP_KIND_TAKE);
    struct dp_name n;

    (void)state;
    e.custody = reg;
    e.office = dp_hist_office("330000000000/bureau");
    dp_hist_insert(&h, &e);
    CHECK(e.name, ROLE);
    dp_hist_node(&h, dp_hist_office(CITY).node)->from.roles = DP_ROLE_ORGAN | DP_ROLE_DAEMON;
    n = FORCE(CITY, TAKE, NULL, &reg, NULL);
    CHECK(n, ROLE);
    n = FORCE("331000000000/housing", TAKE, NULL, &reg, NULL);
    CHECK(n, KIND_RULE);
}

/* R-VAL-1: an entry is judged by the rules it names. */
static void test_rules_version(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);

    (void)state;
    e.rules = DP_RULES_VERSION + 1;
    dp_hist_insert(&h, &e);
    CHECK(e.name, RULES_VERSION);
    assert_int_equal(dp_hist_fold(&h)->status, DP_STATUS_REGISTERED);
    e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    e.rules = DP_RULES_VERSION + 1;
    e.critical = true;
    dp_hist_insert(&h, &e);
    assert_int_equal(dp_hist_fold(&h)->status, DP_STATUS_BEYOND);
}

/* R-FMT-3: a kind of the future is kept; a critical one stops commands here. */
static void test_unknown_kind(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, COUNTY, (enum dp_kind)45);
    struct dp_name n;

    (void)state;
    dp_hist_insert(&h, &e);
    CHECK(e.name, NONE);
    assert_int_equal(dp_hist_fold(&h)->status, DP_STATUS_REGISTERED);
    n = dp_hist_do(&h, COUNTY, DP_KIND_NOTE, NULL); /* goes on from the unknown entry */
    CHECK(n, NONE);
    e = dp_hist_entry(&h, COUNTY, (enum dp_kind)45);
    e.critical = true;
    dp_hist_insert(&h, &e);
    assert_int_equal(dp_hist_fold(&h)->status, DP_STATUS_BEYOND);
    assert_int_equal(dp_hist_plan(&h, COUNTY, DP_KIND_NOTE, NULL, NULL, NULL), DP_STEP_INVALID);
    assert_int_equal(h.refused, DP_VOID_RULES_VERSION);
}

/* R-SUBJ-1: a case is its register entry; kinds keep to their subjects. */
static void test_subject(void **state)
{
    struct dp_entry e = dp_hist_entry(&h, COUNTY, DP_KIND_REGISTER);
    struct dp_reg other = {.flags = DP_REG_LOCK};
    struct dp_name n;

    (void)state;
    e.reg = &other;
    dp_hist_insert(&h, &e);
    CHECK(e.name, KIND_RULE);
    assert_false(dp_hist_fold(&h)->is_protected);
    n = FORCE(COUNTY_NODE, CUT, NULL, NULL, NULL);
    CHECK(n, KIND_RULE);
    e.name.seq++;
    e.subject.name = e.name;
    assert_int_equal(dp_casefile_insert(&h.file, &e, &h.origins[0], NULL, NULL, &(struct dp_insert){0}),
                     DP_INTERNAL);
}

/* ---- custody ---- */

/* R-REG-1, R-REG-2: any office may register, whatever the content; the first office stays. */
static void test_register(void **state)
{
    (void)state;
    CHECK(reg, NONE);
    dp_hist_fini(&h);
    dp_hist_init(&h);
    reg = dp_hist_register(&h, VILLAGE, DP_REG_ERRAND | DP_REG_GROUP);
    CHECK(reg, NONE);
    dp_hist_do(&h, TOWN, DP_KIND_TAKE, NULL);
    dp_hist_fold(&h);
    assert_int_equal(h.state.registered, dp_hist_index(&h, &reg));
    assert_memory_equal(&h.state.path[0].holder, &h.entries[0].office, sizeof(struct dp_office));
    assert_true(h.state.is_errand);
}

static void test_arrive_and_sign(void **state)
{
    struct dp_name offer = offer_to(HOUSING), n;

    (void)state;
    n = FORCE(HOUSING, SIGN, NULL, NULL, &offer);
    CHECK(n, TOO_EARLY);
    n = FORCE(LAND_NODE, ARRIVE, NULL, NULL, &offer);
    CHECK(n, NOT_ADDRESSEE);
    n = FORCE(HOUSING, ARRIVE, NULL, NULL, &offer);
    CHECK(n, KIND_RULE);
    n = FORCE(HOUSING_NODE, ARRIVE, NULL, NULL, &reg);
    CHECK(n, REF_KIND);
    n = FORCE(HOUSING_NODE, ARRIVE, NULL, NULL, &offer);
    CHECK(n, NONE);
    n = FORCE("331023000000.05/other", SIGN, NULL, NULL, &offer);
    CHECK(n, NOT_ADDRESSEE);
    n = FORCE(HOUSING, SIGN, NULL, NULL, &offer);
    CHECK(n, NONE);
}

/* R-CUS-1 */
static void test_accept(void **state)
{
    struct dp_body b = dp_hist_request(LAND, DP_DUTY_CO_HANDLE);
    struct dp_name request = dp_hist_do(&h, COUNTY, DP_KIND_TRANSFER, &b);
    struct dp_name offer = offer_to(HOUSING), n, take;

    (void)state;
    n = FORCE(LAND, ACCEPT, NULL, &reg, &offer);
    CHECK(n, NOT_ADDRESSEE);
    n = FORCE(LAND, ACCEPT, NULL, &reg, &request);
    CHECK(n, REF_KIND);
    n = FORCE(HOUSING, ACCEPT, NULL, NULL, &offer);
    CHECK(n, REF_KIND);
    n = FORCE(HOUSING, ACCEPT, NULL, &reg, &offer);
    CHECK(n, NONE);
    take = FORCE(COUNTY, TAKE, NULL, &n, NULL);
    CHECK(take, NONE);
    n = FORCE(HOUSING, ACCEPT, NULL, &take, &offer); /* a custody that is not the offer's */
    CHECK(n, REF_KIND);
    n = FORCE(HOUSING, ACCEPT, NULL, &reg, &offer); /* twice */
    CHECK(n, CUSTODY_ENDED);
}

/* Row 4 and 21: a village station holds and answers errands, nothing else. */
static void test_errands(void **state)
{
    struct dp_name offer = offer_to(VILLAGE), n;
    struct dp_body b = dp_hist_offer(VILLAGE);

    (void)state;
    n = FORCE(VILLAGE, ACCEPT, NULL, &reg, &offer);
    CHECK(n, ERRAND_ONLY);
    dp_hist_fini(&h);
    dp_hist_init(&h);
    reg = dp_hist_register(&h, COUNTY, DP_REG_ERRAND);
    offer = dp_hist_do(&h, COUNTY, DP_KIND_TRANSFER, &b);
    n = FORCE(VILLAGE, ACCEPT, NULL, &reg, &offer);
    CHECK(n, NONE);
    b = dp_hist_code(DP_RESULT_EXPLAIN);
    dp_hist_do(&h, VILLAGE, DP_KIND_OPINION, &b);
    b = dp_hist_code(DP_CLOSE_ANSWERED);
    dp_hist_do(&h, VILLAGE, DP_KIND_CLOSE, &b);
    assert_int_equal(dp_hist_fold(&h)->status, DP_STATUS_CLOSED);
}

/* R-VAL-1: whether the case is an errand follows from the custody, not from what arrived first. */
static void test_errand_by_custody_only(void **state)
{
    struct dp_body b = dp_hist_order(VILLAGE, 2, "2026-04-01");
    struct dp_entry register_entry = h.entries[0];
    struct dp_reg errand = {.flags = DP_REG_ERRAND};
    struct dp_name order, before, after;

    (void)state;
    dp_hist_fini(&h);
    dp_hist_init(&h);
    h.file.subject = register_entry.subject;
    order = FORCE(TOWN, SUPERVISE, &b, NULL, NULL);
    before = FORCE(VILLAGE, OPINION, NULL, &order, NULL); /* an order is no custody */
    register_entry.reg = &errand;
    dp_hist_insert(&h, &register_entry);
    after = FORCE(VILLAGE, OPINION, NULL, &order, NULL);
    CHECK(before, REF_KIND);
    CHECK(after, REF_KIND);
}

/* Rows 5 to 7: who may be asked. */
static void test_targets(void **state)
{
    struct dp_body b = dp_hist_offer(CITY);
    struct dp_name n;

    (void)state;
    CHECK(FORCE(COUNTY, TRANSFER, &b, &reg, NULL), TARGET);
    b = dp_hist_offer(COUNTY);
    CHECK(FORCE(COUNTY, TRANSFER, &b, &reg, NULL), TARGET);
    b = dp_hist_offer(HOUSING_NODE);
    CHECK(FORCE(COUNTY, TRANSFER, &b, &reg, NULL), TARGET);
    b = dp_hist_offer(TOWN);
    CHECK(FORCE(COUNTY, REFER_UP, &b, &reg, NULL), TARGET);
    CHECK(FORCE(COUNTY, ASSIGN, &b, &reg, NULL), BODY); /* no date */
    b.code2 = 9;
    CHECK(FORCE(COUNTY, TRANSFER, &b, &reg, NULL), BODY);
    CHECK(FORCE(LAND, TRANSFER, &b, &reg, NULL), NOT_HOLDER);
    b = dp_hist_offer(CITY);
    n = FORCE(COUNTY, REFER_UP, &b, &reg, NULL);
    CHECK(n, NONE);
}

/* An organ hands on within its own line only, and may go up to the bureau of its node. */
static void test_targets_of_an_organ(void **state)
{
    struct dp_name held = accepted();
    struct dp_body b = dp_hist_offer(TOWN_OFFICE);

    (void)state;
    CHECK(FORCE(HOUSING, TRANSFER, &b, &held, NULL), TARGET);
    b = dp_hist_offer(LAND);
    CHECK(FORCE(HOUSING, TRANSFER, &b, &held, NULL), TARGET);
    b = dp_hist_assign(TOWN_HOUSING, "2026-04-01");
    CHECK(FORCE(HOUSING, ASSIGN, &b, &held, NULL), KIND_RULE);
    b = dp_hist_offer(COUNTY);
    CHECK(FORCE(HOUSING, REFER_UP, &b, &held, NULL), NONE);
    dp_hist_do(&h, HOUSING, DP_KIND_WITHDRAW, NULL);
    b = dp_hist_offer(TOWN_HOUSING);
    CHECK(FORCE(HOUSING, TRANSFER, &b, &held, NULL), NONE);
}

/* R-VAL-6: one open offer at a time; withdrawn or returned, it makes room. */
static void test_one_open_offer(void **state)
{
    struct dp_name offer = offer_to(HOUSING), n;
    struct dp_body b = dp_hist_offer(LAND), request = dp_hist_request(VILLAGE, DP_DUTY_SERVE);

    (void)state;
    CHECK(FORCE(COUNTY, TRANSFER, &b, &reg, NULL), OFFER_OPEN);
    CHECK(FORCE(COUNTY, GUIDE_OUT, NULL, &reg, NULL), OFFER_OPEN);
    CHECK(FORCE(COUNTY, TRANSFER, &request, &reg, NULL), NONE);
    n = FORCE(COUNTY, WITHDRAW, NULL, &reg, &offer);
    CHECK(n, NONE);
    CHECK(FORCE(COUNTY, WITHDRAW, NULL, &reg, &offer), ALREADY);
    n = FORCE(COUNTY, TRANSFER, &b, &reg, NULL);
    CHECK(n, NONE);
    offer = n;
    n = FORCE(LAND, OBJECT, NULL, NULL, &offer);
    CHECK(n, NONE);
    b = dp_hist_code(DP_OBJECTION_DENY);
    CHECK(FORCE(COUNTY, OBJECTION_ANSWER, &b, &reg, &n), NONE);
    b = dp_hist_offer(TOWN);
    CHECK(FORCE(COUNTY, TRANSFER, &b, &reg, NULL), OFFER_OPEN);
}

static void test_objection(void **state)
{
    struct dp_name offer = offer_to(HOUSING), objection;
    struct dp_body b = dp_hist_code(7);

    (void)state;
    CHECK(FORCE(LAND, OBJECT, NULL, NULL, &offer), NOT_ADDRESSEE);
    objection = FORCE(HOUSING, OBJECT, NULL, NULL, &offer);
    CHECK(objection, NONE);
    CHECK(FORCE(HOUSING, OBJECT, NULL, NULL, &offer), ALREADY);
    CHECK(FORCE(COUNTY, OBJECTION_ANSWER, &b, &reg, &objection), BODY);
    b = dp_hist_code(DP_OBJECTION_GRANT);
    CHECK(FORCE(HOUSING, OBJECTION_ANSWER, &b, &reg, &objection), NOT_OFFERER);
    CHECK(FORCE(COUNTY, OBJECTION_ANSWER, &b, &reg, &objection), NONE);
    CHECK(FORCE(COUNTY, OBJECTION_ANSWER, &b, &reg, &objection), ALREADY);
    b = dp_hist_offer(LAND);
    CHECK(FORCE(COUNTY, TRANSFER, &b, &reg, NULL), NONE);
}

/* An accept that knows of the return is void; one that does not is not (R-VAL-1). */
static void test_accept_of_returned_offer(void **state)
{
    struct dp_name offer = offer_to(HOUSING), objection, answer;
    struct dp_body b = dp_hist_code(DP_OBJECTION_GRANT);
    struct dp_entry e;

    (void)state;
    objection = FORCE(HOUSING, OBJECT, NULL, NULL, &offer);
    answer = FORCE(COUNTY, OBJECTION_ANSWER, &b, &reg, &objection);
    e = dp_hist_entry(&h, HOUSING, DP_KIND_ACCEPT);
    e.custody = reg;
    e.re = offer;
    dp_hist_insert(&h, &e);
    CHECK(e.name, NONE);
    CHECK(FORCE(HOUSING_NODE, ARRIVE, NULL, NULL, &answer), NONE);
    CHECK(FORCE(HOUSING, ACCEPT, NULL, &reg, &offer), CUSTODY_ENDED); /* by its own accept */
    dp_hist_fini(&h);
    setup(NULL);
    offer = offer_to(HOUSING);
    objection = FORCE(HOUSING, OBJECT, NULL, NULL, &offer);
    answer = FORCE(COUNTY, OBJECTION_ANSWER, &b, &reg, &objection);
    FORCE(HOUSING_NODE, ARRIVE, NULL, NULL, &answer);
    CHECK(FORCE(HOUSING, ACCEPT, NULL, &reg, &offer), OFFER_ENDED);
}

/* R-VAL-5: who knows that its custody ended cannot act under it. */
static void test_custody_ended(void **state)
{
    struct dp_name held = accepted(), take;
    struct dp_entry e;

    (void)state;
    take = FORCE(COUNTY, TAKE, NULL, &held, NULL);
    CHECK(take, NONE);
    CHECK(FORCE(HOUSING, OPINION, NULL, &held, NULL), NONE); /* did not know */
    e = dp_hist_entry(&h, HOUSING, DP_KIND_NOTE);
    e.re = take;
    dp_hist_insert(&h, &e);
    CHECK(e.name, NONE);
    CHECK(FORCE(HOUSING, SPLIT, NULL, &held, NULL), CUSTODY_ENDED);
    CHECK(FORCE(COUNTY, SPLIT, NULL, &reg, NULL), CUSTODY_ENDED); /* accept is in its past */
}

/* R-VAL-5: papers of an old custody are not served by who knows that it ended. */
static void test_serve_under_ended_custody(void **state)
{
    struct dp_name held = accepted(), op = opinion(), take, note;

    (void)state;
    take = FORCE(COUNTY, TAKE, NULL, &held, NULL);
    CHECK(take, NONE);
    note = FORCE(HOUSING, NOTE, NULL, NULL, &take);
    CHECK(note, NONE);
    CHECK(FORCE(HOUSING, SERVE, NULL, NULL, &op), CUSTODY_ENDED);
}

static void test_take(void **state)
{
    struct dp_name held = accepted(), op, n;

    (void)state;
    CHECK(FORCE(TOWN, TAKE, NULL, &held, NULL), NOT_SUPERIOR);
    CHECK(FORCE(OTHER_COUNTY, TAKE, NULL, &held, NULL), NOT_SUPERIOR);
    CHECK(FORCE(VILLAGE, TAKE, NULL, &held, NULL), KIND_RULE);
    CHECK(FORCE(COUNTY, TAKE, NULL, NULL, NULL), REF_KIND);
    op = held;
    op.seq += 5000;
    CHECK(FORCE(COUNTY, TAKE, NULL, &op, NULL), COUNT); /* names nothing here: pending */
    op = opinion();
    n = FORCE(HOUSING, SERVE, NULL, NULL, &op);
    CHECK(n, NONE);
    n = FORCE(CITY, NOTE, NULL, NULL, &n);
    CHECK(n, NOT_PARTY);
    CHECK(FORCE(CITY, TAKE, NULL, &held, NULL), TOO_LATE); /* it saw the service */
}

/* A designation opens custody and binds: no objection, no withdrawal. */
static void test_designate(void **state)
{
    struct dp_body b = dp_hist_offer(LAND);
    struct dp_name held = accepted(), d, n;

    (void)state;
    CHECK(FORCE(TOWN, DESIGNATE, &b, &held, NULL), NOT_SUPERIOR);
    d = FORCE(COUNTY, DESIGNATE, &b, &held, NULL);
    CHECK(d, NONE);
    CHECK(FORCE(LAND, OBJECT, NULL, NULL, &d), BINDING);
    CHECK(FORCE(COUNTY, WITHDRAW, NULL, &d, &d), BINDING);
    CHECK(FORCE(COUNTY, GUIDE_OUT, NULL, &d, NULL), OFFER_OPEN);
    CHECK(FORCE(LAND, ACCEPT, NULL, &held, &d), CUSTODY_ENDED);
    n = FORCE(LAND, ACCEPT, NULL, &d, &d);
    CHECK(n, NONE);
    dp_hist_fold(&h);
    assert_int_equal(h.state.path_count, 4);
    b = dp_hist_offer(CITY);
    CHECK(FORCE(CITY, DESIGNATE, &b, &n, NULL), TARGET);
    b = dp_hist_request(LAND, DP_DUTY_SERVE);
    CHECK(FORCE(CITY, DESIGNATE, &b, &n, NULL), BODY);
}

/* ---- steps of the holder ---- */

static void test_handling(void **state)
{
    struct dp_name held = accepted();
    struct dp_body b = {.days = 31};

    (void)state;
    CHECK(FORCE(HOUSING, EXTEND, &b, &held, NULL), BODY); /* R-DUE-5 */
    b.days = 30;
    CHECK(FORCE(COUNTY, EXTEND, &b, &held, NULL), NOT_HOLDER);
    CHECK(FORCE(HOUSING, EXTEND, &b, &held, NULL), NONE);
    CHECK(FORCE(HOUSING, EXTEND, &b, &held, NULL), ALREADY);
    CHECK(FORCE(COUNTY, OPINION, NULL, &reg, NULL), CUSTODY_ENDED); /* its last entry named the accept */
    CHECK(FORCE(HOUSING, OPINION, NULL, &held, NULL), NONE);
    CHECK(FORCE(HOUSING, OPINION, NULL, &held, NULL), ALREADY);
    b = dp_hist_offer(TOWN_HOUSING);
    CHECK(FORCE(HOUSING, TRANSFER, &b, &held, NULL), TOO_LATE);
    CHECK(FORCE(HOUSING, GUIDE_OUT, NULL, &held, NULL), TOO_LATE);
    b.code2 = DP_DUTY_CO_HANDLE;
    CHECK(FORCE(HOUSING, TRANSFER, &b, &held, NULL), NONE); /* a request */
}

static void test_serve(void **state)
{
    struct dp_name held = accepted(), op, n;
    struct dp_body b = dp_hist_request(VILLAGE, DP_DUTY_SERVE);

    (void)state;
    op = opinion();
    CHECK(FORCE(VILLAGE, SERVE, NULL, NULL, &op), NOT_HOLDER);
    CHECK(FORCE(HOUSING, SERVE, NULL, NULL, &held), REF_KIND);
    /* Only the bureau asks a village; the department refers its papers up. */
    n = FORCE(COUNTY, TRANSFER, &b, &reg, NULL);
    CHECK(n, NONE);
    FORCE(VILLAGE_NODE, ARRIVE, NULL, NULL, &n);
    n = FORCE(VILLAGE, SERVE, NULL, NULL, &op);
    CHECK(n, NONE);
    CHECK(FORCE(COUNTY, EVALUATE, NULL, NULL, &n), NONE);
    CHECK(FORCE(COUNTY, EVALUATE, NULL, NULL, &n), ALREADY);
    CHECK(FORCE(TOWN2, EVALUATE, NULL, NULL, &n), NOT_PARTY);
}

/* R-CLO-1 */
static void test_close(void **state)
{
    struct dp_name held = accepted(), op;
    struct dp_body b = dp_hist_code(DP_CLOSE_OPINION_FINAL);

    (void)state;
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), TOO_EARLY);
    op = opinion();
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), TOO_EARLY);
    FORCE(HOUSING, SERVE, NULL, NULL, &op);
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), NONE);
    b = dp_hist_code(DP_CLOSE_RECHECK_FINAL);
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), BODY);
    b = dp_hist_code(10);
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), BODY);
    b = dp_hist_code(DP_CLOSE_GUIDED_OUT);
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), TOO_EARLY);
    b = dp_hist_code(DP_CLOSE_MERGED);
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), TOO_EARLY);
    b = (struct dp_body){.code = 1, .other = {{33}, 1, 1}};
    CHECK(FORCE(HOUSING, LINK, &b, NULL, NULL), NONE);
    b = dp_hist_code(DP_CLOSE_MERGED);
    CHECK(FORCE(HOUSING, CLOSE, &b, &held, NULL), NONE);
}

static void test_guide_out_and_duplicate(void **state)
{
    struct dp_body b = {.other = {{33}, 1, 1}};

    (void)state;
    CHECK(FORCE(COUNTY, REFUSE_DUPLICATE, NULL, &reg, NULL), BODY);
    CHECK(FORCE(COUNTY, LINK, NULL, NULL, NULL), BODY);
    CHECK(FORCE(CITY, LINK, &b, NULL, NULL), NOT_PARTY);
    CHECK(FORCE(COUNTY, REFUSE_DUPLICATE, &b, &reg, NULL), NONE);
    CHECK(FORCE(COUNTY, GUIDE_OUT, NULL, &reg, NULL), NONE);
    b = dp_hist_code(DP_CLOSE_GUIDED_OUT);
    CHECK(FORCE(COUNTY, CLOSE, &b, &reg, NULL), NONE);
}

/* ---- parties, parts, times ---- */

static void test_notes(void **state)
{
    struct dp_name n;

    (void)state;
    CHECK(FORCE(COUNTY, NOTE, NULL, NULL, NULL), NONE);
    CHECK(FORCE(TOWN, NOTE, NULL, NULL, &reg), NOT_PARTY);
    CHECK(FORCE(TOWN, ATTACHMENT, NULL, NULL, NULL), NOT_PARTY);
    n = offer_to(TOWN);
    CHECK(FORCE(TOWN, ATTACHMENT, NULL, NULL, &n), NONE);   /* addressed: a party */
    CHECK(FORCE(COUNTY, NOTE, NULL, &reg, NULL), REF_KIND); /* under no custody */
    CHECK(FORCE(TOWN, CORRECT, NULL, NULL, &n), NOT_ISSUER);
    CHECK(FORCE(COUNTY, CORRECT, NULL, NULL, &n), NONE);
}

static void test_parts(void **state)
{
    struct dp_body b = {.code = 1, .other = reg};
    struct dp_name n;

    (void)state;
    CHECK(FORCE(CITY, UNMASK, NULL, NULL, &reg), BODY);
    CHECK(FORCE(TOWN, UNMASK, &b, NULL, &reg), NOT_SUPERIOR);
    CHECK(FORCE(CITY, UNMASK, &b, NULL, &reg), NONE);
    CHECK(FORCE(TOWN, ERASE, &b, NULL, &reg), NOT_SUPERIOR);
    CHECK(FORCE(HOUSING, ERASE, &b, &reg, &reg), NOT_HOLDER);
    n = FORCE(COUNTY, ERASE, &b, &reg, &reg);
    CHECK(n, NONE);
    CHECK(FORCE(CITY, ERASE, &b, NULL, &reg), NONE);
    CHECK(FORCE(HOUSING_NODE, ERASED, NULL, NULL, &n), NONE);
    CHECK(FORCE(HOUSING, ERASED, NULL, NULL, &n), KIND_RULE);
}

/* R-WIT-1: only the direct parent bears witness, with bounds that are some. */
static void test_witness(void **state)
{
    struct dp_name held = accepted();
    struct dp_body b = {.other = held, .not_before_ms = 5, .not_after_ms = 4};

    (void)state;
    CHECK(FORCE(COUNTY_NODE, WITNESS, &b, NULL, &held), BODY);
    b.not_after_ms = 6;
    CHECK(FORCE("331000000000/node", WITNESS, &b, NULL, &held), NOT_PARENT);
    CHECK(FORCE(COUNTY_NODE, WITNESS, &b, NULL, &held), NONE);
    b.other = reg;
    CHECK(FORCE(COUNTY_NODE, WITNESS, &b, NULL, &held), BODY);
}

/* ---- orders ---- */

/* R-ORD-1, R-ORD-2, R-ORD-3 */
static void test_orders(void **state)
{
    struct dp_body b = dp_hist_order(HOUSING, 2, "2026-04-01");
    struct dp_name order, n;
    struct dp_entry e;

    (void)state;
    order = FORCE(COUNTY, SUPERVISE, &b, NULL, NULL);
    CHECK(order, NONE);
    CHECK(FORCE(TOWN, SUPERVISE, &b, NULL, NULL), NOT_SUPERIOR);
    CHECK(FORCE(COUNTY_NODE, SUPERVISE, &b, NULL, NULL), KIND_RULE); /* a timer does not supervise */
    e = dp_hist_entry(&h, COUNTY, DP_KIND_SUPERVISE);
    e.body = b;
    e.officer = 0;
    dp_hist_insert(&h, &e);
    CHECK(e.name, BODY);
    b.code = 9;
    CHECK(FORCE(COUNTY, SUPERVISE, &b, NULL, NULL), BODY);
    b = dp_hist_order(HOUSING, 2, NULL);
    CHECK(FORCE(COUNTY, SUPERVISE, &b, NULL, NULL), BODY);
    b = dp_hist_order(HOUSING, 1, NULL);
    CHECK(FORCE(COUNTY_NODE, REMIND, &b, NULL, NULL), NONE);
    b = dp_hist_order(HOUSING, 2, "2026-04-01");
    CHECK(FORCE(COUNTY, REMIND, &b, NULL, NULL), BODY);
    CHECK(FORCE(LAND, ANSWER, NULL, NULL, &order), NOT_ADDRESSEE);
    n = FORCE(HOUSING, ANSWER, NULL, NULL, &order);
    CHECK(n, NONE);
    CHECK(FORCE(HOUSING, ANSWER, NULL, NULL, &order), ALREADY);
    CHECK(FORCE(COUNTY_NODE, ARRIVE, NULL, NULL, &n), NONE);
    CHECK(FORCE(COUNTY, SIGN, NULL, NULL, &n), NONE);
}

static void test_report_back(void **state)
{
    struct dp_body b = dp_hist_assign(HOUSING, "2026-04-01");
    struct dp_name assign = dp_hist_do(&h, COUNTY, DP_KIND_ASSIGN, &b), n;

    (void)state;
    CHECK(FORCE(LAND, REPORT_BACK, NULL, NULL, &assign), NOT_ADDRESSEE);
    n = FORCE(HOUSING, REPORT_BACK, NULL, NULL, &assign);
    CHECK(n, NONE);
    CHECK(FORCE(COUNTY_NODE, ARRIVE, NULL, NULL, &n), NONE);
    CHECK(FORCE(HOUSING, REPORT_BACK, NULL, NULL, &reg), REF_KIND);
}

/* ---- nodes and data ---- */

static enum dp_void_reason alone(const char *office, enum dp_kind kind, struct dp_subject subject,
                                 const struct dp_body *body)
{
    struct dp_casefile f;
    struct dp_insert done;
    struct dp_entry e = dp_hist_entry(&h, office, kind);
    enum dp_void_reason why;

    e.prev = (struct dp_name){0};
    e.subject = subject.type == DP_SUBJECT_DATA ? (struct dp_subject){DP_SUBJECT_DATA, e.name} : subject;
    if (body != NULL)
        e.body = *body;
    dp_casefile_init(&f, &e.subject);
    assert_ok(dp_casefile_insert(&f, &e, &dp_hist_node(&h, e.name.origin)->from, NULL, NULL, &done));
    why = (enum dp_void_reason)f.facts[done.index].reason;
    dp_casefile_fini(&f);
    return why;
}

static void test_node_subjects(void **state)
{
    struct dp_node town = dp_hist_office(TOWN).node;
    struct dp_subject s = dp_subject_of_node(town);
    struct dp_body b = {.node = town};

    (void)state;
    assert_int_equal(alone(COUNTY_NODE, DP_KIND_CERTIFICATE, s, &b), DP_VOID_NONE);
    assert_int_equal(alone(COUNTY, DP_KIND_CERTIFICATE, s, &b), DP_VOID_KIND_RULE);
    assert_int_equal(alone(TOWN2_NODE, DP_KIND_CERTIFICATE, s, &b), DP_VOID_NOT_SUPERIOR);
    assert_int_equal(alone(COUNTY_NODE, DP_KIND_CUT, s, &b), DP_VOID_NONE);
    assert_int_equal(alone(TOWN_NODE, DP_KIND_CUT, s, &b), DP_VOID_NOT_SUPERIOR);
    assert_int_equal(alone(VILLAGE_NODE, DP_KIND_CUT, s, &b), DP_VOID_TIER);
    b.to = dp_hist_office(TOWN_OFFICE);
    assert_int_equal(alone(TOWN, DP_KIND_OFFICER_ADD, s, &b), DP_VOID_NONE);
    assert_int_equal(alone(COUNTY, DP_KIND_OFFICER_LEAVE, s, &b), DP_VOID_NOT_ISSUER);
    b.to = dp_hist_office(COUNTY);
    assert_int_equal(alone(TOWN, DP_KIND_OFFICER_CHANGE, s, &b), DP_VOID_TARGET);
}

static bool known(void *ctx, const struct dp_name *n)
{
    return dp_name_eq(ctx, n);
}

/* An edition follows one of another file; nothing else does. */
static void test_editions(void **state)
{
    struct dp_subject s = {DP_SUBJECT_DATA, {{0}, 0, 0}};
    struct dp_entry e = dp_hist_entry(&h, COUNTY, DP_KIND_PROFILE);
    struct dp_name before = {{33}, 1, 1};
    struct dp_casefile f;
    struct dp_insert done;

    (void)state;
    assert_int_equal(alone(COUNTY, DP_KIND_CALENDAR, s, NULL), DP_VOID_NONE);
    assert_int_equal(alone(TOWN, DP_KIND_CALENDAR, s, NULL), DP_VOID_TIER);
    assert_int_equal(alone(HOUSING, DP_KIND_PROFILE, s, NULL), DP_VOID_KIND_RULE);
    e.subject = (struct dp_subject){DP_SUBJECT_DATA, e.name};
    e.prev = (struct dp_name){0};
    e.re = before;
    dp_casefile_init(&f, &e.subject);
    assert_ok(dp_casefile_insert(&f, &e, &h.origins[0], NULL, NULL, &done));
    assert_int_equal(f.facts[0].verdict, DP_PENDING);
    assert_int_equal(dp_casefile_settle(&f, known, &(struct dp_name){{34}, 1, 1}), 0);
    assert_int_equal(dp_casefile_settle(&f, known, &before), 1);
    assert_int_equal(f.facts[0].verdict, DP_VALID);
    dp_casefile_fini(&f);
}

static void digest_bytes(const struct dp_casefile *f, struct dp_buf *out)
{
    struct dp_arena a;
    struct dp_state st;
    dp_arena_init(&a, 1 << 20, 0);
    dp_buf_init(out, 1 << 20);
    assert_ok(dp_fold(f, &a, &st));
    assert_ok(dp_state_canonical(f, &st, out));
    dp_arena_fini(&a);
}

/* R-RDY-1, R-FLD-1: a case says the same whether the other file that one of its entries names is here or not.
 */
static void test_foreign_references(void **state)
{
    struct dp_name far = {{33}, 1, 1};
    struct dp_entry e = dp_hist_entry(&h, COUNTY, DP_KIND_NOTE);
    struct dp_name a, b, c;
    struct dp_casefile other;
    struct dp_insert done;
    struct dp_buf here, there;

    (void)state;
    e.prev = far;
    dp_hist_insert(&h, &e);
    a = e.name;
    b = FORCE(CITY, TAKE, NULL, &far, NULL);
    c = FORCE(COUNTY_NODE, WITNESS, NULL, NULL, &far);
    CHECK(a, COUNT);
    CHECK(b, COUNT);
    CHECK(c, COUNT);
    assert_int_equal(dp_casefile_settle(&h.file, known, &far), 0);
    CHECK(a, COUNT);
    CHECK(b, COUNT);
    CHECK(c, COUNT);
    /* Another node, which knew the far entry from the start. */
    dp_casefile_init(&other, &h.file.subject);
    for (uint32_t i = 0; i < h.entry_count; i++)
        assert_ok(dp_casefile_insert(&other, &h.entries[i], &h.origins[i], known, &far, &done));
    digest_bytes(&h.file, &here);
    digest_bytes(&other, &there);
    assert_true(dp_slice_eq(dp_buf_slice(&here), dp_buf_slice(&there)));
    dp_buf_fini(&here);
    dp_buf_fini(&there);
    dp_casefile_fini(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pending_until_ready),
        TEST(test_circles_stay_pending),
        TEST(test_references_to_void),
        TEST(test_prev),
        TEST(test_step),
        TEST(test_step_cannot_be_used_up),
        TEST(test_office),
        TEST(test_rules_version),
        TEST(test_unknown_kind),
        TEST(test_subject),
        TEST(test_register),
        TEST(test_arrive_and_sign),
        TEST(test_accept),
        TEST(test_errands),
        TEST(test_errand_by_custody_only),
        TEST(test_targets),
        TEST(test_targets_of_an_organ),
        TEST(test_one_open_offer),
        TEST(test_objection),
        TEST(test_accept_of_returned_offer),
        TEST(test_custody_ended),
        TEST(test_serve_under_ended_custody),
        TEST(test_take),
        TEST(test_designate),
        TEST(test_handling),
        TEST(test_serve),
        TEST(test_close),
        TEST(test_guide_out_and_duplicate),
        TEST(test_notes),
        TEST(test_parts),
        TEST(test_witness),
        TEST(test_orders),
        TEST(test_report_back),
        TEST(test_node_subjects),
        TEST(test_editions),
        TEST(test_foreign_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
