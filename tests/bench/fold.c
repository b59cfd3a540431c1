/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pure core on cases of 20 entries: assigned down twice, worked on, reported back, and answered. Per
 * entry: insertion with its verdict, fold, pack, unpack. Beside each: SHA-256 of its packed bytes once.
 *
 *   bench_fold [CASES [RUNS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "case/fold.h"
#include "case/pack.h"
#include "port/suite.h"
#include "report.h"
#include "support/history.h"

#define PER_CASE 20
#define RUNS_MAX 25
#define CITY "331000000000/bureau"
#define COUNTY "331023000000/bureau"
#define TOWN "331023105000/bureau"

enum { INSERT, FOLD, PACK, UNPACK, HASH, STEPS };
static const char *const words[STEPS] = {"insert_and_verdict", "fold", "pack", "unpack", "sha256"};

struct bench {
    struct dp_hist h;
    struct dp_casefile file;
    struct dp_arena arena;
    struct dp_buf packed;
    double ns[STEPS][RUNS_MAX]; /* per entry */
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

/* One life of 20 entries. */
static void history(struct bench *b)
{
    struct dp_body down = dp_hist_assign(COUNTY, "2026-06-01"), further = dp_hist_assign(TOWN, "2026-05-20");
    struct dp_body none = {0};
    dp_hist_init(&b->h);
    dp_hist_register(&b->h, CITY, 0);
    dp_hist_do(&b->h, CITY, DP_KIND_ASSIGN, &down);
    dp_hist_do(&b->h, "331023000000/node", DP_KIND_ARRIVE, &none);
    dp_hist_do(&b->h, COUNTY, DP_KIND_SIGN, &none);
    dp_hist_do(&b->h, COUNTY, DP_KIND_ACCEPT, &none);
    dp_hist_do(&b->h, COUNTY, DP_KIND_ASSIGN, &further);
    dp_hist_do(&b->h, "331023105000/node", DP_KIND_ARRIVE, &none);
    dp_hist_do(&b->h, TOWN, DP_KIND_SIGN, &none);
    dp_hist_do(&b->h, TOWN, DP_KIND_ACCEPT, &none);
    while (b->h.entry_count < PER_CASE)
        dp_hist_do(&b->h, TOWN, b->h.entry_count % 3 == 0 ? DP_KIND_ATTACHMENT : DP_KIND_NOTE, &none);
}

static void insert_all(struct bench *b)
{
    struct dp_insert ins;
    dp_casefile_fini(&b->file);
    dp_casefile_init(&b->file, &b->h.file.subject);
    for (uint32_t i = 0; i < b->h.entry_count; i++)
        must(dp_casefile_insert(&b->file, &b->h.entries[i], &b->h.origins[i], NULL, NULL, &ins));
}

static void step(struct bench *b, int what)
{
    const struct dp_suite *suite = dp_suite_of(DP_SUITE_INTL);
    struct dp_casefile copy;
    struct dp_state st;
    struct dp_digest d;
    dp_arena_reset(&b->arena);
    switch (what) {
    case INSERT:
        insert_all(b);
        break;
    case FOLD:
        must(dp_fold(&b->file, &b->arena, &st));
        break;
    case PACK:
        dp_buf_reset(&b->packed);
        must(dp_casefile_pack(&b->file, &b->packed));
        break;
    case UNPACK:
        dp_casefile_init(&copy, &b->file.subject);
        must(dp_casefile_unpack(dp_buf_slice(&b->packed), &copy));
        dp_casefile_fini(&copy);
        break;
    case HASH:
        for (uint32_t i = 0; i < b->h.entry_count; i++) {
            size_t len = b->packed.len / b->h.entry_count;
            struct dp_slice part = dp_slice_of(b->packed.p + i * len, len);
            suite->hash(&part, 1, &d);
        }
        break;
    }
}

int main(int argc, char **argv)
{
    static struct bench b;
    size_t cases = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    size_t runs = argc > 2 ? strtoull(argv[2], NULL, 10) : 9;
    char metric[64];
    if (runs > RUNS_MAX)
        runs = RUNS_MAX;
    history(&b);
    dp_arena_init(&b.arena, 16 << 20, 1 << 20);
    dp_buf_init(&b.packed, 1 << 20);
    double n = (double)cases * b.h.entry_count;
    for (size_t r = 0; r < runs; r++)
        for (int what = 0; what < STEPS; what++) {
            double start = now_ns();
            for (size_t i = 0; i < cases; i++)
                step(&b, what);
            b.ns[what][r] = (now_ns() - start) / n;
        }
    double base = quantile(b.ns[HASH], runs, 0.5), insert = quantile(b.ns[INSERT], runs, 0.5);
    const char *is = "SHA-256 of the packed bytes of the entry once";
    for (int what = 0; what < STEPS; what++) {
        snprintf(metric, sizeof metric, "%s_per_entry", words[what]);
        report("fold", metric, "ns", quantile(b.ns[what], runs, 0.5), base, is, runs);
    }
    report("fold", "entries_folded_per_second", "entries/s", 1e9 / (insert + quantile(b.ns[FOLD], runs, 0.5)),
           1e9 / base, is, runs);
    report("fold", "packed_bytes_per_entry", "B", (double)b.packed.len / b.h.entry_count, 0, "none", 1);
    return 0;
}
