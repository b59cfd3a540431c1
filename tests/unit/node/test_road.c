/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way past the accused where a level of the codes has no node (R-N3-4): it leads to a bureau that exists,
 * and where there is none the clerk is told before anything is kept.
 */
#include <string.h>

#include "support/cluster.h"
#include "support/cmocka_all.h"

static struct cl_result accuse(struct cl_node *n, const char *respondent, bool dry, bool draft)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Zhao Wuming", "he takes the money of the school");
    in->purpose = DP_PURPOSE_ACCUSATION;
    in->respondents[0] = respondent;
    in->respondent_count = 1;
    x.rq.dry_run = dry;
    x.cmd.u.step.draft = draft;
    return cl_do(n, &x);
}

static struct cluster *tree(const char *const *ids, unsigned n, struct cl_node **last)
{
    struct cluster *c = cluster_new(77);
    *last = cl_root(c, ids[0]);
    for (unsigned i = 1; i < n; i++)
        *last = cl_enroll(c, *last, ids[i]);
    return c;
}

static void assert_nowhere(struct cl_node *n, const char *respondent)
{
    for (int i = 0; i < 4; i++) {
        struct cl_result r = accuse(n, respondent, (i & 1) != 0, (i & 2) != 0);
        assert_int_equal(r.err, DP_DENIED);
        assert_non_null(strstr(r.text, "nothing was kept"));
    }
    assert_int_equal(cl_grep(n, dp_slice_str("Zhao Wuming")), 0);
    assert_int_equal(cl_grep_table(n, DP_T_MATTER, dp_slice_of(NULL, 0)), 0);
}

static void assert_goes_to(struct cl_node *n, const char *respondent, const char *to)
{
    struct cl_result r = accuse(n, respondent, true, false);
    assert_int_equal(r.err, DP_OK);
    assert_non_null(strstr(r.json, "\"sealed\":true"));
    assert_non_null(strstr(r.json, to));
}

/* 潜江: a county that its province governs. */
static void test_governed_by_the_province(void **state)
{
    static const char *const ids[] = {"420000000000", "429004000000", "429004001000"};
    struct cl_node *town;
    struct cluster *c = tree(ids, 3, &town);
    (void)state;
    assert_nowhere(town, "420000000000/bureau");
    assert_goes_to(town, "429004000000/bureau", "420000000000");
    assert_int_equal(accuse(town, "429004000000/bureau", false, false).err, DP_OK);
    cluster_free(&c);
}

/* The same where the county is the root of its tree. */
static void test_the_root_is_accused(void **state)
{
    static const char *const ids[] = {"429004000000", "429004001000"};
    struct cl_node *town;
    struct cluster *c = tree(ids, 2, &town);
    (void)state;
    assert_nowhere(town, "429004000000/bureau");
    assert_nowhere(cl_node(c, "429004000000"), "429004000000/gov");
    assert_goes_to(town, "429004001000/station", "429004000000");
    cluster_free(&c);
}

static void test_a_district_of_beijing(void **state)
{
    static const char *const alone[] = {"110101000000"}, *const ids[] = {"110000000000", "110101000000"};
    struct cl_node *n;
    struct cluster *c = tree(alone, 1, &n);
    (void)state;
    assert_nowhere(n, "110101000000/bureau");
    cluster_free(&c);
    c = tree(ids, 2, &n);
    assert_goes_to(n, "110101000000/bureau", "110000000000");
    cluster_free(&c);
}

/* 东莞: townships right below the city, and a department's own node. */
static void test_a_city_without_counties(void **state)
{
    static const char *const ids[] = {"441900000000", "441900003000", "441900003001"};
    struct cl_node *village;
    struct cluster *c = tree(ids, 3, &village);
    struct cl_node *post = cl_enroll(c, cl_node(c, "441900000000"), "441900000000.05");
    (void)state;
    assert_goes_to(village, "441900003000/station", "441900000000");
    assert_goes_to(post, "441900000000.05/dept", "441900000000");
    assert_nowhere(post, "441900000000/office");
    cluster_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_governed_by_the_province),
        cmocka_unit_test(test_the_root_is_accused),
        cmocka_unit_test(test_a_district_of_beijing),
        cmocka_unit_test(test_a_city_without_counties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
