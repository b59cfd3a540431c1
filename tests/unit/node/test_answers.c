/* SPDX-License-Identifier: Apache-2.0 */
/* R-CTL-2: a client that lost the answer asks again with the same token. */
#include <stdio.h>
#include <string.h>

#include "node/command.h"
#include "support/cmocka_all.h"
#include "support/town.h"

static struct cl_result register_with(struct cl_node *n, const char *token, bool dry)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", "the roof leaks");
    x.cmd.u.step.token = dp_slice_str(token);
    x.rq.dry_run = dry;
    return cl_do(n, &x);
}

static void assert_same(const struct cl_result *a, const struct cl_result *b)
{
    assert_ok(a->err);
    assert_ok(b->err);
    assert_true(dp_name_eq(&a->name, &b->name));
    assert_string_equal(a->number, b->number);
    assert_string_equal(a->json, b->json); /* with the petitioner's code */
}

static void test_the_first_answer_again(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 140);
    struct cl_result dry = register_with(t.village, "0123456789abcdef", true);
    assert_ok(dry.err);
    struct cl_result one = register_with(t.village, "0123456789abcdef", false);
    uint64_t seq = t.village->d->own.seq;
    struct cl_result again = register_with(t.village, "0123456789abcdef", false);
    assert_same(&one, &again);
    assert_int_equal(t.village->d->own.seq, seq);
    const char *code = strstr(one.json, "query_code\":\"");
    assert_non_null(code);
    code += strlen("query_code\":\"");
    assert_true(cl_grep_table(t.village, DP_T_ANSWER, dp_slice_str("")) == 2);
    assert_int_equal(cl_grep_table(t.village, DP_T_ANSWER, dp_slice_of(code, strcspn(code, "\""))), 0);
    cl_kill(t.village, 10);
    town_settle(&t);
    again = register_with(t.village, "0123456789abcdef", false);
    assert_same(&one, &again);
    struct cl_result other = register_with(t.village, "0123456789abcdeX", false);
    assert_ok(other.err);
    assert_false(dp_name_eq(&one.name, &other.name));
    town_close(&t);
}

/* A refusal is judged again; a token that could be guessed is none; another office's is another. */
static void test_what_is_not_kept(void **state)
{
    struct town t;
    struct cl_command x;
    (void)state;
    town_open(&t, 141);
    assert_int_equal(register_with(t.village, "short", false).err, DP_USAGE);
    struct cl_result r = town_register(t.village);
    struct dp_step *s = cl_step(&x, DP_KIND_WITHDRAW, r.number);
    s->token = dp_slice_str("0123456789abcdef");
    assert_int_equal(cl_do(t.village, &x).err, DP_STEP_INVALID);
    cl_go(t.village, DP_KIND_REFER_UP, r.number, TOWN "/bureau");
    assert_ok(cl_do(t.village, &x).err);
    struct cl_result a = register_with(t.town, "fedcba9876543210", false);
    struct cl_result b = register_with(t.county, "fedcba9876543210", false);
    assert_false(dp_name_eq(&a.name, &b.name));
    town_close(&t);
}

/* R-CTL-7: one token of two callers, or of one after its time, never seals two answers with one key. */
static void test_a_key_of_its_own(void **state)
{
    struct town t;
    uint8_t first[2][48];
    (void)state;
    town_open(&t, 146);
    struct dp_slice token = dp_slice_str("0123456789abcdef");
    struct dp_caller c = {.has_office = true, .office = {.slug = "station"}, .officer = 1};
    struct dp_outcome out = {.err = DP_OK, .number = "331023105001-20260101-L-00001-A"};
    for (unsigned i = 0; i < 2; i++) {
        struct dp_slice key = {0}, v;
        unsigned rows = 0;
        assert_ok(dp_daemon_begin(t.village->d));
        dp_answer_keep(t.village->d, &c, token, &out);
        while (dp_db_next_key(&t.village->d->db, DP_T_ANSWER, dp_slice_str("\1"), &key, &v) == DP_OK) {
            assert_true(v.len >= 32 + sizeof first[i]);
            memcpy(first[i], v.p + 32, sizeof first[i]); /* behind number, time and salt */
            rows++;
        }
        assert_int_equal(rows, 1);
        assert_ok(dp_daemon_end(t.village->d));
    }
    assert_memory_not_equal(first[0], first[1], sizeof first[0]);
    town_close(&t);
}

/* The row of an officer at the village's station; `uid` is the account. */
static void officer(struct cl_node *n, const char *verb, uint32_t number, uint32_t uid)
{
    struct cl_command x;
    char office[DP_OFFICE_TEXT];
    struct dp_admin *a = cl_admin(&x, verb);
    snprintf(office, sizeof office, "%s/station", n->text);
    a->office = office;
    a->number = number;
    a->uid = uid;
    a->roles = 1;
    cl_must(n, &x);
}

static struct cl_result register_as(struct cl_node *n, uint32_t uid, const char *token)
{
    struct cl_command x;
    cl_intake(&x, "Wang Cuihua", "the roof leaks");
    x.cmd.u.step.token = dp_slice_str(token);
    return cl_do_as(n, uid, &x);
}

/* An officer's account is made anew: the same officer. Another officer of the office: another token. */
static void test_whose_token(void **state)
{
    struct town t;
    (void)state;
    town_open(&t, 143);
    officer(t.village, "officer.add", 7, 4007);
    officer(t.village, "officer.add", 8, 4008);
    struct cl_result one = register_as(t.village, 4007, "0123456789abcdef");
    struct cl_result other = register_as(t.village, 4008, "0123456789abcdef");
    assert_ok(one.err);
    assert_ok(other.err);
    assert_false(dp_name_eq(&one.name, &other.name));
    officer(t.village, "officer.set", 7, 5007);
    struct cl_result again = register_as(t.village, 5007, "0123456789abcdef");
    assert_same(&one, &again);
    town_close(&t);
}

static void test_so_many_and_so_long(void **state)
{
    struct town t;
    char token[17] = "token number ";
    (void)state;
    town_open(&t, 142);
    struct cl_result first = register_with(t.village, "0123456789abcdef", false);
    t.village->clock_off_ms += 8 * DP_DAY_MS;
    struct cl_result late = register_with(t.village, "0123456789abcdef", false);
    assert_false(dp_name_eq(&first.name, &late.name));
    for (unsigned i = 0; i < 4096; i++) {
        struct cl_command x;
        token[13] = (char)('A' + i % 16);
        token[14] = (char)('A' + i / 16 % 16);
        token[15] = (char)('A' + i / 256);
        cl_step(&x, DP_KIND_NOTE, late.number)->token = dp_slice_of(token, 16);
        assert_ok(cl_do(t.village, &x).err);
    }
    assert_int_equal(cl_grep_table(t.village, DP_T_ANSWER, dp_slice_str("")), 2 * 4096);
    struct cl_result forgotten = register_with(t.village, "0123456789abcdef", false);
    assert_false(dp_name_eq(&forgotten.name, &late.name));
    town_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_answer_again), cmocka_unit_test(test_what_is_not_kept),
        cmocka_unit_test(test_a_key_of_its_own),       cmocka_unit_test(test_whose_token),
        cmocka_unit_test(test_so_many_and_so_long),
    };
    return cmocka_run_group_tests(tests, town_build, town_drop);
}
