/* SPDX-License-Identifier: Apache-2.0 */
/* A case that is sent to and fro is put before the bureau above all who do so (R-FLD-4). */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

static bool told(struct cl_node *n, uint32_t uid, const char *number)
{
    struct cl_command x;
    cl_query(&x, "inbox");
    struct cl_result r = cl_do_as(n, uid, &x);
    assert_ok(r.err);
    const char *at = strstr(r.json, "\"settle_loop\"");
    return at != NULL && strstr(at, number) != NULL;
}

static void send_and_object(struct town *t, const char *number)
{
    struct cl_command x;
    cl_go(t->county, DP_KIND_TRANSFER, number, TOWN "/bureau");
    town_settle(t);
    cl_step(&x, DP_KIND_OBJECT, number)->code = 1;
    cl_must(t->town, &x);
    town_settle(t);
    cl_step(&x, DP_KIND_OBJECTION_ANSWER, number)->code = DP_OBJECTION_GRANT;
    cl_must(t->county, &x);
    town_settle(t);
}

static void test_the_bureau_above_is_told(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 290);
    cl_officer(t.city, CITY "/housing", 60001);
    struct cl_result r = town_register(t.county);
    send_and_object(&t, r.number);
    assert_false(told(t.city, cl_uid(t.city), r.number));
    send_and_object(&t, r.number);
    assert_true(told(t.city, cl_uid(t.city), r.number));
    /* Nobody else: not who sends it to and fro, nor another office up there. */
    assert_false(told(t.county, cl_uid(t.county), r.number));
    assert_false(told(t.town, cl_uid(t.town), r.number));
    assert_false(told(t.city, 60001, r.number));
    /* It names the office that must handle it, and is told no more. */
    cl_step(&x, DP_KIND_DESIGNATE, r.number)->to = OTHER_TOWN "/bureau";
    cl_must(t.city, &x);
    assert_false(told(t.city, cl_uid(t.city), r.number));
    town_close(&t);
}

/* At the top there is nobody above. */
static void test_at_the_top(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 291);
    struct cl_result r = town_register(t.city);
    for (int i = 0; i < 2; i++) {
        cl_go(t.city, DP_KIND_TRANSFER, r.number, COUNTY "/bureau");
        town_settle(&t);
        cl_step(&x, DP_KIND_OBJECT, r.number)->code = 1;
        cl_must(t.county, &x);
        town_settle(&t);
        cl_step(&x, DP_KIND_OBJECTION_ANSWER, r.number)->code = DP_OBJECTION_GRANT;
        cl_must(t.city, &x);
    }
    assert_true(told(t.city, cl_uid(t.city), r.number));
    assert_false(told(t.county, cl_uid(t.county), r.number));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bureau_above_is_told),
        cmocka_unit_test(test_at_the_top),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
