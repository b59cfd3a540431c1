/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks whole and pruned (R-BLK-1 to R-BLK-5, R-ZST-1). */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "support/sample.h"

struct fixture {
    const struct dp_suite *suite;
    struct dp_rng rng;
    struct dp_arena arena;
    struct dp_buf wire;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    f->suite = dp_suite_of(DP_SUITE_INTL);
    dp_rng_seed(&f->rng, 77);
    dp_arena_init(&f->arena, 64 << 20, 0);
    dp_buf_init(&f->wire, DP_BLOCK_WIRE_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    dp_buf_fini(&f->wire);
    dp_arena_fini(&f->arena);
    free(f);
    return 0;
}

/* A whole block of n entries, decoded; its wire form stays in f->wire. */
static struct dp_block whole(struct fixture *f, uint16_t n)
{
    struct dp_header h;
    struct dp_block b;

    dp_buf_reset(&f->wire);
    assert_ok(sample_block(&f->rng, f->suite, n, &f->arena, &f->wire, &h));
    assert_ok(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b));
    return b;
}

/* ---- R-BLK-1 ---- */

static void a_header_has_its_layout(void **state)
{
    struct dp_header h = {.suite = 1, .first = false, .count = 0x0102, .inc = 0x11121314};
    uint8_t bytes[DP_HEADER_BYTES];
    struct dp_header again;

    (void)state;
    h.origin.v = UINT64_C(33102300000000);
    h.number = 5;
    h.first_seq = 0x21222324;
    memset(h.cert.b, 0xc1, 32);
    memset(h.prev.b, 0xc2, 32);
    memset(h.root.b, 0xc3, 32);
    memset(h.sig.b, 0xc4, 64);
    dp_header_put(&h, bytes);
    assert_memory_equal(bytes, "daipao/block/1\0\0", 16);
    assert_memory_equal(bytes + 16, "\x01\x00\x01\x02\x11\x12\x13\x14", 8);
    assert_memory_equal(bytes + 24, "\x00\x00\x1e\x1b\x3a\xd5\x2f\x00", 8);
    assert_memory_equal(bytes + 32, "\0\0\0\0\0\0\0\x05\0\0\0\0\x21\x22\x23\x24", 16);
    assert_true(bytes[48] == 0xc1 && bytes[80] == 0xc2 && bytes[112] == 0xc3 && bytes[144] == 0xc4);
    assert_ok(dp_header_get(dp_slice_of(bytes, sizeof(bytes)), &again));
    assert_true(again.count == h.count && again.inc == h.inc && again.first_seq == h.first_seq);
    assert_int_equal(dp_header_get(dp_slice_of(bytes, sizeof(bytes) - 1), &again), DP_FORMAT);
}

static void malformed_headers_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {
        {0, 'D'}, {15, 1}, /* context */
        {16, 2},           /* suite */
        {17, 2},  {17, 1}, /* unknown flag; first with number 5 */
        {18, 5},           /* count 1,282 */
        {24, 1},           /* no such node */
        {39, 0},  {39, 1}, /* number 0; number 1 without the flag */
    };
    struct dp_header h = {.suite = 1, .count = 2, .inc = 9, .number = 5, .first_seq = 50};
    uint8_t bytes[DP_HEADER_BYTES];

    (void)state;
    h.origin.v = UINT64_C(33102300000000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        dp_header_put(&h, bytes);
        assert_ok(dp_header_get(dp_slice_of(bytes, sizeof(bytes)), &h));
        bytes[rows[i].at] = rows[i].value;
        assert_int_equal(dp_header_get(dp_slice_of(bytes, sizeof(bytes)), &h), DP_FORMAT);
    }
    h.count = 0;
    dp_header_put(&h, bytes);
    assert_int_equal(dp_header_get(dp_slice_of(bytes, sizeof(bytes)), &h), DP_FORMAT);
}

