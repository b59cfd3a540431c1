/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One matter from a village to a department of the county and back: everybody entitled comes to the same
 * state, and texts can be read exactly where they must be (R-DOWN-1, R-PRT-1, R-PRT-2, R-FLD-1).
 */
#include <string.h>

#include "support/cluster.h"
#include "support/cmocka_all.h"

#define CITY "331000000000"
#define COUNTY "331023000000"
#define TOWN "331023105000"
#define VILLAGE "331023105001"
#define SIBLING "331023105002"
#define OTHER_TOWN "331023106000"
#define HOUSING COUNTY "/housing"
#define HOUSING_UID 77

struct world {
    struct cluster *c;
    struct cl_node *city, *county, *town, *village, *sibling, *other;
};

static struct world w;

static int set_up(void **state)
{
    (void)state;
    w.c = cluster_new(2);
    w.city = cl_root(w.c, CITY);
    w.county = cl_enroll(w.c, w.city, COUNTY);
    w.town = cl_enroll(w.c, w.county, TOWN);
    w.village = cl_enroll(w.c, w.town, VILLAGE);
    w.sibling = cl_enroll(w.c, w.county, SIBLING); /* by an ancestor */
    w.other = cl_enroll(w.c, w.county, OTHER_TOWN);
    cl_officer(w.county, HOUSING, HOUSING_UID);
    assert_true(cluster_settle(w.c, 600000));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_free(&w.c);
    return 0;
}

static void settle(void)
{
    assert_true(cluster_settle(w.c, 3600000));
}

static struct dp_subject subject_of(const struct dp_name *n)
{
    return (struct dp_subject){.type = DP_SUBJECT_CASE, .name = *n};
}

/* The named nodes hold the same state; nobody else knows the case. */
static void assert_same_at(const struct dp_name *n, struct cl_node *const *nodes, unsigned count)
{
    struct dp_subject s = subject_of(n);
    struct dp_digest first, d;
    assert_true(cl_digest(nodes[0], &s, &first));
    for (unsigned i = 1; i < count; i++) {
        assert_true(cl_digest(nodes[i], &s, &d));
        if (!dp_digest_eq(&first, &d))
            fail_msg("%s and %s see different states", nodes[0]->text, nodes[i]->text);
    }
    for (uint32_t i = 0; i < w.c->node_count; i++) {
        bool in = false;
        for (unsigned k = 0; k < count; k++)
            in = in || w.c->nodes[i] == nodes[k];
        if (!in && cl_facts(w.c->nodes[i], n) != 0)
            fail_msg("%s knows a case that is not its own", w.c->nodes[i]->text);
    }
}

static bool reads(struct cl_node *n, const struct dp_name *entry, uint8_t index, const char *what)
{
    struct dp_part_text t;
    if (cl_read(n, entry, index, &t) != DP_OK)
        return false;
    const char *have = t.kind == DP_PART_PETITIONERS ? t.petitioners[0].name
                       : t.kind == DP_PART_CONTENT   ? t.content
                                                     : t.text;
    assert_string_equal(have, what);
    return true;
}

static struct cl_result step_text(struct cl_node *n, uint32_t uid, enum dp_kind kind, const char *ref,
                                  uint32_t code, const char *text)
{
    struct cl_command x;
    cl_step(&x, kind, ref)->code = code;
    if (text != NULL)
        cl_text(&x, text);
    return cl_must_as(n, uid, &x);
}

