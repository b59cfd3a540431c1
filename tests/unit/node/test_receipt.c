/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The day of receipt starts the clocks of law (R-WIT-2): who writes it can name a day that was, not one that
 * was not; and nobody above is misled by a node that writes what it likes.
 */
#include "days.h"

static struct dp_casefile file_of(const struct cl_node *n, const struct dp_name *of)
{
    struct dp_db db = {.kv = n->kv};
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of};
    struct dp_casefile f;
    struct dp_slice packed;
    dp_casefile_init(&f, &s);
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_case(&db, &s, &packed));
    assert_ok(dp_casefile_unpack(packed, &f));
    dp_db_abort(&db);
    return f;
}

/* The day of the last entry of a kind, clamped, as the node folds it. */
static int32_t claimed(const struct cl_node *n, const struct dp_name *of, enum dp_kind kind)
{
    struct dp_casefile f = file_of(n, of);
    int32_t day = -1;
    for (uint32_t i = 0; i < f.count; i++)
        if (f.facts[i].e.kind == kind)
            day = dp_fact_receipt(&f, i).day;
    dp_casefile_fini(&f);
    return day;
}

static struct cl_result take_in(struct cl_node *n, struct dp_date receipt, bool draft, bool dry)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", "the roof of the school leaks");
    x.cmd.u.step.receipt = receipt;
    x.cmd.u.step.draft = draft;
    x.rq.dry_run = dry;
    return cl_do(n, &x);
}

static void test_a_day_that_was_not_is_refused(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 260);
    const struct dp_date today = day_of(t.village);
    uint32_t before = cl_grep_table(t.village, DP_T_CASE, dp_slice_str(""));
    const struct dp_date bad[] = {dp_date_add(today, 300), dp_date_add(today, 1), {100}, {9495}};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned how = 0; how < 3; how++) {
            struct cl_result r = take_in(t.village, bad[i], how == 1, how == 2);
            assert_int_equal(r.err, DP_RANGE);
        }
    assert_int_equal(cl_grep_table(t.village, DP_T_CASE, dp_slice_str("")), before);
    assert_int_equal(cl_grep_table(t.village, DP_T_DRAFT, dp_slice_str("")), 0);
    /* What came last month, or stands in an old register, is filed with its true day. */
    const struct dp_date good[] = {today, dp_date_add(today, -30), {9496}};
    for (unsigned i = 0; i < 3; i++) {
        struct cl_result r = take_in(t.village, good[i], false, false);
        assert_ok(r.err);
        town_settle(&t);
        assert_int_equal(claimed(t.city, &r.name, DP_KIND_REGISTER), good[i].day);
        assert_int_equal(count_of(t.town, &r.name, DP_KIND_WITNESS, NULL), 0);
    }
    town_close(&t);
}

static struct cl_result step_on(struct cl_node *n, enum dp_kind kind, const char *ref, struct dp_date receipt)
{
    struct cl_command x;
    cl_step(&x, kind, ref)->receipt = receipt;
    return cl_do(n, &x);
}

static void test_an_acceptance_after_its_offer(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 261);
    struct cl_result r = town_register(t.village);
    days_pass(t.c, 3);
    const struct dp_date offered = day_of(t.village);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    days_pass(t.c, 3);
    const struct dp_date today = day_of(t.town);
    assert_int_equal(step_on(t.town, DP_KIND_ACCEPT, r.number, dp_date_add(today, 1)).err, DP_RANGE);
    assert_int_equal(step_on(t.town, DP_KIND_ACCEPT, r.number, dp_date_add(offered, -1)).err, DP_RANGE);
    assert_ok(step_on(t.town, DP_KIND_ACCEPT, r.number, dp_date_add(offered, 1)).err);
    town_settle(&t);
    assert_int_equal(claimed(t.city, &r.name, DP_KIND_ACCEPT), offered.day + 1);
    assert_int_equal(count_of(t.county, &r.name, DP_KIND_WITNESS, NULL), 0);
    /* Papers served tomorrow. */
    struct dp_step *s = cl_step(&x, DP_KIND_OPINION, r.number);
    s->code = DP_RESULT_EXPLAIN;
    cl_must(t.town, &x);
    s = cl_step(&x, DP_KIND_SERVE, r.number);
    s->date = dp_date_add(today, 1);
    s->code = s->code2 = 1;
    assert_int_equal(cl_do(t.town, &x).err, DP_RANGE);
    s->date = today;
    assert_ok(cl_do(t.town, &x).err);
    town_close(&t);
}

/* ---- a node that writes what it likes ---- */

