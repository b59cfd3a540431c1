/* SPDX-License-Identifier: Apache-2.0 */
/* The fold: the life of a case, custody in conflict, parties, lists, times, canonical bytes. */
#include "support/cmocka_all.h"

#include <string.h>

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
#define FORCE(office, kind, body, custody, re) dp_hist_force(&h, office, DP_KIND_##kind, body, custody, re)

static void expect(enum dp_status status, const char *custodian)
{
    struct dp_office want = dp_hist_office(custodian), got;

    dp_hist_fold(&h);
    got = dp_state_custodian(&h.state);
    assert_string_equal(dp_status_word(h.state.status), dp_status_word(status));
    assert_true(dp_office_eq(&got, &want));
}

static struct dp_name offer_to(const char *to)
{
    struct dp_body b = dp_hist_offer(to);

    return DO(COUNTY, TRANSFER, &b);
}

static bool is_superseded(struct dp_name n)
{
    uint32_t i = dp_hist_index(&h, &n);

    dp_hist_fold(&h);
    for (uint32_t k = 0; k < h.state.superseded_count; k++) {
        if (h.state.superseded[k] == i)
            return true;
    }
    return false;
}

/* Without knowledge of anything after `known`: prev and step as a node that held only so much. */
static struct dp_name blind(const char *office, enum dp_kind kind, const struct dp_body *body,
                            const struct dp_name *custody, const struct dp_name *re, uint32_t step)
{
    struct dp_entry e = dp_hist_entry(&h, office, kind);

    e.step = step;
    if (body != NULL)
        e.body = *body;
    if (custody != NULL)
        e.custody = *custody;
    if (re != NULL)
        e.re = *re;
    dp_hist_insert(&h, &e);
    assert_string_equal(dp_void_name(dp_hist_reason(&h, &e.name)), "NONE");
    return e.name;
}

/* ---- a life ---- */

/* R-CUS-1: the sender stays responsible until somebody accepts. */
static void test_whole_life(void **state)
{
    struct dp_body b;

    (void)state;
    expect(DP_STATUS_REGISTERED, COUNTY);
    offer_to(HOUSING);
    expect(DP_STATUS_OFFERED, COUNTY);
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(HOUSING, SIGN, NULL);
    expect(DP_STATUS_OFFERED, COUNTY);
    DO(HOUSING, ACCEPT, NULL);
    expect(DP_STATUS_ACCEPTED, HOUSING);
    b = (struct dp_body){.days = 10};
    DO(HOUSING, EXTEND, &b);
    b = dp_hist_code(DP_RESULT_SUPPORT);
    DO(HOUSING, OPINION, &b);
    expect(DP_STATUS_OPINION_ISSUED, HOUSING);
    b = (struct dp_body){.code = 1, .code2 = 2, .code3 = 1, .date = dp_hist_date("2026-03-05")};
    DO(HOUSING, SERVE, &b);
    expect(DP_STATUS_OPINION_SERVED, HOUSING);
    assert_int_equal(h.state.served_on.day, dp_hist_date("2026-03-05").day);
    DO(COUNTY, EVALUATE, NULL);
    b = dp_hist_code(DP_CLOSE_OPINION_FINAL);
    DO(HOUSING, CLOSE, &b);
    expect(DP_STATUS_CLOSED, HOUSING);
    assert_int_equal(h.state.path_count, 2);
    assert_int_equal(h.state.offer_count, 1);
    assert_int_not_equal(h.state.offers[0].signed_, DP_FACT_NONE);
    assert_int_not_equal(h.state.extended, DP_FACT_NONE);
    assert_int_not_equal(h.state.evaluated, DP_FACT_NONE);
    assert_int_equal(h.state.superseded_count + h.state.voided_count + h.state.pending_count, 0);
}

