/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks by hand (R-N3-10): entries of the case, so that they go where the case goes. Who may set and lift
 * one, who hears of it and who does not; and the attack of the head of an accused office on a shared node.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "days.h"
#include "support/cmocka_all.h"
#include "support/rights.h"
#include "support/town.h"

#define BUREAU COUNTY "/bureau"
#define HOUSING COUNTY "/housing"
#define ABSENT "331023000000-20260101-V-00009-9"
enum { HOUSING_HEAD = 2001, WATER_HEAD = 2003 };

static struct cl_result about(struct cl_node *n, const char *respondent, uint32_t purpose)
{
    struct cl_command x;
    struct dp_intake *in = cl_intake(&x, "Zhao Wuming", "he takes the money of the school");
    in->purpose = purpose;
    in->respondents[0] = respondent;
    in->respondent_count = 1;
    return cl_must(n, &x);
}

static struct cl_result lock_as(struct cl_node *n, uint32_t uid, enum dp_kind kind, const char *ref, bool dry)
{
    struct cl_command x;
    cl_step(&x, kind, ref)->code = 1;
    x.rq.dry_run = dry;
    return cl_do_as(n, uid, &x);
}

static struct cl_result lock(struct cl_node *n, enum dp_kind kind, const char *ref)
{
    return lock_as(n, cl_uid(n), kind, ref, false);
}

/* What an answer says, without what was typed. */
static char *answer_of(struct cl_node *n, uint32_t uid, const struct cl_command *x, const char *ref)
{
    static char text[2][17000];
    static unsigned at;
    struct cl_result r = cl_do_as(n, uid, x);
    char *out = text[at++ % 2], *hit;
    snprintf(out, sizeof text[0], "%d %s %s %s %llu", r.err, r.text, r.json, r.number,
             (unsigned long long)r.valid_kinds);
    while ((hit = strstr(out, ref)) != NULL)
        memset(hit, 'N', strlen(ref));
    return out;
}

static void offices(struct town *t)
{
    cl_officer(t->county, HOUSING, HOUSING_HEAD);
    cl_officer(t->county, COUNTY "/water", WATER_HEAD);
    town_settle(t);
}

/* Issue 7, point 1: what the head of the accused office did in two commands. */
static void test_the_head_of_the_accused_office(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 711);
    offices(&t);
    struct cl_result r = about(t.county, HOUSING, DP_PURPOSE_ACCUSATION);
    struct dp_digest before = rights_sum(t.county);
    /* A place in the bureau, and what comes with it. */
    struct dp_admin *a = cl_admin(&x, "officer.add");
    a->office = BUREAU;
    a->number = 66;
    a->uid = HOUSING_HEAD;
    a->roles = 3;
    assert_int_equal(cl_do_as(t.county, HOUSING_HEAD, &x).err, DP_NOT_ENTITLED);
    cl_query(&x, "show")->case_ref = r.number;
    x.rq.as_office = BUREAU;
    assert_int_equal(cl_do_as(t.county, HOUSING_HEAD, &x).err, DP_NOT_ENTITLED);
    /* The bureau's lock, and whether a case is there: as of a number that nobody gave. */
    static const enum dp_kind kinds[] = {DP_KIND_LOCK, DP_KIND_UNLOCK, DP_KIND_NOTE};
    for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (int dry = 0; dry < 2; dry++) {
            cl_step(&x, kinds[k], r.number)->code = 1;
            x.rq.dry_run = dry != 0;
            char *real = answer_of(t.county, HOUSING_HEAD, &x, r.number);
            x.cmd.u.step.case_ref = ABSENT;
            assert_string_equal(real, answer_of(t.county, HOUSING_HEAD, &x, ABSENT));
            assert_non_null(strstr(real, "no such case"));
        }
    }
    struct dp_digest after = rights_sum(t.county);
    assert_true(dp_digest_eq(&before, &after));
    town_close(&t);
}

/* Whoever may not see a case learns nothing of it, accused or not. */
static void test_a_case_of_others_is_answered_as_none(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 712);
    offices(&t);
    struct cl_result r = about(t.county, HOUSING, DP_PURPOSE_CLAIM);
    for (uint32_t kind = DP_KIND_ARRIVE; kind <= DP_KIND_UNLOCK; kind++) {
        if (kind == DP_KIND_SUPERVISE || kind == DP_KIND_REMIND)
            continue; /* R-ORD-1 */
        cl_step(&x, (enum dp_kind)kind, r.number)->code = 1;
        char *real = answer_of(t.county, WATER_HEAD, &x, r.number);
        x.cmd.u.step.case_ref = ABSENT;
        assert_string_equal(real, answer_of(t.county, WATER_HEAD, &x, ABSENT));
    }
    town_close(&t);
}

