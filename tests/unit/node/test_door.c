/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the direct parent lets in: R-CERT-3, at the door and after it. */
#include <string.h>

#include "inject.h"
#include "support/cmocka_all.h"
#include "support/town.h"

#define DAYS_OF_A_NODE 740 /* two years and some days: longer than a certificate of a node lasts */

static bool is_in(struct cl_node *parent, const struct cl_node *child)
{
    const struct dp_session *s = cl_session(parent, child);
    return s != NULL && s->state == DP_SESSION_UP;
}

/* The line goes; meanwhile the clock of the township is set. */
static void new_line(struct town *t, int64_t off_ms)
{
    cl_cut(t->c, cl_link_of(t->c, t->village));
    cluster_run(t->c, 1000);
    t->town->clock_off_ms = off_ms;
    cl_mend(cl_link_of(t->c, t->village));
    cluster_run(t->c, 120000);
}

/* By the clock of its parent its certificate has run out: it waits outside, and is let in when the clock is
 * right. */
static void test_who_has_run_out(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 271);
    struct cl_result before = town_register(t.village);
    town_settle(&t);
    assert_true(is_in(t.town, t.village));
    cl_cut(t.c, cl_link_of(t.c, t.village));
    struct cl_result r = town_register(t.village);
    new_line(&t, DAYS_OF_A_NODE * DP_DAY_MS);
    assert_false(is_in(t.town, t.village));
    assert_true(cl_alarmed(t.town, "certificate"));
    assert_int_equal(cl_facts(t.town, &before.name), 1);
    assert_int_equal(cl_facts(t.town, &r.name), 0);
    new_line(&t, 0);
    town_settle(&t);
    assert_true(is_in(t.town, t.village));
    assert_int_equal(cl_facts(t.town, &r.name), 1);
    town_close(&t);
}

/* It was told, and greets again on the connection that it has. */
static void test_who_greets_again(void **state)
{
    struct town t;
    struct dp_frame hello = {.type = DP_FRAME_HELLO};
    struct dp_buf b;
    (void)state;
    town_open(&t, 272);
    hello.u.hello = cl_session(t.town, t.village)->peer_hello;
    new_line(&t, DAYS_OF_A_NODE * DP_DAY_MS);
    assert_false(is_in(t.town, t.village));
    dp_buf_init(&b, DP_FRAME_MAX);
    assert_ok(dp_frame_put(&hello, &b));
    for (unsigned i = 0; i < 3; i++) {
        cl_inject(t.town, t.village->id, dp_buf_slice(&b));
        assert_false(is_in(t.town, t.village));
    }
    dp_buf_fini(&b);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_has_run_out),
        cmocka_unit_test(test_who_greets_again),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
