/* SPDX-License-Identifier: Apache-2.0 */
/* Baselines taken in the same run: plain LMDB in its default durable mode, without our adapter. */
#ifndef DP_BENCH_BASELINE_H
#define DP_BENCH_BASELINE_H

#include <stddef.h>
#include <stdint.h>

/* Records per second, `per_commit` to a transaction, in a new folder below `dir`. */
double baseline_append(const char *dir, uint64_t n, size_t bytes, unsigned per_commit);
/* Median seconds of one durable commit of one record. */
double baseline_commit(const char *dir, unsigned runs);

#endif
