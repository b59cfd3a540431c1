/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries go where: up, down, lanes and scope. */
#include "support/cmocka_all.h"

#include <string.h>

#include "relay/route.h"
#include "unit/relay/matter.h"

static const struct dp_reg claim = {.purpose = DP_PURPOSE_CLAIM, .channel = 'V', .headcount = 1};

static bool down(const struct matter *m, const char *child)
{
    return dp_route_down(&m->f, &m->s, false, at(child));
}

/* R-DOWN-1, R-DOWN-2: the registrar's child, then the offeree's; nothing of a sibling. */
static void a_case_goes_to_the_children_of_its_parties(void **state)
{
    struct matter m;
    const struct dp_office town = office(TOWN, "station"), county = office(COUNTY, "bureau");
    struct dp_name custody, sent;

    (void)state;
    matter_init(&m, town, &claim);
    assert_true(down(&m, TOWN));
    assert_true(down(&m, COUNTY)); /* seen from the city */
    assert_false(down(&m, TOWN_2));
    assert_false(down(&m, VILLAGE));
    assert_false(down(&m, COUNTY_2));
    sent = offer(&m, DP_KIND_REFER_UP, town, county, DP_DUTY_HANDLE, m.f.subject.name);
    custody = answer(&m, DP_KIND_ACCEPT, county, m.f.subject.name, sent);
    assert_false(down(&m, TOWN_2));
    sent = offer(&m, DP_KIND_TRANSFER, county, office(TOWN_2, "gov"), DP_DUTY_HANDLE, custody);
    assert_true(down(&m, TOWN_2));
    assert_true(down(&m, TOWN));
    assert_false(down(&m, HOUSING_POST));
    (void)step_by(&m, DP_KIND_WITHDRAW, county, custody, sent);
    assert_true(down(&m, TOWN_2)); /* once a party, always a party */
    matter_fini(&m);
}

/* R-DOWN-2, R-FLD-3: a void or a pending entry makes no party. */
static void void_and_pending_entries_make_no_party(void **state)
{
    struct matter m;
    const struct dp_office town = office(TOWN, "station"), county = office(COUNTY, "bureau");
    struct dp_entry e;

    (void)state;
    matter_init(&m, town, &claim);
    /* The county does not hold the case: void. */
    e = offer_of(&m, DP_KIND_TRANSFER, county, office(TOWN_2, "gov"), DP_DUTY_HANDLE, m.f.subject.name);
    assert_int_equal(insert_entry(&m, &e), DP_VOIDED);
    assert_false(down(&m, TOWN_2));
    /* Its custody is not here yet: pending. */
    e = offer_of(&m, DP_KIND_TRANSFER, county, office(HOUSING_POST, "housing"), DP_DUTY_HANDLE,
                 (struct dp_name){at(COUNTY), 7, 900});
    assert_int_equal(insert_entry(&m, &e), DP_PENDING);
    assert_false(down(&m, HOUSING_POST));
    assert_true(down(&m, TOWN));
    matter_fini(&m);
}

/* R-N3-2, R-N3-3: asked for each child, whoever is a party there. */
static void a_protected_case_does_not_go_to_the_accused(void **state)
{
    struct matter m;
    struct dp_reg reg = claim;
    const struct dp_office county = office(COUNTY, "bureau");

    (void)state;
    reg.purpose = DP_PURPOSE_ACCUSATION;
    reg.respondents[0] = office(TOWN, "station");
    reg.respondent_count = 1;
    matter_init(&m, county, &reg);
    (void)offer(&m, DP_KIND_TRANSFER, county, office(TOWN, "gov"), DP_DUTY_HANDLE, m.f.subject.name);
    assert_false(down(&m, TOWN));
    assert_true(down(&m, COUNTY));
    matter_fini(&m);

    matter_init(&m, county, &claim);
    (void)offer(&m, DP_KIND_TRANSFER, county, office(TOWN, "gov"), DP_DUTY_HANDLE, m.f.subject.name);
    assert_true(dp_route_down(&m.f, &m.s, false, at(TOWN)));
    assert_false(dp_route_down(&m.f, &m.s, true, at(TOWN))); /* locked by hand, nobody named */
    matter_fini(&m);
}

