/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content and the offer that entitles to it come as two items, in two turns, with other things between:
 * whoever is entitled in the end can read, and nobody else (R-PRT-1, R-PRT-2).
 */
#include "support/cmocka_all.h"
#include "support/town.h"

/* One item a turn: the parcel is there before the offer. */
static void test_content_before_its_offer(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 70);
    t.c->batch_max = 1;
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    cl_go(t.town, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(&t);
    assert_true(town_reads(t.county, &r.name, 0, "Wang Cuihua"));
    cl_go(t.county, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(town_reads(t.county, &r.name, 0, "Wang Cuihua"));
    cl_go(t.county, DP_KIND_REFER_UP, r.number, CITY "/bureau");
    town_settle(&t);
    assert_true(town_reads(t.city, &r.name, 1, "the roof of the school leaks"));
    cl_go(t.city, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(town_reads(t.city, &r.name, 1, "the roof of the school leaks"));
    assert_false(town_reads(t.county, &r.name, 0, "")); /* custody has gone, and the keys with it */
    assert_true(town_reads(t.village, &r.name, 0, "Wang Cuihua"));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_before_its_offer),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
