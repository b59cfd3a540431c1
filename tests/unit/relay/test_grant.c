/* SPDX-License-Identifier: Apache-2.0 */
/* Who is granted the keys of which parts, on cases as the core folds them, and who forgets them (R-PRT-1,
 * R-PRT-2). */
#include "support/cmocka_all.h"

#include <string.h>

#include "relay/route.h"
#include "unit/relay/matter.h"

static const struct dp_reg claim = {.purpose = DP_PURPOSE_CLAIM, .channel = 'V', .headcount = 1};

/* Township registers, county accepts, housing (own node) is offered and accepts. */
struct story {
    struct matter m;
    struct dp_office town, county, housing;
    struct dp_name registered, referred, held, sent, accepted;
};

static void told(struct story *t, const struct dp_reg *reg)
{
    t->town = office(TOWN, "station");
    t->county = office(COUNTY, "bureau");
    t->housing = office(HOUSING_POST, "housing");
    matter_init(&t->m, t->town, reg);
    t->registered = t->m.f.subject.name;
    t->referred = offer(&t->m, DP_KIND_REFER_UP, t->town, t->county, DP_DUTY_HANDLE, t->registered);
    t->held = answer(&t->m, DP_KIND_ACCEPT, t->county, t->registered, t->referred);
    t->sent = offer(&t->m, DP_KIND_ASSIGN, t->county, t->housing, DP_DUTY_HANDLE, t->held);
    t->accepted = answer(&t->m, DP_KIND_ACCEPT, t->housing, t->held, t->sent);
}

static const struct dp_entry *entry(const struct matter *m, struct dp_name n)
{
    uint32_t i = dp_casefile_find(&m->f, &n);

    assert_int_not_equal(i, DP_FACT_NONE);
    return &m->f.facts[i].e;
}

