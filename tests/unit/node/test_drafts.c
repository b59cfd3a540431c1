/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts of registrations: kept here and nowhere else, no entries, of one office, dropped when they are
 * registered; nothing of them lies in clear (R-REG-1, R-N3-6, R-PART-1).
 */
#include <stdlib.h>

#include "days.h"

#define NAME "Zhang Sanfeng"
#define TEXT "the well has been dry since spring"
#define FOLK TOWN "/housing"
#define FOLK_UID 4711

static struct cl_result draft_as(struct cl_node *n, uint32_t uid)
{
    struct cl_command x;
    cl_intake(&x, NAME, TEXT);
    x.cmd.u.step.draft = true;
    return cl_do_as(n, uid, &x);
}

static void number_of(const struct cl_result *r, char id[24])
{
    const char *at = strstr(r->json, "\"draft\":\"");
    assert_ok(r->err);
    assert_non_null(at);
    snprintf(id, 24, "%.*s", (int)strcspn(at + 9, "\""), at + 9);
}

static void keep(struct cl_node *n, char id[24])
{
    struct cl_result r = draft_as(n, cl_uid(n));
    number_of(&r, id);
}

static struct cl_result from_as(struct cl_node *n, uint32_t uid, const char *id, bool drop)
{
    struct cl_command x;
    struct dp_step *s = cl_step(&x, DP_KIND_REGISTER, "");
    s->from_draft = id;
    s->draft = drop;
    return cl_do_as(n, uid, &x);
}

static struct cl_result register_from(struct cl_node *n, const char *id)
{
    return from_as(n, cl_uid(n), id, false);
}

static struct cl_result drop(struct cl_node *n, const char *id)
{
    return from_as(n, cl_uid(n), id, true);
}

static unsigned listed_as(struct cl_node *n, uint32_t uid, char json[16384])
{
    struct cl_command x;
    unsigned count = 0;
    cl_query(&x, "drafts");
    struct cl_result r = cl_must_as(n, uid, &x);
    for (const char *at = r.json; (at = strstr(at, "\"draft\":")) != NULL; at++)
        count++;
    if (json != NULL)
        memcpy(json, r.json, sizeof r.json);
    return count;
}

static unsigned listed(struct cl_node *n)
{
    return listed_as(n, cl_uid(n), NULL);
}

static unsigned rows(const struct cl_node *n)
{
    return cl_grep_table(n, DP_T_DRAFT, dp_slice_of(NULL, 0));
}

static void test_kept_listed_registered(void **state)
{
    struct town t;
    char id[24], other[24], json[16384];
    (void)state;
    town_open(&t, 301);
    uint64_t issued = t.village->d->own.seq;
    keep(t.village, id);
    town_settle(&t);
    assert_int_equal(t.village->d->own.seq, issued); /* no entry */
    days_pass(t.c, 2);
    keep(t.village, other);
    assert_string_not_equal(id, other);
    assert_int_equal(listed_as(t.village, cl_uid(t.village), json), 2);
    assert_null(strstr(json, NAME));
    assert_non_null(strstr(json, "\"receipt\":\"2026-03-02\""));
    assert_non_null(strstr(json, "\"receipt\":\"2026-03-04\""));
    struct cl_result r = register_from(t.village, id);
    assert_ok(r.err);
    assert_int_equal(listed(t.village), 1);
    assert_int_equal(register_from(t.village, id).err, DP_NOT_FOUND); /* once */
    town_settle(&t);
    assert_true(town_reads(t.village, &r.name, 0, NAME));
    assert_true(town_reads(t.village, &r.name, 1, TEXT));
    /* The legal clock runs from the day on which the office received it. */
    struct dp_entry e;
    assert_int_equal(count_of(t.city, &r.name, DP_KIND_REGISTER, &e), 1);
    struct dp_date day;
    assert_ok(dp_date_parse(dp_slice_str("2026-03-02"), &day));
    assert_int_equal(e.receipt.day, day.day);
    town_close(&t);
}

