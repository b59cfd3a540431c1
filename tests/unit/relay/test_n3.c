/* SPDX-License-Identifier: Apache-2.0 */
/* Rule N3 in every variant of domain 6, privacy rules 1 and 2. */
#include "support/cmocka_all.h"

#include "relay/route.h"
#include "unit/relay/places.h"

static struct dp_reg accusation(void)
{
    return (struct dp_reg){.purpose = DP_PURPOSE_ACCUSATION};
}

static struct dp_reg against(const char *node, const char *slug)
{
    struct dp_reg reg = accusation();

    reg.respondents[0] = office(node, slug);
    reg.respondent_count = 1;
    return reg;
}

struct row {
    const char *node;
    bool denied;
};

#define assert_denies(reg, registrar, ...)                                                                   \
    do {                                                                                                     \
        static const struct row rows[] = {__VA_ARGS__};                                                      \
        check_rows(reg, registrar, rows, sizeof(rows) / sizeof(rows[0]));                                    \
    } while (0)

static void check_rows(const struct dp_reg *reg, const char *registrar, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool denied = dp_n3_denies_node(reg, false, at(registrar), at(rows[i].node));
        if (denied != rows[i].denied)
            fail_msg("%s: %s", rows[i].node, denied ? "denied" : "not denied");
    }
}

/* Every code above is a node. */
static unsigned all_above(struct dp_node self, struct dp_node out[8])
{
    unsigned n = 0;

    for (struct dp_node a = dp_node_parent(self); a.v != 0; a = dp_node_parent(a))
        out[n++] = a;
    return n;
}

/* R-N3-1, R-N3-4: NULL: an entry of its own chain; else the text of the node. */
static void assert_parcel(const struct dp_reg *reg, const char *self, const char *to)
{
    struct dp_node above[8], got;

    assert_true(dp_n3_road(reg, at(self), above, all_above(at(self), above), &got));
    assert_int_equal(got.v, to == NULL ? 0 : at(to).v);
}

static void protected_by_purpose_flag_or_lock(void **state)
{
    struct dp_reg reg = {.purpose = DP_PURPOSE_CLAIM};

    (void)state;
    assert_false(dp_n3_protected(&reg, false));
    assert_true(dp_n3_protected(&reg, true));
    reg.flags = DP_REG_FLAGS_ALL & ~(uint32_t)(DP_REG_CONFIDENTIAL | DP_REG_LOCK);
    assert_false(dp_n3_protected(&reg, false));
    reg.flags = DP_REG_CONFIDENTIAL;
    assert_true(dp_n3_protected(&reg, false));
    reg.flags = DP_REG_LOCK;
    assert_true(dp_n3_protected(&reg, false));
    reg = accusation();
    assert_true(dp_n3_protected(&reg, false));
    for (uint8_t purpose = 0; purpose < 100; purpose++) {
        reg.purpose = purpose;
        assert_int_equal(dp_n3_protected(&reg, false), purpose == DP_PURPOSE_ACCUSATION);
    }
}

/* Privacy rule 2: for a claim the unit complained about is often the lawful handler (R22 31(6)). */
static void a_claim_may_reach_the_office_complained_about(void **state)
{
    struct dp_reg reg = against(TOWN, "station");
    const struct dp_office respondent = office(TOWN, "station");

    (void)state;
    reg.purpose = DP_PURPOSE_CLAIM;
    assert_denies(&reg, VILLAGE, {TOWN, false}, {VILLAGE, false}, {COUNTY, false});
    assert_false(dp_n3_denies_office(&reg, false, at(VILLAGE), &respondent));
    assert_parcel(&reg, VILLAGE, NULL);
    /* the same under a lock set later */
    assert_true(dp_n3_denies_node(&reg, true, at(VILLAGE), at(TOWN)));
    assert_true(dp_n3_denies_office(&reg, true, at(VILLAGE), &respondent));
}