static void test_objection(void **state)
{
    struct dp_body b = dp_hist_code(DP_OBJECTION_DENY);
    struct dp_name answer;

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(HOUSING, OBJECT, NULL);
    DO(COUNTY_NODE, ARRIVE, NULL);
    expect(DP_STATUS_OBJECTED, COUNTY);
    assert_int_not_equal(h.state.offers[0].objection_arrived, DP_FACT_NONE);
    answer = DO(COUNTY, OBJECTION_ANSWER, &b);
    expect(DP_STATUS_OFFERED, COUNTY);
    DO(HOUSING, ACCEPT, NULL);
    expect(DP_STATUS_ACCEPTED, HOUSING);
    assert_false(is_superseded(answer)); /* R-CUS-4: it came before the accept */
    assert_false(h.state.loop_notice);
}

/* R-FLD-4 */
static void test_loop_notice(void **state)
{
    struct dp_body b = dp_hist_code(DP_OBJECTION_GRANT);

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING, OBJECT, NULL);
    DO(COUNTY, OBJECTION_ANSWER, &b);
    expect(DP_STATUS_REGISTERED, COUNTY);
    assert_false(h.state.loop_notice);
    offer_to(LAND);
    assert_false(dp_hist_fold(&h)->loop_notice);
    DO(LAND, OBJECT, NULL);
    assert_true(dp_hist_fold(&h)->loop_notice);
}

static void test_loop_notice_on_second_offer(void **state)
{
    struct dp_body b = dp_hist_code(DP_OBJECTION_GRANT);

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING, OBJECT, NULL);
    DO(COUNTY, OBJECTION_ANSWER, &b);
    offer_to(HOUSING);
    assert_true(dp_hist_fold(&h)->loop_notice);
}

/* R-FLD-4: who is to settle it, and until when. */
static void test_loop_superior(void **state)
{
    struct dp_body b = dp_hist_code(DP_OBJECTION_GRANT);
    struct dp_name again;

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING, OBJECT, NULL);
    assert_int_equal(dp_loop_open(&h.file, dp_hist_fold(&h)), DP_FACT_NONE); /* once is no loop */
    DO(COUNTY, OBJECTION_ANSWER, &b);
    again = offer_to(HOUSING);
    assert_int_equal(dp_loop_open(&h.file, dp_hist_fold(&h)), dp_hist_index(&h, &again));
    /* The bureau of the county is one of the two: the city is above both. */
    assert_true(dp_node_eq(dp_loop_superior(&h.file), dp_hist_office(CITY).node));
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(HOUSING, ACCEPT, NULL);
    assert_int_equal(dp_loop_open(&h.file, dp_hist_fold(&h)), DP_FACT_NONE); /* it has it now */
    assert_true(h.state.loop_notice);
}

/* Between offices of one township it is the bureau of the county, which has no part in it. */
static void test_loop_below(void **state)
{
    struct dp_body b = dp_hist_offer(TOWN);
    struct dp_body grant = dp_hist_code(DP_OBJECTION_GRANT);

    (void)state;
    DO(COUNTY, TRANSFER, &b);
    DO(TOWN_NODE, ARRIVE, NULL);
    DO(TOWN, ACCEPT, NULL);
    for (int i = 0; i < 2; i++) {
        b = dp_hist_offer(TOWN_OFFICE);
        DO(TOWN, TRANSFER, &b);
        DO(TOWN_OFFICE, OBJECT, NULL);
        DO(TOWN, OBJECTION_ANSWER, &grant);
    }
    assert_int_not_equal(dp_loop_open(&h.file, dp_hist_fold(&h)), DP_FACT_NONE);
    assert_true(dp_node_eq(dp_loop_superior(&h.file), dp_hist_office(COUNTY).node));
    b = dp_hist_code(0);
    DO(COUNTY, TAKE, &b);
    assert_int_equal(dp_loop_open(&h.file, dp_hist_fold(&h)), DP_FACT_NONE);
}

