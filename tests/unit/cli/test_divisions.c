/* SPDX-License-Identifier: Apache-2.0 */
/* Places as people write them, and the list we ship. */
#include "support/cmocka_all.h"

#include "support/file.h"

#include <stdlib.h>

#include "divisions.h"

static struct dp_slice text;
static struct dp_divisions list;

static int load(void **state)
{
    uint32_t line;

    (void)state;
    text = test_file_read(DP_SOURCE_DIR "/conf/divisions/divisions.csv");
    return dp_divisions_init(&list, text, &line) != DP_OK;
}

static int unload(void **state)
{
    (void)state;
    dp_divisions_fini(&list);
    free((void *)text.p);
    return 0;
}

static const struct dp_div nowhere = {0}, tiantai = {331023000000};

static void the_county_is_whole(void **state)
{
    uint32_t townships = 0, villages = 0;

    (void)state;
    for (uint32_t i = 0; i < list.count; i++) {
        if (!dp_div_covers(tiantai, list.list[i].code))
            continue;
        townships += dp_div_tier(list.list[i].code) == DP_TIER_TOWNSHIP;
        villages += dp_div_tier(list.list[i].code) == DP_TIER_VILLAGE;
    }
    assert_int_equal(townships, 15);
    assert_int_equal(villages, 395);
    assert_true(dp_slice_eq(dp_divisions_name(&list, tiantai), dp_slice_str("天台县")));
    assert_int_equal(dp_divisions_name(&list, (struct dp_div){331099000000}).len, 0);
}

static void a_city_without_counties(void **state)
{
    static const char csv[] = "code,name,parent\n"
                              "440000000000,广东省,\n"
                              "441900000000,东莞市,440000000000\n"
                              "441900003000,东城街道,441900000000\n"
                              "441900003007,温塘社区居委会,441900003000\n";
    struct dp_divisions d;
    struct dp_div out;
    uint32_t line;

    (void)state;
    assert_ok(dp_divisions_init(&d, dp_slice_str(csv), &line));
    assert_ok(dp_divisions_resolve(&d, dp_slice_str("东莞市东城街道温塘社区"), nowhere, &out));
    assert_true(out.v == UINT64_C(441900003007));
    assert_ok(dp_divisions_resolve(&d, dp_slice_str("东城街道"), (struct dp_div){441900000000}, &out));
    assert_true(out.v == UINT64_C(441900003000));
    dp_divisions_fini(&d);
}

static void places_as_they_are_written(void **state)
{
    static const struct {
        const char *place;
        uint64_t within, code;
    } cases[] = {
        {"331023001206", 0, 331023001206},
        {"330100000000", 331023000000, 330100000000}, /* a code is taken as it is */
        {"天台县", 331023000000, 331023000000},
        {"平桥镇", 331023000000, 331023105000},
        {"台州市天台县平桥镇", 331023000000, 331023105000},
        {"浙江省台州市天台县平桥镇", 331023000000, 331023105000},
        {"浙江省天台县平桥镇", 0, 331023105000},
        {"赤城街道九峰村委会", 331023000000, 331023001206},
        {"赤城街道九峰村", 331023000000, 331023001206},
        {"天台县九峰村", 331023000000, 331023001206},
        {"九峰村", 331023000000, 331023001206},
        {"九峰村民委员会", 331023000000, 331023001206},
        {"赤城街道九峰村3组18号", 331023000000, 331023001206},
        {"赤城街道妙山社区", 331023000000, 331023001040},
        {"三门县", 331023000000, 331022000000}, /* another county of the list */
    };
    struct dp_div code;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_div within = {cases[i].within};
        if (dp_divisions_resolve(&list, dp_slice_str(cases[i].place), within, &code) != DP_OK)
            fail_msg("%s", cases[i].place);
        assert_true(code.v == cases[i].code);
    }
}

static void what_is_no_place_or_two(void **state)
{
    static const char *const unknown[] = {"",    "桃花源村", "平桥镇桃花源村", "某地", "9峰村", "33102300120",
                                          "天台"};
    struct dp_div code = {7};

    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        assert_int_equal(dp_divisions_resolve(&list, dp_slice_str(unknown[i]), tiantai, &code), DP_NOT_FOUND);
    assert_int_equal(dp_divisions_resolve(&list, dp_slice_str("三新村"), tiantai, &code), DP_AMBIGUOUS);
    assert_int_equal(dp_divisions_resolve(&list, dp_slice_str("三新村"), nowhere, &code), DP_AMBIGUOUS);
    assert_int_equal(code.v, 7);
    assert_ok(dp_divisions_resolve(&list, dp_slice_str("赤城街道三新村"), tiantai, &code));
    assert_true(code.v == 331023001247);
}

static void lists_that_are_not_right(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
    } bad[] = {
        {"", 1},
        {"code,name\n", 1},
        {"code,name,parent\n331023000000,x\n", 2},
        {"code,name,parent\n33102300000,x,\n", 2},
        {"code,name,parent\n331023000000,,331000000000\n", 2},
        {"code,name,parent\n331000000000,y,\n331023000000,x,331100000000\n", 3},
        {"code,name,parent\n331000000000,\xff,\n", 2},
        {"code,name,parent\n331000000000,y,\n331000000000,y,\n", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dp_divisions d;
        uint32_t line = 0;
        assert_int_equal(dp_divisions_init(&d, dp_slice_str(bad[i].text), &line), DP_FORMAT);
        assert_int_equal(line, bad[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_county_is_whole),        cmocka_unit_test(a_city_without_counties),
        cmocka_unit_test(places_as_they_are_written), cmocka_unit_test(what_is_no_place_or_two),
        cmocka_unit_test(lists_that_are_not_right),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
