/* SPDX-License-Identifier: Apache-2.0 */
/* Names of divisions, nodes, offices, entries and subjects, with codes of 天台 (331023). */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/id.h"
#include "base/rng.h"

#define ZHEJIANG "330000000000"
#define TAIZHOU "331000000000"
#define TIANTAI "331023000000"
#define CHICHENG "331023001000"  /* 赤城街道 */
#define MIAOSHAN "331023001040"  /* 妙山社区 */
#define JIAOJIANG "331002000000" /* 椒江区, a neighbour */

static struct dp_div div_of(const char *s)
{
    struct dp_div d = {0};

    assert_ok(dp_div_parse(dp_slice_str(s), &d));
    return d;
}

static struct dp_node node_of(const char *s)
{
    struct dp_node n = {0};

    assert_ok(dp_node_parse(dp_slice_str(s), &n));
    return n;
}

static void tiers_follow_the_digits(void **state)
{
    (void)state;
    assert_int_equal(dp_div_tier(div_of(ZHEJIANG)), DP_TIER_PROVINCE);
    assert_int_equal(dp_div_tier(div_of(TAIZHOU)), DP_TIER_CITY);
    assert_int_equal(dp_div_tier(div_of(TIANTAI)), DP_TIER_COUNTY);
    assert_int_equal(dp_div_tier(div_of(CHICHENG)), DP_TIER_TOWNSHIP);
    assert_int_equal(dp_div_tier(div_of(MIAOSHAN)), DP_TIER_VILLAGE);
    assert_int_equal(dp_div_tier((struct dp_div){0}), DP_TIER_NONE);
    assert_int_equal(dp_div_tier((struct dp_div){UINT64_MAX}), DP_TIER_NONE);
    assert_int_equal(dp_div_tier((struct dp_div){UINT64_C(1330000000000)}), DP_TIER_NONE);
}

static void codes_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        "331023",
        "33102300000",
        "3310230000000",
        "33102300000a",
        " 31023000000",
        "000000000000",
        "003100000000", /* no province */
        "330023000000", /* no city above the county */
        "331000000001", /* neither county nor township above the village */
        "331023000040", /* no township above the village */
    };
    struct dp_div d = {5};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_div_parse(dp_slice_str(bad[i]), &d), DP_FORMAT);
    assert_int_equal(d.v, 5);
}

/* 东莞: no counties, townships right below the city. */
static void a_city_without_counties(void **state)
{
    struct dp_div city = div_of("441900000000"), town = div_of("441900003000"),
                  village = div_of("441900003001"), out;

    (void)state;
    assert_int_equal(dp_div_tier(town), DP_TIER_TOWNSHIP);
    assert_int_equal(dp_div_tier(village), DP_TIER_VILLAGE);
    assert_true(dp_div_parent(town).v == city.v);
    assert_true(dp_div_parent(village).v == town.v);
    assert_true(dp_div_covers(city, village) && dp_div_covers(town, village));
    assert_false(dp_div_covers(town, div_of("441900004001")));
    assert_int_equal(dp_div_parse(dp_slice_str("441900000001"), &out), DP_FORMAT);
    assert_int_equal(dp_div_parse(dp_slice_str("440000003000"), &out), DP_FORMAT);
    assert_int_equal(dp_div_parse(dp_slice_str("440000003001"), &out), DP_FORMAT);
}