static void test_dropped(void **state)
{
    struct town t;
    struct cl_command x;
    char id[24], next[24];
    (void)state;
    town_open(&t, 302);
    keep(t.village, id);
    /* A dry run drops nothing. */
    struct dp_step *s = cl_step(&x, DP_KIND_REGISTER, "");
    s->from_draft = id;
    s->draft = true;
    x.rq.dry_run = true;
    assert_ok(cl_do(t.village, &x).err);
    assert_int_equal(listed(t.village), 1);
    assert_ok(drop(t.village, id).err);
    assert_int_equal(listed(t.village), 0);
    assert_int_equal(rows(t.village), 0);
    assert_int_equal(drop(t.village, id).err, DP_NOT_FOUND);
    assert_int_equal(register_from(t.village, id).err, DP_NOT_FOUND);
    /* The number is not given again, nor after a restart: who repeats it must not register another's matter.
     */
    cl_kill(t.village, 100);
    cluster_run(t.c, 10000);
    keep(t.village, next);
    assert_string_not_equal(id, next);
    assert_int_equal(register_from(t.village, id).err, DP_NOT_FOUND);
    static const char *const none[] = {"0", "-1", "1x", "99999999999999999999999", "draft:1", " 1"};
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(register_from(t.village, none[i]).err, DP_NOT_FOUND);
    town_close(&t);
}

/* It stays through restarts and deaths, and when a registration from it dies with its process. */
static void test_survives(void **state)
{
    struct town t;
    char id[24];
    (void)state;
    town_open(&t, 303);
    keep(t.village, id);
    for (unsigned i = 0; i < 2; i++) {
        cl_kill(t.village, 100);
        cluster_run(t.c, 10000);
    }
    t.village->crash_next = CL_CRASH_BEFORE_COMMIT;
    assert_false(register_from(t.village, id).answered);
    cluster_run(t.c, 20000);
    assert_int_equal(listed(t.village), 1);
    t.village->crash_next = CL_CRASH_AFTER_COMMIT;
    assert_false(register_from(t.village, id).answered);
    cluster_run(t.c, 20000);
    assert_int_equal(listed(t.village), 0); /* it was done: asked again, it is not done twice */
    assert_int_equal(register_from(t.village, id).err, DP_NOT_FOUND);
    town_settle(&t);
    assert_int_equal(cl_grep_table(t.city, DP_T_NUMBER, dp_slice_of(NULL, 0)), 1);
    town_close(&t);
}

/* Nothing of it at any other node, and nothing in clear here. */
static void test_stays_here(void **state)
{
    struct town t;
    struct dp_slice v;
    char id[24];
    (void)state;
    town_open(&t, 304);
    keep(t.village, id);
    struct dp_db db = {.kv = t.village->kv};
    uint8_t sealed[64];
    assert_ok(dp_db_begin(&db, false));
    uint64_t row = 0;
    assert_ok(dp_db_next64(&db, DP_T_DRAFT, true, &row, &v));
    assert_true(v.len > DP_VAULT_BYTES + sizeof sealed);
    memcpy(sealed, v.p + DP_VAULT_BYTES, sizeof sealed);
    dp_db_abort(&db);
    struct cl_result r = town_register(t.village); /* so that something goes up */
    town_settle(&t);
    days_pass(t.c, 3);
    assert_int_equal(cl_facts(t.city, &r.name), 1);
    for (uint32_t i = 0; i < t.c->node_count; i++) {
        const struct cl_node *n = t.c->nodes[i];
        bool here = n == t.village;
        assert_int_equal(cl_grep(n, dp_slice_of(sealed, sizeof sealed)), here);
        assert_int_equal(cl_grep(n, dp_slice_str(NAME)), 0);
        assert_int_equal(cl_grep(n, dp_slice_str(TEXT)), 0);
        assert_int_equal(rows(n), here);
    }
    town_close(&t);
}