/* R-ORD-1: an order stands without its case; anything else waits for the register entry, as N3 needs it. */
static void only_orders_go_before_the_register(void **state)
{
    struct matter m;
    struct dp_name order;
    struct dp_entry e;
    const struct dp_subject subject = {DP_SUBJECT_CASE, {at(TOWN), 7, 99}};

    (void)state;
    m = (struct matter){0};
    dp_casefile_init(&m.f, &subject);
    dp_arena_init(&m.arena, 1 << 20, 1 << 20);
    e = order_of(&m, office(CITY, "bureau"), office(COUNTY, "bureau"));
    order = insert_valid(&m, &e);
    assert_true(down(&m, COUNTY));
    assert_false(down(&m, COUNTY_2));
    assert_false(dp_route_down(&m.f, &m.s, true, at(COUNTY)));
    (void)answer(&m, DP_KIND_ANSWER, office(COUNTY, "bureau"), NO_NAME, order);
    assert_true(down(&m, COUNTY));
    e = offer_of(&m, DP_KIND_TRANSFER, office(COUNTY, "bureau"), office(TOWN_2, "gov"), DP_DUTY_HANDLE,
                 subject.name);
    assert_int_equal(insert_entry(&m, &e), DP_PENDING);
    assert_false(down(&m, COUNTY));
    matter_fini(&m);
}

static void entries_of_the_subtree_do_not_come_back(void **state)
{
    struct dp_fact fact = {0};

    (void)state;
    fact.e.name.origin = at(VILLAGE);
    assert_false(dp_route_entry_down(&fact, at(TOWN)));
    assert_false(dp_route_entry_down(&fact, at(VILLAGE)));
    assert_true(dp_route_entry_down(&fact, at(TOWN_2)));
    fact.e.name.origin = at(COUNTY);
    assert_true(dp_route_entry_down(&fact, at(TOWN)));
    assert_true(dp_route_entry_down(&fact, at(HOUSING_POST)));
}

/* R-UP-1 */
static void up_goes_the_subtree(void **state)
{
    (void)state;
    assert_true(dp_route_up(at(COUNTY), at(COUNTY)));
    assert_true(dp_route_up(at(COUNTY), at(VILLAGE)));
    assert_true(dp_route_up(at(COUNTY), at(HOUSING_POST)));
    assert_false(dp_route_up(at(COUNTY), at(CITY)));
    assert_false(dp_route_up(at(COUNTY), at(TOWN_AWAY)));
    assert_false(dp_route_up(at(HOUSING_POST), at(COUNTY)));
    assert_false(dp_route_up(at(COUNTY), (struct dp_node){0}));
}

/* R-DOWN-4 */
static void entries_of_nodes_and_data_go_down(void **state)
{
    struct dp_subject subject = dp_subject_of_node(at(COUNTY));

    (void)state;
    assert_true(dp_route_subject_down(&subject, at(TOWN), false)); /* above the child */
    assert_true(dp_route_subject_down(&subject, at(CITY), false)); /* below it, seen from the province */
    assert_false(dp_route_subject_down(&subject, at(COUNTY_2), false));
    assert_true(dp_route_subject_down(&subject, at(COUNTY_2), true));
    subject = (struct dp_subject){DP_SUBJECT_DATA, {at(PROVINCE), 7, 1}};
    assert_true(dp_route_subject_down(&subject, at(VILLAGE), false));
    subject.type = DP_SUBJECT_CASE;
    assert_false(dp_route_subject_down(&subject, at(VILLAGE), true));
    subject.type = DP_SUBJECT_CAMPAIGN;
    assert_false(dp_route_subject_down(&subject, at(VILLAGE), true));
}

static void the_way_down_is_by_the_codes(void **state)
{
    (void)state;
    assert_int_equal(dp_route_child_towards(at(PROVINCE), at(VILLAGE)).v, at(CITY).v);
    assert_int_equal(dp_route_child_towards(at(COUNTY), at(VILLAGE)).v, at(TOWN).v);
    assert_int_equal(dp_route_child_towards(at(COUNTY), at(HOUSING_POST)).v, at(HOUSING_POST).v);
    assert_int_equal(dp_route_child_towards(at(CITY), at(TOWN_POST)).v, at(COUNTY).v);
    assert_int_equal(dp_route_child_towards(at(COUNTY), at(COUNTY)).v, 0);
    assert_int_equal(dp_route_child_towards(at(COUNTY), at(TOWN_AWAY)).v, 0);
    assert_int_equal(dp_route_child_towards(at(HOUSING_POST), at(HOUSING_POST)).v, 0);
    assert_int_equal(dp_route_child_towards(at(COUNTY), (struct dp_node){0}).v, 0);
}

