/* SPDX-License-Identifier: Apache-2.0 */
/* Case numbers, and ISO 7064 MOD 37,36 against numbers other registries published. */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/id.h"

static struct dp_node node_of(const char *s)
{
    struct dp_node n = {0};

    assert_ok(dp_node_parse(dp_slice_str(s), &n));
    return n;
}

static void check_characters_of_other_registries(void **state)
{
    (void)state;
    assert_int_equal(dp_iso7064(dp_slice_str("A1-2425G-ABC1234002")), 'M'); /* GRid, music releases */
    assert_int_equal(dp_iso7064(dp_slice_str("A12425GABC1234002")), 'M');
    assert_int_equal(dp_iso7064(dp_slice_str("0000-0000-D07A-0090")), 'Q'); /* ISAN, films */
    assert_int_equal(dp_iso7064(dp_slice_str("0000-0000-3A8D-0000")), 'Z');
    assert_int_equal(dp_iso7064(dp_slice_str("-/a天")), 0);
    assert_int_equal(dp_iso7064(dp_slice_of(NULL, 0)), 0);
}

static void made_numbers_pass_the_check(void **state)
{
    struct dp_number n;

    (void)state;
    assert_ok(dp_number_make(node_of("331023001040"), 20260213, 'V', 1, &n));
    assert_int_equal(strlen(n.text), 31);
    assert_memory_equal(n.text, "331023001040-20260213-V-00001-", 30);
    assert_ok(dp_number_check(dp_slice_str(n.text)));
    assert_ok(dp_number_make(node_of("331023000000.05"), 20241231, 'O', 99999, &n));
    assert_memory_equal(n.text, "331023000000.05-20241231-O-99999-", 33);
    assert_int_equal(strlen(n.text), 34);
    assert_ok(dp_number_check(dp_slice_str(n.text)));
}

static void make_refuses_what_has_no_number(void **state)
{
    const struct dp_node n = node_of("331023001040");
    struct dp_number out = {"untouched"};

    (void)state;
    assert_int_equal(dp_number_make((struct dp_node){0}, 20260213, 'V', 1, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, 20260229, 'V', 1, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, 0, 'V', 1, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, UINT32_MAX, 'V', 1, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, 20260213, 'X', 1, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, 20260213, 'v', 1, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, 20260213, '\0', 1, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, 20260213, 'V', 0, &out), DP_RANGE);
    assert_int_equal(dp_number_make(n, 20260213, 'V', 100000, &out), DP_RANGE);
    assert_string_equal(out.text, "untouched");
}

static struct dp_number number_of(uint32_t serial)
{
    struct dp_number n;

    assert_ok(dp_number_make(node_of("331023001040"), 20260213, 'V', serial, &n));
    return n;
}

static void any_one_wrong_character_is_caught(void **state)
{
    struct dp_number n = number_of(42);

    (void)state;
    for (size_t i = 0; n.text[i] != '\0'; i++) {
        for (const char *c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. "; *c != '\0'; c++) {
            struct dp_number wrong = n;
            wrong.text[i] = *c;
            assert_int_equal(dp_number_check(dp_slice_str(wrong.text)) == DP_OK, *c == n.text[i]);
        }
    }
}

/* The standard promises nearly all swaps of neighbours; count them in the serial. */
static void nearly_all_swaps_are_caught(void **state)
{
    unsigned swaps = 0, caught = 0;

    (void)state;
    for (uint32_t serial = 10000; serial <= 99999; serial += 7) {
        struct dp_number n = number_of(serial);
        for (size_t i = 24; i < 28; i++) {
            struct dp_number wrong = n;
            wrong.text[i] = n.text[i + 1];
            wrong.text[i + 1] = n.text[i];
            if (n.text[i] == n.text[i + 1])
                continue;
            swaps++;
            caught += dp_number_check(dp_slice_str(wrong.text)) != DP_OK;
        }
    }
    assert_true(swaps > 40000);
    assert_true(caught > swaps / 100 * 97);
    assert_true(caught < swaps); /* an honest promise: not all */
}

/* A bad shape stays bad with the check character that belongs to it. */
static void wrong_shapes(void **state)
{
    static const char *const bad[] = {
        "331023001040-20260229-V-00001-",    /* no such day */
        "331023001040-20260213-X-00001-",    /* no such channel */
        "331023001040-20260213-V-00000-",    /* serials start at 1 */
        "331023000040-20260213-V-00001-",    /* no such division */
        "331023001040.00-20260213-V-00001-", /* post 0 is not written */
        "331023001040/20260213-V-00001-",    /* wrong separators */
        "331023001040-20260213/V-00001-",
        "331023001040-20260213-V/00001-",
        "331023001040-20260213-V-00001/",
        "331023001040-20260213-V-0001-",
        "331023001040-20260213-V-000001-",
        "",
        "-20260213-V-00001-",
        "20260213-V-00001-",
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t len = strlen(bad[i]);
        memcpy(text, bad[i], len);
        text[len] = dp_iso7064(dp_slice_str(bad[i]));
        assert_int_equal(dp_number_check(dp_slice_of(text, len + 1)), DP_FORMAT);
    }
    assert_int_equal(dp_number_check(dp_slice_of(NULL, 0)), DP_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_characters_of_other_registries),
        cmocka_unit_test(made_numbers_pass_the_check),
        cmocka_unit_test(make_refuses_what_has_no_number),
        cmocka_unit_test(any_one_wrong_character_is_caught),
        cmocka_unit_test(nearly_all_swaps_are_caught),
        cmocka_unit_test(wrong_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