/* R-BLK-3: the flag, number 1 and seq 1 belong together. */
static void the_first_block_begins_at_one(void **state)
{
    struct dp_header h = {.suite = 1, .count = 2, .inc = 9}, again;
    uint8_t bytes[DP_HEADER_BYTES];

    (void)state;
    h.origin.v = UINT64_C(33102300000000);
    for (unsigned bits = 0; bits < 8; bits++) {
        bool fits = bits == 0 || bits == 7;
        h.first = bits & 1;
        h.number = bits & 2 ? 1 : 2;
        h.first_seq = bits & 4 ? 1 : 7;
        dp_header_put(&h, bytes);
        assert_int_equal(dp_header_get(dp_slice_of(bytes, sizeof(bytes)), &again), fits ? DP_OK : DP_FORMAT);
    }
}

static void a_second_signature_is_no_fork(void **state)
{
    struct fixture *f = *state;
    struct dp_block b = whole(f, 3);
    struct dp_digest one, two;

    dp_header_digest(f->suite, &b.h, &one);
    b.h.sig.b[5] ^= 1;
    dp_header_digest(f->suite, &b.h, &two);
    assert_true(dp_digest_eq(&one, &two));
    b.h.root.b[5] ^= 1;
    dp_header_digest(f->suite, &b.h, &two);
    assert_false(dp_digest_eq(&one, &two));
}

static void the_signature_covers_the_header(void **state)
{
    struct fixture *f = *state;
    struct dp_key seed = {{3}}, pub;
    struct dp_slice entry = dp_slice_str("x");
    struct dp_seal in = {.suite = f->suite, .sign_seed = &seed, .inc = 1, .number = 2, .first_seq = 7};
    struct dp_header h;

    in.origin.v = UINT64_C(33102300000000);
    assert_ok(f->suite->sign_pub(&seed, &pub));
    assert_ok(dp_block_seal(&in, &entry, 1, &f->arena, &f->wire, &h));
    assert_true(dp_header_verify(f->suite, &h, &pub));
    h.first_seq++;
    assert_false(dp_header_verify(f->suite, &h, &pub));
}

/* ---- R-BLK-2 ---- */

/* The definition of RFC 6962, as it is written there. */
static struct dp_digest by_definition(const struct dp_suite *suite, const struct dp_digest *leaves, size_t n)
{
    uint8_t prefix = 1;
    struct dp_digest left, right, out;
    size_t k = 1;

    if (n == 1)
        return leaves[0];
    while (k * 2 < n)
        k *= 2;
    left = by_definition(suite, leaves, k);
    right = by_definition(suite, leaves + k, n - k);
    struct dp_slice parts[] = {{&prefix, 1}, {left.b, 32}, {right.b, 32}};
    suite->hash(parts, 3, &out);
    return out;
}

static void the_root_is_that_of_the_definition(void **state)
{
    struct fixture *f = *state;
    struct dp_digest leaves[70], scratch[70], root, want;

    dp_rng_fill(&f->rng, leaves, sizeof(leaves));
    for (size_t n = 1; n <= 70; n++) {
        want = by_definition(f->suite, leaves, n);
        memcpy(scratch, leaves, sizeof(leaves));
        dp_merkle_root(f->suite, scratch, n, &root);
        assert_true(dp_digest_eq(&root, &want));
    }
}

static void leaves_are_salted_from_the_secret(void **state)
{
    struct fixture *f = *state;
    struct dp_block b = whole(f, 4);
    uint8_t two = 2, zero = 0, index[4] = {0, 0, 0, 3};
    struct dp_slice salt_parts[] = {{&two, 1}, {b.secret, 16}, {index, 4}};
    struct dp_slice leaf_parts[] = {{&zero, 1}, {b.shown[3].salt, 16}, b.shown[3].bytes};
    struct dp_digest salt, leaf;

    f->suite->hash(salt_parts, 3, &salt);
    assert_memory_equal(salt.b, b.shown[3].salt, 16);
    f->suite->hash(leaf_parts, 3, &leaf);
    assert_true(dp_digest_eq(&leaf, &b.leaves[3]));
}

/* ---- R-BLK-4 ---- */

