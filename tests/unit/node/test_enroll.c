/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment over the channel: who gets in, by whom, and who does not (R-ENR-1, R-ENR-2, R-CERT-2, R-CUT-2).
 */
#include <stdio.h>
#include <string.h>

#include "support/cluster.h"
#include "support/cmocka_all.h"

#define CITY "331000000000"
#define COUNTY "331023000000"
#define TOWN "331023105000"
#define VILLAGE "331023105001"

static void settle(struct cluster *c)
{
    assert_true(cluster_settle(c, 3600000));
}

static struct cl_result register_at(struct cl_node *n)
{
    struct cl_command x;
    cl_intake(&x, "Wang", "the road is broken");
    return cl_must(n, &x);
}

/* Every tier, each by its parent, and a village by the county. */
static void test_tiers_and_an_ancestor(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *city = cl_root(c, CITY);
    struct cl_node *county = cl_enroll(c, city, COUNTY);
    struct cl_node *town = cl_enroll(c, county, TOWN);
    struct cl_node *village = cl_enroll(c, town, VILLAGE);
    struct cl_node *by_county = cl_enroll(c, county, "331023105002");
    struct cl_node *post = cl_enroll(c, county, COUNTY ".05");
    struct cl_node *const below[] = {county, town, village, by_county, post};
    settle(c);
    assert_true(dp_node_eq(dp_daemon_parent(by_county->d), town->id));
    assert_true(dp_node_eq(dp_daemon_parent(post->d), county->id));
    /* R-ENR-3: who came is in, and the port is closed; the county does not see the village of another come.
     */
    assert_false(dp_daemon_wants_enroll_listen(town->d));
    assert_false(dp_daemon_wants_enroll_listen(city->d));
    assert_true(dp_daemon_wants_enroll_listen(county->d));
    cluster_run(c, 2 * DP_DAY_MS);
    settle(c);
    assert_false(dp_daemon_wants_enroll_listen(county->d));
    for (unsigned i = 0; i < 5; i++) {
        struct cl_result r = register_at(below[i]);
        settle(c);
        assert_int_equal(cl_facts(city, &r.name), 1);
    }
    /* Those above know whom they can seal for, also before it has issued anything. */
    struct dp_cert cert;
    assert_ok(dp_daemon_begin(city->d));
    assert_ok(dp_certs_of_node(city->d, village->id, &cert));
    assert_ok(dp_certs_of_node(city->d, by_county->id, &cert));
    assert_ok(dp_daemon_end(city->d));
    cluster_free(&c);
}

static void token_for(struct cl_node *by, const char *id, char code[32])
{
    struct cl_command x;
    cl_admin(&x, "enroll.token")->node = id;
    struct cl_result r = cl_must(by, &x);
    snprintf(code, 24, "%s", strstr(r.json, "\"code\":\"") + 8);
}

static void join(struct cl_node *n, const char *id, const char *address, const char *code)
{
    struct cl_command x;
    struct dp_admin *a = cl_admin(&x, "node.join");
    a->node = id;
    a->address = address;
    a->code = code;
    cl_must(n, &x);
}

/* Answers to what is sealed under a wrong key, which the real daemon never makes: same id, other secret. */
static void send_wrong(struct cl_node *to, const char *code)
{
    uint8_t b[300];
    memset(b, 0x5a, sizeof(b));
    memcpy(b, code, DP_ENROL_ID_CHARS);
    assert_ok(dp_daemon_begin(to->d));
    dp_daemon_enroll(to->d, 0, dp_slice_of(b, sizeof(b)));
    assert_ok(dp_daemon_end(to->d));
}

static void test_three_wrong_tries_end_a_code(void **state)
{
    char code[32];
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY);
    token_for(county, TOWN, code);
    send_wrong(county, code);
    send_wrong(county, code);
    send_wrong(county, code);
    assert_true(cl_alarmed(county, "enrolment"));
    struct cl_node *town = cl_add(c, TOWN);
    join(town, TOWN, COUNTY ":1", code); /* the right code, too late */
    cluster_run(c, 10000);
    cl_admin(&x, "enroll.approve")->node = TOWN;
    assert_int_equal(cl_do(county, &x).err, DP_NOT_FOUND);
    assert_false(dp_daemon_enrolled(town->d));
    cluster_free(&c);
}

static void test_a_misread_code_is_noticed_at_once(void **state)
{
    char code[32];
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY), *town = cl_add(c, TOWN);
    token_for(county, TOWN, code);
    code[7] = code[7] == '7' ? '8' : '7';
    struct dp_admin *a = cl_admin(&x, "node.join");
    a->node = TOWN;
    a->address = COUNTY ":1";
    a->code = code;
    assert_int_equal(cl_do(town, &x).err, DP_USAGE);
    cluster_free(&c);
}