/* Grantees of `n` at `self`, in their order: NULL from the first unused. */
static void assert_three(const struct matter *m, bool locked, struct dp_name n, const char *self,
                         const char *const want[3])
{
    struct dp_node out[16];
    uint32_t max = dp_route_grantees_max(&m->s), count = 0;

    assert_in_range(max, 1, 16);
    while (count < 3 && want[count] != NULL)
        count++;
    assert_int_equal(
        dp_route_grantees(&m->f, &m->s, locked, entry(m, n), at(self), dp_node_parent(at(self)), out, max),
        count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(out[i].v, at(want[i]).v);
}

static void assert_grantees(const struct matter *m, bool locked, struct dp_name n, const char *self,
                            const char *a, const char *b)
{
    const char *const want[3] = {a, b, NULL};

    assert_three(m, locked, n, self, want);
}

static uint32_t parts_for(const struct matter *m, struct dp_name n, const char *grantee, uint32_t *facts,
                          uint32_t max)
{
    return dp_route_parts_for(&m->f, &m->s, entry(m, n), at(grantee), facts, max);
}

static void the_registrars_parent_can_open_in_need(void **state)
{
    struct matter m;
    struct dp_reg reg = claim;

    (void)state;
    matter_init(&m, office(TOWN, "station"), &reg);
    assert_grantees(&m, false, m.f.subject.name, TOWN, COUNTY, NULL);
    assert_grantees(&m, true, m.f.subject.name, TOWN, NULL, NULL); /* R-N3-5 */
    matter_fini(&m);
    reg.flags = DP_REG_CONFIDENTIAL;
    matter_init(&m, office(COUNTY, "bureau"), &reg);
    assert_grantees(&m, false, m.f.subject.name, COUNTY, NULL, NULL);
    matter_fini(&m);
}

static void the_offeree_gets_the_whole_case(void **state)
{
    struct story t;
    uint32_t facts[16];

    (void)state;
    told(&t, &claim);
    assert_grantees(&t.m, false, t.referred, TOWN, COUNTY, NULL);
    assert_grantees(&t.m, false, t.sent, COUNTY, HOUSING_POST, NULL);
    assert_grantees(&t.m, false, t.accepted, HOUSING_POST, TOWN, COUNTY);
    /* all parts: register, refer_up, accept, assign, accept; arrive has none */
    assert_int_equal(parts_for(&t.m, t.sent, HOUSING_POST, facts, 16), 5);
    assert_int_equal(facts[0], 0);
    for (unsigned i = 1; i < 5; i++)
        assert_true(facts[i] > facts[i - 1]);
    facts[1] = 99;
    assert_int_equal(parts_for(&t.m, t.sent, HOUSING_POST, facts, 1), 5);
    assert_int_equal(facts[1], 99);
    /* another node gets just the entry's own */
    assert_int_equal(parts_for(&t.m, t.sent, TOWN, facts, 16), 1);
    assert_int_equal(t.m.f.facts[facts[0]].e.kind, DP_KIND_ASSIGN);
    /* somebody else's entry is not for this node to grant */
    assert_grantees(&t.m, false, t.sent, TOWN, NULL, NULL);
    matter_fini(&t.m);
}

/* Void entries give nothing away, and get nothing. */
static void void_parts_stay_where_they_are(void **state)
{
    struct story t;
    struct dp_entry e;
    uint32_t facts[16];

    (void)state;
    told(&t, &claim);
    e = entry_of(&t.m, DP_KIND_NOTE, office(TOWN_2, "station"));
    assert_int_equal(insert_entry(&t.m, &e), DP_VOIDED);
    assert_int_equal(parts_for(&t.m, t.sent, HOUSING_POST, facts, 16), 5);
    matter_fini(&t.m);
}

static void co_handlers_get_all_and_servers_the_opinion(void **state)
{
    struct matter m;
    const struct dp_office town = office(TOWN, "station"), county = office(COUNTY, "bureau");
    struct dp_name held, with, opinion, serve;
    uint32_t facts[16];

    (void)state;
    matter_init(&m, town, &claim);
    held = offer(&m, DP_KIND_REFER_UP, town, county, DP_DUTY_HANDLE, m.f.subject.name);
    held = answer(&m, DP_KIND_ACCEPT, county, m.f.subject.name, held);
    with = offer(&m, DP_KIND_TRANSFER, county, office(COUNTY, "archive"), DP_DUTY_CO_HANDLE, held);
    assert_grantees(&m, false, with, COUNTY, NULL, NULL); /* the same node */
    with = offer(&m, DP_KIND_TRANSFER, county, office(OTHER_POST, "archive"), DP_DUTY_CO_HANDLE, held);
    assert_grantees(&m, false, with, COUNTY, OTHER_POST, NULL);
    assert_int_equal(parts_for(&m, with, OTHER_POST, facts, 16), 5);
    opinion = step_by(&m, DP_KIND_OPINION, county, held, NO_NAME);
    assert_grantees(&m, false, opinion, COUNTY, TOWN, OTHER_POST);
    serve = offer(&m, DP_KIND_TRANSFER, county, office(TOWN_2, "gov"), DP_DUTY_SERVE, held);
    assert_grantees(&m, false, serve, COUNTY, TOWN_2, NULL);
    assert_int_equal(parts_for(&m, serve, TOWN_2, facts, 16), 2);
    assert_int_equal(m.f.facts[facts[0]].e.kind, DP_KIND_OPINION);
    assert_int_equal(m.f.facts[facts[1]].e.kind, DP_KIND_TRANSFER);
    /* asked before the opinion was there: then it comes with the opinion */
    assert_three(&m, false, opinion, COUNTY, (const char *const[3]){TOWN, OTHER_POST, TOWN_2});
    assert_true(dp_route_keeps_keys(&m.f, &m.s, false, at(TOWN_2)));
    matter_fini(&m);
}

/* Who has an offer before it gets what is written after the offer, until it is taken back. */
static void an_open_offer_gets_what_comes_after_it(void **state)
{
    struct matter m;
    const struct dp_office town = office(TOWN, "station"), county = office(COUNTY, "bureau");
    struct dp_name sent, note;

    (void)state;
    matter_init(&m, town, &claim);
    sent = offer(&m, DP_KIND_REFER_UP, town, county, DP_DUTY_HANDLE, m.f.subject.name);
    note = step_by(&m, DP_KIND_NOTE, town, NO_NAME, NO_NAME);
    assert_grantees(&m, false, note, TOWN, COUNTY, NULL);
    (void)step_by(&m, DP_KIND_WITHDRAW, town, m.f.subject.name, sent);
    assert_grantees(&m, false, note, TOWN, NULL, NULL);
    matter_fini(&m);
}

/* R-PRT-1: a correction goes to whoever has to read what it replaces, and a corrected letter stays a letter.
 */
static void a_correction_goes_to_who_read_the_first_text(void **state)
{
    struct story t;
    struct dp_name order, fixed;
    struct dp_entry e;

    (void)state;
    told(&t, &claim);
    e = entry_of(&t.m, DP_KIND_CORRECT, t.town);
    e.re = e.body.other = t.m.f.subject.name;
    fixed = insert_valid(&t.m, &e);
    assert_grantees(&t.m, false, fixed, TOWN, COUNTY, HOUSING_POST);
    e = order_of(&t.m, office(CITY, "bureau"), t.county);
    order = insert_valid(&t.m, &e);
    e = entry_of(&t.m, DP_KIND_CORRECT, office(CITY, "bureau"));
    e.re = e.body.other = order;
    fixed = insert_valid(&t.m, &e);
    assert_grantees(&t.m, false, fixed, CITY, COUNTY, NULL);
    matter_fini(&t.m);
}

/* Registrar and custodian on one node: one grant. */
static void a_node_is_named_once(void **state)
{
    struct matter m;
    const struct dp_office town = office(TOWN, "station"), county = office(COUNTY, "bureau");
    struct dp_name sent, note;

    (void)state;
    matter_init(&m, town, &claim);
    sent = offer(&m, DP_KIND_REFER_UP, town, county, DP_DUTY_HANDLE, m.f.subject.name);
    note = step_by(&m, DP_KIND_NOTE, county, NO_NAME, sent);
    assert_grantees(&m, false, note, COUNTY, TOWN, NULL);
    matter_fini(&m);
}

static void texts_go_to_whom_they_concern(void **state)
{
    struct story t;
    struct dp_name note, order, reply, told_back;
    struct dp_entry e;

    (void)state;
    told(&t, &claim);
    note = step_by(&t.m, DP_KIND_NOTE, t.county, NO_NAME, NO_NAME);
    assert_grantees(&t.m, false, note, COUNTY, TOWN, HOUSING_POST);
    note = step_by(&t.m, DP_KIND_NOTE, t.town, NO_NAME, NO_NAME);
    assert_grantees(&t.m, false, note, TOWN, HOUSING_POST, NULL);
    e = order_of(&t.m, office(CITY, "bureau"), t.county);
    order = insert_valid(&t.m, &e);
    assert_grantees(&t.m, false, order, CITY, COUNTY, NULL);
    reply = answer(&t.m, DP_KIND_ANSWER, t.county, NO_NAME, order);
    assert_grantees(&t.m, false, reply, COUNTY, CITY, NULL);
    told_back = step_by(&t.m, DP_KIND_REPORT_BACK, t.housing, NO_NAME, t.sent);
    assert_grantees(&t.m, false, told_back, HOUSING_POST, COUNTY, NULL);
    e = entry_of(&t.m, DP_KIND_CORRECT, t.county);
    e.re = reply;
    e.body.other = reply;
    e.body.code = 1;
    assert_grantees(&t.m, false, insert_valid(&t.m, &e), COUNTY, CITY, NULL);
    matter_fini(&t.m);
}

/* Who takes the case from above has no key; the holder that it took it from has. */
static void the_displaced_holder_hands_over(void **state)
{
    struct story t;
    struct dp_name taken;
    struct dp_entry e;
    uint32_t facts[16];

    (void)state;
    told(&t, &claim);
    taken = step_by(&t.m, DP_KIND_TAKE, office(CITY, "bureau"), t.accepted, NO_NAME);
    assert_grantees(&t.m, false, taken, CITY, HOUSING_POST, NULL);
    assert_int_equal(parts_for(&t.m, taken, HOUSING_POST, facts, 16), 1);
    assert_grantees(&t.m, false, taken, HOUSING_POST, CITY, NULL);
    assert_int_equal(parts_for(&t.m, taken, CITY, facts, 16), 6);
    assert_grantees(&t.m, false, taken, COUNTY, NULL, NULL);
    matter_fini(&t.m);

    told(&t, &claim);
    e = offer_of(&t.m, DP_KIND_DESIGNATE, office(CITY, "bureau"), office(COUNTY_2, "bureau"), DP_DUTY_HANDLE,
                 t.accepted);
    taken = insert_valid(&t.m, &e);
    assert_grantees(&t.m, false, taken, HOUSING_POST, CITY, COUNTY_2);
    assert_int_equal(parts_for(&t.m, taken, COUNTY_2, facts, 16), 6);
    assert_grantees(&t.m, false, taken, CITY, COUNTY_2, HOUSING_POST);
    matter_fini(&t.m);
}

/* N3 has the last word, whatever the step. */
static void no_grant_goes_to_a_denied_node(void **state)
{
    struct story t;
    struct dp_reg reg = claim;
    struct dp_name note;

    (void)state;
    reg.purpose = DP_PURPOSE_ACCUSATION;
    reg.respondents[0] = office(HOUSING_POST, "housing");
    reg.respondent_count = 1;
    told(&t, &reg);
    assert_grantees(&t.m, false, t.referred, TOWN, COUNTY, NULL);
    assert_grantees(&t.m, false, t.sent, COUNTY, NULL, NULL);
    note = step_by(&t.m, DP_KIND_NOTE, t.county, NO_NAME, NO_NAME);
    assert_grantees(&t.m, false, note, COUNTY, TOWN, NULL);
    matter_fini(&t.m);
}

static void a_lock_without_a_register_grants_nothing(void **state)
{
    struct matter m = {0};
    const struct dp_subject subject = {DP_SUBJECT_CASE, {at(TOWN), 7, 99}};
    struct dp_entry e;
    struct dp_name order;

    (void)state;
    dp_casefile_init(&m.f, &subject);
    dp_arena_init(&m.arena, 1 << 20, 1 << 20);
    e = order_of(&m, office(CITY, "bureau"), office(COUNTY, "bureau"));
    order = insert_valid(&m, &e);
    assert_grantees(&m, false, order, CITY, COUNTY, NULL);
    assert_grantees(&m, true, order, CITY, NULL, NULL);
    matter_fini(&m);
}

static bool keeps(const struct matter *m, const char *node)
{
    return dp_route_keeps_keys(&m->f, &m->s, false, at(node));
}

static void keys_go_with_custody(void **state)
{
    struct matter m;
    const struct dp_office town = office(TOWN, "station"), county = office(COUNTY_2, "bureau");
    const struct dp_office city = office(CITY, "bureau");
    struct dp_name sent, held;

    (void)state;
    matter_init(&m, town, &claim);
    assert_true(keeps(&m, TOWN));
    assert_true(keeps(&m, COUNTY)); /* the registrar's parent */
    assert_false(dp_route_keeps_keys(&m.f, &m.s, true, at(COUNTY)));
    assert_false(keeps(&m, CITY));
    sent = offer(&m, DP_KIND_REFER_UP, town, city, DP_DUTY_HANDLE, m.f.subject.name);
    assert_true(keeps(&m, CITY)); /* to decide on the offer */
    held = answer(&m, DP_KIND_ACCEPT, city, m.f.subject.name, sent);
    assert_true(keeps(&m, CITY));
    sent = offer(&m, DP_KIND_TRANSFER, city, county, DP_DUTY_HANDLE, held);
    assert_true(keeps(&m, COUNTY_2));
    assert_true(keeps(&m, CITY)); /* responsible until accepted */
    (void)answer(&m, DP_KIND_ACCEPT, county, held, sent);
    assert_true(keeps(&m, COUNTY_2));
    assert_false(keeps(&m, CITY));
    assert_true(keeps(&m, TOWN));
    assert_true(keeps(&m, COUNTY));
    matter_fini(&m);
}

static void an_offer_withdrawn_takes_the_keys_along(void **state)
{
    struct matter m;
    const struct dp_office county = office(COUNTY, "bureau");
    struct dp_name sent;

    (void)state;
    matter_init(&m, county, &claim);
    sent = offer(&m, DP_KIND_TRANSFER, county, office(TOWN, "gov"), DP_DUTY_HANDLE, m.f.subject.name);
    assert_true(keeps(&m, TOWN));
    (void)step_by(&m, DP_KIND_WITHDRAW, county, m.f.subject.name, sent);
    assert_false(keeps(&m, TOWN));
    matter_fini(&m);
}

static void requests_end_with_the_custody_they_were_made_under(void **state)
{
    struct story t;
    struct dp_name taken;

    (void)state;
    told(&t, &claim);
    assert_false(keeps(&t.m, OTHER_POST));
    taken = step_by(&t.m, DP_KIND_TAKE, t.county, t.accepted, NO_NAME);
    (void)offer(&t.m, DP_KIND_TRANSFER, t.county, office(OTHER_POST, "archive"), DP_DUTY_CO_HANDLE, taken);
    assert_true(keeps(&t.m, OTHER_POST));
    assert_false(keeps(&t.m, HOUSING_POST));
    (void)step_by(&t.m, DP_KIND_TAKE, office(CITY, "bureau"), taken, NO_NAME);
    assert_false(keeps(&t.m, OTHER_POST));
    assert_true(keeps(&t.m, CITY));
    matter_fini(&t.m);
}

static void a_request_withdrawn_or_a_case_closed_ends_it(void **state)
{
    struct matter m;
    const struct dp_office county = office(COUNTY, "bureau");
    struct dp_name serve, with, opinion;
    struct dp_entry e;

    (void)state;
    matter_init(&m, county, &claim);
    with = offer(&m, DP_KIND_TRANSFER, county, office(TOWN, "gov"), DP_DUTY_CO_HANDLE, m.f.subject.name);
    serve = offer(&m, DP_KIND_TRANSFER, county, office(TOWN_2, "gov"), DP_DUTY_SERVE, m.f.subject.name);
    opinion = step_by(&m, DP_KIND_OPINION, county, m.f.subject.name, NO_NAME);
    assert_grantees(&m, false, opinion, COUNTY, TOWN, TOWN_2);
    assert_true(keeps(&m, TOWN_2));
    (void)step_by(&m, DP_KIND_WITHDRAW, county, m.f.subject.name, serve);
    assert_grantees(&m, false, opinion, COUNTY, TOWN, NULL);
    assert_false(keeps(&m, TOWN_2));
    assert_true(keeps(&m, TOWN));
    assert_grantees(&m, false, with, COUNTY, TOWN, NULL);
    e = entry_of(&m, DP_KIND_CLOSE, county);
    e.custody = m.f.subject.name;
    e.body.code = DP_CLOSE_WITHDRAWN;
    (void)insert_valid(&m, &e);
    assert_false(keeps(&m, TOWN));
    assert_true(keeps(&m, COUNTY));
    matter_fini(&m);
}

static bool keeps_key(const struct matter *m, struct dp_name n, const char *node)
{
    return dp_route_keeps_key(&m->f, &m->s, false, entry(m, n), at(node));
}

static void letters_stay_with_whom_they_were_written_to(void **state)
{
    struct story t;
    struct dp_name order, reply;
    struct dp_entry e;

    (void)state;
    told(&t, &claim);
    e = order_of(&t.m, office(CITY, "bureau"), t.county);
    order = insert_valid(&t.m, &e);
    reply = answer(&t.m, DP_KIND_ANSWER, t.county, NO_NAME, order);
    assert_false(keeps(&t.m, CITY));
    assert_true(keeps_key(&t.m, order, CITY));
    assert_true(keeps_key(&t.m, order, COUNTY));
    assert_true(keeps_key(&t.m, reply, CITY));
    assert_false(keeps_key(&t.m, t.registered, CITY));
    assert_false(keeps_key(&t.m, order, COUNTY_2));
    assert_true(keeps_key(&t.m, t.registered, HOUSING_POST));
    matter_fini(&t.m);
}

static void without_a_register_nothing_is_kept(void **state)
{
    struct dp_casefile f;
    struct dp_state s = {.registered = DP_FACT_NONE};
    const struct dp_subject subject = {DP_SUBJECT_CASE, {at(TOWN), 7, 1}};

    (void)state;
    dp_casefile_init(&f, &subject);
    assert_false(dp_route_keeps_keys(&f, &s, false, at(TOWN)));
    dp_casefile_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registrars_parent_can_open_in_need),
        cmocka_unit_test(the_offeree_gets_the_whole_case),
        cmocka_unit_test(void_parts_stay_where_they_are),
        cmocka_unit_test(co_handlers_get_all_and_servers_the_opinion),
        cmocka_unit_test(a_node_is_named_once),
        cmocka_unit_test(texts_go_to_whom_they_concern),
        cmocka_unit_test(the_displaced_holder_hands_over),
        cmocka_unit_test(no_grant_goes_to_a_denied_node),
        cmocka_unit_test(keys_go_with_custody),
        cmocka_unit_test(an_offer_withdrawn_takes_the_keys_along),
        cmocka_unit_test(requests_end_with_the_custody_they_were_made_under),
        cmocka_unit_test(an_open_offer_gets_what_comes_after_it),
        cmocka_unit_test(a_correction_goes_to_who_read_the_first_text),
        cmocka_unit_test(a_request_withdrawn_or_a_case_closed_ends_it),
        cmocka_unit_test(a_lock_without_a_register_grants_nothing),
        cmocka_unit_test(letters_stay_with_whom_they_were_written_to),
        cmocka_unit_test(without_a_register_nothing_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