static void test_who_sets_and_who_lifts(void **state)
{
    struct town t;
    struct dp_entry e;
    (void)state;
    town_open(&t, 713);
    offices(&t);
    struct cl_result r = about(t.county, HOUSING, DP_PURPOSE_CLAIM);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, COUNTY "/water");
    town_settle(&t);
    cl_go_as(t.county, WATER_HEAD, DP_KIND_ACCEPT, r.number, "");
    /* A reason, no text. */
    struct cl_command x;
    cl_step(&x, DP_KIND_LOCK, r.number);
    assert_int_equal(cl_do(t.county, &x).err, DP_STEP_INVALID);
    cl_step(&x, DP_KIND_LOCK, r.number)->code = 1;
    cl_text(&x, "he threatens her");
    assert_int_equal(cl_do(t.county, &x).err, DP_USAGE);
    assert_ok(lock_as(t.county, WATER_HEAD, DP_KIND_LOCK, r.number, false).err);
    assert_int_equal(lock_as(t.county, WATER_HEAD, DP_KIND_LOCK, r.number, false).err, DP_CONFLICT);
    town_settle(&t);
    assert_ok(lock(t.city, DP_KIND_LOCK, r.number).err);
    town_settle(&t);
    /* Not the superior's by whom it is below; the own one, and for the bureau that of its node. */
    assert_ok(lock_as(t.county, WATER_HEAD, DP_KIND_UNLOCK, r.number, false).err);
    assert_int_equal(lock_as(t.county, WATER_HEAD, DP_KIND_UNLOCK, r.number, false).err, DP_STEP_INVALID);
    assert_int_equal(lock(t.county, DP_KIND_UNLOCK, r.number).err, DP_STEP_INVALID);
    assert_int_equal(count_of(t.county, &r.name, DP_KIND_UNLOCK, &e), 1);
    assert_true(strcmp(e.office.slug, "water") == 0);
    assert_ok(lock_as(t.county, WATER_HEAD, DP_KIND_LOCK, r.number, false).err);
    assert_ok(lock(t.county, DP_KIND_UNLOCK, r.number).err); /* the bureau of the node is above it */
    town_settle(&t);
    assert_ok(lock(t.city, DP_KIND_UNLOCK, r.number).err);
    town_settle(&t);
    struct cl_node *both[] = {t.county, t.city};
    town_assert_equal(&r.name, both, 2);
    town_close(&t);
}

/* R-HEAD-1: anybody of the office locks, its head lifts. */
static void test_the_head_lifts(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 714);
    struct cl_result r = about(t.county, HOUSING, DP_PURPOSE_CLAIM);
    struct dp_admin *a = cl_admin(&x, "officer.add");
    a->office = BUREAU;
    a->number = 8;
    a->uid = 2010;
    a->roles = DP_OFFICER_CLERK;
    cl_must(t.county, &x);
    assert_ok(lock_as(t.county, 2010, DP_KIND_LOCK, r.number, false).err);
    assert_int_equal(lock_as(t.county, 2010, DP_KIND_UNLOCK, r.number, false).err, DP_NOT_ENTITLED);
    assert_ok(lock(t.county, DP_KIND_UNLOCK, r.number).err);
    town_close(&t);
}

/* The accused on the same node, who is a party, sees the case go and come back; the others see who did it. */
static void test_a_session_while_it_is_locked(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 715);
    offices(&t);
    struct cl_result r = about(t.county, HOUSING, DP_PURPOSE_CLAIM);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, HOUSING);
    town_settle(&t);
    cl_query(&x, "show")->case_ref = r.number;
    cl_must_as(t.county, HOUSING_HEAD, &x);
    assert_ok(lock(t.county, DP_KIND_LOCK, r.number).err);
    assert_int_equal(cl_do_as(t.county, HOUSING_HEAD, &x).err, DP_NOT_FOUND);
    assert_int_equal(lock_as(t.county, HOUSING_HEAD, DP_KIND_UNLOCK, r.number, false).err, DP_NOT_FOUND);
    struct cl_result shown = cl_must(t.county, &x);
    assert_non_null(strstr(shown.json, "\"locked\":true"));
    assert_non_null(strstr(shown.json, "\"locks\":[{\"set\":{"));
    cl_query(&x, "log")->limit = 1000;
    struct cl_result log = cl_do_as(t.county, HOUSING_HEAD, &x);
    assert_ok(log.err);
    assert_null(strstr(log.json, r.number));
    assert_ok(lock(t.county, DP_KIND_UNLOCK, r.number).err);
    cl_query(&x, "show")->case_ref = r.number;
    shown = cl_must_as(t.county, HOUSING_HEAD, &x);
    assert_non_null(strstr(shown.json, "\"locked\":false"));
    town_close(&t);
}

