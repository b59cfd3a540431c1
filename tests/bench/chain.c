/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries from a village to its city over three links, with real daemons on one machine. An officer at the
 * village keeps up to 1,000 commands under way; the clock stops when the city has stored the last entry.
 *
 *   bench_chain DAIPAOD [ENTRIES [CASES A WAVE]]
 *
 * To profile: build with -DCMAKE_C_FLAGS="-g -fno-omit-frame-pointer" -DDP_LTO=OFF, set DP_BENCH_PIDS=FILE,
 * and run `perf record -g -p $(cat FILE)` once the file is there: it is written when the set-up is done.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/id.h"
#include "baseline.h"
#include "report.h"
#include "tree.h"

static void out(const char *metric, const char *unit, double value)
{
    report("chain", metric, unit, value, 0, "none", 1);
}

static void memory(struct tree *t, const char *when)
{
    const struct proc_node *n[4] = {t->village, t->township, t->county, t->city};
    const char *word[4] = {"village", "township", "county", "city"};
    char metric[80];
    for (int i = 0; i < 4; i++) {
        snprintf(metric, sizeof metric, "private_dirty_%s_%s", when, word[i]);
        report("chain", metric, "kB", (double)proc_smaps(n[i], "Private_Dirty"), 4096, "bar of an idle node",
               1);
        snprintf(metric, sizeof metric, "pss_%s_%s", when, word[i]);
        out(metric, "kB", (double)proc_smaps(n[i], "Pss"));
    }
}

/* What the village sent to its parent, frames. */
static int64_t hop_bytes(struct tree *t)
{
    return tree_link_number(t->village, t->township->id, "bytes_out");
}

static void cpu_of(struct tree *t, double cpu[4])
{
    const struct proc_node *n[4] = {t->village, t->township, t->county, t->city};
    for (int i = 0; i < 4; i++)
        cpu[i] = proc_cpu(n[i]);
}

static void print_cpu(struct tree *t, const double before[4], double n)
{
    static const char *const word[4] = {"village", "township", "county", "city"};
    double after[4], sum = 0;
    char metric[64];
    cpu_of(t, after);
    for (int i = 0; i < 4; i++) {
        snprintf(metric, sizeof metric, "cpu_per_100000_%s", word[i]);
        out(metric, "s", (after[i] - before[i]) * 100000 / n);
        sum += after[i] - before[i];
    }
    out("cpu_per_100000", "s", sum * 100000 / n);
}

static void tell_pids(struct tree *t)
{
    const char *file = getenv("DP_BENCH_PIDS");
    FILE *f = file == NULL ? NULL : fopen(file, "w");
    if (f == NULL)
        return;
    fprintf(f, "%d,%d,%d,%d\n", (int)t->village->pid, (int)t->township->pid, (int)t->county->pid,
            (int)t->city->pid);
    fclose(f);
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* for the profiler to take hold */
}

/* Sizes of the entries as the village stored them. */
static void print_sizes(const struct tree_entries *e)
{
    size_t least = SIZE_MAX, most = 0, within = 0;
    for (uint64_t i = 0; i < e->count; i++) {
        size_t len = e->at[i + 1] - e->at[i];
        least = len < least ? len : least;
        most = len > most ? len : most;
        within += len >= 300 && len <= 400;
    }
    out("entry_bytes", "B", (double)e->bytes.len / (double)e->count);
    out("entry_bytes_least", "B", (double)least);
    out("entry_bytes_most", "B", (double)most);
    out("entries_of_300_to_400_bytes", "%", 100 * (double)within / (double)e->count);
}

struct rates {
    double durable_s, issued_s, entries, hop_bytes;
};

/* The village stops; what it stored is appended to a plain LMDB. */
static void print_rates(struct tree *t, const struct rates *r)
{
    const char *is = "LMDB append of the same records, 1,000 per commit";
    struct tree_entries e;
    struct dp_node origin;
    if (dp_node_parse(dp_slice_str(t->village->id), &origin) != DP_OK)
        exit(1);
    proc_kill(t->village, SIGTERM);
    tree_entries(t->village, origin.v, &e);
    if (e.count == 0)
        exit(1);
    double baseline = baseline_append(t->rig.dir, e.bytes.p, e.at, e.count, 1000);
    report("chain", "entries_per_second", "entries/s", r->entries / r->durable_s, baseline, is, 1);
    report("chain", "issued_per_second", "entries/s", r->entries / r->issued_s, baseline, is, 1);
    report("chain", "bytes_per_entry_one_hop", "B", r->hop_bytes / r->entries,
           (double)e.bytes.len / (double)e.count, "the entry as stored, without its part", 1);
    print_sizes(&e);
    tree_entries_free(&e);
}

int main(int argc, char **argv)
{
    struct tree t;
    double cpu0[4];
    if (argc < 2) {
        fprintf(stderr, "usage: bench_chain DAIPAOD [ENTRIES [CASES]]\n");
        return 2;
    }
    uint64_t want = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    tree_new(&t, argv[1], argc > 3 ? (uint32_t)atoi(argv[3]) : 50);
    memory(&t, "start");
    int64_t base = proc_number(t.city, "status", "counters.entries_in"), bytes0 = hop_bytes(&t);
    tell_pids(&t);
    cpu_of(&t, cpu0);
    double t0 = proc_now();
    while (t.sent < want) {
        tree_register(&t);
        tree_work(&t, TREE_PER_CASE - 1, 200);
    }
    tree_drain(&t);
    struct rates r = {.issued_s = proc_now() - t0, .entries = (double)t.sent};
    proc_wait(t.city, "status", "counters.entries_in", base + (int64_t)t.sent, 120);
    r.durable_s = proc_now() - t0;
    r.hop_bytes = (double)(hop_bytes(&t) - bytes0);
    print_cpu(&t, cpu0, r.entries);
    memory(&t, "loaded");
    nanosleep(&(struct timespec){.tv_sec = 10}, NULL);
    memory(&t, "idle");
    print_rates(&t, &r);
    out("refused", "entries", (double)t.refused);
    int rc = t.refused == 0 ? 0 : 1;
    tree_free(&t);
    return rc;
}