static void test_from_village_to_department_and_back(void **state)
{
    struct cl_command x;
    (void)state;
    cl_intake(&x, "Wang Cuihua", "the roof of the school leaks");
    struct cl_result r = cl_must(w.village, &x);
    const char *no = r.number;
    assert_non_null(strstr(r.json, "query_code"));
    settle();
    struct cl_node *up[] = {w.village, w.town, w.county, w.city};
    assert_same_at(&r.name, up, 4);
    /* The registrar's parent keeps what it may open only to unmask. */
    assert_true(reads(w.village, &r.name, 0, "Wang Cuihua"));
    assert_true(reads(w.village, &r.name, 1, "the roof of the school leaks"));
    assert_int_equal(cl_grep_table(w.town, DP_T_GRANT, dp_slice_str("")), 2); /* a grant for each part */
    assert_int_equal(cl_grep_table(w.county, DP_T_GRANT, dp_slice_str("")), 0);
    assert_int_equal(cl_grep_table(w.city, DP_T_GRANT, dp_slice_str("")), 0);
    assert_false(reads(w.county, &r.name, 0, ""));
    assert_false(reads(w.city, &r.name, 0, ""));

    cl_go(w.village, DP_KIND_REFER_UP, no, TOWN "/bureau");
    settle();
    assert_same_at(&r.name, up, 4);
    assert_true(reads(w.town, &r.name, 0, "Wang Cuihua"));
    cl_go(w.town, DP_KIND_SIGN, no, "");
    cl_go(w.town, DP_KIND_ACCEPT, no, "");
    cl_go(w.town, DP_KIND_REFER_UP, no, COUNTY "/bureau");
    settle();
    assert_true(reads(w.county, &r.name, 1, "the roof of the school leaks"));
    cl_go(w.county, DP_KIND_SIGN, no, "");
    cl_go(w.county, DP_KIND_ACCEPT, no, "");
    settle();
    assert_same_at(&r.name, up, 4);

    struct dp_step *s = cl_step(&x, DP_KIND_ASSIGN, no);
    s->to = HOUSING;
    assert_ok(dp_date_parse(dp_slice_str("2026-04-20"), &s->due));
    cl_must(w.county, &x);
    cl_go_as(w.county, HOUSING_UID, DP_KIND_SIGN, no, "");
    cl_go_as(w.county, HOUSING_UID, DP_KIND_ACCEPT, no, "");
    settle();
    struct cl_result op =
        step_text(w.county, HOUSING_UID, DP_KIND_OPINION, no, DP_RESULT_SUPPORT, "it will be repaired");
    settle();
    /* R-PRT-1: an opinion's text goes to the registrar. */
    assert_true(reads(w.village, &op.name, 0, "it will be repaired"));
    assert_false(reads(w.city, &op.name, 0, ""));
    s = cl_step(&x, DP_KIND_SERVE, no);
    s->code = s->code2 = 1;
    s->date = dp_date_of_ms(CL_EPOCH_MS + w.c->now_ms);
    cl_must_as(w.county, HOUSING_UID, &x);
    settle();
    s = cl_step(&x, DP_KIND_EVALUATE, no);
    s->code = 1;
    s->code2 = s->code3 = 3;
    s->date = dp_date_of_ms(CL_EPOCH_MS + w.c->now_ms);
    struct cl_result ev = cl_do(w.village, &x);
    if (ev.err != DP_OK)
        fail_msg("evaluate: %s (%s)", dp_err_name(ev.err), ev.text);
    step_text(w.county, HOUSING_UID, DP_KIND_REPORT_BACK, no, 1, "done");
    settle();
    step_text(w.county, HOUSING_UID, DP_KIND_CLOSE, no, DP_CLOSE_OPINION_FINAL, NULL);
    settle();
    assert_same_at(&r.name, up, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(up[i]->d->n.quarantined, 0);
        assert_int_equal(up[i]->d->n.voided, 0);
        assert_int_equal(up[i]->d->n.refused_out, 0);
    }
}

/* A mixed letter: the part that is an accusation goes its own way and names the step that parted it. */
static void a_part_of_a_mixed_matter_names_its_split(void **state)
{
    struct cl_command x;
    (void)state;
    cl_intake(&x, "mixed", "a road, and what somebody took for it");
    struct cl_result whole = cl_must(w.county, &x);
    cl_intake(&x, "mixed", "what somebody took");
    x.intake.split_from = whole.number;
    struct cl_result r = cl_do(w.county, &x);
    assert_int_equal(r.err, DP_STEP_INVALID);
    assert_non_null(strstr(r.text, "case split"));
    struct cl_result split = cl_go(w.county, DP_KIND_SPLIT, whole.number, "");
    cl_intake(&x, "mixed", "what somebody took");
    x.intake.split_from = whole.number;
    r = cl_must(w.county, &x);
    settle();
    char name[DP_NAME_TEXT];
    dp_name_format(&split.name, name);
    cl_query(&x, "show")->case_ref = r.number;
    assert_non_null(strstr(cl_must(w.city, &x).json, name));
    cl_intake(&x, "mixed", "what somebody took");
    x.intake.split_from = "331023000000-20200101-V-00001-0";
    assert_int_equal(cl_do(w.county, &x).err, DP_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_from_village_to_department_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_of_a_mixed_matter_names_its_split, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