static void test_other_ends(void **state)
{
    struct dp_body b = {.other = {{33}, 1, 1}};

    (void)state;
    DO(COUNTY, REFUSE_DUPLICATE, &b);
    expect(DP_STATUS_DUP_LINKED, COUNTY);
    DO(COUNTY, GUIDE_OUT, NULL);
    expect(DP_STATUS_GUIDED_OUT, COUNTY);
    b = dp_hist_code(DP_CLOSE_MERGED);
    DO(COUNTY, CLOSE, &b);
    expect(DP_STATUS_CLOSED, COUNTY);
}

static void test_take_and_designate(void **state)
{
    struct dp_body b = dp_hist_offer(LAND);

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING, ACCEPT, NULL);
    DO(CITY, TAKE, NULL);
    expect(DP_STATUS_HELD, CITY);
    b = dp_hist_offer(COUNTY);
    DO(CITY, TRANSFER, &b);
    DO(COUNTY, ACCEPT, NULL);
    b = dp_hist_offer(TOWN);
    DO(COUNTY, TRANSFER, &b);
    DO(TOWN, ACCEPT, NULL);
    b = dp_hist_offer(TOWN2);
    DO(COUNTY, DESIGNATE, &b);
    expect(DP_STATUS_OFFERED, COUNTY);
    DO(TOWN2, ACCEPT, NULL);
    expect(DP_STATUS_ACCEPTED, TOWN2);
    assert_int_equal(h.state.path_count, 7);
}

/* ---- conflict ---- */

/* R-CUS-2: a take goes before an accept of the custody it ends. */
static void test_take_before_accept(void **state)
{
    struct dp_name offer = offer_to(HOUSING), accept, take, op;

    (void)state;
    accept = blind(HOUSING, DP_KIND_ACCEPT, NULL, &reg, &offer, 3);
    op = blind(HOUSING, DP_KIND_OPINION, NULL, &accept, NULL, 4);
    take = blind(CITY, DP_KIND_TAKE, NULL, &reg, NULL, 2);
    expect(DP_STATUS_HELD, CITY);
    assert_true(is_superseded(accept)); /* R-CUS-4 */
    assert_true(is_superseded(op));
    assert_true(is_superseded(offer)); /* not before the take, in fold order */
    assert_false(is_superseded(take));
    /* Once the papers are served, the branch with the opinion is in force. */
    blind(HOUSING, DP_KIND_SERVE, NULL, NULL, &op, 5);
    expect(DP_STATUS_OPINION_SERVED, HOUSING);
    assert_true(is_superseded(take));
}

/* R-CUS-2: of two takes the higher tier's. */
static void test_higher_take(void **state)
{
    struct dp_name offer, held;
    struct dp_body b = dp_hist_offer(TOWN);

    (void)state;
    offer = DO(COUNTY, TRANSFER, &b);
    held = blind(TOWN, DP_KIND_ACCEPT, NULL, &reg, &offer, 3);
    blind(COUNTY, DP_KIND_TAKE, NULL, &held, NULL, 4);
    expect(DP_STATUS_HELD, COUNTY);
    blind(CITY, DP_KIND_TAKE, NULL, &held, NULL, 9);
    expect(DP_STATUS_HELD, CITY);
    b = dp_hist_offer(TOWN2);
    blind("330000000000/bureau", DP_KIND_DESIGNATE, &b, &held, NULL, 20);
    expect(DP_STATUS_OFFERED, "330000000000/bureau");
}

/* R-CUS-2: a served opinion stays put against a later take. */
static void test_served_stays_put(void **state)
{
    struct dp_name offer = offer_to(HOUSING), held, op, take, late;

    (void)state;
    held = blind(HOUSING, DP_KIND_ACCEPT, NULL, &reg, &offer, 3);
    op = blind(HOUSING, DP_KIND_OPINION, NULL, &held, NULL, 4);
    take = blind(CITY, DP_KIND_TAKE, NULL, &held, NULL, 4);
    late = blind(CITY, DP_KIND_SPLIT, NULL, &take, NULL, 5);
    expect(DP_STATUS_HELD, CITY);
    blind(HOUSING, DP_KIND_SERVE, NULL, NULL, &op, 5);
    expect(DP_STATUS_OPINION_SERVED, HOUSING);
    assert_true(is_superseded(take));
    assert_true(is_superseded(late));
    /* When the taker's branch served one as well, the list decides: the take. */
    op = blind(CITY, DP_KIND_OPINION, NULL, &take, NULL, 6);
    blind(CITY, DP_KIND_SERVE, NULL, NULL, &op, 7);
    expect(DP_STATUS_OPINION_SERVED, CITY);
}

