/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment over the channel: who gets in, by whom, and who does not (R-ENR-1, R-CERT-2). */
#include "support/cluster.h"
#include "support/cmocka_all.h"

static void test_two_nodes_exchange_entries(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_command x;
    struct cl_node *county = cl_root(c, "331023000000");
    struct cl_node *town = cl_enroll(c, county, "331023105000");
    assert_true(cluster_settle(c, 600000));
    cl_intake(&x, "Wang", "the road is broken");
    struct cl_result r = cl_must(town, &x);
    assert_true(cluster_settle(c, 600000));
    assert_int_equal(cl_facts(county, &r.name), 1);
    cluster_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_nodes_exchange_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
