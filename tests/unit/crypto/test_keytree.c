/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of keys (R-STO-6): leaves that were destroyed, and no others, are gone from it and all that
 * follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "crypto/keytree.h"
#include "crypto/secret.h"

#define LEAVES 400
#define ROUNDS 40

static struct dp_keytree fresh(void)
{
    struct dp_keytree t;
    struct dp_key root;
    memset(root.b, 9, sizeof(root.b));
    assert_int_equal(dp_keytree_init(&t, &root), DP_OK);
    return t;
}

static void replace(struct dp_keytree *t, const uint64_t *leaves, size_t n)
{
    struct dp_keytree next;
    assert_int_equal(dp_keytree_without(t, leaves, n, &next), DP_OK);
    dp_keytree_fini(t);
    *t = next;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* By chance, against a list of what each leaf was at the beginning. */
static void test_by_chance(void **state)
{
    uint64_t leaf[LEAVES], some[32];
    struct dp_key was[LEAVES], k;
    bool gone[LEAVES] = {false};
    struct dp_rng rng;
    struct dp_keytree t = fresh();
    (void)state;
    dp_rng_seed(&rng, 5);
    for (unsigned i = 0; i < LEAVES; i++)
        leaf[i] = i < 200 ? i : dp_rng_below(&rng, DP_KEYTREE_LEAVES);
    for (unsigned i = 0; i < LEAVES; i++)
        assert_int_equal(dp_keytree_leaf(&t, leaf[i], &was[i]), DP_OK);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t n = 1 + dp_rng_below(&rng, 8);
        for (size_t i = 0; i < n; i++) {
            unsigned x = (unsigned)dp_rng_below(&rng, LEAVES);
            some[i] = leaf[x];
            gone[x] = true;
        }
        qsort(some, n, sizeof(some[0]), by_number);
        replace(&t, some, n);
        for (unsigned i = 0; i < LEAVES; i++) {
            assert_int_equal(dp_keytree_leaf(&t, leaf[i], &k), gone[i] ? DP_NOT_FOUND : DP_OK);
            if (!gone[i])
                assert_memory_equal(&k, &was[i], sizeof(k));
            assert_true(gone[i] == (dp_keytree_next(&t, leaf[i]) > leaf[i]));
        }
    }
    dp_keytree_fini(&t);
}

/* What lies beside each other and goes costs nothing in the end. */
static void test_runs_cost_little(void **state)
{
    uint64_t leaves[1024];
    struct dp_keytree t = fresh();
    (void)state;
    for (uint64_t from = 0; from < 64 * 1024; from += 1024) {
        for (unsigned i = 0; i < 1024; i++)
            leaves[i] = from + i;
        replace(&t, leaves, 1024);
        assert_true(t.count <= DP_KEYTREE_BITS);
    }
    assert_int_equal(dp_keytree_next(&t, 0), 64 * 1024);
    dp_keytree_fini(&t);
}

static void test_bytes(void **state)
{
    static uint8_t bytes[64 * DP_KEYTREE_NODE_BYTES], bad[sizeof(bytes)];
    const uint64_t leaves[] = {0, 5, DP_KEYTREE_LEAVES - 1};
    struct dp_keytree t = fresh(), again;
    struct dp_key a, b;
    (void)state;
    replace(&t, leaves, 2);
    size_t len = t.count * DP_KEYTREE_NODE_BYTES;
    assert_true(len <= sizeof(bytes));
    dp_keytree_put(&t, bytes);
    assert_int_equal(dp_keytree_get(dp_slice_of(bytes, len), &again), DP_OK);
    assert_int_equal(again.count, t.count);
    for (uint64_t i = 0; i < 100; i++) {
        enum dp_err e = dp_keytree_leaf(&t, i, &a);
        assert_int_equal(dp_keytree_leaf(&again, i, &b), e);
        assert_true(e != DP_OK || memcmp(&a, &b, sizeof(a)) == 0);
    }
    dp_keytree_fini(&again);
    assert_int_equal(dp_keytree_get(dp_slice_of(bytes, len - 1), &again), DP_FORMAT);
    memcpy(bad, bytes, len);
    bad[8] = DP_KEYTREE_BITS + 1; /* a depth that is none */
    assert_int_equal(dp_keytree_get(dp_slice_of(bad, len), &again), DP_FORMAT);
    memcpy(bad, bytes, len);
    memcpy(bad + DP_KEYTREE_NODE_BYTES, bytes, DP_KEYTREE_NODE_BYTES); /* the same leaves twice */
    assert_int_equal(dp_keytree_get(dp_slice_of(bad, len), &again), DP_FORMAT);
    bad[7] ^= 1; /* not where a key of its depth can begin */
    bad[8] = 3;
    assert_int_equal(dp_keytree_get(dp_slice_of(bad, len), &again), DP_FORMAT);
    dp_keytree_fini(&t);
}

/* All of it, and none. */
static void test_the_ends(void **state)
{
    struct dp_keytree t = fresh(), none;
    const uint64_t last = DP_KEYTREE_LEAVES - 1;
    struct dp_key k;
    (void)state;
    assert_int_equal(dp_keytree_leaf(&t, DP_KEYTREE_LEAVES, &k), DP_NOT_FOUND);
    replace(&t, NULL, 0);
    assert_int_equal(t.count, 1);
    replace(&t, &last, 1);
    assert_int_equal(t.count, DP_KEYTREE_BITS);
    assert_int_equal(dp_keytree_next(&t, last), DP_KEYTREE_LEAVES);
    assert_int_equal(dp_keytree_get(dp_slice_of(NULL, 0), &none), DP_OK);
    assert_int_equal(dp_keytree_leaf(&none, 0, &k), DP_NOT_FOUND);
    dp_keytree_fini(&none);
    dp_keytree_fini(&t);
}

/* The address sanitizer answers mlock itself, and locks nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_LOCKS true
#endif
#endif
#ifndef NO_LOCKS
#define NO_LOCKS false
#endif

/* R-STO-8: "lo" locked, "dd" in no core dump; where the system locks nothing it is said. */
static void test_memory_of_keys(void **state)
{
    char line[512];
    bool found = false, here = false;
    void *p = dp_secret_alloc(5000);
    FILE *f = fopen("/proc/self/smaps", "r");
    (void)state;
    assert_non_null(p);
    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = from <= (uintptr_t)p && (uintptr_t)p < to;
        if (!here || strncmp(line, "VmFlags:", 8) != 0)
            continue;
        found = true;
        assert_non_null(strstr(line, " dd"));
        assert_true(strstr(line, " lo") != NULL || !dp_secret_locked() || NO_LOCKS);
    }
    fclose(f);
    assert_true(found);
    dp_secret_free(p, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_chance),      cmocka_unit_test(test_runs_cost_little),
        cmocka_unit_test(test_bytes),          cmocka_unit_test(test_the_ends),
        cmocka_unit_test(test_memory_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