static void who_heads_a_division(void **state)
{
    static const struct {
        const char *node, *slug;
        bool heads;
    } rows[] = {
        {VILLAGE, "station", true},      {VILLAGE, "committee", true}, {TOWN, "station", true},
        {TOWN, "housing", true},         {COUNTY, "bureau", true},     {COUNTY, "gov", true},
        {COUNTY, "office", true},        {COUNTY, "housing", false},   {COUNTY, "bureau-2", false},
        {CITY, "bureau", true},          {CITY, "police", false},      {PROVINCE, "gov", true},
        {HOUSING_POST, "housing", true}, {OTHER_POST, "x", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct dp_office o = office(rows[i].node, rows[i].slug);
        if (dp_n3_heads(&o) != rows[i].heads)
            fail_msg("%s/%s", rows[i].node, rows[i].slug);
    }
}

/* R-N3-2: the village node when the respondent is a member of that village's committee. */
static void village_committee(void **state)
{
    const struct dp_reg reg = against(VILLAGE, "committee");

    (void)state;
    assert_denies(&reg, TOWN, {VILLAGE, true}, {VILLAGE_2, false}, {TOWN, false}, {COUNTY, false},
                  {CITY, false}, {HOUSING_POST, false});
    assert_parcel(&reg, VILLAGE, COUNTY); /* not to the township: no bureau */
    assert_parcel(&reg, VILLAGE_2, NULL);
    assert_parcel(&reg, TOWN, NULL);
}

static void township_office(void **state)
{
    const struct dp_reg reg = against(TOWN, "station");

    (void)state;
    assert_denies(&reg, COUNTY, {TOWN, true}, {VILLAGE, true}, {TOWN_POST, true}, {TOWN_2, false},
                  {COUNTY, false}, {TOWN_AWAY, false});
    assert_parcel(&reg, VILLAGE, COUNTY);
    assert_parcel(&reg, TOWN, COUNTY);
    assert_parcel(&reg, TOWN_2, NULL);
}

static void county_bureau(void **state)
{
    const struct dp_reg reg = against(COUNTY, "bureau");

    (void)state;
    assert_denies(&reg, VILLAGE, {COUNTY, true}, {TOWN, true}, {VILLAGE, true}, {HOUSING_POST, true},
                  {CITY, false}, {PROVINCE, false}, {COUNTY_2, false}, {TOWN_AWAY, false});
    assert_parcel(&reg, VILLAGE, CITY);
    assert_parcel(&reg, COUNTY, CITY);
    assert_parcel(&reg, HOUSING_POST, CITY);
    assert_parcel(&reg, COUNTY_2, NULL);
}

/* A department that shares the county's node: the node is not denied, its sessions are (R-N3-6). */
static void department_on_a_shared_node(void **state)
{
    const struct dp_reg reg = against(COUNTY, "housing");
    const struct dp_office housing = office(COUNTY, "housing"), bureau = office(COUNTY, "bureau");
    const struct dp_office below = office(TOWN, "housing"), beside = office(TOWN, "station");
    const struct dp_office away = office(TOWN_AWAY, "housing"), post = office(HOUSING_POST, "housing");

    (void)state;
    assert_denies(&reg, TOWN, {COUNTY, false}, {TOWN, false}, {VILLAGE, false}, {CITY, false});
    assert_parcel(&reg, TOWN, NULL);
    assert_true(dp_n3_denies_office(&reg, false, at(TOWN), &housing));
    assert_true(dp_n3_denies_office(&reg, false, at(TOWN), &below));
    assert_true(dp_n3_denies_office(&reg, false, at(TOWN), &post));
    assert_false(dp_n3_denies_office(&reg, false, at(TOWN), &bureau));
    assert_false(dp_n3_denies_office(&reg, false, at(TOWN), &beside));
    assert_false(dp_n3_denies_office(&reg, false, at(TOWN), &away));
}

/* A department with its own node: that node, and nothing else of the county. */
static void department_on_its_own_node(void **state)
{
    const struct dp_reg reg = against(HOUSING_POST, "housing");
    const struct dp_office any = office(HOUSING_POST, "archive"), shared = office(COUNTY, "housing");

    (void)state;
    assert_denies(&reg, TOWN, {HOUSING_POST, true}, {OTHER_POST, false}, {COUNTY, false}, {TOWN, false});
    assert_parcel(&reg, HOUSING_POST, COUNTY);
    assert_parcel(&reg, OTHER_POST, NULL);
    assert_true(dp_n3_denies_office(&reg, false, at(TOWN), &any));
    assert_true(dp_n3_denies_office(&reg, false, at(TOWN), &shared));
}

static void every_respondent_counts(void **state)
{
    struct dp_reg reg = against(TOWN, "station");

    (void)state;
    reg.respondents[1] = office(COUNTY, "gov");
    reg.respondents[2] = office(CITY, "police");
    reg.respondents[3] = office(COUNTY_2, "bureau");
    reg.respondent_count = 2;
    assert_denies(&reg, TOWN_2, {TOWN_2, true}, {COUNTY, true}, {CITY, false}, {COUNTY_2, false});
    assert_parcel(&reg, TOWN_2, CITY);
    reg.respondent_count = 4;
    assert_denies(&reg, TOWN_2, {COUNTY_2, true}, {TOWN_AWAY, true}, {CITY, false}, {PROVINCE, false});
    assert_parcel(&reg, TOWN_AWAY, CITY);
    reg.respondent_count = 200; /* more than there is room for */
    assert_true(dp_n3_denies_node(&reg, false, at(TOWN_2), at(COUNTY_2)));
}

/* No respondent named: nothing below the first bureau of county tier or above. */
static void nobody_named(void **state)
{
    const struct dp_reg reg = accusation();

    (void)state;
    assert_denies(&reg, VILLAGE, {VILLAGE, true}, {TOWN, true}, {COUNTY, false}, {CITY, false},
                  {PROVINCE, false});
    assert_denies(&reg, COUNTY, {TOWN, true}, {VILLAGE, true}, {HOUSING_POST, true}, {COUNTY, false},
                  {CITY, false}, {COUNTY_2, false}, {TOWN_AWAY, true});
    assert_denies(&reg, CITY, {COUNTY, true}, {COUNTY_2, true}, {CITY, false}, {CITY_2, false},
                  {PROVINCE, false});
    assert_parcel(&reg, VILLAGE, COUNTY);
    assert_parcel(&reg, TOWN, COUNTY);
    assert_parcel(&reg, HOUSING_POST, COUNTY);
    assert_parcel(&reg, TOWN_POST, COUNTY);
    assert_parcel(&reg, COUNTY, NULL);
    assert_parcel(&reg, CITY, NULL);
    assert_parcel(&reg, PROVINCE, NULL);
}

/* Nowhere higher: who files is told. */
static void everything_up_to_the_root_is_accused(void **state)
{
    static const char *const filed[] = {VILLAGE, CITY, PROVINCE};
    struct dp_reg reg = against(PROVINCE, "gov");
    struct dp_node above[8], to;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_false(dp_n3_road(&reg, at(filed[i]), above, all_above(at(filed[i]), above), &to));
        assert_int_equal(to.v, 0);
    }
}

