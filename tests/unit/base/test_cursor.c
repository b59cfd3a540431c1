/* SPDX-License-Identifier: Apache-2.0 */
/* The two cursors: layout, limits, and the sticky error. */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/rng.h"
#include "base/slice.h"

static void numbers_are_big_endian(void **state)
{
    static const uint8_t want[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t buf[15];
    struct dp_wr w = dp_wr_of(buf, sizeof(buf));
    struct dp_rd r;

    (void)state;
    dp_wr_u8(&w, 1);
    dp_wr_u16(&w, 0x0203);
    dp_wr_u32(&w, 0x04050607);
    dp_wr_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    assert_ok(w.err);
    assert_true(dp_slice_eq(dp_wr_slice(&w), dp_slice_of(want, sizeof(want))));

    r = dp_rd_of(dp_wr_slice(&w));
    assert_int_equal(dp_rd_u8(&r), 1);
    assert_int_equal(dp_rd_u16(&r), 0x0203);
    assert_int_equal(dp_rd_u32(&r), 0x04050607);
    assert_true(dp_rd_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_ok(dp_rd_done(&r));
}

static void a_short_read_sticks(void **state)
{
    struct dp_rd r = dp_rd_of(dp_slice_of("\x01\x02\x03", 3));
    uint8_t copy[2] = {9, 9};

    (void)state;
    assert_int_equal(dp_rd_u16(&r), 0x0102);
    assert_int_equal(dp_rd_u16(&r), 0);
    assert_int_equal(r.err, DP_FORMAT);
    assert_int_equal(dp_rd_left(&r), 0);
    assert_int_equal(dp_rd_u8(&r), 0); /* the byte that was left is gone too */
    dp_rd_copy(&r, copy, 2);
    assert_int_equal(copy[0] | copy[1], 0);
    assert_null(dp_rd_take(&r, 0).p);
    assert_true(dp_rd_varint(&r) == 0);
    assert_int_equal(dp_rd_done(&r), DP_FORMAT);
}

static void bytes_left_over_are_an_error(void **state)
{
    struct dp_rd r = dp_rd_of(dp_slice_of("ab", 2));

    (void)state;
    assert_int_equal(dp_rd_take(&r, 1).len, 1);
    assert_int_equal(dp_rd_done(&r), DP_FORMAT);
    assert_int_equal(dp_rd_take(&r, 1).p[0], 'b');
    assert_ok(dp_rd_done(&r));
}

static void nothing_can_be_read_from_nothing(void **state)
{
    struct dp_rd r = dp_rd_of(dp_slice_of(NULL, 0));

    (void)state;
    assert_ok(dp_rd_done(&r));
    assert_int_equal(dp_rd_take(&r, 0).len, 0);
    dp_rd_copy(&r, NULL, 0);
    assert_ok(dp_rd_done(&r));
    assert_int_equal(dp_rd_take(&r, SIZE_MAX).len, 0);
    assert_int_equal(dp_rd_done(&r), DP_FORMAT);
}

static void varint_bytes(uint64_t v, const char *want, size_t len)
{
    uint8_t buf[16];
    struct dp_wr w = dp_wr_of(buf, sizeof(buf));
    struct dp_rd r;

    dp_wr_varint(&w, v);
    assert_true(dp_slice_eq(dp_wr_slice(&w), dp_slice_of(want, len)));
    r = dp_rd_of(dp_wr_slice(&w));
    assert_true(dp_rd_varint(&r) == v);
    assert_ok(dp_rd_done(&r));
}

static void varint_has_one_form(void **state)
{
    (void)state;
    varint_bytes(0, "\0", 1);
    varint_bytes(127, "\x7f", 1);
    varint_bytes(128, "\x80\x01", 2);
    varint_bytes(300, "\xac\x02", 2); /* the example of the protobuf documentation */
    varint_bytes(UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
}

static void varint_refuses(const char *bytes, size_t len)
{
    struct dp_rd r = dp_rd_of(dp_slice_of(bytes, len));

    assert_true(dp_rd_varint(&r) == 0);
    assert_int_equal(r.err, DP_FORMAT);
    assert_int_equal(dp_rd_left(&r), 0);
}

static void varint_refuses_other_forms(void **state)
{
    (void)state;
    varint_refuses("", 0);
    varint_refuses("\x80", 1);
    varint_refuses("\x80\x00", 2);     /* 0 in two bytes */
    varint_refuses("\xff\x80\x00", 3); /* 127 in three bytes */
    varint_refuses("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    varint_refuses("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
}

static void varint_keeps_any_number(void **state)
{
    struct dp_rng rng;

    (void)state;
    dp_rng_seed(&rng, 7);
    for (int i = 0; i < 10000; i++) {
        uint64_t v = dp_rng_u64(&rng) >> dp_rng_below(&rng, 64);
        uint8_t buf[10];
        struct dp_wr w = dp_wr_of(buf, sizeof(buf));
        struct dp_rd r;
        dp_wr_varint(&w, v);
        r = dp_rd_of(dp_wr_slice(&w));
        assert_true(dp_rd_varint(&r) == v);
        assert_ok(dp_rd_done(&r));
    }
}

static void a_full_writer_sticks(void **state)
{
    uint8_t buf[4] = {0};
    struct dp_wr w = dp_wr_of(buf, 3);

    (void)state;
    dp_wr_u16(&w, 0x0102);
    dp_wr_u16(&w, 0x0304);
    assert_int_equal(w.err, DP_TOO_BIG);
    dp_wr_u8(&w, 5); /* would fit, but comes after the failure */
    dp_wr_bytes(&w, "xyz", 1);
    dp_wr_bytes(&w, NULL, 0);
    assert_int_equal(dp_wr_slice(&w).len, 2);
    assert_memory_equal(buf, "\x01\x02\x00\x00", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian),       cmocka_unit_test(a_short_read_sticks),
        cmocka_unit_test(bytes_left_over_are_an_error), cmocka_unit_test(nothing_can_be_read_from_nothing),
        cmocka_unit_test(varint_has_one_form),          cmocka_unit_test(varint_refuses_other_forms),
        cmocka_unit_test(varint_keeps_any_number),      cmocka_unit_test(a_full_writer_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
