/* SPDX-License-Identifier: Apache-2.0 */
/* Baselines taken in the same run: plain LMDB in its default durable mode, without our adapter. */
#ifndef DP_BENCH_BASELINE_H
#define DP_BENCH_BASELINE_H

#include <stddef.h>
#include <stdint.h>

/* Records per second, `per_commit` to a transaction, in a new folder below `dir`. */
double baseline_append(const char *dir, uint64_t n, size_t bytes, unsigned per_commit);
/* Durable commits of one record, when the caller wants one: seconds. */
struct baseline_commits;
struct baseline_commits *baseline_commits_new(const char *dir);
double baseline_commits_one(struct baseline_commits *b);
void baseline_commits_free(struct baseline_commits **b);

#endif