static void sealed_blocks_decode(void **state)
{
    static const uint16_t counts[] = {1, 2, 3, 7, 8, 100, DP_BLOCK_ENTRIES_MAX};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct dp_block b = whole(f, counts[i]);
        assert_true(b.whole);
        assert_int_equal(b.shown_count, counts[i]);
        assert_int_equal(b.shown[counts[i] - 1].index, counts[i] - 1);
    }
}

static void any_changed_byte_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct dp_arena a;
    struct dp_block b;

    whole(f, 5);
    for (size_t i = 0; i < f->wire.len; i++) {
        enum dp_err e;
        if (i >= DP_HEADER_SIGNED - 96 && i < DP_HEADER_SIGNED - 32)
            continue; /* cert and prev: for the signature and the chain */
        if (i >= DP_HEADER_SIGNED && i < DP_HEADER_BYTES)
            continue; /* the signature itself */
        dp_arena_init(&a, 1 << 20, 0);
        f->wire.p[i] ^= 0x04;
        e = dp_block_decode(f->suite, dp_buf_slice(&f->wire), &a, &b);
        f->wire.p[i] ^= 0x04;
        dp_arena_fini(&a);
        if (i >= 16 && i < DP_HEADER_SIGNED - 96)
            continue; /* numbers: for the signature, unless the shape suffers */
        assert_int_not_equal(e, DP_OK);
    }
}

static void cut_and_lengthened_blocks_are_refused(void **state)
{
    struct fixture *f = *state;
    struct dp_block b;

    whole(f, 5);
    for (size_t len = 0; len < f->wire.len; len++)
        assert_int_not_equal(dp_block_decode(f->suite, dp_slice_of(f->wire.p, len), &f->arena, &b), DP_OK);
    assert_ok(dp_buf_put(&f->wire, "", 1));
    assert_int_equal(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b), DP_FORMAT);
}

/* Replace the body after the secret by a frame of `raw`. */
static void with_body(struct fixture *f, const void *raw, size_t len)
{
    size_t bound = ZSTD_compressBound(len);
    uint8_t *frame = malloc(bound);

    assert_non_null(frame);
    f->wire.len = DP_HEADER_BYTES + DP_SECRET_BYTES;
    assert_ok(dp_buf_put(&f->wire, frame, ZSTD_compress(frame, bound, raw, len, 3)));
    free(frame);
}

static void output_is_capped(void **state)
{
    struct fixture *f = *state;
    uint8_t *zeros = calloc(1, 100 << 20);
    struct dp_block b;

    assert_non_null(zeros);
    whole(f, 2);
    with_body(f, zeros, 100 << 20); /* some KiB that would be 100 MiB: R-ZST-1 */
    assert_true(f->wire.len < 32768);
    assert_int_equal(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b), DP_TOO_BIG);
    with_body(f, zeros, DP_BLOCK_RAW_MAX + 1);
    assert_int_equal(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b), DP_TOO_BIG);
    with_body(f, zeros, DP_BLOCK_RAW_MAX); /* entries of length 0 */
    assert_int_equal(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b), DP_FORMAT);
    with_body(f, "\0\1x\0\1y\0\1z", 9); /* one entry more than the header says */
    assert_int_equal(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b), DP_FORMAT);
    with_body(f, "\0\1x\0\1y", 6);
    assert_int_equal(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b), DP_SIGNATURE);
    free(zeros);
}

static void a_frame_states_its_size(void **state)
{
    struct fixture *f = *state;
    ZSTD_CCtx *c = ZSTD_createCCtx();
    struct dp_block b;
    size_t n;

    whole(f, 2);
    ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    f->wire.len = DP_HEADER_BYTES + DP_SECRET_BYTES;
    assert_ok(dp_buf_reserve(&f->wire, 100));
    n = ZSTD_compress2(c, f->wire.p + f->wire.len, 100, "\0\1x\0\1y", 6);
    f->wire.len += n;
    assert_int_equal(dp_block_decode(f->suite, dp_buf_slice(&f->wire), &f->arena, &b), DP_FORMAT);
    ZSTD_freeCCtx(c);
}