/* What cannot be judged is denied. */
static void codes_that_are_none_are_denied(void **state)
{
    const struct dp_reg named = against(TOWN, "station"), unnamed = accusation();

    (void)state;
    assert_true(dp_n3_denies_node(&named, false, at(COUNTY), (struct dp_node){0}));
    assert_true(dp_n3_denies_node(&named, false, at(COUNTY), (struct dp_node){UINT64_MAX}));
    assert_true(dp_n3_denies_node(&unnamed, false, (struct dp_node){0}, at(COUNTY)));
    assert_true(dp_n3_denies_node(&unnamed, false, (struct dp_node){12345}, at(COUNTY)));
    struct dp_node to = at(COUNTY);
    assert_false(dp_n3_road(&unnamed, (struct dp_node){0}, NULL, 0, &to));
    assert_int_equal(to.v, 0);
}

/* Whatever is accused and wherever it is filed: an entry's chain is read by all above, so none of them is
 * denied. */
static void no_reader_of_a_chain_is_denied(void **state)
{
    static const char *const nodes[] = {PROVINCE,     CITY,       CITY_2,   COUNTY, COUNTY_2,
                                        HOUSING_POST, OTHER_POST, TOWN,     TOWN_2, TOWN_POST,
                                        VILLAGE,      VILLAGE_2,  TOWN_AWAY};
    static const char *const slugs[] = {"bureau", "station", "housing"};
    const size_t n = sizeof(nodes) / sizeof(nodes[0]);

    (void)state;
    for (size_t i = 0; i < n * n * 4; i++) {
        struct dp_reg reg = i % 4 == 3 ? accusation() : against(nodes[i / 4 % n], slugs[i % 4]);
        struct dp_node self = at(nodes[i / 4 / n]), to, above[8];
        bool root_accused = dp_n3_denies_node(&reg, false, self, at(PROVINCE));
        bool any = dp_n3_road(&reg, self, above, all_above(self, above), &to);

        assert_int_equal(any, !root_accused);
        if (to.v == 0)
            to = self;
        else
            assert_true(dp_n3_takes(&reg, self, to));
        for (; any && to.v != 0; to = dp_node_parent(to)) {
            if (dp_n3_denies_node(&reg, false, to, to))
                fail_msg("case %zu", i);
        }
    }
}