/* Two offices of one node: the other's draft does not exist for it; a colleague may go on with it. */
static void test_of_one_office(void **state)
{
    struct town t;
    struct cl_command x;
    char mine[24], theirs[24];
    (void)state;
    town_open(&t, 305);
    cl_officer(t.town, FOLK, FOLK_UID);
    keep(t.town, mine);
    keep(t.town, mine);
    struct cl_result r = draft_as(t.town, FOLK_UID);
    number_of(&r, theirs);
    assert_string_equal(theirs, "1"); /* whatever others have: no number tells of them (R-N3-9) */
    assert_int_equal(listed(t.town), 2);
    assert_int_equal(listed_as(t.town, FOLK_UID, NULL), 1);
    assert_int_equal(from_as(t.town, FOLK_UID, mine, false).err, DP_NOT_FOUND);
    assert_int_equal(from_as(t.town, FOLK_UID, mine, true).err, DP_NOT_FOUND);
    assert_int_equal(from_as(t.town, 999, mine, true).err, DP_NOT_ENTITLED);
    /* Nor is it dropped by the way, with a registration that says it came from it. */
    cl_intake(&x, "Li", "a road");
    x.cmd.u.step.from_draft = mine;
    assert_ok(cl_do_as(t.town, FOLK_UID, &x).err);
    assert_int_equal(listed(t.town), 2);
    struct dp_admin *a = cl_admin(&x, "officer.add");
    a->office = TOWN "/bureau";
    a->number = 2;
    a->uid = 4712;
    a->roles = 1;
    cl_must(t.town, &x);
    r = from_as(t.town, 4712, mine, false);
    assert_ok(r.err);
    struct dp_entry e;
    assert_int_equal(count_of(t.town, &r.name, DP_KIND_REGISTER, &e), 1);
    assert_int_equal(e.officer, 2); /* who registers it answers for it */
    town_close(&t);
}

/* An accusation kept as a draft takes the way of R-N3-4 when it is registered, not before. */
static void test_of_an_accusation(void **state)
{
    struct town t;
    struct cl_command x;
    char id[24];
    (void)state;
    town_open(&t, 306);
    struct dp_intake *in = cl_intake(&x, NAME, TEXT);
    in->purpose = DP_PURPOSE_ACCUSATION;
    in->respondents[0] = TOWN "/bureau";
    in->respondent_count = 1;
    x.cmd.u.step.draft = true;
    struct cl_result r = cl_must(t.village, &x);
    number_of(&r, id);
    uint64_t issued = t.village->d->own.seq;
    town_settle(&t);
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_of(NULL, 0)), 0);
    assert_ok(register_from(t.village, id).err);
    town_settle(&t);
    assert_int_equal(t.village->d->own.seq, issued);
    assert_int_equal(cl_grep_table(t.county, DP_T_TICKET, dp_slice_of(NULL, 0)), 1);
    assert_int_equal(rows(t.village), 0);
    town_close(&t);
}

/* Their number is bounded, and low disk does not keep anybody from dropping some. */
static void test_limits(void **state)
{
    struct town t;
    char id[24], first[24];
    (void)state;
    town_open(&t, 307);
    keep(t.village, first);
    for (unsigned i = 1; i < DP_DRAFTS_MAX; i++)
        keep(t.village, id);
    assert_int_equal(draft_as(t.village, cl_uid(t.village)).err, DP_FULL);
    assert_int_equal(rows(t.village), DP_DRAFTS_MAX);
    t.village->d->intake_stopped = true;
    assert_int_equal(register_from(t.village, first).err, DP_INTAKE_STOPPED);
    assert_ok(drop(t.village, first).err);
    t.village->d->intake_stopped = false;
    keep(t.village, id);
    assert_int_equal(draft_as(t.village, cl_uid(t.village)).err, DP_FULL);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_listed_registered),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_survives),
        cmocka_unit_test(test_stays_here),
        cmocka_unit_test(test_of_one_office),
        cmocka_unit_test(test_of_an_accusation),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
