/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches the sink, and what a line from outside cannot do to a terminal. */
#include "support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/slice.h"

struct lines {
    int n;
    enum dp_log_level level;
    char last[2048];
};

static void keep(void *ctx, enum dp_log_level level, const char *line)
{
    struct lines *l = ctx;

    l->n++;
    l->level = level;
    snprintf(l->last, sizeof(l->last), "%s", line);
}

static void level_decides(void **state)
{
    struct lines l = {0};

    (void)state;
    dp_log_set(keep, &l, DP_LOG_NOTICE);
    dp_log(DP_LOG_INFO, "not this");
    assert_int_equal(l.n, 0);
    dp_log(DP_LOG_ERROR, "entry %d of %s", 7, "331023000000");
    assert_int_equal(l.n, 1);
    assert_int_equal(l.level, DP_LOG_ERROR);
    assert_string_equal(l.last, "entry 7 of 331023000000");
    dp_log_level_set(DP_LOG_DEBUG);
    assert_int_equal(dp_log_level_get(), DP_LOG_DEBUG);
    dp_log(DP_LOG_DEBUG, "this");
    assert_int_equal(l.n, 2);
    dp_log_set(NULL, NULL, DP_LOG_DEBUG);
    dp_log(DP_LOG_ERROR, "nobody listens");
    assert_int_equal(l.n, 2);
}

static void control_characters_are_masked(void **state)
{
    struct lines l = {0};

    (void)state;
    dp_log_set(keep, &l, DP_LOG_INFO);
    dp_log(DP_LOG_INFO, "a\nb\x1b[2J\x7f%s天台",
           "\xc2\x9b"
           "1m");
    assert_string_equal(l.last, "a?b?[2J???1m天台");
    dp_log(DP_LOG_INFO, "ends with \xc2");
    assert_string_equal(l.last, "ends with \xc2");
    dp_log_set(NULL, NULL, DP_LOG_INFO);
}

/* `pad` letters, then characters of three bytes: the cut falls inside one for two of three pads. */
static void cut_after(struct lines *l, size_t pad)
{
    char text[2000];

    memset(text, 'x', pad);
    for (size_t i = pad; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "天", 4);
    dp_log(DP_LOG_INFO, "%s", text);
    assert_in_range(strlen(l->last), 1021, 1023);
    assert_int_equal((strlen(l->last) - pad) % 3, 0);
    assert_true(dp_utf8_ok(dp_slice_str(l->last)));
}

static void long_lines_end_at_a_whole_character(void **state)
{
    struct lines l = {0};

    (void)state;
    dp_log_set(keep, &l, DP_LOG_INFO);
    for (size_t pad = 0; pad < 6; pad++)
        cut_after(&l, pad);
    dp_log(DP_LOG_INFO, "%01023d", 0);
    assert_int_equal(strlen(l.last), 1023);
    dp_log(DP_LOG_INFO, "%01024d", 0);
    assert_int_equal(strlen(l.last), 1023);
    dp_log_set(NULL, NULL, DP_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_decides),
        cmocka_unit_test(control_characters_are_masked),
        cmocka_unit_test(long_lines_end_at_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