/* R-CUS-2: a forger makes two offers at once; the earlier one accepted is in force. */
static void test_earlier_offer(void **state)
{
    struct dp_body a = dp_hist_offer(LAND), b = dp_hist_offer(HOUSING);
    struct dp_entry e;
    struct dp_name first = blind(COUNTY, DP_KIND_TRANSFER, &a, &reg, NULL, 2), second;

    (void)state;
    e = dp_hist_entry(&h, COUNTY, DP_KIND_TRANSFER);
    e.prev = reg; /* as if the first had not been */
    e.custody = reg;
    e.body = b;
    e.step = 3;
    dp_hist_insert(&h, &e);
    second = e.name;
    blind(HOUSING, DP_KIND_ACCEPT, NULL, &reg, &second, 4);
    expect(DP_STATUS_ACCEPTED, HOUSING);
    blind(LAND, DP_KIND_ACCEPT, NULL, &reg, &first, 9);
    expect(DP_STATUS_ACCEPTED, LAND);
    assert_true(is_superseded(second)); /* R-CUS-4: after the accepted offer by its own chain */
}

/* R-CUS-5: a withdrawal against an accept of the same offer; the accept stands until a superior takes. */
static void test_withdraw_against_accept(void **state)
{
    struct dp_name offer = offer_to(HOUSING), withdrawal;

    (void)state;
    withdrawal = blind(COUNTY, DP_KIND_WITHDRAW, NULL, &reg, &offer, 3);
    expect(DP_STATUS_REGISTERED, COUNTY);
    blind(HOUSING, DP_KIND_ACCEPT, NULL, &reg, &offer, 3);
    expect(DP_STATUS_ACCEPTED, HOUSING);
    assert_true(is_superseded(withdrawal));
    assert_int_equal(h.state.offers[0].withdrawn, DP_FACT_NONE);
    DO(COUNTY, TAKE, NULL);
    expect(DP_STATUS_HELD, COUNTY);
}

/* R-CUS-4: notes, attachments, links and corrections are never superseded. */
static void test_notes_stand(void **state)
{
    struct dp_name offer = offer_to(HOUSING), note, link, split;
    struct dp_body b = {.other = {{33}, 1, 1}};

    (void)state;
    note = blind(COUNTY, DP_KIND_NOTE, NULL, NULL, NULL, 3);
    link = blind(COUNTY, DP_KIND_LINK, &b, NULL, NULL, 4);
    split = blind(COUNTY, DP_KIND_SPLIT, NULL, &reg, NULL, 5);
    blind(HOUSING, DP_KIND_ACCEPT, NULL, &reg, &offer, 3);
    assert_false(is_superseded(note));
    assert_false(is_superseded(link));
    assert_true(is_superseded(split));
    assert_false(is_superseded(offer));
}

/* ---- parties and lists ---- */

static bool party(const char *office)
{
    struct dp_office o = dp_hist_office(office);

    return dp_state_is_party(&h.state, &o);
}