static struct dp_name forge_register(struct cl_node *n, struct dp_date receipt)
{
    struct dp_office station = {.node = n->id, .slug = "station"};
    struct dp_reg reg = {.channel = 'V', .purpose = DP_PURPOSE_CLAIM, .headcount = 1};
    struct dp_entry e;
    char code[24];
    assert_ok(dp_daemon_begin(n->d));
    assert_ok(dp_register(n->d, &station, 1, &reg, receipt, NULL, 0, &e, code));
    assert_ok(dp_daemon_end(n->d));
    return e.name;
}

static void test_the_parent_bears_witness(void **state)
{
    struct town t;
    struct dp_entry w;
    (void)state;
    town_open(&t, 262);
    struct dp_date today = day_of(t.village);
    const struct dp_date forged[] = {dp_date_add(today, 300), {100}};
    for (unsigned i = 0; i < 2; i++) {
        struct dp_name n = forge_register(t.village, forged[i]);
        town_settle(&t);
        assert_int_equal(count_of(t.city, &n, DP_KIND_WITNESS, &w), 1);
        assert_true(dp_node_eq(w.name.origin, t.town->id));
        struct cl_node *all[] = {t.village, t.town, t.county, t.city};
        town_assert_equal(&n, all, 4);
        for (unsigned k = 0; k < 4; k++)
            assert_int_equal(claimed(all[k], &n, DP_KIND_REGISTER), today.day);
    }
    town_close(&t);
}

/* An acceptance dated back would make a breach of the handler's; forward, hide one. */
static void forge_accept(struct cl_node *n, const struct dp_name *of, struct dp_date receipt)
{
    struct dp_subject s = {.type = DP_SUBJECT_CASE, .name = *of};
    struct dp_plan_input in = {.kind = DP_KIND_ACCEPT,
                               .office = {.node = n->id, .slug = "bureau"},
                               .officer = 1,
                               .receipt = receipt};
    struct dp_state st;
    struct dp_entry e;
    enum dp_void_reason why;
    uint64_t kinds;
    enum dp_err err;
    assert_ok(dp_daemon_begin(n->d));
    in.from = n->d->id.cert.origin;
    in.name = dp_own_next(n->d);
    in.at_ms = n->d->now_wall;
    struct dp_slot *slot = dp_cache_find(n->d, &s, &err);
    assert_non_null(slot);
    assert_ok(dp_fold(&slot->f, &n->d->look, &st));
    assert_ok(dp_plan(&slot->f, &st, &in, &e, &why, &kinds));
    assert_ok(dp_own_issue(n->d, &e, NULL, 0));
    assert_ok(dp_daemon_end(n->d));
}

static void test_a_forged_acceptance(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 263);
    for (int i = 0; i < 2; i++) {
        struct cl_result r = town_register(t.village);
        const struct dp_date offered = day_of(t.village);
        cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
        town_settle(&t);
        days_pass(t.c, 3);
        forge_accept(t.town, &r.name, i == 0 ? dp_date_add(offered, -20) : dp_date_add(offered, 300));
        town_settle(&t);
        assert_int_equal(count_of(t.city, &r.name, DP_KIND_WITNESS, NULL), 1);
        assert_int_equal(claimed(t.city, &r.name, DP_KIND_ACCEPT), i == 0 ? offered.day : offered.day + 3);
    }
    town_close(&t);
}

/* A sealed matter is registered by its receiver, in its own name: it answers for the day. */
static void test_a_sealed_matter(void **state)
{
    struct town t;
    struct dp_caller c = {.has_office = true, .officer = 1};
    struct dp_reg reg = {.channel = 'V', .purpose = DP_PURPOSE_ACCUSATION, .headcount = 1};
    struct dp_subject s = {.type = DP_SUBJECT_CASE};
    struct dp_slice packed;
    char number[64];
    (void)state;
    town_open(&t, 264);
    c.office = (struct dp_office){.node = t.village->id, .slug = "station"};
    assert_ok(dp_daemon_begin(t.village->d));
    assert_ok(dp_matter_out(t.village->d, &c, &reg, dp_date_add(day_of(t.village), 300), NULL, 0,
                            t.county->id, number));
    assert_ok(dp_daemon_end(t.village->d));
    town_settle(&t);
    struct dp_db db = {.kv = t.county->kv};
    assert_ok(dp_db_begin(&db, false));
    assert_ok(dp_db_case_next(&db, &s, &packed));
    dp_db_abort(&db);
    assert_int_equal(claimed(t.county, &s.name, DP_KIND_REGISTER), day_of(t.county).day);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_that_was_not_is_refused),
        cmocka_unit_test(test_an_acceptance_after_its_offer),
        cmocka_unit_test(test_the_parent_bears_witness),
        cmocka_unit_test(test_a_forged_acceptance),
        cmocka_unit_test(test_a_sealed_matter),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