/* R-N3-4: the nodes that exist, with the divisions as they are. */
static void where_a_level_is_missing(void **state)
{
    static const struct {
        const char *self, *accused, *slug; /* NULL: nobody named */
        const char *above[4], *to;         /* to NULL: nowhere */
    } rows[] = {
        /* 潜江, governed by its province: 429000 is a heading, no office */
        {"429004001000", "429004000000", "bureau", {"429004000000", "420000000000"}, "420000000000"},
        {"429004001000", "429004000000", "bureau", {"429004000000"}, NULL},
        {"429004001000", NULL, NULL, {"429004000000"}, "429004000000"},
        {"429004001001", "429004001000", "station", {"429004001000", "429004000000"}, "429004000000"},
        {"429004000000.05", "429004000000.05", "housing", {"429004000000", "420000000000"}, "429004000000"},
        {"429004000000.05", "429004000000", "gov", {"429004000000", "420000000000"}, "420000000000"},
        /* 东城, a district of Beijing: 110100 is a heading */
        {"110101000000", "110101000000", "bureau", {"110000000000"}, "110000000000"},
        {"110101000000", "110101000000", "bureau", {NULL}, NULL},
        {"110101001000", "110101000000", "bureau", {"110101000000", "110000000000"}, "110000000000"},
        /* 东莞, a city without counties */
        {"441900003001", "441900003000", "station", {"441900003000", "441900000000"}, "441900000000"},
        {"441900003001",
         "441900000000",
         "bureau",
         {"441900003000", "441900000000", "440000000000"},
         "440000000000"},
        {"441900003001", "441900000000", "bureau", {"441900003000", "441900000000"}, NULL},
        /* a county without a node of its own */
        {VILLAGE, NULL, NULL, {TOWN, CITY}, CITY},
        {VILLAGE, TOWN, "station", {TOWN, CITY, PROVINCE}, CITY},
        /* a township is no bureau, whoever is on top */
        {VILLAGE, VILLAGE, "committee", {TOWN}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct dp_reg reg =
            rows[i].accused == NULL ? accusation() : against(rows[i].accused, rows[i].slug);
        struct dp_node above[4], to;
        unsigned n = 0;

        while (n < 4 && rows[i].above[n] != NULL) {
            above[n] = at(rows[i].above[n]);
            n++;
        }
        bool any = dp_n3_road(&reg, at(rows[i].self), above, n, &to);
        if (any != (rows[i].to != NULL) || to.v != (any ? at(rows[i].to).v : 0))
            fail_msg("row %zu: %llu", i, (unsigned long long)to.v);
    }
}

/* R-N3-7: one that may not know is enough, wherever it stands. */
static void some_of_the_parties(void **state)
{
    const struct dp_reg reg = against(TOWN, "bureau");
    const struct dp_office who[] = {office(COUNTY, "bureau"), office(TOWN_2, "bureau"),
                                    office(VILLAGE, "station")};

    (void)state;
    assert_true(dp_n3_denies_some(&reg, false, at(COUNTY), who, 3));
    assert_false(dp_n3_denies_some(&reg, false, at(COUNTY), who, 2));
    assert_false(dp_n3_denies_some(&reg, false, at(COUNTY), who, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protected_by_purpose_flag_or_lock),
        cmocka_unit_test(a_claim_may_reach_the_office_complained_about),
        cmocka_unit_test(who_heads_a_division),
        cmocka_unit_test(village_committee),
        cmocka_unit_test(township_office),
        cmocka_unit_test(county_bureau),
        cmocka_unit_test(department_on_a_shared_node),
        cmocka_unit_test(department_on_its_own_node),
        cmocka_unit_test(every_respondent_counts),
        cmocka_unit_test(nobody_named),
        cmocka_unit_test(everything_up_to_the_root_is_accused),
        cmocka_unit_test(codes_that_are_none_are_denied),
        cmocka_unit_test(no_reader_of_a_chain_is_denied),
        cmocka_unit_test(where_a_level_is_missing),
        cmocka_unit_test(some_of_the_parties),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