/* R-DOWN-2: valid entries make parties, for good; void and pending ones make none. */
static void test_parties(void **state)
{
    struct dp_body b = dp_hist_offer(OTHER_COUNTY);
    struct dp_entry e;

    (void)state;
    FORCE(COUNTY, TRANSFER, &b, &reg, NULL);
    e = dp_hist_entry(&h, COUNTY, DP_KIND_TRANSFER);
    e.body = dp_hist_offer(TOWN2);
    e.custody = reg;
    e.re = (struct dp_name){{33}, 1, 1};
    dp_hist_insert(&h, &e);
    dp_hist_fold(&h);
    assert_int_equal(h.state.party_count, 1);
    assert_int_equal(h.state.pending_count, 1);
    assert_int_equal(h.state.voided_count, 1); /* R-FLD-2, R-FLD-3 */
    dp_hist_fini(&h);
    setup(NULL);
    offer_to(HOUSING);
    DO(COUNTY, WITHDRAW, NULL);
    b = dp_hist_request(VILLAGE, DP_DUTY_SERVE);
    DO(COUNTY, TRANSFER, &b);
    b = dp_hist_order(TOWN, 2, "2026-03-01");
    DO(CITY, SUPERVISE, &b);
    dp_hist_fold(&h);
    assert_true(party(COUNTY) && party(HOUSING) && party(VILLAGE) && party(TOWN));
    assert_false(party(CITY) || party(LAND));
    assert_int_equal(h.state.party_count, 4);
    assert_true(dp_state_party_below(&h.state, dp_hist_office(TOWN).node));
    assert_false(dp_state_party_below(&h.state, dp_hist_office(TOWN2).node));
}

/* Many parties take the other way of sorting. */
static void test_many_parties(void **state)
{
    char office[] = "331023105001/station";

    (void)state;
    for (int i = 0; i < 40; i++) {
        struct dp_body b;
        office[10] = (char)('0' + i / 10);
        office[11] = (char)('1' + i % 9);
        b = dp_hist_request(office, DP_DUTY_SERVE);
        DO(COUNTY, TRANSFER, &b);
    }
    dp_hist_fold(&h);
    assert_int_equal(h.state.party_count, 37); /* four tens of nine, some asked twice */
    for (uint32_t i = 1; i < h.state.party_count; i++)
        assert_true(h.state.parties[i - 1].node.v < h.state.parties[i].node.v);
}

/* R-ORD-1: an order without a case stands, and is answered. */
static void test_order_before_its_case(void **state)
{
    struct dp_body b = dp_hist_order(HOUSING, 2, "2026-04-01");
    struct dp_name order;

    (void)state;
    dp_hist_fini(&h);
    dp_hist_init(&h);
    h.file.subject = (struct dp_subject){DP_SUBJECT_CASE, {dp_hist_office(TOWN).node, 7, 1}};
    order = FORCE(COUNTY, SUPERVISE, &b, NULL, NULL);
    dp_hist_fold(&h);
    assert_int_equal(h.state.status, DP_STATUS_UNKNOWN);
    assert_int_equal(h.state.order_count, 1);
    assert_true(party(HOUSING));
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(HOUSING, SIGN, NULL);
    DO(HOUSING, ANSWER, NULL);
    DO(COUNTY_NODE, ARRIVE, NULL);
    dp_hist_fold(&h);
    assert_int_equal(h.state.orders[0].issued, dp_hist_index(&h, &order));
    assert_int_not_equal(h.state.orders[0].signed_, DP_FACT_NONE);
    assert_int_not_equal(h.state.orders[0].answered, DP_FACT_NONE);
    assert_int_not_equal(h.state.orders[0].answer_arrived, DP_FACT_NONE);
    assert_true(dp_office_is_none(&(struct dp_office){0}));
    assert_int_equal(dp_state_custodian(&h.state).node.v, 0);
}