/* R-ENR-1: good once, for one machine. */
static void test_another_machine_with_the_same_code(void **state)
{
    char code[32];
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY);
    struct cl_node *first = cl_add(c, TOWN);
    token_for(county, TOWN, code);
    join(first, TOWN, COUNTY ":1", code);
    cluster_run(c, 3000);
    struct cl_node *second = cl_add(c, TOWN);
    join(second, TOWN, COUNTY ":1", code);
    cluster_run(c, 3000);
    assert_true(cl_alarmed(second, "enrolment"));
    cl_admin(&x, "enroll.approve")->node = TOWN;
    cl_must(county, &x);
    cluster_run(c, 10000);
    assert_true(dp_daemon_enrolled(first->d));
    assert_false(dp_daemon_enrolled(second->d));
    cluster_free(&c);
}

static void test_a_code_for_another_node(void **state)
{
    char code[32];
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY), *other = cl_add(c, "331023106000");
    token_for(county, TOWN, code);
    join(other, "331023106000", COUNTY ":1", code);
    cluster_run(c, 5000);
    assert_true(cl_alarmed(other, "enrolment"));
    assert_false(dp_daemon_enrolled(other->d));
    cluster_free(&c);
}

static void test_codes_end_and_reach_only_down(void **state)
{
    char code[32];
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY), *town = cl_add(c, TOWN);
    cl_admin(&x, "enroll.token")->node = "331024000000";
    assert_int_equal(cl_do(county, &x).err, DP_NOT_ENTITLED);
    cl_admin(&x, "enroll.token")->node = COUNTY;
    assert_int_equal(cl_do(county, &x).err, DP_NOT_ENTITLED);
    token_for(county, TOWN, code);
    assert_true(dp_daemon_wants_enroll_listen(county->d));
    cluster_run(c, 6 * DP_DAY_MS);
    assert_true(dp_daemon_wants_enroll_listen(county->d)); /* nobody asked yet */
    cluster_run(c, 2 * DP_DAY_MS);
    assert_false(dp_daemon_wants_enroll_listen(county->d));
    join(town, TOWN, COUNTY ":1", code);
    cluster_run(c, 5000);
    cl_admin(&x, "enroll.approve")->node = TOWN;
    assert_int_equal(cl_do(county, &x).err, DP_NOT_FOUND);
    cluster_free(&c);
}

/* A blank node that asks goes on asking after a restart, and the parent that restarted answers. */
static void test_restarts_in_the_middle(void **state)
{
    char code[32];
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY), *town = cl_add(c, TOWN);
    token_for(county, TOWN, code);
    join(town, TOWN, COUNTY ":1", code);
    cl_kill(town, 100);
    cluster_run(c, 5000);
    cl_kill(county, 100);
    cluster_run(c, 5000);
    cl_admin(&x, "enroll.approve")->node = TOWN;
    cl_must(county, &x);
    county->crash_next = CL_CRASH_AFTER_COMMIT;
    town->crash_next = CL_CRASH_AFTER_COMMIT;
    cluster_run(c, 60000);
    assert_true(dp_daemon_enrolled(town->d));
    cl_lay(c, town, county);
    settle(c);
    assert_int_equal(cl_session(town, county)->state, DP_SESSION_UP);
    cluster_free(&c);
}

/* R-CUT-2, R-CERT-3: the withdrawn node is told, and what it still sends stays outside. */
static void test_a_revoked_node(void **state)
{
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY);
    struct cl_node *town = cl_enroll(c, county, TOWN);
    struct cl_node *village = cl_enroll(c, town, VILLAGE);
    struct cl_node *other = cl_enroll(c, county, "331023106000");
    struct cl_result before = register_at(village);
    settle(c);
    cl_admin(&x, "enroll.revoke")->node = TOWN;
    cl_must(county, &x);
    cluster_run(c, 60000);
    assert_int_not_equal(cl_session(town, county)->state, DP_SESSION_UP);
    assert_true(cl_alarmed(town, "link"));
    struct cl_result after = register_at(village);
    struct cl_result mine = register_at(town);
    cluster_run(c, 600000);
    assert_int_equal(cl_facts(county, &before.name), 1);
    assert_int_equal(cl_facts(county, &after.name), 0);
    assert_int_equal(cl_facts(county, &mine.name), 0);
    /* also after a restart of the one that withdrew it */
    cl_kill(county, 100);
    cluster_run(c, 600000);
    assert_int_equal(cl_facts(county, &mine.name), 0);
    struct cl_result fine = register_at(other);
    cluster_run(c, 60000);
    assert_int_equal(cl_facts(county, &fine.name), 1);
    cluster_free(&c);
}

/* A village withdrawn by the county: its township learns it and shelves what comes later. */
static void test_revoked_by_an_ancestor(void **state)
{
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY);
    struct cl_node *town = cl_enroll(c, county, TOWN);
    struct cl_node *village = cl_enroll(c, town, VILLAGE);
    struct cl_result before = register_at(village);
    settle(c);
    cl_admin(&x, "enroll.revoke")->node = VILLAGE;
    cl_must(county, &x);
    cluster_run(c, 60000);
    struct cl_result after = register_at(village);
    cluster_run(c, 600000);
    assert_int_equal(cl_facts(county, &before.name), 1);
    assert_int_equal(cl_facts(county, &after.name), 0);
    assert_int_equal(cl_facts(town, &after.name), 0);
    assert_true(town->d->n.refused_out > 0 || cl_session(village, town)->state != DP_SESSION_UP);
    cluster_free(&c);
}