static void blocks_are_filled_to_their_limits(void **state)
{
    static uint8_t bytes[DP_ENTRY_BYTES_MAX];
    struct dp_slice entries[DP_BLOCK_ENTRIES_MAX + 1];
    struct fixture *f = *state;
    struct dp_key seed = {{1}};
    struct dp_seal in = {.suite = f->suite, .sign_seed = &seed, .inc = 1, .number = 2, .first_seq = 7};
    struct dp_header h;

    in.origin.v = UINT64_C(33102300000000);
    for (size_t i = 0; i < DP_BLOCK_ENTRIES_MAX + 1; i++)
        entries[i] = dp_slice_of(bytes, 10);
    assert_int_equal(dp_block_fit(entries, 0), 0);
    assert_int_equal(dp_block_fit(entries, DP_BLOCK_ENTRIES_MAX + 1), DP_BLOCK_ENTRIES_MAX);
    for (size_t i = 0; i < 100; i++)
        entries[i].len = DP_ENTRY_BYTES_MAX;
    assert_int_equal(dp_block_fit(entries, 100), DP_BLOCK_RAW_MAX / (DP_ENTRY_BYTES_MAX + 2));
    assert_int_equal(dp_block_seal(&in, entries, 100, &f->arena, &f->wire, &h), DP_TOO_BIG);
    assert_int_equal(dp_block_seal(&in, entries, 0, &f->arena, &f->wire, &h), DP_RANGE);
    assert_ok(dp_block_seal(&in, entries, 47, &f->arena, &f->wire, &h));
    in.first = true; /* but number 2 */
    f->wire.len = 0;
    assert_int_equal(dp_block_seal(&in, entries, 1, &f->arena, &f->wire, &h), DP_RANGE);
    assert_int_equal(f->wire.len, 0);
}

/* ---- R-BLK-5 ---- */

static uint16_t indices_of(unsigned mask, uint16_t *out)
{
    uint16_t n = 0;

    for (uint16_t i = 0; mask >> i != 0; i++) {
        if (mask >> i & 1)
            out[n++] = i;
    }
    return n;
}

static struct dp_slice prune(struct fixture *f, const struct dp_block *b, unsigned mask)
{
    uint16_t indices[16], n = indices_of(mask, indices);
    struct dp_buf out;
    struct dp_slice s;
    bool failed = false;

    dp_buf_init(&out, 1 << 20);
    assert_ok(dp_block_prune(f->suite, b, indices, n, &f->arena, &out));
    s = dp_arena_copy(&f->arena, dp_buf_slice(&out), &failed);
    assert_false(failed);
    dp_buf_fini(&out);
    return s;
}

static void every_choice_decodes(void **state)
{
    struct fixture *f = *state;

    for (uint16_t n = 1; n <= 9; n++) {
        struct dp_block b = whole(f, n), shown;
        for (unsigned mask = 1; mask < 1u << n; mask++) {
            struct dp_slice wire = prune(f, &b, mask);
            assert_ok(dp_block_decode_pruned(f->suite, wire, &f->arena, &shown));
            assert_false(shown.whole);
            assert_int_equal(shown.shown_count, __builtin_popcount(mask));
            for (size_t i = 0; i < shown.shown_count; i++)
                assert_true(dp_slice_eq(shown.shown[i].bytes, b.shown[shown.shown[i].index].bytes));
        }
    }
}

static void pruning_twice_is_pruning_once(void **state)
{
    struct fixture *f = *state;
    struct dp_block b = whole(f, 7), shown;

    for (unsigned mask = 1; mask < 1u << 7; mask++) {
        assert_ok(dp_block_decode_pruned(f->suite, prune(f, &b, mask), &f->arena, &shown));
        for (unsigned less = mask; less > 0; less = (less - 1) & mask)
            assert_true(dp_slice_eq(prune(f, &shown, less), prune(f, &b, less)));
    }
}

