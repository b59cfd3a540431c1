/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what on a node that several offices share (R-ADM-1 to R-ADM-3, R-ADM-5). Every verb of
 * control.proto is asked by every role of every office, of what is the own office's and of another's; what
 * may be done is written down here once more, and what is refused changes no byte of the store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/admin.h"
#include "support/cmocka_all.h"
#include "support/rights.h"
#include "support/town.h"

#define BUREAU COUNTY "/bureau"
#define HOUSING COUNTY "/housing" /* the office complained about */

enum {
    HOUSING_HEAD = 2001,
    HOUSING_CLERK,
    HOUSING_TECH,
    BUREAU_CLERK,
    BUREAU_TECH,
    NOBODY = 2999, /* of the group, and officer of nothing */
    NEW_USER = 3001
};

/* Roles in the order of the columns below. */
static const struct role {
    const char *word, *office;
    uint32_t number, uid; /* 0: the first officer of the bureau, its head; 1: root */
} roles[] = {
    {"root", "", 0, 1},
    {"technician in the bureau's list", BUREAU, 5, BUREAU_TECH},
    {"technician in housing's list", HOUSING, 5, HOUSING_TECH},
    {"head of the bureau", BUREAU, 1, 0},
    {"clerk of the bureau", BUREAU, 2, BUREAU_CLERK},
    {"head of housing", HOUSING, 1, HOUSING_HEAD},
    {"clerk of housing", HOUSING, 2, HOUSING_CLERK},
    {"a user without office", "", 0, NOBODY},
};
#define ROLES (sizeof roles / sizeof roles[0])

/* + may, - may not; by role as above. The office that a request names: the bureau, or housing. */
static const struct {
    const char *verb, *bureau, *housing;
} may[] = {
    {"node.init", "+-------", "+-------"},       {"node.join", "+-------", "+-------"},
    {"life.clear", "+-------", "+-------"},      {"node.retire", "+++-----", "+++-----"},
    {"enroll.token", "+++-----", "+++-----"},    {"enroll.approve", "+++-----", "+++-----"},
    {"enroll.refuse", "+++-----", "+++-----"},   {"enroll.revoke", "+++-----", "+++-----"},
    {"office.add", "+++-----", "+++-----"},      {"office.set", "+++-----", "+++-----"},
    {"office.leave", "+++-----", "+++-----"},    {"officer.add", "+--+----", "+----+--"},
    {"officer.set", "+--+----", "+----+--"},     {"officer.leave", "+--+----", "+----+--"},
    {"profile.publish", "-+-+----", "-+-+----"}, {"calendar.publish", "-+-+----", "-+-+----"},
    {"backup", "+++-----", "+++-----"},          {"link.clear", "+++-----", "+++-----"},
    {"alarm.clear", "+++-----", "+++-----"},     {"post.admit", "+++-----", "+++-----"},
};
#define MAY (sizeof may / sizeof may[0])

static uint32_t uid_of(const struct town *t, const struct role *r)
{
    return r->uid == 1 ? 0 : r->uid == 0 ? cl_uid(t->county) : r->uid;
}

static struct dp_admin *officer(struct cl_command *x, const char *verb, const char *office, uint32_t number,
                                uint32_t uid, uint32_t role)
{
    struct dp_admin *a = cl_admin(x, verb);
    a->office = office;
    a->number = number;
    a->uid = uid;
    a->roles = role;
    return a;
}

static void people(struct town *t)
{
    static const uint32_t as[] = {0, 4, 4, 3, 1, 3, 1};
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, "office.add");
    a->office = HOUSING;
    a->name = "Housing";
    cl_must(t->county, &x);
    for (unsigned i = 1; i < ROLES - 1; i++) {
        officer(&x, roles[i].uid == 0 ? "officer.set" : "officer.add", roles[i].office, roles[i].number,
                uid_of(t, &roles[i]), as[i]);
        cl_must(t->county, &x);
    }
    town_settle(t);
}

/* A request that root would get done, or refused for another reason than who asks. */
static void request(struct cl_command *x, const char *verb, const char *office)
{
    struct dp_admin *a = cl_admin(x, verb);
    a->office = office;
    a->node = TOWN;
    a->reason = "a test";
    a->number = 9;
    a->uid = NEW_USER;
    a->roles = DP_OFFICER_CLERK;
    a->address = "127.0.0.1:7310";
    a->path = "/nowhere/to/be/written";
    a->name = strncmp(verb, "alarm", 5) == 0 ? "clock" : "another name";
}

