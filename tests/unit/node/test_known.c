/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registration that comes again, known by source system and number: the same is here already, something
 * else under that number is told, for one of the two would be lost.
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

static struct dp_intake *numbered(struct cl_command *x, const char *content)
{
    struct dp_intake *in = cl_intake(x, "Zhao Wuming", content);
    in->source_system = "浙江省统一政务咨询投诉举报平台"; /* longer than any abbreviation */
    in->source_no = "TT-2026-8";
    return in;
}

static void the_same_again_is_here_already_and_another_is_told(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 21);
    numbered(&x, "the lamp is broken");
    struct cl_result first = cl_must(t.town, &x);
    numbered(&x, "the lamp is broken");
    struct cl_result again = cl_do(t.town, &x);
    assert_int_equal(again.err, DP_DUPLICATE);
    assert_string_equal(again.number, first.number);
    numbered(&x, "the bridge is down");
    assert_int_equal(cl_do(t.town, &x).err, DP_CONFLICT);
    numbered(&x, "the lamp is broken")->category = 102;
    assert_int_equal(cl_do(t.town, &x).err, DP_CONFLICT);
    numbered(&x, "the lamp is broken")->headcount = 2;
    assert_int_equal(cl_do(t.town, &x).err, DP_CONFLICT);
    numbered(&x, "the lamp is broken")->petition_date.day = 20000;
    assert_int_equal(cl_do(t.town, &x).err, DP_CONFLICT);
    /* Above, where the text is not read without a reason, by its codes only. */
    town_settle(&t);
    numbered(&x, "the bridge is down");
    assert_int_equal(cl_do(t.county, &x).err, DP_DUPLICATE);
    numbered(&x, "the lamp is broken")->purpose = DP_PURPOSE_APPEAL;
    assert_int_equal(cl_do(t.county, &x).err, DP_CONFLICT);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_again_is_here_already_and_another_is_told),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
