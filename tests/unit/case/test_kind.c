/* SPDX-License-Identifier: Apache-2.0 */
/* Words, shapes and roles. */
#include "support/cmocka_all.h"

#include "case/casefile.h"
#include "case/due.h"
#include "case/fold.h"
#include "support/history.h"

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(dp_kind_word(DP_KIND_REFER_UP), "refer_up");
    assert_null(dp_kind_word(36));
    assert_null(dp_kind_word(100000));
    assert_false(dp_kind_known(0));
    assert_int_equal(dp_kind_shape(DP_KIND_DESIGNATE), DP_SHAPE_OFFER);
    assert_int_equal(dp_kind_shape(40), DP_SHAPE_NONE);
    assert_true(dp_kind_is_offer(DP_KIND_DESIGNATE));
    assert_false(dp_kind_is_offer(DP_KIND_TAKE));
    assert_string_equal(dp_void_name(DP_VOID_STEP), "STEP");
    assert_string_equal(dp_void_text(DP_VOID_NONE), "");
    assert_string_equal(dp_void_text(DP_VOID_COUNT), "");
    assert_string_equal(dp_status_word(DP_STATUS_DUP_LINKED), "dup_linked");
    assert_string_equal(dp_clock_word(DP_CLOCK_REPORT), "report_back");
    assert_string_equal(dp_clock_word((enum dp_clock)0), "");
    assert_string_equal(dp_delay_word(DP_DELAY_ANSWER_ON_WAY), "answer_on_its_way");
}

/* R-VAL-4: the slug says the role. */
static void test_roles(void **state)
{
    struct dp_office o = dp_hist_office("331023000000.05/housing");

    (void)state;
    assert_int_equal(dp_office_role(&o), DP_ROLE_ORGAN);
    o = dp_hist_office("331023000000/bureau");
    assert_int_equal(dp_office_role(&o), DP_ROLE_BUREAU);
    o = dp_hist_office("331023105001/station");
    assert_int_equal(dp_office_role(&o), DP_ROLE_STATION);
    o = dp_hist_office("331023105001/node");
    assert_int_equal(dp_office_role(&o), DP_ROLE_DAEMON);
    o = dp_hist_office("331023105001/nodes");
    assert_int_equal(dp_office_role(&o), DP_ROLE_ORGAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