/* Row 33: the issuer takes its order back, once, and not after the answer. */
static void test_order_lifted(void **state)
{
    struct dp_body b = dp_hist_order(HOUSING, 2, "2026-04-01");
    struct dp_name order, answered, other;

    (void)state;
    dp_hist_fini(&h);
    dp_hist_init(&h);
    h.file.subject = (struct dp_subject){DP_SUBJECT_CASE, {dp_hist_office(TOWN).node, 7, 1}};
    order = FORCE(COUNTY, SUPERVISE, &b, NULL, NULL);
    DO(COUNTY, LIFT, NULL);
    dp_hist_fold(&h);
    assert_int_not_equal(h.state.orders[0].lifted, DP_FACT_NONE);
    other = FORCE(OTHER_COUNTY, LIFT, NULL, NULL, &order);
    assert_int_equal(dp_hist_reason(&h, &other), DP_VOID_NOT_ISSUER);
    answered = FORCE(COUNTY, SUPERVISE, &b, NULL, NULL);
    DO(HOUSING_NODE, ARRIVE, NULL);
    DO(HOUSING, ANSWER, NULL);
    other = FORCE(COUNTY, LIFT, NULL, NULL, &answered); /* crossed the answer on its way */
    assert_int_equal(dp_hist_reason(&h, &other), DP_VOID_NONE);
    dp_hist_fold(&h);
    assert_int_not_equal(h.state.orders[1].answered, DP_FACT_NONE);
    assert_int_not_equal(h.state.orders[1].lifted, DP_FACT_NONE);
}

/* R-N3-1 */
static void test_protected(void **state)
{
    static const uint32_t flags[] = {DP_REG_CONFIDENTIAL, DP_REG_LOCK};

    (void)state;
    assert_false(dp_hist_fold(&h)->is_protected);
    h.file.reg.purpose = DP_PURPOSE_ACCUSATION;
    assert_true(dp_hist_fold(&h)->is_protected);
    h.file.reg.purpose = DP_PURPOSE_CLAIM;
    for (int i = 0; i < 2; i++) {
        h.file.reg.flags = flags[i];
        assert_true(dp_hist_fold(&h)->is_protected);
    }
    h.file.reg.flags = DP_REG_GROUP | DP_REG_URGENT | DP_REG_PUBLIC_OK; /* R-REG-3 */
    assert_false(dp_hist_fold(&h)->is_protected);
}

/* ---- times ---- */

/* R-WIT-1: clamped to the bounds; the highest tier's count. */
static void test_witness(void **state)
{
    struct dp_name accept;
    struct dp_body b = {0};

    (void)state;
    offer_to(HOUSING);
    DO(HOUSING_NODE, ARRIVE, NULL);
    h.now_ms = dp_hist_noon("2031-01-01");
    accept = DO(HOUSING, ACCEPT, NULL);
    assert_int_equal(dp_hist_fold(&h)->accepted_on.day, dp_hist_date("2031-01-01").day);
    b.not_before_ms = dp_hist_noon("2026-02-14");
    b.not_after_ms = dp_hist_noon("2026-02-20");
    b.other = accept;
    FORCE(COUNTY_NODE, WITNESS, &b, NULL, &accept);
    assert_int_equal(dp_hist_fold(&h)->accepted_on.day, dp_hist_date("2026-02-20").day);
    assert_int_equal(dp_fact_at_ms(&h.file, h.state.accepted), b.not_after_ms);
    h.file.facts[h.state.accepted].e.at_ms = 5;
    assert_int_equal(dp_fact_at_ms(&h.file, h.state.accepted), b.not_before_ms);
    h.file.facts[h.state.accepted].e.receipt = dp_hist_date("2020-01-01");
    assert_int_equal(dp_fact_receipt(&h.file, h.state.accepted).day, dp_hist_date("2026-02-14").day);
    h.file.facts[h.state.accepted].e.receipt = dp_hist_date("2026-02-16");
    assert_int_equal(dp_fact_receipt(&h.file, h.state.accepted).day, dp_hist_date("2026-02-16").day);
}

