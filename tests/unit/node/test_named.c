/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one case says of another (R-N3-7), and what may not be sent to whom (R-N3-8): an ordinary case that
 * the accused township is a party to must not tell it of the accusation, by whatever step.
 */
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

static uint32_t rows_of(const struct cl_node *n, const struct dp_name *name)
{
    uint8_t b[DP_NAME_BYTES];
    uint32_t hits = 0;
    dp_name_put(name, b);
    for (unsigned t = 0; t < DP_T_COUNT; t++)
        if (t != DP_T_BLOCK) /* whose keys look like names */
            hits += cl_grep_table(n, (enum dp_table)t, dp_slice_of(b, sizeof b));
    return hits;
}

static struct cl_result accuse(struct cl_node *n, const char *respondent)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Zhao Wuming", "he takes the money of the school");
    in->purpose = DP_PURPOSE_ACCUSATION;
    in->respondents[0] = respondent;
    in->respondent_count = 1;
    return cl_must(n, &x);
}

static struct cl_result tie(struct cl_node *n, enum dp_kind kind, const char *ref, const char *other)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, kind, ref);
    s->other = other;
    s->code = 2;
    return cl_do(n, &x);
}

/* A case of the village that the county holds: the township is told of every step, as its superior. */
static struct cl_result held_by_county(struct town *t)
{
    struct cl_result r = town_register(t->village);
    town_settle(t);
    cl_go(t->village, DP_KIND_REFER_UP, r.number, COUNTY "/bureau");
    town_settle(t);
    cl_go(t->county, DP_KIND_ACCEPT, r.number, "");
    town_settle(t);
    return r;
}

static void assert_untold(struct town *t, struct cl_node *n, const char *ref, const struct dp_name *secret)
{
    struct cl_command q;
    char name[DP_NAME_TEXT];
    dp_name_format(secret, name);
    town_settle(t);
    assert_int_equal(rows_of(n, secret), 0);
    cl_query(&q, "track")->case_ref = ref;
    struct cl_result shown = cl_do(n, &q);
    assert_null(strstr(shown.json, name));
}

static void test_no_step_ties_a_case_to_what_a_party_may_not_know(void **state)
{
    static const enum dp_kind kinds[] = {DP_KIND_LINK, DP_KIND_REFUSE_DUPLICATE};
    struct town t;
    (void)state;
    town_open(&t, 31);
    for (unsigned i = 0; i < 2; i++) {
        struct cl_result r = held_by_county(&t), a = accuse(t.county, TOWN "/bureau");
        struct cl_result refused = tie(t.county, kinds[i], r.number, a.number);
        assert_int_equal(refused.err, DP_DENIED);
        assert_null(strstr(refused.text, a.number));
        assert_untold(&t, t.town, r.number, &a.name);
        /* The same tie between two that everybody there may know of. */
        struct cl_result plain = town_register(t.county);
        assert_int_equal(tie(t.county, kinds[i], r.number, plain.number).err, DP_OK);
    }
    town_close(&t);
}

/* It is written where only those read it who may. */
static void test_the_tie_stands_in_the_protected_case(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 32);
    struct cl_result r = held_by_county(&t), a = accuse(t.county, TOWN "/bureau");
    assert_int_equal(tie(t.county, DP_KIND_LINK, a.number, r.number).err, DP_OK);
    assert_untold(&t, t.town, r.number, &a.name);
    town_close(&t);
}

/* First the link, while nobody denied is a party; then such an office cannot become one. */
static void test_who_may_not_know_does_not_become_a_party(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 33);
    struct cl_result r = town_register(t.county), a = accuse(t.county, TOWN "/bureau");
    assert_int_equal(tie(t.county, DP_KIND_LINK, r.number, a.number).err, DP_OK);
    cl_step(&x, DP_KIND_TRANSFER, r.number)->to = TOWN "/bureau";
    assert_int_equal(cl_do(t.county, &x).err, DP_DENIED);
    assert_untold(&t, t.town, r.number, &a.name);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, OTHER_TOWN "/bureau");
    town_settle(&t);
    cl_go(t.other_town, DP_KIND_ACCEPT, r.number, "");
    town_close(&t);
}

/* The other becomes protected when the link is on its way: decided where the frame is written (R-N3-3). */
static void test_a_link_that_waits_is_kept_back(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 34);
    struct cl_result r = town_register(t.county), other = town_register(t.county);
    cl_cut(t.c, cl_link_of(t.c, t.town));
    cl_go(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau");
    struct cl_result l = tie(t.county, DP_KIND_LINK, r.number, other.number);
    assert_int_equal(l.err, DP_OK);
    assert_false(cl_alarmed(t.county, "withheld"));
    cl_step(&x, DP_KIND_LOCK, other.number)->code = 1;
    cl_must(t.county, &x);
    cl_mend(cl_link_of(t.c, t.town));
    assert_untold(&t, t.town, r.number, &other.name);
    assert_true(cl_facts(t.town, &r.name) >= 2); /* the rest of the case is there */
    assert_true(cl_alarmed(t.county, "withheld"));
    town_close(&t);
}

