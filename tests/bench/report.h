/* SPDX-License-Identifier: Apache-2.0 */
/* What every benchmark prints: one JSON object a line, with its baseline of the same run beside it. */
#ifndef DP_BENCH_REPORT_H
#define DP_BENCH_REPORT_H

#include <stddef.h>

/* `baseline` 0 and `is` "none" where nothing compares. Ratio = value / baseline. */
void report(const char *bench, const char *metric, const char *unit, double value, double baseline,
            const char *is, unsigned long runs);
/* Sorts; q in 0..1. */
double quantile(double *v, size_t n, double q);

#endif