/* Directly governed by the province, and districts of a municipality: the city's code is a heading. */
static void a_county_may_stand_below_its_province(void **state)
{
    static const char *const rows[][2] = {
        {"429004000000", "420000000000"}, {"429004001000", "429004000000"}, {"469001000000", "460000000000"},
        {"110101000000", "110000000000"}, {"310115000000", "310000000000"}, {"500229000000", "500000000000"},
        {"330102000000", "330100000000"}, /* the capital of a province is a city */
        {"441900003000", "441900000000"}, {"441900000000", "440000000000"}, {"110100000000", "110000000000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(dp_div_parent(div_of(rows[i][0])).v == div_of(rows[i][1]).v);
}

static void parents_lead_to_the_province(void **state)
{
    static const char *const up[] = {MIAOSHAN, CHICHENG, TIANTAI, TAIZHOU, ZHEJIANG};
    char text[13];

    (void)state;
    for (size_t i = 0; i + 1 < 5; i++)
        assert_true(dp_div_parent(div_of(up[i])).v == div_of(up[i + 1]).v);
    assert_int_equal(dp_div_parent(div_of(ZHEJIANG)).v, 0);
    assert_int_equal(dp_div_parent((struct dp_div){0}).v, 0);
    dp_div_format(div_of(MIAOSHAN), text);
    assert_string_equal(text, MIAOSHAN);
}

static void covering_is_by_prefix(void **state)
{
    (void)state;
    assert_true(dp_div_covers(div_of(TIANTAI), div_of(TIANTAI)));
    assert_true(dp_div_covers(div_of(TIANTAI), div_of(MIAOSHAN)));
    assert_true(dp_div_covers(div_of(ZHEJIANG), div_of(CHICHENG)));
    assert_false(dp_div_covers(div_of(CHICHENG), div_of(TIANTAI)));
    assert_false(dp_div_covers(div_of(JIAOJIANG), div_of(MIAOSHAN)));
    assert_false(dp_div_covers((struct dp_div){0}, div_of(TIANTAI)));
    assert_false(dp_div_covers(div_of(TIANTAI), (struct dp_div){0}));
}

static void a_post_stands_below_its_division(void **state)
{
    struct dp_node county = node_of(TIANTAI), post = node_of(TIANTAI ".05");

    (void)state;
    assert_int_equal(dp_node_post(post), 5);
    assert_int_equal(dp_node_post(county), 0);
    assert_int_equal(dp_node_div(post).v, div_of(TIANTAI).v);
    assert_int_equal(dp_node_tier(post), DP_TIER_COUNTY);
    assert_true(dp_node_eq(dp_node_parent(post), county));
    assert_true(dp_node_eq(dp_node_parent(county), node_of(TAIZHOU)));
    assert_true(dp_node_eq(dp_node_parent(node_of(MIAOSHAN)), node_of(CHICHENG)));
    assert_int_equal(dp_node_parent(node_of(ZHEJIANG)).v, 0);
    assert_true(dp_node_covers(county, post));
    assert_true(dp_node_covers(post, post));
    assert_false(dp_node_covers(post, county));
    assert_false(dp_node_covers(post, node_of(CHICHENG))); /* a department has no townships */
    assert_false(dp_node_covers(post, node_of(TIANTAI ".06")));
    assert_true(dp_node_covers(node_of(TAIZHOU), post));
    assert_false(dp_node_covers((struct dp_node){0}, county));
    assert_int_equal(dp_node_of(div_of(TIANTAI), 100).v, 0);
}

static void node_text_has_one_form(void **state)
{
    static const char *const bad[] = {TIANTAI ".",   TIANTAI ".5", TIANTAI ".00", TIANTAI ".005",
                                      TIANTAI "-05", "331023",     TIANTAI ".x5", ""};
    char text[DP_NODE_TEXT];
    struct dp_node n = {9};

    (void)state;
    dp_node_format(node_of(TIANTAI ".05"), text);
    assert_string_equal(text, TIANTAI ".05");
    dp_node_format(node_of(TIANTAI), text);
    assert_string_equal(text, TIANTAI);
    dp_node_format((struct dp_node){UINT64_MAX}, text); /* longest text of a number that is no node */
    assert_int_equal(strlen(text), DP_NODE_TEXT - 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_node_parse(dp_slice_str(bad[i]), &n), DP_FORMAT);
    assert_int_equal(n.v, 9);
}

static void offices(void **state)
{
    static const char *const good[] = {TIANTAI "/bureau", TIANTAI ".05/housing", CHICHENG "/a-23456789abcde"};
    static const char *const bad[] = {TIANTAI,
                                      TIANTAI "/",
                                      TIANTAI "/Bureau",
                                      TIANTAI "/5a",
                                      TIANTAI "/-a",
                                      TIANTAI "/a_b",
                                      TIANTAI "/a/b",
                                      "331023/bureau",
                                      "/bureau",
                                      TIANTAI "/bureau ",
                                      TIANTAI "/a-23456789abcdef"};
    char text[DP_OFFICE_TEXT];
    struct dp_office o, other;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_ok(dp_office_parse(dp_slice_str(good[i]), &o));
        dp_office_format(&o, text);
        assert_string_equal(text, good[i]);
        assert_false(dp_office_is_none(&o));
    }
    other = o;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_office_parse(dp_slice_str(bad[i]), &o), DP_FORMAT);
    assert_true(dp_office_eq(&o, &other));
    other.slug[0] = 'b';
    assert_false(dp_office_eq(&o, &other));
    other = o;
    other.node.v++;
    assert_false(dp_office_eq(&o, &other));
    assert_true(dp_office_is_none(&(struct dp_office){0}));
}

