/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the request of an officer at a village to the entry's commit at the city, over three links, 50 entries
 * a second. The city is asked for its count only after the village has answered, so that most of the way is
 * undisturbed; its answer leaves after the commit of what it counts. Beside it: four single commits of LMDB,
 * one taken after each entry at the same pace, and as many without pause.
 *
 *   bench_latency DAIPAOD [ENTRIES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "baseline.h"
#include "report.h"
#include "tree.h"

#define PACE_S 0.02

static void sleep_until(double at)
{
    double left = at - proc_now();
    if (left > 0)
        nanosleep(&(struct timespec){.tv_sec = (time_t)left,
                                     .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)},
                  NULL);
}

static int64_t at_city(struct tree *t)
{
    return proc_number(t->city, "status", "counters.entries_in");
}

int main(int argc, char **argv)
{
    struct tree t;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_latency DAIPAOD [ENTRIES]\n");
        return 2;
    }
    size_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    double *whole = calloc(n, sizeof *whole), *first = calloc(n, sizeof *first),
           *ask = calloc(n, sizeof *ask);
    double *paced = calloc(n, sizeof *paced), *hot = calloc(n, sizeof *hot);
    if (paced == NULL || hot == NULL || whole == NULL || first == NULL || ask == NULL)
        return 1;
    tree_new(&t, argv[1], 20);
    int64_t base = at_city(&t);
    tree_register(&t);
    proc_wait(t.city, "status", "counters.entries_in", base += t.cases, 30);
    struct baseline_commits *plain = baseline_commits_new(t.rig.dir);
    double start = proc_now();
    for (size_t i = 0; i < n; i++) {
        sleep_until(start + (double)i * PACE_S);
        double t0 = proc_now(), t1;
        tree_issue(&t, 1);
        t1 = proc_now();
        first[i] = (t1 - t0) * 1e3;
        do {
            ask[i] = proc_now();
        } while (at_city(&t) < base + (int64_t)i + 1);
        t1 = proc_now();
        ask[i] = (t1 - ask[i]) * 1e3;
        whole[i] = (t1 - t0) * 1e3;
        sleep_until(start + ((double)i + 0.6) * PACE_S);
        paced[i] = baseline_commits_one(plain) * 1e3;
    }
    for (size_t i = 0; i < n; i++)
        hot[i] = baseline_commits_one(plain) * 1e3;
    double commit = quantile(paced, n, 0.5);
    double still = quantile(hot, n, 0.5);
    const char *four = "four single commits of LMDB at the same pace (median)", *one = "one such commit";
    report("latency", "issue_to_city_p50", "ms", quantile(whole, n, 0.5), 4 * commit, four, n);
    report("latency", "issue_to_city_p50_to_unpaced", "ms", quantile(whole, n, 0.5), 4 * still,
           "four single commits of LMDB without pause (median)", n);
    report("latency", "issue_to_city_p99", "ms", quantile(whole, n, 0.99), 4 * quantile(paced, n, 0.99),
           "their p99", n);
    report("latency", "issue_to_answer_p50", "ms", quantile(first, n, 0.5), commit, one, n);
    report("latency", "issue_to_answer_p99", "ms", quantile(first, n, 0.99), commit, one, n);
    report("latency", "question_p50", "ms", quantile(ask, n, 0.5), 0, "none", n);
    report("latency", "commit_without_pause_p50", "ms", still, commit, one, n);
    baseline_commits_free(&plain);
    int rc = t.refused == 0 ? 0 : 1;
    tree_free(&t);
    free(whole);
    free(first);
    free(ask);
    free(paced);
    free(hot);
    return rc;
}