/* It stops what goes to the accused below, by whoever is between; when it is lifted all of it arrives. */
static void test_on_its_way_down(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 716);
    struct cl_result r = about(t.county, VILLAGE "/committee", DP_PURPOSE_CLAIM);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau");
    town_settle(&t);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_ok(lock(t.city, DP_KIND_LOCK, r.number).err); /* by the bureau above all of them */
    town_settle(&t);
    struct dp_entry e;
    assert_int_equal(count_of(t.town, &r.name, DP_KIND_LOCK, &e), 1);
    struct cl_command x;
    cl_step(&x, DP_KIND_TRANSFER, r.number)->to = VILLAGE "/committee";
    assert_int_equal(cl_do(t.town, &x).err, DP_DENIED); /* R-N3-8 at the township, which set no lock */
    assert_ok(lock(t.town, DP_KIND_LOCK, r.number).err);
    assert_int_equal(lock(t.village, DP_KIND_LOCK, r.number).err, DP_NOT_FOUND);
    town_settle(&t);
    assert_int_equal(lock(t.town, DP_KIND_UNLOCK, r.number).err, DP_OK);
    assert_int_equal(lock(t.town, DP_KIND_UNLOCK, r.number).err, DP_STEP_INVALID); /* the city's is not its */
    town_settle(&t);
    assert_ok(lock(t.city, DP_KIND_UNLOCK, r.number).err);
    town_settle(&t);
    struct cl_node *all[] = {t.city, t.county, t.town};
    town_assert_equal(&r.name, all, 3);
    town_close(&t);
}

/* What a denied party missed meanwhile comes with the unlock, whole. */
static void test_what_was_kept_back_comes(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 717);
    struct cl_result r = about(t.county, TOWN "/bureau", DP_PURPOSE_CLAIM);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau");
    town_settle(&t);
    uint32_t had = cl_facts(t.town, &r.name);
    assert_true(had > 0);
    assert_ok(lock(t.county, DP_KIND_LOCK, r.number).err);
    cl_step(&x, DP_KIND_NOTE, r.number);
    cl_text(&x, "written while it was locked");
    struct cl_result note = cl_must(t.county, &x);
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), had);
    struct dp_entry e;
    assert_int_equal(count_of(t.town, &r.name, DP_KIND_LOCK, &e), 0);
    assert_ok(lock(t.county, DP_KIND_UNLOCK, r.number).err);
    town_settle(&t);
    struct cl_node *all[] = {t.city, t.county, t.town};
    town_assert_equal(&r.name, all, 3);
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_true(town_reads(t.town, &note.name, 0, "written while it was locked"));
    town_close(&t);
}

/* Whom the lock would deny the case sets none: what it said would pass the accused. */
static void test_who_may_not_set_one(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 718);
    offices(&t);
    struct cl_result r = about(t.village, TOWN "/bureau", DP_PURPOSE_CLAIM);
    town_settle(&t);
    uint32_t had = cl_facts(t.town, &r.name);
    assert_int_equal(lock(t.village, DP_KIND_LOCK, r.number).err, DP_DENIED);
    assert_int_equal(lock(t.town, DP_KIND_LOCK, r.number).err, DP_DENIED); /* the accused itself */
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), had);
    assert_ok(lock(t.county, DP_KIND_LOCK, r.number).err); /* and the bureau above does */
    town_settle(&t);
    assert_int_equal(cl_facts(t.town, &r.name), had);
    assert_int_equal(cl_facts(t.village, &r.name), had);
    struct cl_result own = about(t.county, HOUSING, DP_PURPOSE_CLAIM);
    cl_go(t.county, DP_KIND_TRANSFER, own.number, HOUSING);
    assert_int_equal(lock_as(t.county, HOUSING_HEAD, DP_KIND_LOCK, own.number, false).err, DP_DENIED);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_head_of_the_accused_office),
        cmocka_unit_test(test_a_case_of_others_is_answered_as_none),
        cmocka_unit_test(test_who_sets_and_who_lifts),
        cmocka_unit_test(test_the_head_lifts),
        cmocka_unit_test(test_a_session_while_it_is_locked),
        cmocka_unit_test(test_on_its_way_down),
        cmocka_unit_test(test_what_was_kept_back_comes),
        cmocka_unit_test(test_who_may_not_set_one),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
