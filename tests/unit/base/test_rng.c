/* SPDX-License-Identifier: Apache-2.0 */
/* The generator against its published stream; the same seed is the same history. */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/rng.h"

static void xoshiro_stream_of_1_2_3_4(void **state)
{
    static const uint64_t want[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
    struct dp_rng r = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_true(dp_rng_u64(&r) == want[i]);
}

static void seed_is_four_of_splitmix(void **state)
{
    static const uint64_t want[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                    UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)};
    struct dp_rng r;

    (void)state;
    dp_rng_seed(&r, 1234567);
    for (size_t i = 0; i < 4; i++)
        assert_true(r.s[i] == want[i]);
}

static void below_stays_below_and_reaches_all(void **state)
{
    struct dp_rng r;
    unsigned seen[7] = {0};

    (void)state;
    dp_rng_seed(&r, 0);
    for (int i = 0; i < 70000; i++)
        seen[dp_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_true(dp_rng_below(&r, 1) == 0);
}

static void fill_is_the_stream_low_byte_first(void **state)
{
    struct dp_rng a, b;
    uint8_t bytes[11];
    uint64_t first, second;

    (void)state;
    dp_rng_seed(&a, 3);
    b = a;
    dp_rng_fill(&a, bytes, sizeof(bytes));
    first = dp_rng_u64(&b);
    second = dp_rng_u64(&b);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(bytes[i], (first >> 8 * i) & 255);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(bytes[8 + i], (second >> 8 * i) & 255);
    assert_memory_equal(&a, &b, sizeof(a));
}

static void chance_knows_never_and_always(void **state)
{
    struct dp_rng r;
    int hits = 0;

    (void)state;
    dp_rng_seed(&r, 11);
    for (int i = 0; i < 1000; i++) {
        assert_false(dp_rng_chance(&r, 0, 5));
        assert_true(dp_rng_chance(&r, 5, 5));
        hits += dp_rng_chance(&r, 1, 4);
    }
    assert_in_range(hits, 200, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xoshiro_stream_of_1_2_3_4),
        cmocka_unit_test(seed_is_four_of_splitmix),
        cmocka_unit_test(below_stays_below_and_reaches_all),
        cmocka_unit_test(fill_is_the_stream_low_byte_first),
        cmocka_unit_test(chance_knows_never_and_always),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
