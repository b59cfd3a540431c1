/* SPDX-License-Identifier: Apache-2.0 */
/* Which office a unit complained about means, and what is coded where that is not certain (R-N3-2). */
#include "support/cmocka_all.h"

#include <string.h>

#include "respondents.h"

static const struct {
    const char *id, *name;
} known[] = {
    {"331023000000/bureau", "天台县信访局"},   {"331023000000/housing", "天台县住建局"},
    {"331023105000/bureau", "平桥镇信访办"},   {"331023105201/station", "八角亭村代跑站"},
    {"331023106000/bureau", "坦头镇信访办"},   {"331023106000/office", "坦头镇综合办"},
    {"331000000000/housing", "台州市住建局"},  {"331024000000/water", "仙居县水利局"},
    {"331023000000.02/water", "天台县水利局"}, {"331024105000/bureau", "平溪镇信访办"},
};
#define COUNT (sizeof(known) / sizeof(known[0]))

static struct dp_known_office list[COUNT];
static struct dp_known_offices offices;

static int load(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        list[i].id = known[i].id;
        list[i].name = known[i].name;
        if (dp_office_parse(dp_slice_str(known[i].id), &list[i].office) != DP_OK)
            return 1;
    }
    offices = (struct dp_known_offices){list, COUNT, {331023105000}, dp_slice_str("天台县")};
    return 0;
}

static void a_name_is_of_one_office_or_of_none(void **state)
{
    static const struct {
        const char *name;
        enum dp_err err;
        const char *id;
    } cases[] = {
        {"平桥镇信访办", DP_OK, "331023105000/bureau"},
        {"天台县平桥镇信访办", DP_OK, "331023105000/bureau"},
        {"信访局", DP_OK, "331023000000/bureau"},
        {"住建局", DP_OK, "331023000000/housing"},
        {"天台县住建局", DP_OK, "331023000000/housing"},
        {"台州市住建局", DP_OK, "331000000000/housing"},
        {"仙居县水利局", DP_OK, "331024000000/water"}, /* elsewhere: by its whole name only */
        {"水利局", DP_OK, "331023000000.02/water"},
        {"平桥镇", DP_OK, "331023105000/bureau"}, /* the only one that begins so */
        {"坦头镇", DP_AMBIGUOUS, NULL},
        {"仙居县", DP_NOT_FOUND, NULL},
        {"平溪镇", DP_NOT_FOUND, NULL},
        {"平桥镇人民政府", DP_NOT_FOUND, NULL},
        {"天台县", DP_NOT_FOUND, NULL},
        {"平", DP_NOT_FOUND, NULL}, /* too little to begin with */
        {"本村村委会", DP_NOT_FOUND, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t at = COUNT;
        enum dp_err e = dp_office_of_name(&offices, dp_slice_str(cases[i].name), &at);
        if (e != cases[i].err || (e == DP_OK && strcmp(list[at].id, cases[i].id) != 0))
            fail_msg("%s: %s %s", cases[i].name, dp_err_name(e), at < COUNT ? list[at].id : "");
    }
}

/* Nobody named keeps it from every township; so a half of the names is only worth coding when it holds one
 * above. */
static void what_is_not_certain_is_told_and_never_less_protected(void **state)
{
    static const struct {
        const char *field;
        uint32_t count;
        bool unsure;
    } cases[] = {
        {"", 0, false},
        {"平桥镇信访办", 1, false},
        {"平桥镇信访办、天台县住建局", 2, false},
        {"某公司", 0, true},
        {"坦头镇", 0, true},
        {"平桥镇信访办、某公司", 0, true},
        {"水利局、某公司", 0, true}, /* a node of its own: nobody named keeps it out as well */
        {"天台县住建局、某公司", 1, true},
        {"平桥镇信访办、住建局、水利局、信访局、八角亭村代跑站", 4, true},
    };
    struct dp_respondents r;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dp_respondents_of(&offices, dp_slice_str(cases[i].field), &r);
        if (r.count != cases[i].count || r.unsure != cases[i].unsure)
            fail_msg("%s: %u, %d", cases[i].field, r.count, r.unsure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_of_one_office_or_of_none),
        cmocka_unit_test(what_is_not_certain_is_told_and_never_less_protected),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
