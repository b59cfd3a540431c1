/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One read of the store fails, at each place of a greeting and of the work behind it: what cannot be read is
 * not taken for missing. No node stops for it, and all come to the same (R-STO-1, R-HEL-3).
 */
#include "support/cluster.h"
#include "support/cmocka_all.h"

#define READS 160
#define SETTLE_MS 600000

static void a_read_that_fails_is_no_answer(void **state)
{
    struct cluster *c = cluster_new(11);
    struct cl_node *county = cl_root(c, "331023000000");
    struct cl_node *township = cl_enroll(c, county, "331023105000");
    struct cl_node *village = cl_enroll(c, township, "331023105200");
    struct cl_node *all[] = {county, township, village};
    struct cl_command x;
    (void)state;
    assert_true(cluster_settle(c, SETTLE_MS));
    for (uint64_t n = 1; n <= READS; n++) {
        struct dp_digest up, down;
        struct cl_link *l = cl_link_of(c, n % 2 == 0 ? township : village);
        cl_cut(c, l);
        cl_intake(&x, "petitioner", "the well is dry");
        struct cl_result r = cl_must(village, &x);
        cl_mend(l);
        dp_kv_mem_faults(township->kv)->read = (struct dp_fault){.countdown = n, .err = DP_IO};
        assert_true(cluster_settle(c, SETTLE_MS));
        dp_kv_mem_faults(township->kv)->read.countdown = 0;
        for (unsigned i = 0; i < 3; i++)
            if (dp_daemon_stopped(all[i]->d) != DP_STOP_NONE)
                fail_msg("read %u: %s stopped", (unsigned)n, all[i]->text);
        struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = r.name};
        assert_true(cluster_settle(c, SETTLE_MS));
        assert_true(cl_digest(county, &s, &up) && cl_digest(village, &s, &down));
        assert_true(dp_digest_eq(&up, &down));
    }
    cluster_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_read_that_fails_is_no_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
