/* SPDX-License-Identifier: Apache-2.0 */
/* Baselines taken in the same run: plain LMDB in its default durable mode, without our adapter. */
#ifndef DP_BENCH_BASELINE_H
#define DP_BENCH_BASELINE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Records per second, `per_commit` to a transaction, in a new folder below `dir`. Record i is the bytes from
 * `at[i]` to `at[i + 1]` of `bytes`.
 */
double baseline_append(const char *dir, const void *bytes, const size_t *at, uint64_t n, unsigned per_commit);
/* Durable commits of one record, when the caller wants one: seconds. */
struct baseline_commits;
struct baseline_commits *baseline_commits_new(const char *dir);
double baseline_commits_one(struct baseline_commits *b);
void baseline_commits_free(struct baseline_commits **b);

#endif
