/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control protocol from the outside: bytes are built here by hand, so that an encoder's habits cannot
 * hide a decoder's fault.
 */
#include "support/cmocka_all.h"

#include <string.h>

#include "control/request.h"

struct msg {
    uint8_t b[4096];
    size_t len;
};

static void put_varint(struct msg *m, uint64_t v)
{
    while (v >= 0x80) {
        m->b[m->len++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    m->b[m->len++] = (uint8_t)v;
}

static void put_number(struct msg *m, unsigned field, uint64_t v)
{
    put_varint(m, field << 3);
    put_varint(m, v);
}

static void put_bytes(struct msg *m, unsigned field, const void *p, size_t len)
{
    put_varint(m, field << 3 | 2);
    put_varint(m, len);
    memcpy(m->b + m->len, p, len);
    m->len += len;
}

static void put_text(struct msg *m, unsigned field, const char *s)
{
    put_bytes(m, field, s, strlen(s));
}

static void put_msg(struct msg *m, unsigned field, const struct msg *sub)
{
    put_bytes(m, field, sub->b, sub->len);
}

/* A request with one command, in which `op` stands under `field` of Command. */
static struct msg request_of(unsigned field, const struct msg *op)
{
    struct msg command = {.len = 0}, rq = {.len = 0};

    put_msg(&command, field, op);
    put_number(&rq, 1, DP_CONTROL_VERSION);
    put_number(&rq, 2, 77);
    put_text(&rq, 3, "bureau");
    put_msg(&rq, 5, &command);
    return rq;
}

struct read {
    struct dp_arena a;
    struct dp_request rq;
    uint64_t id;
};

static enum dp_err decode(struct read *r, const struct msg *m)
{
    dp_arena_init(&r->a, 1 << 20, 0);
    memset(&r->rq, 0, sizeof(r->rq));
    return dp_request_decode(dp_slice_of(m->b, m->len), &r->a, &r->rq, &r->id);
}

static enum dp_err decode_op(unsigned field, const struct msg *op)
{
    struct msg m = request_of(field, op);
    struct read r;
    enum dp_err e = decode(&r, &m);

    dp_arena_fini(&r.a);
    assert_int_equal(r.id, 77);
    return e;
}

static void put_person(struct msg *part, const char *name)
{
    struct msg person = {.len = 0};

    put_text(&person, 1, name);
    put_text(&person, 6, "331023105001");
    put_number(&person, 8, (uint32_t)-3650);
    put_number(&person, 10, 1);
    put_msg(part, 2, &person);
}

static struct msg register_step(void)
{
    struct msg step = {.len = 0}, intake = {.len = 0}, persons = {.len = 0}, content = {.len = 0};

    put_text(&intake, 1, "V");
    put_number(&intake, 3, DP_PURPOSE_CLAIM);
    put_text(&intake, 9, "331023105001");
    put_text(&intake, 10, "331023000000/housing");
    put_number(&persons, 1, DP_PART_PETITIONERS);
    put_person(&persons, "王小明");
    put_number(&content, 1, DP_PART_CONTENT);
    put_text(&content, 8, "first line\nsecond line");
    put_number(&step, 1, DP_KIND_REGISTER);
    put_number(&step, 11, 20000);
    put_msg(&step, 15, &intake);
    put_msg(&step, 16, &persons);
    put_msg(&step, 16, &content);
    return step;
}

static void a_register_step_arrives_whole(void **state)
{
    struct msg step = register_step();
    struct msg m = request_of(1, &step);
    struct read r;
    const struct dp_step *s;

    (void)state;
    assert_ok(decode(&r, &m));
    assert_int_equal(r.rq.count, 1);
    assert_string_equal(r.rq.as_office, "bureau");
    assert_int_equal(r.rq.commands[0].kind, DP_COMMAND_STEP);
    s = &r.rq.commands[0].u.step;
    assert_int_equal(s->kind, DP_KIND_REGISTER);
    assert_int_equal(s->receipt.day, 20000);
    assert_int_equal(s->intake->channel, 'V');
    assert_true(s->intake->problem_div.v == UINT64_C(331023105001));
    assert_string_equal(s->intake->respondents[0], "331023000000/housing");
    assert_int_equal(s->part_count, 2);
    assert_string_equal(s->parts[0].petitioners[0].name, "王小明");
    assert_int_equal(s->parts[0].petitioners[0].birth.day, -3650);
    assert_true(s->parts[0].petitioners[0].main);
    assert_null(s->parts[0].petitioners[0].phone);
    assert_string_equal(s->parts[1].content, "first line\nsecond line");
    assert_null(s->parts[1].title);
    dp_arena_fini(&r.a);
}

static void absent_texts_of_a_step_are_empty(void **state)
{
    struct msg step = {.len = 0};
    struct msg m;
    struct read r;

    (void)state;
    put_number(&step, 1, DP_KIND_SIGN);
    m = request_of(1, &step);
    assert_ok(decode(&r, &m));
    assert_string_equal(r.rq.commands[0].u.step.case_ref, "");
    assert_string_equal(r.rq.commands[0].u.step.re, "");
    assert_null(r.rq.commands[0].u.step.intake);
    assert_null(r.rq.commands[0].u.step.file);
    dp_arena_fini(&r.a);
}

static void fields_outside_their_limits_are_refused(void **state)
{
    static const struct {
        unsigned field;
        uint64_t v;
        enum dp_err err;
    } rows[] = {
        {4, 84371, DP_RANGE}, /* a day after the year 2200 */
        {4, 0xffffffff, DP_RANGE}, {6, 1000000, DP_RANGE}, {9, 3651, DP_RANGE},
        {10, 256, DP_RANGE},       {4, 84370, DP_OK},      {10, 255, DP_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct msg step = {.len = 0};
        put_number(&step, 1, DP_KIND_NOTE);
        put_number(&step, rows[i].field, rows[i].v);
        assert_int_equal(decode_op(1, &step), rows[i].err);
    }
}

static void kinds_that_nobody_knows_are_refused(void **state)
{
    static const unsigned kinds[] = {0, 36, 127, 128, 70000};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct msg step = {.len = 0};
        put_number(&step, 1, kinds[i]);
        assert_int_equal(decode_op(1, &step), DP_RANGE);
    }
}

static void parts_are_counted_and_weighed(void **state)
{
    struct msg part = {.len = 0}, step = {.len = 0};
    static char long_text[3000];

    (void)state;
    put_number(&part, 1, DP_PART_PETITIONERS); /* without a person */
    put_number(&step, 1, DP_KIND_NOTE);
    put_msg(&step, 16, &part);
    assert_int_equal(decode_op(1, &step), DP_RANGE);

    part.len = step.len = 0;
    put_number(&part, 1, DP_PART_TEXT);
    put_person(&part, "somebody");
    put_number(&step, 1, DP_KIND_NOTE);
    put_msg(&step, 16, &part);
    assert_int_equal(decode_op(1, &step), DP_RANGE);

    part.len = step.len = 0;
    put_number(&part, 1, DP_PART_KEY); /* keys are the node's own */
    put_number(&step, 1, DP_KIND_NOTE);
    put_msg(&step, 16, &part);
    assert_int_equal(decode_op(1, &step), DP_RANGE);

    part.len = step.len = 0;
    memset(long_text, 'a', sizeof(long_text) - 1);
    put_number(&part, 1, DP_PART_TEXT);
    put_text(&part, 10, long_text);
    put_number(&step, 1, DP_KIND_NOTE);
    put_msg(&step, 16, &part);
    assert_int_equal(decode_op(1, &step), DP_OK);
}

static void a_line_has_no_breaks_and_a_text_may(void **state)
{
    struct msg query = {.len = 0};

    (void)state;
    put_text(&query, 1, "find");
    put_text(&query, 4, "王\n小明");
    assert_int_equal(decode_op(2, &query), DP_RANGE);
}

static void strings_are_utf8_without_controls(void **state)
{
    struct msg query = {.len = 0};

    (void)state;
    put_bytes(&query, 1, "st\xff", 3);
    assert_int_equal(decode_op(2, &query), DP_FORMAT);
    query.len = 0;
    put_bytes(&query, 1, "st\0x", 4);
    assert_int_equal(decode_op(2, &query), DP_FORMAT);
}

static void query_admin_and_blob(void **state)
{
    struct msg op = {.len = 0};
    struct msg m;
    struct read r;

    (void)state;
    put_text(&op, 1, "log");
    put_number(&op, 6, UINT64_C(1) << 40);
    m = request_of(2, &op);
    assert_ok(decode(&r, &m));
    assert_int_equal(r.rq.commands[0].kind, DP_COMMAND_QUERY);
    assert_true(r.rq.commands[0].u.query.since == UINT64_C(1) << 40);
    dp_arena_fini(&r.a);

    op.len = 0;
    put_text(&op, 1, "node.join");
    put_number(&op, 9, UINT32_MAX);
    put_bytes(&op, 12, "\0\1", 2);
    m = request_of(3, &op);
    assert_ok(decode(&r, &m));
    assert_string_equal(r.rq.commands[0].u.admin.verb, "node.join");
    assert_int_equal(r.rq.commands[0].u.admin.uid, UINT32_MAX);
    assert_int_equal(r.rq.commands[0].u.admin.data.len, 2);
    dp_arena_fini(&r.a);

    op.len = 0;
    put_text(&op, 1, "u1");
    put_number(&op, 2, (UINT64_C(1) << 40) + 1);
    assert_int_equal(decode_op(4, &op), DP_RANGE);
}

static void the_id_survives_a_refusal(void **state)
{
    struct msg m = {.len = 0};
    struct read r;

    (void)state;
    put_number(&m, 1, 2);
    put_number(&m, 2, 4711);
    assert_int_equal(decode(&r, &m), DP_SCHEMA);
    assert_int_equal(r.id, 4711);
    dp_arena_fini(&r.a);

    put_number(&m, 1, 1); /* a second version */
    assert_int_equal(decode(&r, &m), DP_FORMAT);
    assert_int_equal(r.id, 4711);
    dp_arena_fini(&r.a);

    m.len = 0;
    assert_int_equal(decode(&r, &m), DP_SCHEMA);
    assert_int_equal(r.id, 0);
    dp_arena_fini(&r.a);
}

static void commands_are_one_to_a_thousand(void **state)
{
    static struct msg big;
    struct msg none = {.len = 0};
    struct dp_arena a;
    struct dp_request rq;
    uint64_t id;

    (void)state;
    big.len = 0;
    put_number(&none, 1, 1);
    dp_arena_init(&a, 4 << 20, 0);
    assert_int_equal(dp_request_decode(dp_slice_of(none.b, none.len), &a, &rq, &id), DP_FORMAT);
    put_number(&big, 1, 1);
    for (int i = 0; i < DP_COMMANDS_MAX + 1; i++)
        put_bytes(&big, 5, "", 0);
    assert_int_equal(dp_request_decode(dp_slice_of(big.b, big.len), &a, &rq, &id), DP_TOO_BIG);
    dp_arena_fini(&a);
}

static void an_empty_command_and_cut_bytes_are_refused(void **state)
{
    struct msg step = register_step();
    struct msg m = request_of(1, &step);
    struct read r;

    (void)state;
    for (size_t cut = 0; cut < m.len; cut++) {
        struct msg part = {.len = cut};
        memcpy(part.b, m.b, cut);
        assert_int_not_equal(decode(&r, &part), DP_OK);
        dp_arena_fini(&r.a);
    }
    m.len = 0;
    put_number(&m, 1, 1);
    put_bytes(&m, 5, "", 0);
    assert_int_equal(decode(&r, &m), DP_FORMAT);
    dp_arena_fini(&r.a);
}

static void a_small_arena_is_an_error_and_no_crash(void **state)
{
    struct msg step = register_step();
    struct msg m = request_of(1, &step);
    struct dp_request rq;
    uint64_t id;

    (void)state;
    for (size_t cap = 0; cap < 4096; cap += 64) {
        struct dp_arena a;
        enum dp_err e;
        dp_arena_init(&a, cap, 0);
        e = dp_request_decode(dp_slice_of(m.b, m.len), &a, &rq, &id);
        assert_true(e == DP_OK || e == DP_NOMEM);
        dp_arena_fini(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_register_step_arrives_whole),
        cmocka_unit_test(absent_texts_of_a_step_are_empty),
        cmocka_unit_test(fields_outside_their_limits_are_refused),
        cmocka_unit_test(kinds_that_nobody_knows_are_refused),
        cmocka_unit_test(parts_are_counted_and_weighed),
        cmocka_unit_test(a_line_has_no_breaks_and_a_text_may),
        cmocka_unit_test(strings_are_utf8_without_controls),
        cmocka_unit_test(query_admin_and_blob),
        cmocka_unit_test(the_id_survives_a_refusal),
        cmocka_unit_test(commands_are_one_to_a_thousand),
        cmocka_unit_test(an_empty_command_and_cut_bytes_are_refused),
        cmocka_unit_test(a_small_arena_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
