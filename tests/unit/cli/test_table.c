/* SPDX-License-Identifier: Apache-2.0 */
/* Values of answers as people see them. */
#include "support/cmocka_all.h"

#include <string.h>

#include "table.h"

static json_t *row;

static int load(void **state)
{
    (void)state;
    row = json_loads(
        "{\"a\":{\"b\":{\"c\":\"deep\"}},\"n\":null,\"days\":-3,\"left\":4,\"size\":1536,\"zero\":0,"
        "\"cat\":10203,\"on\":true,\"off\":false,\"kind\":\"refer_up\",\"status\":\"closed\","
        "\"new\":\"of_a_later_version\",\"at\":\"2026-02-13T09:30:05+08:00\",\"purpose\":4,"
        "\"channel\":\"V\",\"list\":[\"group\",\"urgent\"],\"none\":[]}",
        0, NULL);
    return row == NULL;
}

static int release(void **state)
{
    (void)state;
    json_decref(row);
    return 0;
}

static void assert_shown(const char *path, uint8_t shown, uint8_t codes, const char *want)
{
    const struct dp_tab tab = {path, "", shown, codes};
    char text[128];

    dp_tab_text(row, &tab, text, sizeof(text));
    assert_string_equal(text, want);
}

static void paths_lead_into_objects(void **state)
{
    (void)state;
    assert_string_equal(json_string_value(dp_json_at(row, "a.b.c")), "deep");
    assert_null(dp_json_at(row, "a.x.c"));
    assert_null(dp_json_at(row, "n"));
    assert_null(dp_json_at(row, "missing"));
    assert_null(dp_json_at(NULL, "a"));
}

static void values_by_the_way_they_are_shown(void **state)
{
    (void)state;
    assert_shown("a.b.c", DP_SHOWN_TEXT, 0, "deep");
    assert_shown("n", DP_SHOWN_TEXT, 0, "");
    assert_shown("missing", DP_SHOWN_WORD, 0, "");
    assert_shown("days", DP_SHOWN_DAYS, 0, "-3 !");
    assert_shown("left", DP_SHOWN_DAYS, 0, "4");
    assert_shown("size", DP_SHOWN_BYTES, 0, "1.5 KiB");
    assert_shown("left", DP_SHOWN_BYTES, 0, "4 B");
    assert_shown("cat", DP_SHOWN_SIX, 0, "010203");
    assert_shown("zero", DP_SHOWN_SIX, 0, "");
    assert_shown("zero", DP_SHOWN_NUMBER, 0, "0");
    assert_shown("on", DP_SHOWN_YES, 0, "*");
    assert_shown("off", DP_SHOWN_YES, 0, "");
    assert_shown("on", DP_SHOWN_TEXT, 0, "yes");
    assert_shown("kind", DP_SHOWN_KIND, 0, "referred up");
    assert_shown("status", DP_SHOWN_WORD, 0, "closed");
    assert_shown("new", DP_SHOWN_WORD, 0, "of_a_later_version");
    assert_shown("at", DP_SHOWN_TIME, 0, "2026-02-13 09:30");
    assert_shown("purpose", DP_SHOWN_CODE, DP_CODES_PURPOSE, "claim");
    assert_shown("channel", DP_SHOWN_CODE, DP_CODES_CHANNEL, "visit");
    assert_shown("list", DP_SHOWN_CODE, DP_CODES_FLAG, "group, urgent");
    assert_shown("none", DP_SHOWN_TEXT, 0, "");
}

static void a_value_that_does_not_fit_is_cut(void **state)
{
    const struct dp_tab tab = {"list", "", DP_SHOWN_TEXT, 0};
    char text[8];

    (void)state;
    dp_tab_text(row, &tab, text, sizeof(text));
    assert_true(strlen(text) < sizeof(text));
    assert_int_equal(strncmp(text, "group", 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_into_objects),
        cmocka_unit_test(values_by_the_way_they_are_shown),
        cmocka_unit_test(a_value_that_does_not_fit_is_cut),
    };
    return cmocka_run_group_tests(tests, load, release);
}
