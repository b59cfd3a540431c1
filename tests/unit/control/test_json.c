/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer writes, jansson reads back; and the reply as bytes. */
#include "support/cmocka_all.h"

#include <jansson.h>
#include <string.h>

#include "control/json.h"
#include "control/request.h"

static const char *text_of(struct dp_json *j, struct dp_buf *b)
{
    const char *s = dp_json_text(j);

    assert_int_equal(j->err, DP_OK);
    assert_non_null(s);
    assert_int_equal(b->p[b->len - 1], 0);
    return s;
}

static void nesting_and_commas(void **state)
{
    struct dp_buf b;
    struct dp_json j;

    (void)state;
    dp_buf_init(&b, 4096);
    dp_json_init(&j, &b);
    dp_json_object(&j, NULL);
    dp_json_array(&j, "rows");
    dp_json_object(&j, NULL);
    dp_json_u64(&j, "a", 1);
    dp_json_bool(&j, "b", true);
    dp_json_end(&j);
    dp_json_object(&j, NULL);
    dp_json_end(&j);
    dp_json_str(&j, NULL, NULL);
    dp_json_end(&j);
    dp_json_i64(&j, "c", -5);
    dp_json_end(&j);
    assert_string_equal(text_of(&j, &b), "{\"rows\":[{\"a\":1,\"b\":true},{},null],\"c\":-5}");
    dp_buf_fini(&b);
}

static void strings_are_escaped(void **state)
{
    static const char hard[] = "\"\\/\n\t\r\x01\x1f\x7f 天台";
    struct dp_buf b;
    struct dp_json j;
    json_t *v;

    (void)state;
    dp_buf_init(&b, 4096);
    dp_json_init(&j, &b);
    dp_json_array(&j, NULL);
    dp_json_str(&j, NULL, hard);
    dp_json_slice(&j, NULL, dp_slice_of("a\0b", 3));
    dp_json_slice(&j, NULL, dp_slice_of("\xff\"x", 3));
    dp_json_end(&j);
    v = json_loads(text_of(&j, &b), JSON_ALLOW_NUL, NULL);
    assert_non_null(v);
    assert_string_equal(json_string_value(json_array_get(v, 0)), hard);
    assert_int_equal(json_string_length(json_array_get(v, 1)), 3);
    assert_string_equal(json_string_value(json_array_get(v, 2)), "?\"x");
    json_decref(v);
    dp_buf_fini(&b);
}

static void wide_numbers_are_strings(void **state)
{
    struct dp_buf b;
    struct dp_json j;

    (void)state;
    dp_buf_init(&b, 4096);
    dp_json_init(&j, &b);
    dp_json_array(&j, NULL);
    dp_json_u64(&j, NULL, UINT64_C(9007199254740992));
    dp_json_u64(&j, NULL, UINT64_C(9007199254740993));
    dp_json_i64(&j, NULL, INT64_MIN);
    dp_json_end(&j);
    assert_string_equal(text_of(&j, &b), "[9007199254740992,\"9007199254740993\",\"-9223372036854775808\"]");
    dp_buf_fini(&b);
}

static void ids_and_dates(void **state)
{
    struct dp_node node = {UINT64_C(33102310500100)};
    struct dp_office office = {node, "station"};
    struct dp_name name = {node, 0x1f2e3d4c, 17};
    struct dp_buf b;
    struct dp_json j;

    (void)state;
    dp_buf_init(&b, 4096);
    dp_json_init(&j, &b);
    dp_json_object(&j, NULL);
    dp_json_node(&j, "node", node);
    dp_json_office(&j, "office", &office);
    dp_json_name(&j, "name", &name);
    dp_json_date(&j, "on", (struct dp_date){20454});
    dp_json_date(&j, "never", DP_DATE_NONE);
    dp_json_end(&j);
    assert_string_equal(text_of(&j, &b),
                        "{\"node\":\"331023105001\",\"office\":\"331023105001/station\","
                        "\"name\":\"331023105001:1f2e3d4c:17\",\"on\":\"2026-01-01\",\"never\":null}");
    dp_buf_fini(&b);
}

static void faults_are_kept(void **state)
{
    struct dp_buf b;
    struct dp_json j;

    (void)state;
    dp_buf_init(&b, 16);
    dp_json_init(&j, &b);
    dp_json_array(&j, NULL);
    for (int i = 0; i < 20; i++)
        dp_json_u64(&j, NULL, 1000);
    dp_json_end(&j);
    assert_null(dp_json_text(&j));
    assert_int_equal(j.err, DP_TOO_BIG);
    dp_buf_fini(&b);

    dp_buf_init(&b, 4096);
    dp_json_init(&j, &b);
    for (int i = 0; i < DP_JSON_DEPTH + 1; i++)
        dp_json_array(&j, NULL);
    assert_int_equal(j.err, DP_INTERNAL);
    assert_null(dp_json_text(&j));
    dp_json_init(&j, &b);
    dp_json_object(&j, NULL); /* left open */
    assert_null(dp_json_text(&j));
    dp_buf_fini(&b);
}

static void a_reply_says_what_was_decided(void **state)
{
    struct dp_outcome out[2] = {{.err = DP_STEP_INVALID, .valid_kinds = 0x18, .reason = 3},
                                {.err = DP_OK, .number = "N", .name = {{1}, 2, 3}}};
    static const uint8_t want[] = {0x08, 1, 0x10, 9, 0x1a};
    struct dp_arena a;
    struct dp_buf b;

    (void)state;
    dp_arena_init(&a, 1 << 16, 0);
    dp_buf_init(&b, 4096);
    assert_ok(dp_reply_encode(9, out, 2, &a, &b));
    assert_true(b.len > sizeof(want));
    assert_memory_equal(b.p, want, sizeof(want));
    assert_non_null(memmem(b.p, b.len, "the step is not valid now", 25));
    dp_buf_fini(&b);
    dp_arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_and_commas),       cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(wide_numbers_are_strings), cmocka_unit_test(ids_and_dates),
        cmocka_unit_test(faults_are_kept),          cmocka_unit_test(a_reply_says_what_was_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
