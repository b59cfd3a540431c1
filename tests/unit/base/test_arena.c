/* SPDX-License-Identifier: Apache-2.0 */
/* The arena: zeroed, aligned, capped; what a reset keeps. */
#include "support/cmocka_all.h"

#include <string.h>

#include "base/arena.h"
#include "base/rng.h"

static bool is_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0)
            return false;
    }
    return true;
}

static void pieces_are_zero_aligned_and_apart(void **state)
{
    struct dp_arena a;
    struct dp_rng rng;

    (void)state;
    dp_rng_seed(&rng, 1);
    dp_arena_init(&a, 1 << 20, 1 << 16);
    for (int turn = 0; turn < 20; turn++) {
        uint8_t *before = NULL;
        size_t before_len = 0;
        for (int i = 0; i < 50; i++) {
            size_t len = (size_t)dp_rng_below(&rng, 3000);
            uint8_t *p = dp_arena_alloc(&a, len);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 16, 0);
            assert_true(is_zero(p, len));
            memset(p, i + 1, len);
            for (size_t k = 0; k < before_len; k++)
                assert_int_equal(before[k], i);
            before = p;
            before_len = len;
        }
        dp_arena_reset(&a);
    }
    dp_arena_fini(&a);
}

static void the_cap_is_hard(void **state)
{
    struct dp_arena a;

    (void)state;
    dp_arena_init(&a, 100, 0);
    assert_non_null(dp_arena_alloc(&a, 64));
    assert_null(dp_arena_alloc(&a, 33));
    assert_non_null(dp_arena_alloc(&a, 32));
    assert_int_equal(a.used_bytes, 96);
    assert_null(dp_arena_alloc(&a, 0));
    assert_null(dp_arena_alloc(&a, SIZE_MAX));
    assert_null(dp_arena_alloc(&a, SIZE_MAX - 15));
    dp_arena_reset(&a);
    assert_null(a.head); /* nothing is kept */
    assert_non_null(dp_arena_alloc(&a, 96));
    dp_arena_fini(&a);
}

static void arrays_check_the_product(void **state)
{
    struct dp_arena a;
    uint64_t *v;

    (void)state;
    dp_arena_init(&a, SIZE_MAX, 0);
    assert_null(dp_arena_array(&a, SIZE_MAX / 8 + 1, 16));
    v = DP_NEW_ARRAY(&a, uint64_t, 3);
    assert_non_null(v);
    assert_true(is_zero((uint8_t *)v, 3 * sizeof(*v)));
    assert_non_null(DP_NEW(&a, struct dp_arena));
    dp_arena_fini(&a);
}

static void copies_and_strings(void **state)
{
    struct dp_arena a;
    bool failed = false;
    struct dp_slice s;

    (void)state;
    dp_arena_init(&a, 64, 0);
    s = dp_arena_copy(&a, dp_slice_str("代跑"), &failed);
    assert_false(failed);
    assert_true(dp_slice_eq(s, dp_slice_str("代跑")));
    assert_string_equal(dp_arena_str(&a, dp_slice_of("abc", 2)), "ab");
    assert_string_equal(dp_arena_str(&a, dp_slice_of(NULL, 0)), "");
    s = dp_arena_copy(&a, dp_slice_of("0123456789012345678901234567890", 31), &failed);
    assert_true(failed);
    assert_null(s.p);
    assert_int_equal(s.len, 0);
    assert_null(dp_arena_str(&a, dp_slice_of("0123456789abcdef", 16)));
    s = dp_arena_copy(&a, dp_slice_of("x", 1), &failed);
    assert_int_equal(s.len, 1);
    assert_true(failed); /* stays set */
    dp_arena_fini(&a);
}

static void one_kept_chunk_serves_the_next_turn(void **state)
{
    struct dp_arena a;
    struct dp_arena_chunk *kept;

    (void)state;
    dp_arena_init(&a, 1 << 20, 64 << 10);
    for (int i = 0; i < 100; i++)
        assert_non_null(dp_arena_alloc(&a, 1000));
    dp_arena_reset(&a);
    kept = a.head;
    assert_non_null(kept);
    assert_int_equal(a.used_bytes, 0);
    for (int i = 0; i < 30; i++)
        assert_non_null(dp_arena_alloc(&a, 1000));
    assert_ptr_equal(a.head, kept);
    dp_arena_fini(&a);
    assert_null(a.head);
}

static void a_chunk_past_the_limit_is_given_back(void **state)
{
    struct dp_arena a;

    (void)state;
    dp_arena_init(&a, 1 << 20, 4096);
    assert_non_null(dp_arena_alloc(&a, 5000));
    dp_arena_reset(&a);
    assert_null(a.head);
    dp_arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zero_aligned_and_apart),
        cmocka_unit_test(the_cap_is_hard),
        cmocka_unit_test(arrays_check_the_product),
        cmocka_unit_test(copies_and_strings),
        cmocka_unit_test(one_kept_chunk_serves_the_next_turn),
        cmocka_unit_test(a_chunk_past_the_limit_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
