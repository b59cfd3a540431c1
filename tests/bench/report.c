/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

void report(const char *bench, const char *metric, const char *unit, double value, double baseline,
            const char *is, unsigned long runs)
{
    printf(
        "{\"bench\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\",\"value\":%.6g,\"baseline\":%.6g,\"ratio\":%.4g,"
        "\"runs\":%lu,\"baseline_is\":\"%s\"}\n",
        bench, metric, unit, value, baseline, baseline > 0 ? value / baseline : 0.0, runs, is);
    fflush(stdout);
}

static int cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double quantile(double *v, size_t n, double q)
{
    if (n == 0)
        return 0;
    qsort(v, n, sizeof *v, cmp);
    return v[(size_t)((double)(n - 1) * q)];
}