/* A name of small and large parts alike. */
static struct dp_name any_name(struct dp_rng *rng)
{
    struct dp_name n = {node_of(dp_rng_chance(rng, 1, 2) ? MIAOSHAN : TIANTAI ".05"),
                        (uint32_t)dp_rng_u64(rng) >> dp_rng_below(rng, 32),
                        (dp_rng_u64(rng) >> dp_rng_below(rng, 64)) | 1};

    return n;
}

static void name_order_is_byte_order(void **state)
{
    struct dp_rng rng;
    uint8_t a_bytes[DP_NAME_BYTES], b_bytes[DP_NAME_BYTES];

    (void)state;
    dp_rng_seed(&rng, 5);
    for (int i = 0; i < 2000; i++) {
        struct dp_name a = any_name(&rng), b = any_name(&rng);
        struct dp_name back;
        dp_name_put(&a, a_bytes);
        dp_name_put(&b, b_bytes);
        back = dp_name_get(a_bytes);
        assert_true(dp_name_eq(&a, &back));
        assert_int_equal(dp_name_cmp(&a, &b) < 0, memcmp(a_bytes, b_bytes, DP_NAME_BYTES) < 0);
        assert_int_equal(dp_name_eq(&a, &b), memcmp(a_bytes, b_bytes, DP_NAME_BYTES) == 0);
        assert_int_equal(dp_name_cmp(&a, &a), 0);
    }
}

static void name_text_there_and_back(void **state)
{
    struct dp_rng rng;
    struct dp_name n = {node_of(MIAOSHAN), 0x1f2e3d4c, 17}, back;
    char text[DP_NAME_TEXT];

    (void)state;
    dp_name_format(&n, text);
    assert_string_equal(text, MIAOSHAN ":1f2e3d4c:17");
    n = (struct dp_name){node_of(TIANTAI ".99"), 1, UINT64_MAX};
    dp_name_format(&n, text);
    assert_string_equal(text, TIANTAI ".99:00000001:18446744073709551615");
    dp_rng_seed(&rng, 6);
    for (int i = 0; i < 2000; i++) {
        n = any_name(&rng);
        dp_name_format(&n, text);
        assert_ok(dp_name_parse(dp_slice_str(text), &back));
        assert_true(dp_name_eq(&n, &back));
    }
}

