/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk proves itself, at each place of files of each size, and nothing else proves itself (R-FILE-2). */
#include <string.h>

#include "support/cmocka_all.h"
#include "wire/block.h"
#include "wire/chunk.h"

#define SUITE dp_suite_of(DP_SUITE_INTL)
#define SEALED (DP_CHUNK_BYTES + DP_TAG_BYTES)

static uint8_t full[SEALED];

/* Chunk i of a file: its last one is short, each is another. */
static struct dp_slice sealed_at(uint32_t i, uint32_t count)
{
    memset(full, (int)(i & 0xff), sizeof(full));
    full[0] = (uint8_t)(i >> 8);
    return dp_slice_of(full, i + 1 == count ? 100 : SEALED);
}

static void leaves_of(uint32_t count, struct dp_digest *leaves)
{
    for (uint32_t i = 0; i < count; i++)
        dp_chunk_leaf(SUITE, i, sealed_at(i, count), &leaves[i]);
}

static struct dp_slice wire_of(const struct dp_chunk_tree *t, uint32_t i, uint8_t *buf, size_t cap)
{
    struct dp_wr w = dp_wr_of(buf, cap);
    struct dp_chunk c;

    dp_chunk_prove(t, i, &c);
    c.sealed = sealed_at(i, t->count);
    assert_ok(dp_chunk_put(&c, &w));
    assert_int_equal(dp_wr_slice(&w).len, dp_chunk_wire_bytes(t->count, i, c.sealed.len));
    return dp_wr_slice(&w);
}

static void every_place_of_every_shape(void **state)
{
    static struct dp_digest leaves[DP_CHUNKS_MAX], copy[DP_CHUNKS_MAX];
    static uint8_t buf[SEALED + 1024];
    static const uint32_t large[] = {63, 64, 65, 127, 1000, 1025, 2047, DP_CHUNKS_MAX};
    struct dp_arena a;

    (void)state;
    dp_arena_init(&a, 1u << 20, 0);
    for (uint32_t k = 1; k < 20 + sizeof(large) / sizeof(large[0]); k++) {
        uint32_t count = k < 20 ? k : large[k - 20], step = count < 20 ? 1 : count / 7;
        struct dp_chunk_tree t;
        struct dp_digest root;
        leaves_of(count, leaves);
        assert_ok(dp_chunk_tree_make(SUITE, leaves, count, &a, &t));
        memcpy(copy, leaves, count * sizeof(leaves[0]));
        dp_merkle_root(SUITE, copy, count, &root); /* the tree of R-BLK-2 */
        for (uint32_t i = 0; i < count; i += step) {
            struct dp_chunk c;
            struct dp_slice wire = wire_of(&t, i, buf, sizeof(buf)), sealed;
            assert_ok(dp_chunk_get(SUITE, wire, &c));
            assert_true(dp_digest_eq(&c.root, &root));
            assert_int_equal(c.index, i);
            assert_int_equal(c.count, count);
            assert_ok(dp_chunk_sealed(dp_slice_of(wire.p + sizeof(root), wire.len - sizeof(root)), &sealed));
            assert_true(dp_slice_eq(sealed, c.sealed));
        }
        dp_arena_reset(&a);
    }
    dp_arena_fini(&a);
}

/* Each byte of it counts. */
static void a_changed_one_is_refused(void **state)
{
    struct dp_digest leaves[5];
    static uint8_t buf[SEALED + 1024];
    struct dp_chunk_tree t;
    struct dp_arena a;
    struct dp_chunk c;

    (void)state;
    dp_arena_init(&a, 1u << 20, 0);
    leaves_of(5, leaves);
    assert_ok(dp_chunk_tree_make(SUITE, leaves, 5, &a, &t));
    for (uint32_t i = 0; i < 5; i++) {
        struct dp_slice wire = wire_of(&t, i, buf, sizeof(buf));
        size_t head = wire.len - (i == 4 ? 100 : SEALED);
        for (size_t at = 0; at < wire.len; at += at < head + 8 ? 1 : 97) {
            buf[at] ^= 0x40;
            enum dp_err e = dp_chunk_get(SUITE, wire, &c);
            assert_true(e == DP_SIGNATURE || e == DP_FORMAT);
            buf[at] ^= 0x40;
        }
        for (size_t len = 0; len < wire.len; len += len < head + 8 ? 1 : 97)
            assert_int_not_equal(dp_chunk_get(SUITE, dp_slice_of(wire.p, len), &c), DP_OK);
        assert_ok(dp_chunk_get(SUITE, wire, &c));
    }
    /* In another place it is another one. */
    dp_chunk_prove(&t, 1, &c);
    c.sealed = sealed_at(0, 5);
    struct dp_wr w = dp_wr_of(buf, sizeof(buf));
    assert_ok(dp_chunk_put(&c, &w));
    assert_int_equal(dp_chunk_get(SUITE, dp_wr_slice(&w), &c), DP_SIGNATURE);
    dp_arena_fini(&a);
}

static void limits(void **state)
{
    static struct dp_digest leaves[1];
    struct dp_chunk_tree t;
    struct dp_arena a;

    (void)state;
    dp_arena_init(&a, 1u << 20, 0);
    assert_int_equal(dp_chunk_tree_make(SUITE, leaves, 0, &a, &t), DP_RANGE);
    assert_int_equal(dp_chunk_tree_make(SUITE, leaves, DP_CHUNKS_MAX + 1, &a, &t), DP_RANGE);
    dp_arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_of_every_shape),
        cmocka_unit_test(a_changed_one_is_refused),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