static void hidden_entries_cannot_be_shown(void **state)
{
    static const uint16_t hidden[] = {2, 3}, falling[] = {4, 2}, beyond[] = {7};
    struct fixture *f = *state;
    struct dp_block b = whole(f, 7), shown;
    struct dp_buf out;

    dp_buf_init(&out, 1 << 20);
    assert_ok(dp_block_decode_pruned(f->suite, prune(f, &b, 0x14), &f->arena, &shown));
    assert_int_equal(dp_block_prune(f->suite, &shown, hidden, 2, &f->arena, &out), DP_NOT_FOUND);
    assert_int_equal(dp_block_prune(f->suite, &b, falling, 2, &f->arena, &out), DP_RANGE);
    assert_int_equal(dp_block_prune(f->suite, &b, beyond, 1, &f->arena, &out), DP_NOT_FOUND);
    assert_int_equal(dp_block_prune(f->suite, &b, hidden, 0, &f->arena, &out), DP_RANGE);
    assert_int_equal(out.len, 0);
    dp_buf_fini(&out);
}

static void too_few_and_too_many_digests(void **state)
{
    struct fixture *f = *state;
    struct dp_block b = whole(f, 6), shown;
    struct dp_slice wire = prune(f, &b, 0x02); /* hidden: leaf 0, leaves 2-3, leaves 4-5 */
    uint8_t longer[4096];

    assert_ok(dp_block_decode_pruned(f->suite, wire, &f->arena, &shown));
    assert_int_equal(shown.hidden_count, 3);
    assert_int_equal(dp_block_decode_pruned(f->suite, dp_slice_of(wire.p, wire.len - 32), &f->arena, &shown),
                     DP_FORMAT);
    assert_true(wire.len + 32 <= sizeof(longer));
    memcpy(longer, wire.p, wire.len);
    memset(longer + wire.len, 0, 32);
    assert_int_equal(dp_block_decode_pruned(f->suite, dp_slice_of(longer, wire.len + 32), &f->arena, &shown),
                     DP_FORMAT);
    /* Complete but not minimal: the leaves 2 and 3 apart instead of their node. */
    memcpy(longer + wire.len - 64, b.leaves[2].b, 32);
    memcpy(longer + wire.len - 32, b.leaves[3].b, 32);
    memcpy(longer + wire.len, wire.p + wire.len - 32, 32);
    assert_int_equal(dp_block_decode_pruned(f->suite, dp_slice_of(longer, wire.len + 32), &f->arena, &shown),
                     DP_FORMAT);
}

static void changed_pruned_blocks_are_refused(void **state)
{
    struct fixture *f = *state;
    struct dp_block b = whole(f, 6), shown;
    struct dp_slice wire = prune(f, &b, 0x12);
    uint8_t *copy = malloc(wire.len);

    assert_non_null(copy);
    memcpy(copy, wire.p, wire.len);
    for (size_t i = DP_HEADER_BYTES; i < wire.len; i++) {
        copy[i] ^= 0x01;
        assert_int_not_equal(dp_block_decode_pruned(f->suite, dp_slice_of(copy, wire.len), &f->arena, &shown),
                             DP_OK);
        copy[i] ^= 0x01;
    }
    for (size_t len = 0; len < wire.len; len++)
        assert_int_not_equal(dp_block_decode_pruned(f->suite, dp_slice_of(copy, len), &f->arena, &shown),
                             DP_OK);
    free(copy);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_header_has_its_layout),
        TEST(malformed_headers_are_refused),
        TEST(the_first_block_begins_at_one),
        TEST(a_second_signature_is_no_fork),
        TEST(the_signature_covers_the_header),
        TEST(the_root_is_that_of_the_definition),
        TEST(leaves_are_salted_from_the_secret),
        TEST(sealed_blocks_decode),
        TEST(any_changed_byte_is_noticed),
        TEST(cut_and_lengthened_blocks_are_refused),
        TEST(output_is_capped),
        TEST(a_frame_states_its_size),
        TEST(blocks_are_filled_to_their_limits),
        TEST(every_choice_decodes),
        TEST(pruning_twice_is_pruning_once),
        TEST(hidden_entries_cannot_be_shown),
        TEST(too_few_and_too_many_digests),
        TEST(changed_pruned_blocks_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