static void name_text_has_one_form(void **state)
{
    static const char *const bad[] = {
        "",
        MIAOSHAN,
        MIAOSHAN ":",
        MIAOSHAN ":1f2e3d4c",
        MIAOSHAN ":1f2e3d4c:",
        MIAOSHAN ":1f2e3d4c:0",
        MIAOSHAN ":1f2e3d4c:017",
        MIAOSHAN ":1F2E3D4C:17",
        MIAOSHAN ":1f2e3d4:17",
        MIAOSHAN ":1f2e3d4cc:17",
        MIAOSHAN ":1f2e3d4g:17",
        MIAOSHAN ":1f2e3d4c:17 ",
        MIAOSHAN ":1f2e3d4c:-7",
        MIAOSHAN ":1f2e3d4c:18446744073709551616",
        MIAOSHAN ".00:1f2e3d4c:17",
        ":1f2e3d4c:17",
    };
    struct dp_name n = {{0}, 0, 3};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(dp_name_parse(dp_slice_str(bad[i]), &n), DP_FORMAT);
    assert_int_equal(n.seq, 3);
    assert_false(dp_name_is_none(&n));
    assert_true(dp_name_is_none(&(struct dp_name){{0}, 0, 0}));
}

static void subjects(void **state)
{
    const struct dp_name entry = {node_of(MIAOSHAN), 7, 1};
    const struct dp_subject good[] = {
        {DP_SUBJECT_NONE, {{0}, 0, 0}},
        {DP_SUBJECT_CASE, entry},
        {DP_SUBJECT_DATA, entry},
        {DP_SUBJECT_CAMPAIGN, entry},
        dp_subject_of_node(node_of(TIANTAI)),
    };
    uint8_t bytes[DP_SUBJECT_BYTES];
    struct dp_subject back;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        dp_subject_put(&good[i], bytes);
        assert_ok(dp_subject_get(bytes, &back));
        assert_true(dp_subject_eq(&good[i], &back));
        assert_int_equal(dp_subject_eq(&good[i], &good[1]), i == 1);
    }
}

static void subjects_that_are_none(void **state)
{
    const struct dp_node n = node_of(MIAOSHAN);
    const struct dp_subject bad[] = {
        {DP_SUBJECT_NONE, {n, 0, 0}},
        {DP_SUBJECT_NODE, {n, 0, 1}},
        {DP_SUBJECT_NODE, {n, 1, 0}},
        {DP_SUBJECT_NODE, {{0}, 0, 0}},
        {DP_SUBJECT_CASE, {n, 1, 0}},
        {DP_SUBJECT_CASE, {{0}, 1, 1}},
        {5, {n, 1, 1}},
        {255, {n, 1, 1}},
    };
    uint8_t bytes[DP_SUBJECT_BYTES];
    struct dp_subject back = {77, {{0}, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        dp_subject_put(&bad[i], bytes);
        assert_int_equal(dp_subject_get(bytes, &back), DP_FORMAT);
    }
    assert_int_equal(back.type, 77);
}

static void digests(void **state)
{
    struct dp_digest a = {{0}}, b = {{0}};

    (void)state;
    assert_true(dp_digest_is_zero(&a));
    b.b[31] = 1;
    assert_false(dp_digest_is_zero(&b));
    assert_false(dp_digest_eq(&a, &b));
    a.b[31] = 1;
    assert_true(dp_digest_eq(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiers_follow_the_digits),
        cmocka_unit_test(codes_that_are_none),
        cmocka_unit_test(a_city_without_counties),
        cmocka_unit_test(a_county_may_stand_below_its_province),
        cmocka_unit_test(parents_lead_to_the_province),
        cmocka_unit_test(covering_is_by_prefix),
        cmocka_unit_test(a_post_stands_below_its_division),
        cmocka_unit_test(node_text_has_one_form),
        cmocka_unit_test(offices),
        cmocka_unit_test(name_order_is_byte_order),
        cmocka_unit_test(name_text_there_and_back),
        cmocka_unit_test(name_text_has_one_form),
        cmocka_unit_test(subjects),
        cmocka_unit_test(subjects_that_are_none),
        cmocka_unit_test(digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