static void ask(struct town *t, const char *verb, const char *office, const struct role *r, bool allowed)
{
    struct cl_command x;
    request(&x, verb, office);
    for (int dry = 1; dry >= 0; dry--) {
        x.rq.dry_run = dry != 0;
        if (allowed && dry == 0)
            return; /* what then happens has its own tests */
        struct dp_digest before = rights_sum(t->county);
        struct cl_result a = cl_do_as(t->county, uid_of(t, r), &x);
        struct dp_digest after = rights_sum(t->county);
        if (!a.answered || (a.err == DP_NOT_ENTITLED) == allowed)
            fail_msg("%s of %s by %s: %s (%s)", verb, office, r->word, dp_err_name(a.err), a.text);
        if (!dp_digest_eq(&before, &after))
            fail_msg("%s of %s by %s: refused, and something changed", verb, office, r->word);
    }
}

static void test_every_verb_by_every_role(void **state)
{
    struct town t;
    char verb[RIGHTS_VERB];
    (void)state;
    town_open(&t, 701);
    people(&t);
    for (unsigned i = 0; rights_verb(i, verb); i++) {
        unsigned k = 0;
        while (k < MAY && strcmp(may[k].verb, verb) != 0)
            k++;
        if (k == MAY)
            fail_msg("%s: nobody said who may ask for it", verb);
        assert_true(strlen(may[k].bureau) == ROLES && strlen(may[k].housing) == ROLES);
        for (unsigned r = 0; r < ROLES; r++) {
            ask(&t, verb, BUREAU, &roles[r], may[k].bureau[r] == '+');
            ask(&t, verb, HOUSING, &roles[r], may[k].housing[r] == '+');
        }
    }
    town_close(&t);
}

/* ---- the table, the protocol, the rules ---- */

static void test_the_table_has_the_verbs_of_the_protocol(void **state)
{
    char verb[RIGHTS_VERB];
    unsigned count = 0;
    (void)state;
    for (; rights_verb(count, verb); count++)
        if (dp_admin_right_of(verb) == NULL)
            fail_msg("%s has no row in the table of R-ADM-1", verb);
    assert_int_equal(count, dp_admin_rights_count);
    assert_int_equal(count, MAY);
}

static const char *cell(uint8_t who, uint8_t bit)
{
    return (who & bit) != 0 ? "yes" : "-";
}

static void test_the_table_is_the_published_one(void **state)
{
    char want[200], line[1024];
    unsigned found = 0;
    FILE *f = fopen(DP_SOURCE_DIR "/proto/RULES.md", "r");
    (void)state;
    assert_non_null(f);
    for (bool in = false; fgets(line, sizeof line, f) != NULL;) {
        in = in ? line[0] == '|' : strncmp(line, "| verb | root | technician |", 28) == 0;
        if (!in || strncmp(line, "| verb |", 8) == 0 || line[1] == '-')
            continue;
        assert_true(found < dp_admin_rights_count);
        const struct dp_admin_right *r = &dp_admin_rights[found++];
        snprintf(want, sizeof want, "| %s | %s | %s | %s | %s | %s | - |\n", r->verb,
                 cell(r->who, DP_WHO_ROOT), cell(r->who, DP_WHO_TECHNICIAN), cell(r->who, DP_WHO_BUREAU),
                 cell(r->who, DP_WHO_HEAD_HERE), cell(r->who, DP_WHO_HEAD_ABROAD));
        assert_string_equal(line, want);
    }
    fclose(f);
    assert_int_equal(found, dp_admin_rights_count);
}

/* ---- officers ---- */

static void refuse(struct town *t, uint32_t uid, const struct cl_command *x, enum dp_err err,
                   const char *says)
{
    struct dp_digest before = rights_sum(t->county);
    struct cl_result r = cl_do_as(t->county, uid, x);
    struct dp_digest after = rights_sum(t->county);
    assert_int_equal(r.err, err);
    if (strstr(r.text, says) == NULL)
        fail_msg("\"%s\" does not say %s", r.text, says);
    assert_true(dp_digest_eq(&before, &after));
}

