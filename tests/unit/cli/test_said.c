/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of the daemon in another language: arguments find their places, and nothing else becomes one. */
#include "support/cmocka_all.h"

#include <string.h>

#include "said.h"

static char *args[] = {(char *)"one", (char *)"%s%n", (char *)"3"};

static void arguments_find_their_places(void **state)
{
    static const struct {
        const char *translated, *format;
        size_t count;
        const char *text;
    } rows[] = {
        {"plain", "plain", 0, "plain"},
        {"100%% of %s", "all of %s", 1, "100% of one"},
        {"%2$s 之后 %1$s", "%s before %s", 2, "%s%n 之后 one"},
        {"%s：%-s", "%s: %-s", 2, "one：%s%n"},
        {"第 %3$u 号 %1$s %2$s", "%s %s %u", 3, "第 3 号 one %s%n"},
    };
    char out[DP_SAID_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(dp_said_put(rows[i].translated, rows[i].format, args, rows[i].count, out));
        assert_string_equal(out, rows[i].text);
    }
}

/* A daemon of another version, or something that is none. */
static void what_does_not_fit_is_left(void **state)
{
    static const struct {
        const char *translated, *format;
        size_t count;
    } rows[] = {
        {"%s", "%s", 0},      {"%s", "%s", 2},   {"%s %s", "%s", 1}, {"%2$s", "%s", 1},
        {"%n", "%s", 1},      {"%s", "%n", 1},   {"%", "%s", 1},     {"%s", "%", 1},
        {"%9$s", "%s %s", 2}, {"%s", "%llu", 1}, {"%0$s", "%s", 1},
    };
    char out[DP_SAID_MAX] = "as it was";

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (dp_said_put(rows[i].translated, rows[i].format, args, rows[i].count, out))
            fail_msg("%s for %s", rows[i].translated, rows[i].format);
        assert_string_equal(out, "as it was");
    }
}

static void a_long_text_is_cut(void **state)
{
    char out[DP_SAID_MAX], big[2 * DP_SAID_MAX];
    char *arg[] = {big};

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_true(dp_said_put("<%s>", "%s", arg, 1, out));
    assert_int_equal(strlen(out), DP_SAID_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_find_their_places),
        cmocka_unit_test(what_does_not_fit_is_left),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
