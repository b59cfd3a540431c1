/* SPDX-License-Identifier: Apache-2.0 */
/* Nanoseconds per entry of the wire formats, over samples of a case's life. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "report.h"
#include "support/sample.h"
#include "wire/merkle.h"

#define ENTRIES 500
#define ROUNDS 200

struct bench {
    const struct dp_suite *suite;
    struct dp_rng rng;
    struct dp_arena arena;
    struct dp_name name;
    struct dp_buf bytes; /* of the entries, one after the other */
    struct dp_slice entries[ENTRIES];
    struct dp_entry decoded[ENTRIES];
    struct sample_room rooms[ENTRIES];
};

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(enum dp_err e)
{
    if (e != DP_OK) {
        fprintf(stderr, "bench: %s\n", dp_err_text(e));
        exit(1);
    }
}

static const char *of_what = "steps"; /* which samples */

static void tell(const char *what, double ns, size_t n)
{
    char metric[80];

    snprintf(metric, sizeof(metric), "%s_%s", of_what, what);
    report("wire_micro", metric, "ns", ns / (double)n, 0, "none", 1);
}

/* Entries of one kind, or of all in turn for kind 0. */
static void prepare(struct bench *b, uint8_t kind)
{
    size_t at[ENTRIES + 1] = {0};

    dp_buf_reset(&b->bytes);
    for (size_t i = 0; i < ENTRIES; i++) {
        uint8_t k = kind != 0 ? kind : sample_kinds[i % 28];
        sample_entry(&b->rng, k, &b->name, &b->rooms[i], &b->decoded[i]);
        must(dp_entry_encode(&b->decoded[i], &b->bytes));
        at[i + 1] = b->bytes.len;
    }
    for (size_t i = 0; i < ENTRIES; i++)
        b->entries[i] = dp_slice_of(b->bytes.p + at[i], at[i + 1] - at[i]);
    char metric[48];

    snprintf(metric, sizeof(metric), "%s_entry_bytes", of_what);
    report("wire_micro", metric, "B", (double)b->bytes.len / ENTRIES, 0, "none", 1);
}

static void bench_entries(struct bench *b)
{
    struct dp_digest leaf;
    struct dp_entry e;
    double start = now_ns();

    for (size_t k = 0; k < ROUNDS; k++) {
        for (size_t i = 0; i < ENTRIES; i++) {
            dp_arena_reset(&b->arena);
            must(dp_entry_decode(b->entries[i], &b->name, &b->arena, &e));
        }
    }
    tell("decode", now_ns() - start, ROUNDS * ENTRIES);

    start = now_ns();
    for (size_t k = 0; k < ROUNDS; k++) {
        uint8_t salt[DP_SALT_BYTES] = {(uint8_t)k};
        for (size_t i = 0; i < ENTRIES; i++)
            dp_merkle_leaf(b->suite, salt, b->entries[i], &leaf);
    }
    tell("leaf", now_ns() - start, ROUNDS * ENTRIES);

    start = now_ns();
    for (size_t k = 0; k < ROUNDS / 10; k++) {
        struct dp_buf out;
        dp_buf_init(&out, 1 << 20);
        for (size_t i = 0; i < ENTRIES; i++)
            must(dp_entry_encode(&b->decoded[i], &out));
        dp_buf_fini(&out);
    }
    tell("encode_and_check", now_ns() - start, ROUNDS / 10 * ENTRIES);
}

static void bench_block(struct bench *b)
{
    static const uint16_t show[] = {3, 4, 77, 200, 410};
    struct dp_key sign_seed = {{7}};
    struct dp_seal in = {.suite = b->suite,
                         .sign_seed = &sign_seed,
                         .origin = b->name.origin,
                         .inc = 1,
                         .number = 1,
                         .first_seq = 1,
                         .first = true,
                         .zstd_level = 3};
    struct dp_buf wire, pruned;
    struct dp_header h;
    struct dp_block block;
    uint16_t n = dp_block_fit(b->entries, ENTRIES);
    double start;

    dp_buf_init(&wire, DP_BLOCK_WIRE_MAX);
    dp_buf_init(&pruned, DP_BLOCK_WIRE_MAX);
    start = now_ns();
    for (size_t k = 0; k < ROUNDS; k++) {
        dp_arena_reset(&b->arena);
        dp_buf_reset(&wire);
        must(dp_block_seal(&in, b->entries, n, &b->arena, &wire, &h));
    }
    tell("seal_a_block", now_ns() - start, (size_t)ROUNDS * n);
    report("wire_micro", "block_bytes_per_entry", "B", (double)wire.len / n, 0, "none", 1);

    start = now_ns();
    for (size_t k = 0; k < ROUNDS; k++) {
        dp_arena_reset(&b->arena);
        must(dp_block_decode(b->suite, dp_buf_slice(&wire), &b->arena, &block));
    }
    tell("decode_a_block", now_ns() - start, (size_t)ROUNDS * n);

    dp_arena_reset(&b->arena);
    must(dp_block_decode(b->suite, dp_buf_slice(&wire), &b->arena, &block));
    start = now_ns();
    for (size_t k = 0; k < ROUNDS; k++) {
        dp_buf_reset(&pruned);
        must(dp_block_prune(b->suite, &block, show, 5, &b->arena, &pruned));
    }
    tell("prune_to_5_per_entry_held", now_ns() - start, (size_t)ROUNDS * n);
    dp_buf_fini(&pruned);
    dp_buf_fini(&wire);
}

int main(void)
{
    struct bench *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return 1;
    b->suite = dp_suite_of(DP_SUITE_INTL);
    dp_rng_seed(&b->rng, 1);
    dp_arena_init(&b->arena, 64 << 20, 1 << 20);
    dp_buf_init(&b->bytes, 1 << 20);
    b->name = sample_name(&b->rng);
    prepare(b, 0);
    bench_entries(b);
    bench_block(b);
    of_what = "registers";
    prepare(b, DP_KIND_REGISTER);
    bench_entries(b);
    bench_block(b);
    dp_buf_fini(&b->bytes);
    dp_arena_fini(&b->arena);
    free(b);
    return 0;
}