static void test_a_head_and_the_own_office(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 702);
    people(&t);
    officer(&x, "officer.add", HOUSING, 9, NEW_USER, DP_OFFICER_CLERK);
    cl_must_as(t.county, HOUSING_HEAD, &x);
    officer(&x, "officer.set", HOUSING, 9, 0, DP_OFFICER_HEAD); /* the user stays */
    cl_must_as(t.county, HOUSING_HEAD, &x);
    officer(&x, "officer.set", HOUSING, 9, 0, DP_OFFICER_CLERK);
    cl_must_as(t.county, HOUSING_HEAD, &x);
    /* R-ADM-3: neither the own row nor another one for the own user, nor what is the technician's. */
    officer(&x, "officer.set", HOUSING, 1, 0, DP_OFFICER_CLERK);
    refuse(&t, HOUSING_HEAD, &x, DP_NOT_ENTITLED, "own place");
    officer(&x, "officer.leave", HOUSING, 1, 0, 0);
    refuse(&t, HOUSING_HEAD, &x, DP_NOT_ENTITLED, "own place");
    officer(&x, "officer.set", HOUSING, 1, NEW_USER + 1, 0); /* handing it on */
    refuse(&t, HOUSING_HEAD, &x, DP_NOT_ENTITLED, "own place");
    officer(&x, "officer.add", HOUSING, 9, HOUSING_HEAD, 3);
    refuse(&t, HOUSING_HEAD, &x, DP_CONFLICT, "--user");
    officer(&x, "officer.add", HOUSING, 10, NEW_USER + 2, DP_OFFICER_TECHNICIAN);
    refuse(&t, HOUSING_HEAD, &x, DP_NOT_ENTITLED, "technician");
    officer(&x, "officer.leave", HOUSING, 5, 0, 0);
    refuse(&t, HOUSING_HEAD, &x, DP_NOT_ENTITLED, "technician");
    officer(&x, "officer.leave", HOUSING, 9, 0, 0);
    cl_must_as(t.county, HOUSING_HEAD, &x);
    /* Root may. */
    officer(&x, "officer.set", HOUSING, 1, NEW_USER + 1, 0);
    cl_must(t.county, &x);
    officer(&x, "officer.add", HOUSING, 9, NEW_USER + 3, 3);
    refuse(&t, HOUSING_HEAD, &x, DP_NOT_ENTITLED, "only");
    cl_must_as(t.county, NEW_USER + 1, &x);
    town_close(&t);
}

static void test_what_an_officer_must_be(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 703);
    people(&t);
    officer(&x, "officer.add", HOUSING, 9, 0, 1);
    refuse(&t, 0, &x, DP_USAGE, "--user");
    officer(&x, "officer.add", HOUSING, 0, NEW_USER, 1);
    refuse(&t, 0, &x, DP_USAGE, "number");
    officer(&x, "officer.add", HOUSING, 9, NEW_USER, 5); /* R-ADM-2 */
    refuse(&t, 0, &x, DP_USAGE, "--roles");
    officer(&x, "officer.add", HOUSING, 9, NEW_USER, 8);
    refuse(&t, 0, &x, DP_USAGE, "--roles");
    officer(&x, "officer.add", HOUSING, 9, HOUSING_CLERK, 1);
    refuse(&t, 0, &x, DP_CONFLICT, "officer 2");
    officer(&x, "officer.add", TOWN "/bureau", 9, NEW_USER, 1);
    refuse(&t, 0, &x, DP_USAGE, "office");
    /* Who says no role is a clerk, in the entry and in the list. */
    officer(&x, "officer.add", HOUSING, 9, NEW_USER, 0);
    cl_must(t.county, &x);
    cl_step(&x, DP_KIND_NOTE, "no such case");
    assert_int_equal(cl_do_as(t.county, NEW_USER, &x).err, DP_NOT_FOUND);
    town_close(&t);
}

/* R-ADM-5 */
static void test_no_two_offices_of_one_name(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 704);
    people(&t);
    struct dp_admin *a = cl_admin(&x, "office.add");
    a->office = COUNTY "/water";
    a->name = "Housing";
    refuse(&t, 0, &x, DP_CONFLICT, HOUSING);
    a->name = HOUSING;
    refuse(&t, 0, &x, DP_CONFLICT, HOUSING);
    a->name = "Water";
    cl_must(t.county, &x);
    a = cl_admin(&x, "office.set");
    a->office = COUNTY "/water";
    a->name = "Housing";
    refuse(&t, 0, &x, DP_CONFLICT, HOUSING);
    a->name = "Water and sewage";
    cl_must(t.county, &x);
    a->name = "Water and sewage"; /* its own once more */
    cl_must(t.county, &x);
    town_close(&t);
}