/* R-ENR-2: at the wrong door it is told the right one. */
static void test_at_the_wrong_parent(void **state)
{
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY);
    struct cl_node *town = cl_enroll(c, county, TOWN);
    struct cl_node *village = cl_enroll(c, town, VILLAGE);
    settle(c);
    assert_ok(dp_daemon_begin(county->d));
    struct dp_node n = dp_daemon_child_by_key(county->d, dp_daemon_keyring(village->d)->curve_pub.b);
    assert_true(dp_node_eq(n, village->id));
    assert_ok(dp_daemon_end(county->d));
    cl_inject(county, village->id, dp_slice_str("anything"));
    assert_true(county->d->n.frames_dropped > 0);
    struct dp_frame bye = {.type = DP_FRAME_BYE, .u.bye = {.reason = DP_STOP_WRONG_PARENT, .node = town->id}};
    struct dp_buf b;
    dp_buf_init(&b, 4096);
    assert_ok(dp_frame_put(&bye, &b));
    cl_inject(village, town->id, dp_buf_slice(&b));
    assert_true(cl_alarmed(village, "link"));
    assert_int_equal(dp_daemon_stopped(village->d), DP_STOP_NONE);
    cluster_run(c, 60000);
    assert_int_equal(cl_session(village, town)->state, DP_SESSION_UP); /* judged afresh */
    dp_buf_fini(&b);
    cluster_free(&c);
}

/* R-STO-1: an identity whose commit failed was never taken. */
static void test_a_failed_commit_of_an_identity(void **state)
{
    char code[32];
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_add(c, COUNTY);
    dp_kv_mem_faults(county->kv)->commit = (struct dp_fault){1, DP_IO};
    cl_admin(&x, "node.init")->node = COUNTY;
    assert_int_not_equal(cl_do(county, &x).err, DP_OK);
    assert_false(dp_daemon_enrolled(county->d));
    cl_must(county, &x);
    struct cl_node *town = cl_add(c, TOWN);
    token_for(county, TOWN, code);
    join(town, TOWN, COUNTY ":1", code);
    cluster_run(c, 3000);
    cl_admin(&x, "enroll.approve")->node = TOWN;
    dp_kv_mem_faults(county->kv)->commit = (struct dp_fault){1, DP_IO};
    assert_int_not_equal(cl_do(county, &x).err, DP_OK);
    assert_int_equal(county->d->peer_count, 0);
    cl_must(county, &x);
    assert_int_equal(county->d->peer_count, 1);
    dp_kv_mem_faults(town->kv)->commit = (struct dp_fault){1, DP_IO};
    cluster_run(c, 30000);
    assert_true(dp_daemon_enrolled(town->d));
    cl_lay(c, town, county);
    settle(c);
    assert_int_equal(cl_session(town, county)->state, DP_SESSION_UP);
    cluster_free(&c);
}

/* The newcomer whose turn failed asks again, and is told again. */
static void test_a_failed_commit_of_a_refusal(void **state)
{
    char code[32];
    struct cl_command x;
    (void)state;
    struct cluster *c = cluster_new(1);
    struct cl_node *county = cl_root(c, COUNTY), *town = cl_add(c, TOWN);
    token_for(county, TOWN, code);
    join(town, TOWN, COUNTY ":1", code);
    cluster_run(c, 3000);
    struct dp_admin *a = cl_admin(&x, "enroll.refuse");
    a->node = TOWN;
    a->reason = "not yet";
    cl_must(county, &x);
    dp_kv_mem_faults(town->kv)->commit = (struct dp_fault){1, DP_IO};
    for (int i = 0; i < 100 && dp_kv_mem_faults(town->kv)->commit.countdown != 0; i++)
        cluster_run(c, 100);
    assert_string_equal(town->d->join_address, COUNTY ":1");
    cluster_run(c, 10000);
    assert_string_equal(town->d->join_address, "");
    assert_true(cl_alarmed(town, "enrolment"));
    cluster_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiers_and_an_ancestor),
        cmocka_unit_test(test_three_wrong_tries_end_a_code),
        cmocka_unit_test(test_a_misread_code_is_noticed_at_once),
        cmocka_unit_test(test_another_machine_with_the_same_code),
        cmocka_unit_test(test_a_code_for_another_node),
        cmocka_unit_test(test_codes_end_and_reach_only_down),
        cmocka_unit_test(test_restarts_in_the_middle),
        cmocka_unit_test(test_a_revoked_node),
        cmocka_unit_test(test_revoked_by_an_ancestor),
        cmocka_unit_test(test_at_the_wrong_parent),
        cmocka_unit_test(test_a_failed_commit_of_an_identity),
        cmocka_unit_test(test_a_failed_commit_of_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