/* R-WIT-2: from what it answers to today, and always the day of the clock. */
static void test_days_that_may_be_claimed(void **state)
{
    struct dp_name offer = offer_to(HOUSING);
    uint32_t re = dp_hist_index(&h, &offer);
    struct dp_date day = dp_date_of_ms(h.file.facts[re].e.at_ms), last = dp_date_add(day, 4);
    struct dp_entry e = {.kind = DP_KIND_ACCEPT, .at_ms = dp_date_start_ms(last)};

    (void)state;
    for (int32_t k = -400; k < 400; k++) {
        e.receipt = dp_date_add(day, k);
        assert_int_equal(dp_claim_fits(&h.file, &e, re, last), k >= 0 && k <= 4);
    }
    /* A clock that stands wrong is a matter of R-WIT-1. */
    e.at_ms = dp_date_start_ms(dp_date_add(day, 365));
    e.receipt = dp_date_add(day, 365);
    assert_true(dp_claim_fits(&h.file, &e, re, last));
    /* Of papers served it is the day on which they were. */
    e.at_ms = dp_date_start_ms(last);
    e.receipt = last;
    e.kind = DP_KIND_SERVE;
    e.body.date = dp_date_add(last, 1);
    assert_false(dp_claim_fits(&h.file, &e, re, last));
    e.body.date = day;
    assert_true(dp_claim_fits(&h.file, &e, re, last));
    /* A register that is older than this program. */
    e.kind = DP_KIND_REGISTER;
    e.receipt = dp_hist_date("1996-01-01");
    assert_true(dp_claim_fits(&h.file, &e, DP_FACT_NONE, last));
    e.receipt = dp_hist_date("1995-12-31");
    assert_false(dp_claim_fits(&h.file, &e, DP_FACT_NONE, last));
    e.receipt = dp_date_add(last, 1);
    assert_false(dp_claim_fits(&h.file, &e, DP_FACT_NONE, last));
}

/* ---- canonical bytes ---- */

/* R-FLD-1: the bytes follow the entries; a fact more, other bytes. */
static void test_canonical(void **state)
{
    struct dp_buf a, b;

    (void)state;
    dp_buf_init(&a, 1 << 20);
    dp_buf_init(&b, 1 << 20);
    offer_to(HOUSING);
    dp_hist_fold(&h);
    assert_ok(dp_state_canonical(&h.file, &h.state, &a));
    assert_ok(dp_state_canonical(&h.file, &h.state, &b));
    assert_true(dp_slice_eq(dp_buf_slice(&a), dp_buf_slice(&b)));
    dp_buf_reset(&b);
    DO(HOUSING_NODE, ARRIVE, NULL);
    dp_hist_fold(&h);
    assert_ok(dp_state_canonical(&h.file, &h.state, &b));
    assert_false(dp_slice_eq(dp_buf_slice(&a), dp_buf_slice(&b)));
    dp_buf_fini(&b);
    dp_buf_init(&b, 40);
    assert_int_equal(dp_state_canonical(&h.file, &h.state, &b), DP_TOO_BIG);
    dp_buf_fini(&a);
    dp_buf_fini(&b);
}

/* A fold that does not fit its arena says so and leaves the result alone. */
static void test_no_memory(void **state)
{
    struct dp_arena small;
    struct dp_state s = {.status = DP_STATUS_CLOSED};

    (void)state;
    offer_to(HOUSING);
    for (size_t cap = 0; cap < 256; cap += 16) {
        dp_arena_init(&small, cap, 0);
        assert_int_equal(dp_fold(&h.file, &small, &s), DP_NOMEM);
        assert_int_equal(s.status, DP_STATUS_CLOSED);
        dp_arena_fini(&small);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole_life),
        TEST(test_objection),
        TEST(test_loop_notice),
        TEST(test_loop_notice_on_second_offer),
        TEST(test_loop_superior),
        TEST(test_loop_below),
        TEST(test_other_ends),
        TEST(test_take_and_designate),
        TEST(test_take_before_accept),
        TEST(test_higher_take),
        TEST(test_served_stays_put),
        TEST(test_earlier_offer),
        TEST(test_withdraw_against_accept),
        TEST(test_notes_stand),
        TEST(test_parties),
        TEST(test_many_parties),
        TEST(test_order_before_its_case),
        TEST(test_order_lifted),
        TEST(test_order_lifted),
        TEST(test_protected),
        TEST(test_witness),
        TEST(test_days_that_may_be_claimed),
        TEST(test_canonical),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