/* R-LAN-1, R-LAN-2 */
static void orders_and_urgent_cases_take_the_urgent_lane(void **state)
{
    struct dp_reg reg = claim;
    struct dp_entry e = {0};

    (void)state;
    for (unsigned kind = 1; kind <= DP_KIND_MAX; kind++) {
        bool order = kind == DP_KIND_SUPERVISE || kind == DP_KIND_REMIND || kind == DP_KIND_ANSWER ||
                     kind == DP_KIND_LIFT;
        e.kind = (uint8_t)kind;
        reg.flags = DP_REG_FLAGS_ALL & ~(uint32_t)DP_REG_URGENT;
        assert_int_equal(dp_route_lane(&e, NULL), order ? DP_LANE_URGENT : DP_LANE_CASES);
        assert_int_equal(dp_route_lane(&e, &reg), order ? DP_LANE_URGENT : DP_LANE_CASES);
        reg.flags = DP_REG_URGENT;
        assert_int_equal(dp_route_lane(&e, &reg), DP_LANE_URGENT);
    }
}

/* R-SCP-1 */
static void peers_send_within_their_scope(void **state)
{
    static const struct {
        const char *self, *peer;
        bool parent;
        const char *origin;
        bool ok;
    } rows[] = {
        {COUNTY, TOWN, false, TOWN, true},          {COUNTY, TOWN, false, VILLAGE, true},
        {COUNTY, TOWN, false, TOWN_2, false},       {COUNTY, TOWN, false, COUNTY, false},
        {COUNTY, TOWN, false, CITY, false},         {COUNTY, HOUSING_POST, false, HOUSING_POST, true},
        {COUNTY, HOUSING_POST, false, TOWN, false}, {COUNTY, CITY, true, CITY, true},
        {COUNTY, CITY, true, COUNTY_2, true},       {COUNTY, CITY, true, PROVINCE, true},
        {COUNTY, CITY, true, COUNTY, false},        {COUNTY, CITY, true, VILLAGE, false},
        {HOUSING_POST, COUNTY, true, TOWN, true},   {HOUSING_POST, COUNTY, true, HOUSING_POST, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (dp_route_scope_ok(at(rows[i].self), at(rows[i].peer), rows[i].parent, at(rows[i].origin)) !=
            rows[i].ok)
            fail_msg("row %zu", i);
    }
    assert_false(dp_route_scope_ok(at(COUNTY), at(CITY), true, (struct dp_node){0}));
    assert_false(dp_route_scope_ok(at(COUNTY), at(CITY), true, (struct dp_node){UINT64_MAX}));
}

/* R-N3-7: what an entry names that is no entry of its case. */
static void names_of_other_cases(void **state)
{
    const struct dp_office me = office(COUNTY, "bureau");
    const struct dp_name stranger = {at(TOWN), 9, 4};
    struct dp_reg reg = {.purpose = DP_PURPOSE_CLAIM, .split_from = stranger};
    struct dp_name out[DP_ABROAD_MAX];
    struct matter m;
    struct dp_entry e;

    (void)state;
    matter_init(&m, me, &reg);
    assert_int_equal(dp_route_abroad(&m.f, 0, out), 1); /* split_from */
    assert_true(dp_name_eq(&out[0], &stranger));
    e = entry_of(&m, DP_KIND_LINK, me);
    e.body.other = stranger;
    (void)insert_valid(&m, &e);
    assert_int_equal(dp_route_abroad(&m.f, 1, out), 1);
    assert_true(dp_name_eq(&out[0], &stranger));
    /* Its own case, and own entries, are no others. */
    e = entry_of(&m, DP_KIND_CORRECT, me);
    e.re = e.body.other = m.f.subject.name;
    (void)insert_valid(&m, &e);
    assert_int_equal(dp_route_abroad(&m.f, 2, out), 0);
    /* By references that lead nowhere, as a hostile node may write them. */
    e = entry_of(&m, DP_KIND_NOTE, me);
    e.prev = e.custody = e.re = stranger;
    (void)insert_entry(&m, &e);
    assert_int_equal(dp_route_abroad(&m.f, 3, out), 3);
    matter_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_goes_to_the_children_of_its_parties),
        cmocka_unit_test(void_and_pending_entries_make_no_party),
        cmocka_unit_test(a_protected_case_does_not_go_to_the_accused),
        cmocka_unit_test(only_orders_go_before_the_register),
        cmocka_unit_test(entries_of_the_subtree_do_not_come_back),
        cmocka_unit_test(up_goes_the_subtree),
        cmocka_unit_test(entries_of_nodes_and_data_go_down),
        cmocka_unit_test(the_way_down_is_by_the_codes),
        cmocka_unit_test(orders_and_urgent_cases_take_the_urgent_lane),
        cmocka_unit_test(peers_send_within_their_scope),
        cmocka_unit_test(names_of_other_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
