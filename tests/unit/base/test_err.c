/* SPDX-License-Identifier: Apache-2.0 */
/* The error list: each row reaches its four answers, and no number falls outside. */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/err.h"

static void every_error_has_a_text_and_an_exit_code(void **state)
{
    (void)state;
    for (int e = 0; e < DP_ERR_COUNT; e++) {
        assert_true(strlen(dp_err_text((enum dp_err)e)) > 3);
        assert_true(strlen(dp_err_name((enum dp_err)e)) > 1);
        assert_in_range(dp_err_exit((enum dp_err)e), 0, 11);
    }
}

static void only_done_and_duplicate_leave_with_zero(void **state)
{
    (void)state;
    for (int e = 0; e < DP_ERR_COUNT; e++)
        assert_int_equal(dp_err_exit((enum dp_err)e) == 0, e == DP_OK || e == DP_DUPLICATE);
}

static void rows_are_the_documented_ones(void **state)
{
    (void)state;
    assert_string_equal(dp_err_name(DP_STEP_INVALID), "STEP_INVALID");
    assert_string_equal(dp_err_text(DP_OK), "done");
    assert_int_equal(dp_err_exit(DP_STEP_INVALID), 4);
    assert_int_equal(dp_err_exit(DP_NOT_ENTITLED), 5);
    assert_int_equal(dp_err_exit(DP_CONFLICT), 6);
    assert_true(dp_err_retryable(DP_UNREACHABLE));
    assert_false(dp_err_retryable(DP_FORK));
}

static void a_strange_number_reads_as_internal(void **state)
{
    (void)state;
    assert_string_equal(dp_err_name((enum dp_err)DP_ERR_COUNT), "INTERNAL");
    assert_string_equal(dp_err_name((enum dp_err) - 1), "INTERNAL");
    assert_int_equal(dp_err_exit((enum dp_err)1000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_and_an_exit_code),
        cmocka_unit_test(only_done_and_duplicate_leave_with_zero),
        cmocka_unit_test(rows_are_the_documented_ones),
        cmocka_unit_test(a_strange_number_reads_as_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