/* Between offices of one node: no existence by way of another case, and none in what is shown (R-N3-6). */
static void test_the_accused_on_a_shared_node(void **state)
{
    struct town t;
    struct cl_command x;
    char name[DP_NAME_TEXT];
    (void)state;
    town_open(&t, 35);
    cl_officer(t.county, COUNTY "/finance", 4711);
    struct cl_result r = town_register(t.county), a = accuse(t.county, COUNTY "/finance");
    dp_name_format(&a.name, name);
    /* The city ties them while the county lets the accused in: neither knows of the other's step. */
    town_settle(&t);
    struct dp_step *order = cl_step(&x, DP_KIND_SUPERVISE, r.number);
    order->to = COUNTY "/bureau";
    order->due = dp_date_add(town_today(&t), 10);
    order->code = 1;
    order->code2 = 2;
    cl_must(t.city, &x);
    cl_cut(t.c, cl_link_of(t.c, t.county));
    assert_int_equal(tie(t.city, DP_KIND_LINK, r.number, a.number).err, DP_OK);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, COUNTY "/finance");
    cl_mend(cl_link_of(t.c, t.county));
    town_settle(&t);
    cl_query(&x, "track")->case_ref = r.number;
    assert_non_null(strstr(cl_do(t.county, &x).json, name));
    struct cl_result shown = cl_do_as(t.county, 4711, &x);
    assert_int_equal(shown.err, DP_OK);
    assert_null(strstr(shown.json, "\"link\"")); /* an entry without its name would tell as much (R-N3-9) */
    assert_null(strstr(shown.json, name));
    /* By its name or its number it is like one that never was. */
    const char *probes[] = {name, a.number, COUNTY ":00000001:77"};
    struct cl_result said[3];
    for (unsigned i = 0; i < 3; i++) {
        struct dp_step *s = cl_step(&x, DP_KIND_LINK, r.number);
        s->other = probes[i];
        s->code = 2;
        said[i] = cl_do_as(t.county, 4711, &x);
        assert_int_equal(said[i].err, DP_NOT_FOUND);
    }
    town_close(&t);
}

/* R-N3-8: nobody is late with what could never be delivered. */
static void test_nothing_is_asked_of_who_may_not_know(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 36);
    cl_officer(t.county, COUNTY "/finance", 4711);
    static const char *const accused[] = {TOWN "/bureau", COUNTY "/finance"};
    for (unsigned i = 0; i < 2; i++) {
        struct cl_result a = accuse(t.county, accused[i]);
        uint32_t facts = cl_facts(t.county, &a.name);
        town_settle(&t);
        static const enum dp_kind kinds[] = {DP_KIND_TRANSFER, DP_KIND_ASSIGN, DP_KIND_DESIGNATE,
                                             DP_KIND_SUPERVISE, DP_KIND_REMIND};
        for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            struct dp_step *s = cl_step(&x, kinds[k], a.number);
            s->to = accused[i];
            s->due = dp_date_add(town_today(&t), 10);
            s->code = 1;
            s->code2 = kinds[k] == DP_KIND_SUPERVISE ? 2 : 1;
            struct cl_result refused = cl_do(kinds[k] == DP_KIND_DESIGNATE ? t.city : t.county, &x);
            assert_int_equal(refused.err, DP_DENIED);
            assert_int_equal(dp_err_exit(refused.err), 5);
            x.rq.dry_run = true;
            assert_int_equal(cl_do(kinds[k] == DP_KIND_DESIGNATE ? t.city : t.county, &x).err, DP_DENIED);
        }
        assert_int_equal(cl_facts(t.county, &a.name), facts);
        /* Who may not know of it is told nothing by a refusal. */
        cl_step(&x, DP_KIND_NOTE, a.number);
        assert_int_equal(cl_do_as(t.county, 4711, &x).err, DP_NOT_FOUND);
        cl_go(t.county, DP_KIND_TRANSFER, a.number, OTHER_TOWN "/bureau");
    }
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_step_ties_a_case_to_what_a_party_may_not_know),
        cmocka_unit_test(test_the_tie_stands_in_the_protected_case),
        cmocka_unit_test(test_who_may_not_know_does_not_become_a_party),
        cmocka_unit_test(test_a_link_that_waits_is_kept_back),
        cmocka_unit_test(test_the_accused_on_a_shared_node),
        cmocka_unit_test(test_nothing_is_asked_of_who_may_not_know),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