/* R-ADM-2 */
static void test_a_technician_reads_no_case(void **state)
{
    static const char *const asked[] = {"inbox",  "list",    "show",   "track", "find",
                                        "orders", "errands", "drafts", "file"};
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 705);
    people(&t);
    struct cl_result r = town_register(t.county);
    for (unsigned i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        cl_query(&x, asked[i])->case_ref = r.number;
        assert_int_equal(cl_do_as(t.county, BUREAU_TECH, &x).err, DP_NOT_ENTITLED);
    }
    cl_step(&x, DP_KIND_LOCK, r.number)->code = 1;
    assert_int_equal(cl_do_as(t.county, BUREAU_TECH, &x).err, DP_NOT_ENTITLED);
    cl_step(&x, DP_KIND_NOTE, r.number);
    assert_int_equal(cl_do_as(t.county, BUREAU_TECH, &x).err, DP_NOT_ENTITLED);
    officer(&x, "officer.add", BUREAU, 9, BUREAU_TECH, 1);
    assert_int_equal(cl_do_as(t.county, BUREAU_TECH, &x).err, DP_NOT_ENTITLED);
    town_close(&t);
}

/* R-ADM-4 */
static unsigned trail(struct town *t, uint32_t uid, const char *needle)
{
    struct cl_command x;
    unsigned n = 0;
    cl_query(&x, "trail");
    char *json = cl_ask(t->county, uid, &x);
    assert_non_null(json);
    for (const char *p = json; (p = strstr(p, needle)) != NULL; p++)
        n++;
    free(json);
    return n;
}

static void test_what_root_did_is_seen_by_the_office(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 706);
    people(&t);
    officer(&x, "officer.add", HOUSING, 9, NEW_USER, 3);
    x.rq.dry_run = true;
    cl_must(t.county, &x);
    assert_int_equal(trail(&t, HOUSING_CLERK, "\"uid\":3001"), 0);
    x.rq.dry_run = false;
    cl_must(t.county, &x);
    officer(&x, "officer.add", HOUSING, 10, HOUSING_HEAD, 3); /* refused */
    assert_int_equal(cl_do_as(t.county, NOBODY, &x).err, DP_NOT_ENTITLED);
    struct dp_admin *a = cl_admin(&x, "enroll.revoke");
    a->node = TOWN;
    a->reason = "stolen";
    cl_must_as(t.county, BUREAU_TECH, &x);
    assert_int_equal(trail(&t, HOUSING_CLERK, "\"uid\":3001"), 1);
    assert_int_equal(trail(&t, HOUSING_CLERK, "\"number\":10"), 0);
    assert_int_equal(trail(&t, BUREAU_CLERK, "\"uid\":3001"), 0); /* another office's */
    assert_int_equal(trail(&t, HOUSING_CLERK, "\"text\":\"stolen\",\"by\":\"technician\""), 1);
    assert_int_equal(trail(&t, BUREAU_CLERK, "enroll.revoke"), 1);
    assert_int_equal(trail(&t, 0, "\"uid\":3001"), 1);
    cl_query(&x, "trail");
    assert_int_equal(cl_do_as(t.county, NOBODY, &x).err, DP_NOT_ENTITLED);
    /* It outlives the process, and pages of one row are the whole. */
    cl_kill(t.county, 0);
    cluster_run(t.c, 2000);
    unsigned all = trail(&t, HOUSING_CLERK, "\"verb\""), paged = 0;
    cl_query(&x, "trail")->limit = 1;
    for (unsigned i = 0; i < 50; i++) {
        struct cl_result r = cl_must_as(t.county, HOUSING_CLERK, &x);
        for (const char *p = r.json; (p = strstr(p, "\"verb\"")) != NULL; p++)
            paged++;
        const char *cursor = strstr(r.json, "\"cursor\":");
        assert_non_null(cursor);
        x.cmd.u.query.since = strtoull(cursor + 9, NULL, 10);
        if (strstr(r.json, "\"more\":true") == NULL)
            break;
    }
    assert_true(all > 1);
    assert_int_equal(paged, all);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verb_by_every_role),
        cmocka_unit_test(test_the_table_has_the_verbs_of_the_protocol),
        cmocka_unit_test(test_the_table_is_the_published_one),
        cmocka_unit_test(test_a_head_and_the_own_office),
        cmocka_unit_test(test_what_an_officer_must_be),
        cmocka_unit_test(test_no_two_offices_of_one_name),
        cmocka_unit_test(test_a_technician_reads_no_case),
        cmocka_unit_test(test_what_root_did_is_seen_by_the_office),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
