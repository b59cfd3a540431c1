/* SPDX-License-Identifier: Apache-2.0 */
/* What the head of an office must do in person (R-HEAD-1, R22 34). */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

#define CLERK 50001
#define HEAD 50002

static void officer(struct cl_node *n, uint32_t number, uint32_t uid, uint32_t roles)
{
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, "officer.add");
    a->office = TOWN "/bureau";
    a->number = number;
    a->uid = uid;
    a->roles = roles;
    cl_must_as(n, 0, &x);
}

static void test_an_extension_is_approved_by_the_head(void **state)
{
    struct town t;
    struct cl_command x;
    struct dp_slice bytes;
    struct dp_entry e;
    (void)state;
    town_open(&t, 270);
    officer(t.town, 8, CLERK, DP_OFFICER_CLERK);
    officer(t.town, 9, HEAD, DP_OFFICER_HEAD);
    struct cl_result r = town_register(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go_as(t.town, CLERK, DP_KIND_ACCEPT, r.number, "");
    uint32_t facts = cl_facts(t.town, &r.name);
    cl_step(&x, DP_KIND_EXTEND, r.number)->days = 10;
    for (int dry = 0; dry < 2; dry++) {
        x.rq.dry_run = dry != 0;
        struct cl_result refused = cl_do_as(t.town, CLERK, &x);
        assert_int_equal(refused.err, DP_NOT_ENTITLED);
        assert_non_null(strstr(refused.text, "head"));
    }
    assert_int_equal(cl_facts(t.town, &r.name), facts);
    x.rq.dry_run = false;
    struct cl_result done = cl_do_as(t.town, HEAD, &x);
    assert_ok(done.err);
    /* Everybody can see who approved. */
    town_settle(&t);
    assert_ok(dp_daemon_begin(t.city->d));
    assert_ok(dp_entry_bytes(t.city->d, &done.name, &bytes));
    assert_ok(dp_entry_decode(bytes, &done.name, &t.city->d->turn, &e));
    (void)dp_daemon_end(t.city->d);
    assert_int_equal(e.officer, 9);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_extension_is_approved_by_the_head)};
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
