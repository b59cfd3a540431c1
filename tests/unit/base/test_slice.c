/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, secrets, hex, the text check, and the growable buffer. */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/slice.h"

static struct dp_slice text(const char *s)
{
    return dp_slice_str(s);
}

static void compare_by_bytes_then_length(void **state)
{
    struct dp_slice none = dp_slice_of(NULL, 0);

    (void)state;
    assert_true(dp_slice_eq(text("abc"), text("abc")));
    assert_false(dp_slice_eq(text("abc"), text("abd")));
    assert_false(dp_slice_eq(text("abc"), text("ab")));
    assert_true(dp_slice_eq(none, text("")));
    assert_true(dp_slice_cmp(text("ab"), text("abc")) < 0);
    assert_true(dp_slice_cmp(text("b"), text("abc")) > 0);
    assert_true(dp_slice_cmp(text("\x7f"), text("\x80")) < 0);
    assert_true(dp_slice_cmp(none, text("a")) < 0);
    assert_int_equal(dp_slice_cmp(none, text("")), 0);
}

static void hex_there_and_back(void **state)
{
    const uint8_t bytes[] = {0x00, 0x9f, 0xa0, 0xff};
    uint8_t back[4];
    char hex[9];

    (void)state;
    dp_hex(bytes, sizeof(bytes), hex);
    assert_string_equal(hex, "009fa0ff");
    assert_ok(dp_unhex(hex, 8, back, 4));
    assert_memory_equal(back, bytes, 4);
    assert_ok(dp_unhex("009FA0FF", 8, back, 4));
    assert_memory_equal(back, bytes, 4);
    dp_hex(NULL, 0, hex);
    assert_string_equal(hex, "");
}

static void bad_hex_leaves_the_output_alone(void **state)
{
    uint8_t back[2] = {7, 7};

    (void)state;
    assert_int_equal(dp_unhex("0a0", 3, back, 2), DP_FORMAT);
    assert_int_equal(dp_unhex("0a0b0", 5, back, 2), DP_FORMAT);
    assert_int_equal(dp_unhex("0a0b0c", 6, back, 2), DP_FORMAT);
    assert_int_equal(dp_unhex("0a0g", 4, back, 2), DP_FORMAT);
    assert_int_equal(dp_unhex("0a-1", 4, back, 2), DP_FORMAT);
    assert_int_equal(back[0], 7);
    assert_int_equal(back[1], 7);
}

static void utf8_takes_text(void **state)
{
    (void)state;
    assert_true(dp_utf8_ok(dp_slice_of(NULL, 0)));
    assert_true(dp_utf8_ok(text("天台县 信访局\n\t第1号")));
    assert_true(dp_utf8_ok(text("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf")));
    assert_true(dp_utf8_ok(text("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
    assert_true(dp_utf8_ok(text("\xed\x9f\xbf\xee\x80\x80"))); /* both sides of the surrogates */
}

/* Every sequence of three bytes with each lead, against the table of well-formed sequences of RFC 3629. */
static void utf8_three_bytes_as_the_table_says(void **state)
{
    (void)state;
    for (uint32_t v = 0xe00000; v <= 0xefffff; v++) {
        const uint8_t b[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        uint8_t least = b[0] == 0xe0 ? 0xa0 : 0x80, most = b[0] == 0xed ? 0x9f : 0xbf;
        bool good = b[1] >= least && b[1] <= most && b[2] >= 0x80 && b[2] <= 0xbf;
        if (dp_utf8_ok(dp_slice_of(b, 3)) != good)
            fail_msg("%06x", v);
    }
}

static void utf8_refuses_what_is_not_text(void **state)
{
    static const char *const bad[] = {
        "\x80",             /* continuation alone */
        "\xc0\xaf",         /* overlong, two bytes */
        "\xc1\xbf",         /* overlong, two bytes */
        "\xe0\x9f\xbf",     /* overlong, three bytes */
        "\xf0\x8f\xbf\xbf", /* overlong, four bytes */
        "\xed\xa0\x80",     /* surrogate */
        "\xed\xbf\xbf",     /* surrogate */
        "\xf4\x90\x80\x80", /* past the last plane */
        "\xf5\x80\x80\x80",
        "\xff",
        "\xe5\xa4",     /* cut */
        "\xe5\xa4\x41", /* continuation missing */
        "a\r",
        "\x1b[2J",
        "\x7f",
        "\xc2\x9bK", /* C1: a control sequence introducer */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(dp_utf8_ok(text(bad[i])));
    assert_false(dp_utf8_ok(dp_slice_of("a\0b", 3)));
}

static void secrets_compare_and_vanish(void **state)
{
    uint8_t a[32], b[32];
    const uint8_t zero[32] = {0};

    (void)state;
    memset(a, 5, sizeof(a));
    memset(b, 5, sizeof(b));
    assert_true(dp_secret_eq(a, b, sizeof(a)));
    for (size_t i = 0; i < sizeof(a); i++) {
        b[i] ^= 0x80;
        assert_false(dp_secret_eq(a, b, sizeof(a)));
        b[i] ^= 0x80;
    }
    assert_true(dp_secret_eq(a, zero, 0));
    dp_wipe(a, sizeof(a));
    dp_wipe(NULL, 0);
    assert_memory_equal(a, zero, sizeof(a));
}

static void buffer_grows_to_its_limit_and_no_further(void **state)
{
    struct dp_buf b;
    uint8_t byte = 0;

    (void)state;
    dp_buf_init(&b, 1000);
    for (int i = 0; i < 1000; i++, byte++)
        assert_ok(dp_buf_put(&b, &byte, 1));
    assert_int_equal(dp_buf_put(&b, &byte, 1), DP_TOO_BIG);
    assert_int_equal(dp_buf_reserve(&b, SIZE_MAX), DP_TOO_BIG);
    assert_int_equal(dp_buf_slice(&b).len, 1000);
    assert_int_equal(b.cap, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(b.p[i], i & 255);
    dp_buf_reset(&b);
    assert_int_equal(b.cap, 1000);
    assert_ok(dp_buf_put(&b, "x", 1));
    assert_true(dp_slice_eq(dp_buf_slice(&b), text("x")));
    dp_buf_fini(&b);
    assert_ok(dp_buf_put(&b, NULL, 0));
    dp_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_by_bytes_then_length),
        cmocka_unit_test(hex_there_and_back),
        cmocka_unit_test(bad_hex_leaves_the_output_alone),
        cmocka_unit_test(utf8_takes_text),
        cmocka_unit_test(utf8_three_bytes_as_the_table_says),
        cmocka_unit_test(utf8_refuses_what_is_not_text),
        cmocka_unit_test(secrets_compare_and_vanish),
        cmocka_unit_test(buffer_grows_to_its_limit_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
