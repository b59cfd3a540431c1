/* SPDX-License-Identifier: Apache-2.0 */
/* A node that ends: nothing is left behind, and nothing begins again by itself. And verbs that are only asked
 * what they would do. */
#include <stdlib.h>
#include <string.h>

#include "support/cmocka_all.h"
#include "support/town.h"

static struct cl_result admin(struct cl_node *n, const char *verb, const char *node, uint32_t flags, bool dry)
{
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, verb);
    a->node = node;
    a->flags = flags;
    x.rq.dry_run = dry;
    return cl_do(n, &x);
}

static void test_what_is_open_is_handed_on_first(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 150);
    struct cl_result r = town_register(t.village);
    town_settle(&t);
    struct cl_result no = admin(t.village, "node.retire", "", 0, false);
    assert_int_equal(no.err, DP_CONFLICT);
    assert_non_null(strstr(no.text, "1 open cases"));
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    town_settle(&t);
    assert_int_equal(admin(t.village, "node.retire", "", 0, false).err, DP_CONFLICT); /* not accepted yet */
    cl_go(t.town, DP_KIND_ACCEPT, r.number, "");
    town_settle(&t);
    assert_ok(admin(t.village, "node.retire", "", 0, true).err);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_NONE);
    struct cl_result yes = admin(t.village, "node.retire", "", 0, false);
    assert_ok(yes.err);
    assert_non_null(strstr(yes.text, "enroll revoke " VILLAGE));
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_REVOKED);
    town_settle(&t);
    /* Its parent holds what it signed last: its officers have left. */
    struct dp_subject s = dp_subject_of_node(t.village->id);
    struct dp_digest here, there;
    assert_true(cl_digest(t.village, &s, &here) && cl_digest(t.town, &s, &there));
    assert_true(dp_digest_eq(&here, &there));
    cl_kill(t.village, 10);
    town_settle(&t);
    assert_int_equal(dp_daemon_stopped(t.village->d), DP_STOP_REVOKED);
    assert_int_equal(admin(t.village, "node.retire", "", 0, false).err, DP_CONFLICT);
    town_close(&t);
}

static void test_what_is_asked_and_who_is_below(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 151);
    assert_non_null(strstr(admin(t.town, "node.retire", "", 0, false).text, "2 nodes are enrolled below"));
    struct cl_result r = town_register(t.county);
    cl_go(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau");
    town_settle(&t);
    assert_non_null(strstr(admin(t.town, "node.retire", "", 0, false).text, "1 offers or orders"));
    assert_ok(admin(t.town, "node.retire", "", 1, false).err); /* --force */
    assert_int_equal(dp_daemon_stopped(t.town->d), DP_STOP_REVOKED);
    town_close(&t);
}

/* What was not sent is not left to a machine that somebody switches off. */
static void test_what_is_not_sent(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 152);
    cl_cut(t.c, cl_link_of(t.c, t.village));
    cl_officer(t.village, VILLAGE "/committee", 77);
    assert_non_null(strstr(admin(t.village, "node.retire", "", 0, false).text, "not everything has reached"));
    cl_mend(cl_link_of(t.c, t.village));
    town_settle(&t);
    assert_ok(admin(t.village, "node.retire", "", 0, false).err);
    town_close(&t);
}

/* A dry run is refused as the verb itself would be, and changes nothing. */
static void test_dry_runs_are_judged(void **state)
{
    static const struct {
        const char *verb, *node;
        enum dp_err err;
    } rows[] = {
        {"node.init", "330000000000", DP_CONFLICT},
        {"node.join", "", DP_CONFLICT},
        {"enroll.token", "331024000000", DP_NOT_ENTITLED},
        {"enroll.token", "nowhere", DP_USAGE},
        {"enroll.token", "331023107000", DP_OK},
        {"enroll.approve", "331023107000", DP_NOT_FOUND},
        {"enroll.refuse", "331023107000", DP_NOT_FOUND},
        {"enroll.revoke", "331023107000", DP_NOT_FOUND},
        {"enroll.revoke", "331000000000", DP_NOT_ENTITLED},
        {"enroll.revoke", TOWN, DP_OK},
        {"link.clear", "331024000000", DP_NOT_FOUND},
        {"link.clear", TOWN, DP_OK},
        {"office.set", "", DP_NOT_FOUND},
        {"officer.set", "", DP_NOT_FOUND},
        {"alarm.clear", "", DP_NOT_FOUND},
        {"backup", "", DP_USAGE},
        {"node.retire", "", DP_CONFLICT},
    };
    struct town t;
    (void)state;
    town_open(&t, 153);
    town_settle(&t);
    uint64_t seq = t.county->d->own.seq;
    uint32_t tokens = cl_grep_table(t.county, DP_T_TOKEN, dp_slice_str(""));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cl_result dry = admin(t.county, rows[i].verb, rows[i].node, 0, true);
        if (dry.err != rows[i].err)
            fail_msg("%s %s: %s (%s)", rows[i].verb, rows[i].node, dp_err_name(dry.err), dry.text);
        if (rows[i].err != DP_OK)
            assert_int_equal(admin(t.county, rows[i].verb, rows[i].node, 0, false).err, rows[i].err);
    }
    assert_int_equal(t.county->d->own.seq, seq);
    assert_int_equal(cl_grep_table(t.county, DP_T_TOKEN, dp_slice_str("")), tokens);
    town_close(&t);
}

/* The forecast of a step is what it then costs, but for the signature's luck with the compression. */
static void test_a_forecast(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 154);
    struct cl_result r = town_register(t.county);
    town_settle(&t);
    struct dp_step *s = cl_step(&x, DP_KIND_TRANSFER, r.number);
    s->to = TOWN "/bureau";
    x.rq.dry_run = true;
    struct cl_result dry = cl_do(t.county, &x);
    assert_ok(dry.err);
    assert_non_null(strstr(dry.json, "\"parts_to\":\"" TOWN "/bureau\""));
    const char *at = strstr(dry.json, "\"bytes_alone\":");
    assert_non_null(at);
    unsigned long long forecast = strtoull(at + strlen("\"bytes_alone\":"), NULL, 10);
    uint64_t before = cl_link_of(t.c, t.county)->bytes[0] + cl_link_of(t.c, t.town)->bytes[1];
    cl_go(t.county, DP_KIND_TRANSFER, r.number, TOWN "/bureau");
    uint64_t after = before;
    for (int i = 0; i < 4; i++) {
        cl_turn(t.county);
        after = cl_link_of(t.c, t.county)->bytes[0] + cl_link_of(t.c, t.town)->bytes[1];
    }
    /* The history of the case goes with it, and acks. */
    assert_true(forecast > 1000 && after - before >= forecast * 9 / 10 && after - before < forecast * 2);
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_open_is_handed_on_first),
        cmocka_unit_test(test_what_is_asked_and_who_is_below),
        cmocka_unit_test(test_what_is_not_sent),
        cmocka_unit_test(test_dry_runs_are_judged),
        cmocka_unit_test(test_a_forecast),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
